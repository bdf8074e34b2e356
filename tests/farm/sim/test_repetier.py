"""Virtual Repetier does what its gcode.cpp and the transcripts show."""

from __future__ import annotations

from farm.link.framing import frame
from tests.farm.sim.sim_kit import say, started


def bad(number: int, command: str) -> bytes:
    good = frame(number, command)
    return good[: good.rindex(b"*") + 1] + b"%d\n" % (int(good[good.rindex(b"*") + 1 :]) ^ 1)


def test_the_ok_comes_first_and_bears_the_last_number() -> None:
    printer = started("repetier")
    say(printer, frame(1, "G21"))
    answer = say(printer, b"M105\n")
    assert answer == b"Got:M105\r\nok 1\r\nT:22.00 /0 B:22.00 /0 B@:0 @:0\r\n"


def test_a_wrong_checksum_is_told_twice_and_asked_for_until_it_comes() -> None:
    printer = started("repetier", echo=False)
    say(printer, frame(1, "G21"))
    answer = say(printer, bad(2, "G21"))
    assert answer == b"Error:Wrong checksum\r\n" * 2 + b"\r\nResend:2\r\nok\r\n"
    assert say(printer, b"", 0.61) == b"\r\nResend:2\r\nok\r\n" * 3
    assert say(printer, frame(2, "G21"), 0.9) == b"ok 2\r\n"


def test_a_wrong_number_is_told_with_the_one_expected() -> None:
    printer = started("repetier", echo=False)
    say(printer, frame(1, "G21") + frame(2, "G21"))
    assert say(printer, frame(50, "G21")) == b"Error:expected line 3 got 50\r\n\r\nResend:3\r\nok\r\n"


def test_after_a_refusal_garbage_is_skipped_and_not_complained_of() -> None:
    printer = started("repetier", echo=False)
    say(printer, frame(9, "G21"))
    assert say(printer, frame(10, "G21")) == b"skip 10\r\nok\r\n"


def test_repeated_lines_are_skipped_with_an_ok() -> None:
    printer = started("repetier", echo=False)
    say(printer, frame(1, "G21") + frame(2, "G21"))
    assert say(printer, frame(1, "G21") + frame(2, "G21")) == b"skip 1\r\nok\r\nskip 2\r\nok\r\n"


def test_numbers_are_compared_in_sixteen_bits() -> None:
    printer = started("repetier", echo=False)
    say(printer, frame(65535, "M110 N65535"))
    assert say(printer, frame(0, "G21")) == b"ok 0\r\n"
    assert say(printer, frame(65537, "G21")) == b"ok 65537\r\n"


def test_heating_is_acknowledged_at_once_and_the_next_line_is_held() -> None:
    printer = started("repetier", echo=False)
    assert b"ok 0\r\n" in say(printer, b"M109 S200\n")
    answer = say(printer, b"G21\n", 5.0)
    assert b"ok" not in answer
    assert b"busy:heating\r\n" in answer
    assert b"\r\nT:" in answer
    assert say(printer, b"", 300.0).count(b"ok 0\r\n") == 1


def test_idle_it_says_wait_each_second_and_at_work_it_is_busy_processing() -> None:
    printer = started("repetier", echo=False)
    assert say(printer, b"", 2.0).count(b"wait\r\n") == 2
    assert say(printer, b"G4 S5\n", 4.5) == b"ok 0\r\n" + b"busy:processing\r\n" * 2


def test_half_a_line_is_asked_for_again_after_200_ms() -> None:
    printer = started("repetier", echo=False)
    assert say(printer, b"N1 G2", 0.19) == b""
    assert say(printer, b"", 0.02) == b"\r\nResend:1\r\nok\r\n"


def test_m112_is_a_reset_even_while_a_command_is_at_work() -> None:
    printer = started("repetier")
    say(printer, b"M104 S200\nG4 S60\n")
    assert say(printer, b"M112\n", 1.0).startswith(b"start\r\n")
    assert printer.machine.nozzle.target_c == 0


def test_m110_is_acknowledged_without_a_number() -> None:
    assert say(started("repetier", echo=False), frame(7, "M110 N7")) == b"ok\r\n"


def test_a_fault_is_fatal_until_m999() -> None:
    printer = started("repetier", echo=False)
    printer.break_down("heating_failed", printer.now)
    assert printer.data_to_send().startswith(b"fatal:Heater decoupled during rising - Printer stopped")
    answer = say(printer, b"G1 X5\n")
    assert answer.startswith(b"fatal:")
    assert answer.endswith(b"ok 0\r\n")
    assert b"info:Continue" in say(printer, b"M999\n")
    assert say(printer, b"G21\n") == b"ok 0\r\n"
