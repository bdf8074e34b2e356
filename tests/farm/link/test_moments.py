"""When a link speaks and how long it waits: to the word and the second, against a firmware that is played by hand."""

from __future__ import annotations

import pytest

from farm.link import frame
from farm.link.dialects.repetier import FAR_LINES
from farm.link.events import (
    Busy,
    Found,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Ready,
    Said,
    Settled,
    Temperatures,
)
from farm.link.framing import checked
from farm.link.identity import Firmware
from farm.link.inquiry import ASK_ALL_S
from farm.link.link import STOP_S
from farm.link.speaking import BANNER_S, PACKING_S, SETTLE_S, SYNC_TRIES
from farm.link.tracks import CONTROL_FIRST, Commands
from farm.profiles import find_profile
from tests.farm.link.by_hand import LINK, MOVES, NAME, QUESTION, QUIET_S, SYNC, Hand, answer, marlin, refusal

REPORT = " T:20.0 /0.0 B:20.0 /0.0 @:0 B@:0"


def test_a_link_that_was_never_opened_is_deaf_and_dumb() -> None:
    hand = Hand()
    hand.link.stop(0.0)
    assert (hand.link.deadline, hand.link.is_ready, hand.link.firmware) == (None, False, Firmware())
    assert hand.out() == b""
    assert hand.say("ok", "start") == []
    assert hand.link.receive_data(b"", 0.0) == []


# --- the first words --------------------------------------------------------------------------------------------------


def test_a_port_that_was_opened_is_left_in_peace_while_its_board_starts() -> None:
    hand = Hand()
    hand.link.open(10.0)
    assert hand.link.deadline == 10.0 + LINK.boot_wait_s
    assert hand.at(11.9).link.handle_timeout(11.9) == []
    assert hand.out() == b""
    assert hand.at(12.0).link.handle_timeout(12.0) == []
    assert hand.out() == SYNC + QUESTION
    assert hand.out() == b""


def test_a_banner_is_heard_to_its_end_but_not_for_ever() -> None:
    hand = Hand()
    hand.link.open(0.0)
    assert hand.at(1.5).say("start") == []
    assert hand.left_s == SETTLE_S
    hand.at(2.0).say("echo:SD init fail")
    assert hand.left_s == SETTLE_S
    while hand.left_s == SETTLE_S:
        hand.at(hand.now + 0.5).say(REPORT)
        assert hand.now < 60
    assert hand.link.deadline == 1.5 + SETTLE_S + BANNER_S


def test_whoever_spoke_before_may_have_left_packing_on() -> None:
    hand = Hand(marlin(meatpack=True))
    hand.link.open(0.0)
    hand.wait()
    assert hand.out() == b"\xff\xff\xfa" + SYNC + QUESTION


def test_questions_are_repeated_at_doubling_intervals_and_a_stranger_is_given_up_in_a_minute() -> None:
    hand = Hand().booted()
    waits = []
    while hand.link.deadline is not None:
        waits.append(hand.left_s)
        happened = hand.wait()
        assert hand.out() == (
            b"" if happened else SYNC + QUESTION if False else QUESTION if not happened else b""
        )
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]
    assert sum(waits) == ASK_ALL_S
    assert happened == [PrinterSilent()]
    assert hand.link.questions.asked == len(waits)
    assert hand.say("ok") == []
    assert hand.link.receive_data(b"", hand.now) == []


def test_a_known_firmware_is_waited_for_as_long_as_its_longest_work() -> None:
    hand = Hand().ready()
    hand.printing()
    begun_s = hand.now
    while hand.wait() == []:
        hand.out()
    assert LINK.quiet_max_s <= hand.now - begun_s <= LINK.quiet_max_s + 8 + LINK.silence_s


def test_a_sign_of_life_begins_the_patience_anew() -> None:
    hand = Hand().booted()
    for _ in range(3):
        hand.wait()
        hand.out()
    hand.say("ok")
    hand.wait()
    hand.out()
    assert hand.left_s == 1.0


def test_a_counter_that_cannot_be_set_is_no_firmware_we_know() -> None:
    hand = Hand().booted()
    for _ in range(SYNC_TRIES - 1):
        assert hand.say("ok", *answer(0))[1:] == []
        assert hand.out() == SYNC + QUESTION
    assert hand.say("ok", *answer(0))[1:] == [PrinterSilent()]
    assert hand.link.deadline is None


def test_a_firmware_is_known_by_its_answer_and_then_told_what_to_report() -> None:
    hand = Hand().booted()
    assert not hand.link.is_ready
    hand.say("ok", *answer(CONTROL_FIRST - 1))
    assert hand.out() == frame(CONTROL_FIRST, "M115")
    hand.say(NAME, "Cap:AUTOREPORT_TEMP:1", "Cap:THERMAL_PROTECTION:1")
    assert hand.out() == b""
    hand.say("ok")
    assert hand.out() == QUESTION
    assert hand.say(*answer(CONTROL_FIRST))[1:] == []
    assert not hand.link.is_ready
    hand.last = CONTROL_FIRST
    happened = hand.obey()
    assert hand.link.is_ready
    assert happened.count(Ready(hand.link.firmware)) == 1
    assert Settled() not in happened
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"
    hand.link.receive_data(b"", hand.now)
    assert not hand.link.is_ready
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"


