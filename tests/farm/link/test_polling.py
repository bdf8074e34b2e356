"""Asking for temperatures where they do not come unasked: one question at a time, no answer taken for another."""

from __future__ import annotations

import msgspec
import pytest

from farm.link import frame
from farm.link.dialects.base import Fence, Standing
from farm.link.dialects.marlin import Marlin
from farm.link.events import (
    InDoubt,
    Position,
    PrinterHalted,
    PrinterReset,
    Resent,
    Said,
    SourceDone,
    Temperatures,
)
from farm.link.inquiry import Questions
from farm.link.polling import POLL, Polling
from farm.link.replies import Idle, Ok, Report
from farm.link.speaking import SETTLE_S
from farm.link.tracks import Commands, Track
from farm.link.window import Window
from farm.profiles import Profile, find_profile
from tests.farm.link.by_hand import FENCE, LINK, MOVES, QUESTION, Hand, answer, marlin, refusal

EVERY_S = LINK.report_s


def polled() -> Hand:
    """A Marlin that is known and does not report by itself."""
    return Hand(marlin(report="poll")).ready()


def print_track(sent: int) -> Track:
    track = Track(Commands(1, MOVES), 1)
    track.take(Window(sent, 4096))
    return track


# --- when -------------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_before_it_is_begun_nor_when_temperatures_came_by_themselves() -> None:
    polling = Polling(5.0)
    assert not polling.is_due(1e9)
    polling.note_answer(1.0, is_ok=True)
    polling.note_answer(1.0, is_ok=False)
    assert polling.due_at is None
    polling.begin(2.0)
    assert [polling.is_due(at) for at in (6.9, 7.0)] == [False, True]
    polling.note_answer(4.0, is_ok=False)
    assert polling.due_at == 9.0


def test_a_question_is_put_once_until_its_answer_comes() -> None:
    polling, track = Polling(5.0), print_track(3)
    polling.begin(0.0)
    assert not polling.is_awaited
    assert polling.put(5.0, track) == POLL
    assert (polling.is_awaited, polling.due_at) == (True, 10.0)
    assert polling.put(10.0, track) == b""
    assert polling.due_at == 15.0
    polling.note_answer(11.0, is_ok=False)
    assert polling.is_awaited
    polling.note_answer(11.0, is_ok=True)
    assert not polling.is_awaited
    assert polling.put(16.0, track) == POLL


def test_a_question_is_lost_once_a_line_sent_behind_it_was_acknowledged() -> None:
    polling, track = Polling(5.0), print_track(3)
    polling.put(0.0, track)
    track.take(Window(5, 4096))
    track.acknowledge(3)
    assert polling.put(5.0, track) == b""
    track.acknowledge(4)
    assert polling.put(10.0, track) == POLL
    assert polling.put(15.0, track) == b""


def test_a_question_of_another_print_or_before_a_firm_answer_is_lost() -> None:
    polling = Polling(5.0)
    polling.put(0.0, print_track(3))
    assert polling.put(5.0, print_track(3)) == POLL
    polling.note_all_answered()
    assert not polling.is_awaited
    assert polling.put(10.0, print_track(3)) == POLL


def test_a_question_that_must_wait_is_due_again_later() -> None:
    polling = Polling(5.0)
    polling.begin(0.0)
    assert not polling.is_put_off
    polling.put_off(5.0)
    assert (polling.is_put_off, polling.due_at) == (True, 10.0)


# --- in a conversation ------------------------------------------------------------------------------------------------


def test_an_idle_firmware_is_asked_at_its_interval() -> None:
    hand = polled()
    for _ in range(5):
        assert hand.left_s == EVERY_S
        assert hand.wait() == []
        assert hand.out() == POLL
        assert hand.say(FENCE) == [Temperatures(20.0, 0.0, 20.0, 0.0)]
    assert hand.link.questions.asked == 5


def test_lines_and_questions_go_their_ways() -> None:
    hand = polled()
    hand.printing()
    hand.say("ok")
    hand.at(hand.now + 1.5).out()
    assert hand.left_s == EVERY_S - 1.5
    hand.wait()
    assert hand.out() == POLL
    hand.say(FENCE)
    assert hand.link.acked_line == 1
    hand.say("ok", "ok")
    assert hand.link.acked_line == 3


