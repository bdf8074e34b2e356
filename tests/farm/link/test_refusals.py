"""What an ok, a refusal and an answer are good for: to the line, against a firmware that is played by hand."""

from __future__ import annotations

import pytest

from farm.link import frame
from farm.link.events import Position, PrinterReset, Resent, Said, SourceDone
from farm.link.framing import OKS, checked
from farm.link.hearing import DRAIN_S, NUMBERED_OKS, REFUSED_S, STRIKES
from farm.link.speaking import SETTLE_S
from farm.link.tracks import Commands
from farm.link.window import WIDEN_LINES
from tests.farm.link.by_hand import FENCE, LINK, MOVES, QUESTION, QUIET_S, Hand, answer, marlin, refusal
from tests.farm.link.dialects.kit import Case, printing, ready


def line(n: int) -> bytes:
    return frame(n, MOVES[n - 1])


# --- acknowledgements -------------------------------------------------------------------------------------------------


def test_each_ok_makes_room_for_one_line() -> None:
    hand = Hand().ready()
    assert hand.printing() == line(1) + line(2) + line(3)
    assert (hand.link.acked_line, hand.link.next_line) == (0, 4)
    hand.say("ok")
    assert (hand.link.acked_line, hand.out()) == (1, line(4))
    hand.say("ok", "ok")
    assert (hand.link.acked_line, hand.out()) == (3, line(5) + line(6))
    assert hand.link.receive_data(b"o", hand.now) == []
    assert hand.link.receive_data(b"k\nok\n", hand.now) == []
    assert hand.link.acked_line == 5
    hand.link.receive_data(b"ok \nok\n", hand.now)
    assert hand.link.acked_line == 6


def test_an_ok_that_was_begun_belongs_to_its_line() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.link.receive_data(b"echo:o", hand.now)
    assert hand.link.receive_data(b"ok\n", hand.now) == [Said("echo:ook")]
    assert hand.link.acked_line == 0


def test_oks_beyond_what_was_sent_count_for_nothing() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say(*["ok"] * 9)
    assert hand.link.acked_line == 3


@pytest.mark.parametrize("count", [len(OKS) - 1, len(OKS), 1000])
def test_no_number_of_oks_is_too_many_for_one_read(count: int) -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say(*["ok"] * count) == []
    assert hand.link.acked_line == 3


def test_a_firmware_that_numbers_its_oks_numbers_them_all() -> None:
    hand = Hand().ready()
    hand.printing()
    for n in range(1, 2 * NUMBERED_OKS - 1, 2):
        hand.say(f"ok N{n} P15 B3")
        hand.say("ok")  # a doubled one, for all we know yet
        assert hand.link.acked_line == n + 1
        hand.out()
    hand.say("ok N5 P15 B3")
    hand.say("ok")
    assert hand.link.acked_line == 5
    hand.say("ok P15 B3")
    assert hand.link.acked_line == 5
    hand.say("ok N7 P15 B3")
    assert hand.link.acked_line == 7


def test_an_ok_with_a_number_that_is_long_done_does_not_put_off_the_asking() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say("ok N2")
    hand.out()
    hand.at(hand.now + 2.0).say("ok N1")
    assert hand.left_s == LINK.silence_s - 2.0


def test_the_last_lines_of_a_print_are_asked_about_too() -> None:
    for oks in (("ok",), ("ok N1",)):
        hand = Hand().ready()
        hand.printing(moves=MOVES[:3])
        hand.at(hand.now + 1.0).say(*oks)
        assert hand.out() == b""
        assert hand.left_s == LINK.silence_s
        hand.wait()
        assert hand.out() == QUESTION


