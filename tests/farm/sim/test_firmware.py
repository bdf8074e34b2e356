"""The virtual Marlin answers as the transcripts of real boards do."""

from __future__ import annotations

import pytest

from farm.link.framing import frame
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.machine import motion_digest


def booted() -> VirtualMarlin:
    printer = VirtualMarlin()
    printer.advance(1.0)
    assert printer.data_to_send().startswith(b"start\necho:PowerUp\nMarlin 2.1")
    return printer


def say(printer: VirtualMarlin, data: bytes, later_s: float = 0.0) -> bytes:
    """What it answers to ``data`` within ``later_s``."""
    end = printer.now + later_s
    printer.receive(data, printer.now)
    while (at := printer.next_at()) <= end:  # a leap would tell only the latest of the periodic lines
        printer.advance(at)
    printer.advance(end)
    return printer.data_to_send()


def test_what_is_sent_while_it_starts_is_lost_without_a_word() -> None:
    printer = VirtualMarlin()
    assert say(printer, b"M105\n") == b""
    printer.advance(1.0)
    assert b"ok" not in printer.data_to_send()


def test_m105_is_acknowledged_by_its_own_answer() -> None:
    assert say(booted(), b"M105\n") == b"ok T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"N2 M105*%d\n" % (frame(2, "M105")[-3] ^ 0xFF), b"checksum mismatch"),
        (frame(7, "M105"), b"Line Number is not Last Line Number+1"),
        (b"N2 M105\n", b"No Checksum with line number"),
    ],
)
def test_a_bad_line_is_refused_with_error_resend_and_ok(line: bytes, why: bytes) -> None:
    printer = booted()
    say(printer, frame(1, "G21"))
    assert say(printer, line) == b"Error:%b, Last Line: 1\nResend: 2\nok\n" % why


def test_a_refused_line_takes_the_lines_behind_it_along() -> None:
    printer = booted()
    answer = say(printer, frame(9, "G21") + b"M105\n")
    assert answer == b"Error:Line Number is not Last Line Number+1, Last Line: 0\nResend: 1\nok\n"


def test_a_repeated_line_is_dropped_without_a_word() -> None:
    printer = booted()
    say(printer, frame(1, "G21"))
    say(printer, frame(2, "G21"))
    assert say(printer, frame(2, "G21")) == b""
    assert say(printer, frame(1, "G21")) == b""
    assert say(printer, frame(3, "G21")) == b"ok\n"


def test_m110_moves_the_counter_and_of_two_numbers_the_second_counts() -> None:
    printer = booted()
    assert say(printer, frame(5, "M110 N700")) == b"ok\n"
    assert say(printer, frame(701, "G21")) == b"ok\n"


def test_an_unnumbered_line_is_executed_whatever_its_checksum() -> None:
    assert say(booted(), b"M105*5\n").startswith(b"ok T:")


def test_an_unknown_command_is_named_and_acknowledged() -> None:
    assert say(booted(), b"FOO\n") == b'echo:Unknown command: "FOO"\nok\n'


def test_homing_says_busy_and_then_where_it_is() -> None:
    answer = say(booted(), b"G28\n", 10.0).splitlines()
    assert answer.count(b"echo:busy: processing") == 4
    assert answer[-2].startswith(b"X:0.00 Y:0.00 Z:0.00 E:0.00 Count")
    assert answer[-1] == b"ok"


def test_a_burst_beyond_queue_and_ring_is_lost_in_silence() -> None:
    printer = booted()
    burst = b"G4 P1500\n" + b"".join(frame(n, f"G1 X{n} F3000") for n in range(1, 16))
    answer = say(printer, burst, 20.0)
    assert printer.overruns > 0
    assert answer.count(b"ok\n") < 16


def test_waiting_for_heat_tells_each_second_and_m108_ends_it() -> None:
    printer = booted()
    assert say(printer, b"M109 S200\n", 5.0).count(b"W:?") >= 5
    assert say(printer, b"M108\n").count(b"ok\n") == 2


def test_reports_come_as_often_as_asked_and_not_while_it_waits_for_heat() -> None:
    printer = booted()
    say(printer, b"M155 S2\n")
    assert say(printer, b"", 6.1).count(b" T:") == 3
    assert all(b"W:?" in line for line in say(printer, b"M190 S60\n", 6.1).splitlines())


def test_cold_extrusion_is_told_and_pushes_no_plastic() -> None:
    printer = booted()
    assert say(printer, b"G1 E5 F300\n") == b"echo: cold extrusion prevented\nok\n"
    assert printer.machine.motion.extruded_mm == 0
    assert printer.machine.motion.at[3] == 5


def test_m112_halts_for_ever_until_a_reset() -> None:
    printer = booted()
    assert say(printer, b"M112\n") == b"echo:M112 Shutdown\nError:Printer halted. kill() called!\n"
    assert say(printer, b"M999\nM105\n", 60.0) == b""
    printer.reset(printer.now)
    assert say(printer, b"", 1.0).startswith(b"start\n")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("set_dead", b"Heating failed, system stopped! Heater_ID: E0"), ("set_open", b"MINTEMP triggered")],
)
def test_a_broken_wire_while_heating_stops_the_machine(fault: str, words: bytes) -> None:
    printer = booted()
    getattr(printer.machine.nozzle, fault)(True, printer.now)
    answer = say(printer, b"M109 S200\n", 90.0)
    assert words in answer
    assert answer.endswith(b"Error:Printer halted. kill() called!\n")
    assert printer.machine.nozzle.target_c == 0


def test_an_open_sensor_on_a_cold_nozzle_is_no_error() -> None:
    printer = booted()
    printer.machine.nozzle.set_open(True, printer.now)
    assert b"T:-15.00 /0.00" in say(printer, b"M105\n", 60.0)


def test_moves_take_the_time_they_take_and_fifteen_are_planned_ahead() -> None:
    printer = booted()
    answers = say(printer, b"".join(b"G1 X%d F600\n" % (n * 10 % 200) for n in range(1, 6)), 0.0)
    assert answers.count(b"ok\n") == 5
    for n in range(6, 30):
        printer.receive(b"G1 X%d F600\n" % (n * 10 % 200), printer.now)
    assert printer.data_to_send().count(b"ok\n") == 10


def test_what_was_warm_cools_while_the_power_is_off() -> None:
    printer = booted()
    say(printer, b"M109 S200\n", 200.0)
    printer.cut_power(printer.now)
    assert printer.machine.nozzle.read_c(printer.now) == pytest.approx(200)
    printer.reset(printer.now + 150, "PowerUp")
    assert printer.machine.nozzle.read_c(printer.now) == pytest.approx(22 + 178 / 2.71828, abs=0.1)


def test_the_digest_tells_a_repeated_and_a_missing_move() -> None:
    right = motion_digest(["G28", "M105", "G1 X1", "G1 X2"])
    assert right == motion_digest(["G28", "G1 X1", "G1 X2"])
    assert right != motion_digest(["G28", "G1 X1", "G1 X1", "G1 X2"])
    assert right != motion_digest(["G28", "G1 X2"])


def test_reports_keep_the_hosts_pace_when_the_printer_lives_faster() -> None:
    printer = booted()
    printer.set_factor(1000.0)
    say(printer, b"M155 S2\n")
    assert say(printer, b"", 6100.0).count(b" T:") == 3