def test_a_late_answer_about_temperatures_is_not_the_answer_to_where_it_stands() -> None:
    hand = polled()
    hand.printing(moves=MOVES[:3])
    hand.wait()
    assert hand.out() == POLL
    hand.say("ok", "ok", "ok")
    assert hand.out() == QUESTION
    assert hand.say(FENCE, *refusal(3))[1:] == []
    assert hand.say(FENCE)[1:] == [SourceDone(3)]


def test_nothing_is_polled_while_something_else_is_sorted_out() -> None:
    hand = polled()
    hand.printing()
    hand.say(*refusal(0)[:1])
    hand.link.handle_timeout(hand.link.deadline or 0.0)
    hand.at(hand.now + 5.0)
    assert POLL not in hand.out().replace(QUESTION, b"")
    assert hand.left_s == 1.0
    hand.say(*answer(0))
    assert hand.out().startswith(b"N1 ")


def test_nothing_that_waits_to_be_sent_is_forgotten_for_something_else() -> None:
    hand = polled()
    hand.wait()
    hand.link.submit("M104 S60")
    assert hand.out() == POLL + frame(hand.last + 1, "M104 S60")
    hand = polled()
    hand.wait()
    hand.link.interrupt()
    assert hand.out() == POLL + b"\nM108\n"
    hand = polled()
    hand.link.interrupt()
    hand.wait()
    assert hand.out() == b"\nM108\n" + POLL
    hand.printing()
    hand.at(hand.now + 1.5)
    hand.wait()
    assert hand.out().endswith(QUESTION)
    hand.link.interrupt()
    hand.say(FENCE, *answer(3))
    assert hand.out().startswith(b"\nM108\n")


def test_a_polled_firmware_is_not_told_to_report() -> None:
    hand = Hand(marlin(report="poll"))
    hand.link.open(0.0)
    hand.wait()
    sent = b""
    while out := hand.out():
        sent += out
        hand.say(*hand._answers(out))
    assert b"M113 S2" in sent
    assert b"M155" not in sent


# --- where no line is counted -----------------------------------------------------------------------------------------


def uncounted(name: str, **link: object) -> Hand:
    """A firmware that counts no lines, known and polled."""
    profile = find_profile(name)
    profile = msgspec.structs.replace(profile, link=msgspec.structs.replace(profile.link, **link))
    hand = Hand(profile)
    hand.link.open(0.0)
    hand.wait()
    hand.say(*_plain(hand, profile))
    for _ in range(20):
        if hand.link.is_ready:
            break
        hand.say(*_plain(hand, profile))
    assert hand.link.is_ready
    return hand


def _plain(hand: Hand, profile: Profile) -> list[str]:
    """What a firmware that takes everything says of what was sent."""
    said: list[str] = []
    for line in hand.out().decode().splitlines():
        if line.endswith("M105") or " M105*" in line:
            said.append(
                "ok B:20.0 /0.0 T0:20.0 /0.0"
                if profile.dialect == "klipper"
                else "ok T:20.0 /0.0 B:20.0 /0.0"
            )
        elif "M115" in line:
            klipper = ("ok FIRMWARE_NAME:Klipper FIRMWARE_VERSION:x",)
            said += (
                klipper
                if profile.dialect == "klipper"
                else ("FIRMWARE_NAME: RepRapFirmware for Duet 2", "ok")
            )
        elif line:
            said.append("ok")
    return said


def test_a_spoiled_question_must_not_acknowledge_a_line_so_it_waits_until_none_is_in_flight() -> None:
    hand = uncounted("reprapfirmware-3.5-generic-300")
    hand.say(*_plain(hand, hand.profile))
    hand.link.stream(Commands(1, MOVES), 1)
    while not (out := hand.out()).startswith(b"N1 "):
        hand.say(*_answers_to(out))
    hand.at(hand.now + hand.profile.link.report_s + 1)
    hand.link.handle_timeout(hand.now)
    assert hand.out() == b""
    hand.say("ok")
    assert hand.out() == b"\nM105\n"
    assert hand.out() == b""
    hand.say("ok T:20.0 /0.0 B:20.0 /0.0")
    assert hand.out().startswith(b"N2 ")


def _answers_to(out: bytes) -> list[str]:
    return ["ok T:20.0 /0.0 B:20.0 /0.0" for line in out.splitlines() if line == b"M105"]