def test_a_print_is_done_when_the_firmware_says_so_by_its_number() -> None:
    hand = Hand().ready()
    assert hand.printing(moves=MOVES[:3]) == line(1) + line(2) + line(3)
    assert hand.say("ok", "ok", "ok") == []
    assert hand.out() == QUESTION
    assert hand.say(*answer(3))[1:] == [SourceDone(3)]
    assert hand.link.acked_line is None
    hand.obey()
    assert hand.left_s == QUIET_S


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_print_whose_number_falls_short_goes_on_from_there(last: int) -> None:
    hand = Hand().ready()
    hand.printing(moves=MOVES[:3])
    hand.say("ok", "ok", "ok")
    hand.out()
    assert hand.say(*answer(last))[1:] == [Resent(last + 1)]
    assert hand.link.window_lines == 1
    assert hand.left_s == QUIET_S
    assert hand.out() == line(last + 1)
    assert (hand.link.sent_lines, hand.link.resent_lines) == (6 + 1, 1)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_of_the_last_line_sent_is_answered_at_once() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say("ok", "ok", *refusal(2)) == [Resent(3)]
    assert hand.out() == line(3)
    assert hand.link.window_lines == 1
    assert hand.link.resent_lines == 1


def test_what_was_sent_behind_a_refused_line_is_let_run_dry() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say(*refusal(0)) == []
    behind_bytes = len(line(2)) + len(line(3))
    assert hand.left_s == pytest.approx(DRAIN_S + behind_bytes * 10 / LINK.baud, abs=1e-6)
    assert hand.out() == b""
    hand.at(hand.now + 0.001).say(*refusal(0)[:2])
    hand.at(hand.now + 0.001).say("ok")
    assert hand.left_s == pytest.approx(DRAIN_S + behind_bytes * 10 / LINK.baud, abs=1e-6)
    assert hand.wait() == [Resent(1)]
    assert hand.out() == line(1)
    assert hand.left_s == LINK.silence_s
    assert hand.link.resent_lines == 1


def test_oks_of_earlier_lines_may_follow_a_refusal() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say(*refusal(1))
    left_s = hand.left_s
    hand.at(hand.now + 0.001).say("ok N1")
    assert hand.link.acked_line == 1
    assert hand.left_s == pytest.approx(left_s - 0.001)
    assert hand.wait() == [Resent(2)]
    assert (hand.link.acked_line, hand.link.next_line) == (1, 2)


def test_lines_before_a_refused_one_still_await_their_ok() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say(*refusal(2)) == [Resent(3)]
    assert hand.link.acked_line == 0
    assert hand.out() == b""
    assert hand.left_s == LINK.silence_s
    hand.say("ok", "ok")
    assert hand.out() == line(3)


def test_lines_that_go_again_are_counted_and_no_others() -> None:
    hand = Hand(marlin(window_lines=15, queue_lines=16, rx_bytes=2048)).ready()
    hand.printing()
    hand.say(*refusal(0))
    hand.wait()
    before = hand.link.sent_lines
    for _ in range(12):  # by the end two at a time: line 15 again, and 16 for the first time
        hand.say(*["ok"] * hand.out().count(b"\n"))
    assert (hand.link.next_line, hand.link.sent_lines - before, hand.link.resent_lines) == (17, 16, 15)
    hand.out()
    hand.say(*refusal(16))
    hand.wait()
    assert hand.out() == line(17)
    assert hand.link.resent_lines == 16


@pytest.mark.parametrize("numbered", [False, True])
def test_after_a_refusal_lines_go_ahead_again_little_by_little(numbered: bool) -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say("ok", "ok", *refusal(2))
    hand.out()
    for n in range(3, 3 + WIDEN_LINES):
        assert hand.link.window_lines == 1
        hand.say(f"ok N{n}" if numbered else "ok")
        hand.out()
    assert hand.link.window_lines == 2


def test_a_refusal_that_is_cut_short_is_asked_about() -> None:
    for said in (refusal(0)[:1], refusal(0)[:2], refusal(0)[1:2]):
        hand = Hand().ready()
        hand.printing()
        hand.at(hand.now + 1.0).say(*said)
        assert hand.left_s == REFUSED_S
        assert hand.out() == b""
        happened = hand.wait()
        assert happened == ([Resent(1)] if len(said) == 2 else [])
        assert hand.out() == (line(1) if happened else QUESTION)


def test_a_refusal_whose_sentences_differ_is_asked_about_at_once() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say("Error:checksum mismatch, Last Line: 1", "Resend: 3", "ok") == []
    assert hand.out() == QUESTION


