"""Asking a stranger for its name: when, how often, and what is said of it."""

from __future__ import annotations

import msgspec

from farm.link.events import PrinterSilent, Quarantined
from farm.link.identity import MAX_CAPABILITIES, Firmware
from farm.link.meeting import AGAIN_S, ANSWER_S, STRANGE_S, UNHEARD, Meeting
from farm.link.meeting import QUESTION as WHO
from farm.profiles import Profile
from tests.farm.link.by_hand import CAPABILITIES, LINK, MARLIN, NAME, QUESTION, SYNC, Hand

OTHER = "FIRMWARE_NAME:Other 1.0"


def any_name() -> Profile:
    identify = msgspec.structs.replace(MARLIN.identify, firmware_name=".", capabilities=[])
    return msgspec.structs.replace(MARLIN, identify=identify)


def met(*lines: str, profile: Profile = MARLIN, is_understood: bool = True) -> tuple[Firmware, str | None]:
    meeting = Meeting()
    for line in lines:
        meeting.note(line)
    return meeting.end(profile, is_understood=is_understood)


def test_a_stranger_is_told_from_what_the_profile_expects() -> None:
    assert met(NAME, *CAPABILITIES)[1] is None
    firmware, reason = met(OTHER)
    assert firmware.name == "Other 1.0"
    assert reason == (
        f"The firmware calls itself 'Other 1.0'; profile {MARLIN.id} expects {MARLIN.identify.firmware_name}."
    )


def test_one_that_has_the_name_and_talks_otherwise_stays_a_stranger() -> None:
    meeting = Meeting()
    sentence = f"The firmware '{'N' * 80}' answers, but not as marlin firmwares do."
    for is_understood in (False, True):
        meeting.note("FIRMWARE_NAME:" + "N" * 90)
        assert meeting.end(any_name(), is_understood=is_understood)[1] == sentence


def test_an_answer_without_end_takes_no_memory() -> None:
    assert met(*["x"] * MAX_CAPABILITIES, NAME)[0].name == ""
    assert met(*["x"] * (MAX_CAPABILITIES - 1), NAME)[0].name == "Marlin 2.1.2 (x)"


def test_only_silence_again_and_again_means_that_nobody_is_there() -> None:
    meeting = Meeting()
    for said in (False, False, True, *[False] * (UNHEARD - 1)):
        if said:
            meeting.note("x")
        meeting.end(MARLIN, is_understood=True)
        assert not meeting.is_vain
    meeting.end(MARLIN, is_understood=True)
    assert meeting.is_vain


def strange() -> Hand:
    """A firmware that has said what nobody understands since it was opened, and was just asked for its name."""
    hand = Hand().booted()
    hand.say("hm")
    opened_s = hand.now
    while (out := hand.out()) != WHO:
        assert out in {b"", QUESTION}
        hand.wait()
    assert STRANGE_S <= hand.now - opened_s < STRANGE_S + 8
    return hand


def test_a_firmware_that_is_not_understood_for_long_is_asked_for_its_name() -> None:
    hand = strange()
    assert hand.left_s == ANSWER_S
    assert hand.say(OTHER) == []
    assert hand.out() == b""
    (told,) = hand.wait()
    assert isinstance(told, Quarantined)
    assert told.firmware == hand.link.firmware == Firmware("Other 1.0")
    assert hand.left_s == AGAIN_S
    assert hand.out() == b""
    assert hand.wait() == []
    assert hand.out() == WHO
    hand.say(OTHER)
    assert hand.wait() == []  # that is no news


def test_the_moment_has_come_when_it_has_come() -> None:
    hand = Hand().booted()
    hand.say("hm")
    by_s = hand.now + STRANGE_S
    hand.at(by_s - 2 * LINK.busy_s - LINK.silence_s).say("echo:busy: processing")
    assert hand.link.deadline == by_s
    hand.wait()
    assert hand.out() == WHO


def test_one_that_has_said_nothing_is_no_stranger() -> None:
    hand = Hand().booted()
    while hand.link.deadline is not None:
        happened = hand.wait()
        assert WHO not in hand.out()
    assert happened == [PrinterSilent()]


def test_a_stranger_that_has_the_right_name_after_all_is_begun_with_anew() -> None:
    hand = strange()
    hand.say(OTHER)
    hand.wait()
    hand.wait()
    hand.out()
    hand.say(NAME, *CAPABILITIES)
    assert hand.wait() == []
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"
    assert hand.out() == SYNC + QUESTION
    hand.say("hm")
    begun_s = hand.now
    while (out := hand.out()) != WHO:
        assert out in {b"", QUESTION}
        hand.wait()
    assert hand.now - begun_s >= STRANGE_S


def test_a_stranger_that_falls_silent_is_given_up() -> None:
    hand = strange()
    hand.say(OTHER)
    hand.wait()
    for _ in range(UNHEARD - 1):
        assert hand.wait() == []
        assert hand.out() == WHO
        assert hand.wait() == []
    hand.wait()
    hand.out()
    assert hand.wait() == [PrinterSilent()]