def test_a_word_that_is_also_said_at_a_start_is_one_only_where_a_start_may_be() -> None:
    ready = "// Klipper state: Ready"
    hand = uncounted("klipper-0.12-generic-235")
    assert hand.say(ready) == [Said("Ready")]
    assert hand.link.is_ready
    hand.link.adopt(Commands(1, MOVES), 7, hand.now)
    assert hand.say(ready) == [Said("Ready")]
    hand.link.open(hand.now)
    assert hand.at(hand.now + 0.5).say(ready) == []
    assert hand.left_s == SETTLE_S
    assert hand.say("// Klipper state: Shutdown") == [PrinterHalted("Klipper state: Shutdown")]
    assert hand.say(ready) == [PrinterReset("Ready")]


def test_a_firmware_that_works_without_a_word_is_asked_seldom_and_waited_for_long() -> None:
    link = msgspec.structs.replace(LINK, busy_s=0, silence_s=20.0, quiet_max_s=900.0)
    questions = Questions(Marlin(), link)
    assert [questions.put(is_known=True) for _ in range(7)] == [20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0]
    questions.note_life()
    assert [questions.put(is_known=False) for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    talkative = Questions(Marlin(), msgspec.structs.replace(link, busy_s=2))
    assert [talkative.put(is_known=True) for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_patience_is_counted_from_the_last_sign_of_life() -> None:
    questions = Questions(Marlin(), msgspec.structs.replace(LINK, quiet_max_s=47.5))
    for _ in range(2):
        waited_s = 0.0
        while not questions.are_in_vain:
            assert waited_s < 47.5
            waited_s += questions.put(is_known=True)
        assert waited_s == 55.0
        questions.note_life()
        assert not questions.are_in_vain


def test_where_nothing_is_lost_it_is_asked_between_lines_in_flight() -> None:
    hand = uncounted("klipper-0.12-generic-235")
    hand.say(*_plain(hand, hand.profile))
    hand.link.stream(Commands(1, MOVES), 1)
    while b"G1 X1 " not in hand.out():
        hand.say("ok B:20.0 /0.0 T0:20.0 /0.0")
    hand.at(hand.now + hand.profile.link.report_s + 1)
    hand.link.handle_timeout(hand.now)
    assert hand.out() == POLL


@pytest.mark.parametrize(
    ("window", "oks", "sentence"),
    [
        (1, 0, "line 1 was not acknowledged"),
        (1, 1, "line 2 was not acknowledged"),
        (3, 1, "lines 2 to 4 were not acknowledged"),
    ],
)
def test_lines_of_which_nobody_can_say_whether_they_were_taken_end_the_print(
    window: int, oks: int, sentence: str
) -> None:
    hand = uncounted("reprapfirmware-3.5-generic-300", window_lines=window, queue_lines=window + 1)
    hand.link.stream(Commands(1, MOVES), 1)
    while not (out := hand.out()).startswith(b"N1 "):
        hand.say(*_answers_to(out))
    for _ in range(oks):
        hand.say("ok")
        hand.out()
    while (out := hand.out()) != b"\nM105\n":
        hand.wait()
    (_, doubt) = hand.say("ok T:20.0 /0.0 B:20.0 /0.0")
    assert doubt == InDoubt(f"{sentence}, and the firmware does not count lines")
    assert hand.link.next_line is None
    assert not hand.link.is_ready
    assert hand.link.firmware.name == "RepRapFirmware for Duet 2"
    hand.out()
    hand.say("hm")
    assert hand.wait() == []
    assert hand.out() == b"\nM105\n"  # it is to be known again


@pytest.mark.parametrize(
    ("reply", "standing"),
    [
        (Report(Temperatures(), is_ok=True), Standing(None)),
        (Report(Temperatures()), None),
        (Ok(), None),
        (Position(0.0, 0.0, 0.0, 0.0), None),
    ],
)
def test_only_the_answer_about_temperatures_proves_what_was_before_it(
    reply: Report | Ok | Position, standing: Standing | None
) -> None:
    assert Fence().take(reply) == standing


def test_a_firmware_that_says_it_waits_says_nothing() -> None:
    assert isinstance(Marlin().read("wait"), Idle)
    hand = Hand().ready()
    hand.printing()
    left_s = hand.left_s
    assert hand.at(hand.now + 1.0).say("wait") == []
    assert hand.left_s == left_s - 1.0
    assert hand.say(*refusal(2)) == [Resent(3)]