def test_a_refusal_that_cannot_be_is_asked_about_at_once() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say(*refusal(77)) == []
    assert hand.out() == QUESTION


def test_a_refusal_of_something_else_takes_nothing_back() -> None:
    hand = Hand().ready()
    hand.printing()
    assert hand.say(*refusal(3)) == []
    assert hand.link.window_lines == 3
    hand.say("ok", "ok", "ok")
    assert hand.out() == line(4) + line(5) + line(6)
    assert hand.link.resent_lines == 0


def test_answers_that_cannot_be_are_asked_about_again_before_they_are_believed() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.say("ok", "ok", "ok")
    hand.out()
    hand.say("ok", "ok")
    hand.wait()
    for _ in range(STRIKES - 1):
        assert hand.out() == QUESTION
        assert hand.say(*answer(150))[1:] == []
    assert hand.out() == QUESTION
    assert hand.say(*answer(150))[1:] == [PrinterReset("the firmware has lost its line number")]
    assert hand.left_s == SETTLE_S


def test_one_good_answer_clears_those_that_could_not_be() -> None:
    hand = Hand().ready()
    hand.printing()
    for sent in range(3, 3 * STRIKES + 1, 3):
        hand.wait()
        hand.out()
        for _ in range(STRIKES - 1):
            assert hand.say(*answer(150))[1:] == []
            assert hand.out() == QUESTION
        assert hand.say(*answer(sent))[1:] == []
        hand.out()


def test_nought_in_mid_print_is_a_firmware_that_began_anew() -> None:
    hand = Hand().ready()
    hand.printing()
    for _ in range(3):
        hand.say("ok", "ok", "ok")
        hand.out()
    hand.wait()
    hand.out()
    assert hand.say(*answer(0))[1:] == [PrinterReset("the firmware has lost its line number")]


def test_an_answer_that_is_garbled_is_waited_out_and_asked_again() -> None:
    hand = Hand().ready()
    hand.printing()
    hand.wait()
    hand.out()
    assert hand.say(FENCE, "Error:checksum mismatch, Last Line: 3", "Resend: 9", "ok")[1:] == []
    hand.wait()
    assert hand.out() == QUESTION


def test_where_an_ok_means_received_a_refusal_means_the_same_and_the_asking_is_ended() -> None:
    bench = printing(Case("repetier-1.0-generic-200", 4, is_timed=False), after=20)
    link, now = bench.link, bench.talk.now
    following = link.next_line
    assert following is not None
    assert link.receive_data(f"Error:Wrong checksum\r\nResend:{following}\r\nok\r\n".encode(), now) == [
        Said("Error:Wrong checksum")
    ]
    assert link.acked_line == following - 1
    assert link.data_to_send(now).startswith(b"\n" + checked("M105") + b"N%d " % following)


def test_where_every_ok_of_a_line_is_numbered_a_bare_one_acknowledges_none() -> None:
    bench = ready(Case("repetier-1.0-generic-200", 4, is_timed=False))
    bench.talk.run(lambda: False, 5)
    link, now = bench.link, bench.talk.now
    link.stream(Commands(1, MOVES), 1)
    while b"\nN1 " not in (out := link.data_to_send(now)):
        assert now < 60
        now += 0.1
        bench.board.receive(out, now)
        if said := bench.board.data_to_send():
            link.receive_data(said, now)
    link.receive_data(b"ok\r\n", now)
    assert link.acked_line == 0
    link.receive_data(b"ok 1\r\n", now)
    assert link.acked_line == 1


def test_where_a_position_is_the_acknowledgement_it_acknowledges() -> None:
    bench = ready(Case("smoothieware-2021-generic-300", 4, is_timed=False))
    bench.talk.run(lambda: False, 5)
    link, now = bench.link, bench.talk.now
    link.submit("M114")
    assert b"M114" in link.data_to_send(now)
    assert link.data_to_send(now) == b""
    assert link.receive_data(b"ok C: X:1.0000 Y:2.0000 Z:3.0000 E:4.0000\n", now) == [
        Position(1.0, 2.0, 3.0, 4.0)
    ]
    assert link.data_to_send(now) == bench.dialect.question(0)