# --- silence ----------------------------------------------------------------------------------------------------------


def test_a_firmware_that_reports_is_not_asked_anything_while_nothing_is_to_do() -> None:
    hand = Hand().ready()
    assert hand.left_s == QUIET_S
    asked = hand.link.questions.asked
    for _ in range(10):
        hand.at(hand.now + LINK.report_s).say(REPORT)
        assert hand.left_s == QUIET_S
        hand.link.handle_timeout(hand.now)
        assert hand.out() == b""
    assert hand.link.questions.asked == asked
    assert hand.wait() == []
    assert hand.out() == QUESTION
    assert hand.link.stalls == 0


def test_lines_in_flight_are_asked_about_after_a_silence_and_that_is_a_stall() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.left_s == LINK.silence_s
    hand.at(hand.now + 1.0).say(REPORT)
    assert hand.left_s == LINK.silence_s - 1.0
    assert hand.say("echo:busy: processing") == [Busy("processing")]
    assert hand.left_s == LINK.silence_s
    hand.at(hand.now + 1.0).say("T:20.0 /200.0 B:20.0 /0.0 @:127 B@:0 W:?")
    assert hand.left_s == LINK.silence_s
    hand.at(hand.now + 1.0).say("ok")
    assert hand.left_s == LINK.silence_s
    hand.out()
    assert hand.link.handle_timeout(hand.now + 2.4) == []
    assert hand.link.stalls == 0
    hand.wait()
    assert hand.link.stalls == 1
    assert hand.out() == QUESTION
    assert hand.left_s == 1.0
    hand.wait()
    assert hand.link.stalls == 1


def test_a_question_waits_behind_work_that_is_said_to_go_on() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.wait()
    hand.out()
    hand.say("echo:busy: processing")
    assert hand.left_s == 2 * LINK.busy_s + LINK.silence_s
    assert hand.out() == b""


# --- packing ----------------------------------------------------------------------------------------------------------


def packed() -> Hand:
    """A firmware that offers to read packed lines, and was just told to begin."""
    hand = Hand(marlin(meatpack=True))
    hand.capabilities = ("Cap:AUTOREPORT_TEMP:1", "Cap:THERMAL_PROTECTION:1", "Cap:MEATPACK:1")
    hand.link.open(0.0)
    hand.wait()
    while b"\xff\xff\xfb" not in (out := hand.out()):
        hand.say(*hand._answers(out.removeprefix(b"\xff\xff\xfa")))
    return hand


def test_packing_begins_with_the_firmwares_consent() -> None:
    hand = packed()
    assert hand.left_s == PACKING_S
    assert hand.out() == b""
    assert hand.say("echo:something") == [Said("echo:something")]
    assert hand.out() == b""
    assert hand.say("[MP] PV01 ON ESP") == [Said("[MP] PV01 ON ESP")]
    assert hand.left_s == QUIET_S
    out = hand.out()
    assert out
    assert b"M110" not in out


@pytest.mark.parametrize("said", [(), ("[MP] PV01 OFF ESP",)])
def test_without_consent_lines_go_as_they_are(said: tuple[str, ...]) -> None:
    hand = packed()
    if said:
        hand.say(*said)
    else:
        assert hand.wait() == []
        assert hand.left_s == QUIET_S
    assert b"M110" in hand.out()


def test_packing_is_given_up_when_questions_stay_unheard() -> None:
    hand = packed()
    hand.say("[MP] PV01 ON ESP")
    outs = [hand.out()]
    for _ in range(3):
        hand.wait()
        outs.append(hand.out())
    assert [QUESTION in out for out in outs] == [False, False, True, True]
    assert outs[2].startswith(b"\xff\xff\xfa")
    assert outs[3] == b"\xff\xff\xfa" + QUESTION  # until the firmware has said that it is off


def test_an_order_to_pack_that_is_not_answered_is_taken_back() -> None:
    hand = Hand(marlin(meatpack=True))
    hand.link.open(0.0)
    hand.wait()
    assert hand.out().startswith(b"\xff\xff\xfa")
    hand.say("[MP] PV01 OFF ESP")
    hand.capabilities = (*hand.capabilities, "Cap:MEATPACK:1")
    hand.say("ok", *answer(CONTROL_FIRST - 1))
    hand.last = CONTROL_FIRST - 1
    while b"\xff\xff\xfb" not in (out := hand.out()):
        assert b"\xff" not in out
        hand.say(*hand._answers(out))
    hand.wait()
    assert hand.out().startswith(b"\xff\xff\xfa")


# --- endings ----------------------------------------------------------------------------------------------------------


