"""Virtual Prusa-Firmware does what cmdqueue.cpp and Marlin_main.cpp of 3.14 do."""

from __future__ import annotations

import pytest

from farm.link.framing import frame
from tests.farm.sim.sim_kit import say, started


def test_a_repeated_line_is_refused() -> None:
    printer = started("prusa")
    say(printer, frame(1, "G21"))
    assert say(printer, frame(1, "G21")) == (
        b"Error:Line Number is not Last Line Number+1, Last Line: 1\nResend: 2\nok\n"
    )


def test_a_checksum_without_a_number_is_refused() -> None:
    """So a line whose N was eaten by noise is asked for again."""
    printer = started("prusa")
    assert (
        say(printer, frame(1, "G21")[1:])
        == b"Error:No Line Number with checksum, Last Line: 0\nResend: 1\nok\n"
    )


def test_half_a_line_is_dropped_after_two_seconds() -> None:
    printer = started("prusa")
    assert say(printer, b"N1 G2", 1.9) == b""
    assert say(printer, b"", 0.2) == b"RX timeout\n"
    assert say(printer, frame(1, "G21")) == b"ok\n"


def test_m110_counts_once_when_it_is_read_and_once_more_when_it_is_executed() -> None:
    printer = started("prusa")
    say(printer, b"G4 P500\n")
    answer = say(printer, frame(500, "M110 N500") + frame(501, "G21") + frame(502, "G21"), 1.0)
    assert answer.count(b"ok\n") == 4
    assert b"Resend: 501\n" in say(printer, frame(503, "G21"))


def test_its_queue_is_measured_in_bytes() -> None:
    printer = started("prusa")
    say(printer, b"G4 S5\n" * 40)
    # 388 bytes, 99 kept free for the longest line, nine for each of these
    assert len(printer._queue) == 32


def test_a_full_ring_is_emptied_aloud() -> None:
    printer = started("prusa")
    say(printer, b"G4 S1\n" * 80)
    answer = say(printer, b"", 120.0)
    assert answer.count(b"Full RX Buffer\n") == 1
    assert answer.count(b"ok\n") == 33


def test_a_comment_takes_the_next_line_along() -> None:
    printer = started("prusa")
    assert say(printer, b"G21 ; millimetres\nG21\n") == b""
    assert say(printer, b"G21\n") == b"ok\n"


def test_m105_names_the_tool_powers_and_the_other_sensors() -> None:
    answer = say(started("prusa"), b"M105\n")
    assert answer == b"ok T:22.0 /0.0 B:22.0 /0.0 T0:22.0 /0.0 @:0 B@:0 P:24.0 A:26.0\n"


def test_heating_lines_are_short_ones() -> None:
    printer = started("prusa")
    assert b"T:22.0 E:0 W:?\n" in say(printer, b"M109 S200\n", 0.5)
    printer = started("prusa")
    assert b"T:22.00 E:0 B:22.0\n" in say(printer, b"M190 S60\n", 0.5)


def test_m112_is_heeded_with_or_without_a_number_and_restarts_the_board() -> None:
    printer = started("prusa")
    answer = say(printer, frame(1, "M112"), 3.0)
    assert answer.startswith(
        b"Error:Printer halted. kill() called!\nError:M112 called. Emergency Stop.\nstart\n"
    )
    assert say(printer, frame(1, "G21")) == b"ok\n"


def test_m108_is_unknown_to_it() -> None:
    assert say(started("prusa"), b"M108\n") == b"Unknown M code: M108\nok\n"


@pytest.mark.parametrize(
    ("fault", "word"), [("heating_failed", b"PREHEAT HOTEND"), ("runaway", b"HOTEND THERMAL")]
)
def test_stopped_by_a_fault_it_drops_lines_uncounted_and_says_busy(fault: str, word: bytes) -> None:
    printer = started("prusa")
    say(printer, frame(1, "G21"))
    printer.break_down(fault, printer.now)
    assert word in printer.data_to_send()
    answer = say(printer, frame(2, "G21"), 4.1)
    assert answer == b"echo:busy: paused for user\n" * 2
    assert printer.last_number == 1


def test_bytes_above_127_are_read_over() -> None:
    assert say(started("prusa"), b"M1\xc305\n").startswith(b"ok T:")


def test_it_reads_packed_lines_though_it_names_no_capability() -> None:
    printer = started("prusa", meatpack=True)
    assert b"MEATPACK" not in say(printer, b"M115\n")
    assert say(printer, b"\xff\xff\xfb") == b" [MP] PV01 ON ESP\n"
    # the low half first: G 2, 1 newline
    assert say(printer, b"\x2d\xc1") == b"ok\n"