def test_a_stop_has_three_seconds_to_be_confirmed() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say("ok")
    hand.link.stop(hand.now)
    assert hand.left_s == STOP_S
    assert hand.out() == b"\nM112\n"
    assert hand.say("ok") == []
    assert hand.left_s == STOP_S
    assert hand.at(hand.now + 1.0).say("Error:Printer halted. kill() called!") == [
        PrinterHalted("Printer halted. kill() called!")
    ]
    assert hand.link.deadline is None
    assert hand.say("Error:Printer halted. kill() called!") == []
    hand.link.stop(hand.now)
    assert hand.out() == b""


def test_a_start_after_a_stop_means_that_it_was_obeyed() -> None:
    hand = Hand().ready()
    hand.link.stop(hand.now)
    hand.out()
    assert hand.say("start") == [
        PrinterHalted("The stop made the firmware start anew (start)."),
        PrinterReset("start"),
    ]
    assert hand.left_s == SETTLE_S
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"  # it is still shown what it was


def test_who_takes_over_a_print_still_shows_what_the_firmware_was_called() -> None:
    hand = Hand().ready()
    hand.link.adopt(Commands(1, MOVES), 7, hand.now)
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"
    assert hand.left_s == SETTLE_S
    hand.wait()
    assert hand.out() == QUESTION
    assert hand.say(*answer(9))[1:] == [Found(9)]
    assert hand.out() == SYNC + QUESTION


def test_a_takeover_asks_with_a_number_far_from_where_the_print_may_be() -> None:
    hand = Hand(find_profile("repetier-1.0-generic-200"))  # which compares numbers modulo 65536
    hand.link.adopt(Commands(1, MOVES), 150, 0.0)
    hand.wait()
    assert hand.out().endswith(checked("M114") + frame(151 + FAR_LINES, "M105"))


def test_a_command_is_sent_and_settled_when_the_firmware_says_so_by_its_number() -> None:
    hand = Hand().ready()
    hand.link.submit("M104 S60")
    number = hand.last + 1
    assert hand.out() == frame(number, "M104 S60")
    assert hand.say("ok") == []
    assert hand.out() == QUESTION
    assert hand.say(*answer(number))[1:] == [Settled()]


def test_a_halted_firmware_that_starts_again_is_news() -> None:
    hand = Hand()
    hand.link.open(0.0)
    assert hand.say("Error:MAXTEMP triggered") == [PrinterHalted("MAXTEMP triggered")]
    assert hand.say("start") == [PrinterReset("start")]
    assert hand.say("echo:PowerUp") == []


def test_a_port_that_is_gone_stays_gone_until_it_is_opened() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.link.receive_data(b"", hand.now) == [PortGone()]
    assert hand.link.receive_data(b"ok\n", hand.now) == []
    assert hand.say("start") == []
    hand.link.stop(hand.now)
    assert hand.out() == b""
    hand.link.open(hand.now)
    assert hand.left_s == LINK.boot_wait_s
    assert hand.link.next_line is None
    assert hand.link.firmware.name == "Marlin 2.1.2 (x)"
    hand.wait()
    assert hand.out() == SYNC + QUESTION


def test_a_wait_that_is_ended_is_asked_about_only_when_something_is_under_way() -> None:
    hand = Hand().ready()
    hand.link.interrupt()
    assert hand.out() == b"\nM108\n"
    hand.printing()
    hand.link.interrupt()
    assert hand.out() == b"\nM108\n" + QUESTION
    hand.link.interrupt()
    assert hand.out() == b"\nM108\n" + QUESTION
    hand.say(*answer(3), *answer(3))
    hand.out()
    hand.say(*refusal(3)[:1])
    hand.link.interrupt()
    assert hand.out() == b"\nM108\n" + QUESTION


@pytest.mark.parametrize(
    ("capability", "free", "queue_lines", "width"),
    [
        ("NONE", None, 4, 3),
        ("NONE", None, 1, 1),
        ("EMERGENCY_PARSER", None, 4, 4),
        ("NONE", 7, 4, 4),
        ("NONE", 2, 4, 2),
    ],
)
def test_a_place_is_left_free_for_a_stop_that_waits_in_the_queue(
    capability: str, free: int | None, queue_lines: int, width: int
) -> None:
    hand = Hand(marlin(queue_lines=queue_lines))
    if free is None:
        hand.ready(capability)
    else:
        hand.booted().say("ok", *answer(CONTROL_FIRST - 1))
        hand.out()
        hand.say(NAME, *hand.capabilities, "ok P15 B0", f"ok P15 B{free}", "ok P15 B1")
        hand.last = CONTROL_FIRST
        hand.obey()
    assert hand.link.is_ready
    assert hand.link.window_lines == width
    assert hand.link.is_stop_immediate == (capability == "EMERGENCY_PARSER")


def test_temperatures_are_told_whatever_else_a_line_does() -> None:
    hand = Hand()
    hand.link.open(0.0)
    assert hand.say(REPORT) == [Temperatures(20.0, 0.0, 20.0, 0.0)]
