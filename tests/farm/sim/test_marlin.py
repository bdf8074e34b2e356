"""Virtual Marlin with the options that change what a host sees, and Marlin 1.1."""

from __future__ import annotations

import pytest

from farm.link.framing import frame
from tests.farm.sim.sim_kit import say, started


def test_fifteen_lines_in_one_burst_behind_a_dwell_nine_are_answered_and_the_rest_vanish() -> None:
    printer = started("marlin")
    say(printer, frame(1, "G4 P1500"))
    burst = b"".join(frame(n, "G1 X10 F3000") for n in range(2, 17))  # 20 bytes each: 3 slots, 127 bytes
    answer = say(printer, burst, 30.0)
    assert answer.count(b"ok\n") == 1 + 9
    assert b"Resend" not in answer
    # the next line is glued to the torn remainder
    assert b"Resend: 11\n" in say(printer, frame(17, "G1 X10 F3000"))


@pytest.mark.parametrize(("rx_bytes", "answered"), [(64, 3 + 3), (128, 3 + 6), (256, 3 + 12)])
def test_a_ring_of_n_bytes_holds_one_less(rx_bytes: int, answered: int) -> None:
    printer = started("marlin", rx_bytes=rx_bytes)
    say(printer, b"G4 P1500\n")
    line = b"G1 X10.000 F3000.00\n"
    assert len(line) == 20
    assert say(printer, line * 20, 30.0).count(b"ok\n") == 1 + answered
    assert printer.overruns == 20 * 20 - 60 - (rx_bytes - 1)


def test_a_ring_with_flow_control_never_overruns() -> None:
    printer = started("marlin", has_flow_control=True)
    assert say(printer, b"G4 P1500\n" + b"G1 X10 F3000\n" * 30, 60.0).count(b"ok\n") == 31
    assert printer.overruns == 0


def test_oks_of_queued_lines_come_after_the_resend() -> None:
    printer = started("marlin", advanced_ok=True)
    say(printer, frame(1, "G4 P500"))
    lines = frame(2, "G21") + frame(3, "G21") + frame(9, "G21")
    answer = say(printer, lines, 1.0).splitlines()
    assert answer == [
        b"Error:Line Number is not Last Line Number+1, Last Line: 3",
        b"Resend: 4",
        b"ok",
        b"ok N1 P15 B1",
        b"ok N2 P15 B2",
        b"ok N3 P15 B3",
    ]


def test_advanced_ok_names_line_planner_and_slots_and_only_where_there_is_a_number() -> None:
    printer = started("marlin", advanced_ok=True)
    assert say(printer, frame(1, "G21")) == b"ok N1 P15 B3\n"
    assert say(printer, b"G21\n") == b"ok P15 B3\n"
    assert say(printer, b"G1 X5 F600\n") == b"ok P14 B3\n"
    assert say(printer, b"M105\n").startswith(b"ok T:")
    assert say(printer, frame(0, "M110 N0")) == b"ok N0 P14 B3\n"


def test_without_an_emergency_parser_m112_waits_behind_a_full_queue() -> None:
    printer = started("marlin")
    say(printer, b"G4 S5\nG4 S1\nG4 S1\nG4 S1\n")
    assert say(printer, b"M112\n", 4.0).count(b"halted") == 0
    assert say(printer, b"", 2.0).endswith(b"ok\necho:M112 Shutdown\nError:Printer halted. kill() called!\n")


def test_with_an_emergency_parser_m112_acts_at_once_even_with_queue_and_ring_full() -> None:
    printer = started("marlin", emergency_parser=True)
    say(printer, b"G4 S5\n" * 60)
    assert printer.overruns > 0
    assert b"halted" in say(printer, b"\nM112\n")


def test_an_emergency_command_acts_also_behind_a_number_and_is_named_as_a_capability() -> None:
    printer = started("marlin", emergency_parser=True)
    assert b"Cap:EMERGENCY_PARSER:1" in say(printer, b"M115\n")
    assert b"Cap:EMERGENCY_PARSER:0" in say(started("marlin"), b"M115\n")
    assert b"halted" in say(printer, b"N99 M112*1\n")


def test_an_emergency_command_behind_half_a_line_is_hidden() -> None:
    printer = started("marlin", emergency_parser=True)
    say(printer, b"G4 S5\nG1 X")
    assert say(printer, b"M112\n", 1.0) == b""


def test_an_emergency_command_still_owes_its_ok() -> None:
    printer = started("marlin", emergency_parser=True)
    say(printer, b"M109 S200\nG21\nG21\nG21\n")
    assert say(printer, b"M108\n").count(b"ok\n") == 5


def test_no_timeouts_says_wait_each_second_when_idle_and_never_at_work() -> None:
    printer = started("marlin", no_timeouts=True)
    assert say(printer, b"", 3.0).count(b"wait\n") == 3
    assert b"wait" not in say(printer, b"G4 S5\n", 4.9)
    assert say(printer, b"", 1.5).endswith(b"ok\nwait\n")


def test_marlin_1_refuses_a_repeated_line_and_gives_no_reason_for_its_end() -> None:
    printer = started("marlin", firmware=r"^Marlin 1\.1")
    say(printer, frame(1, "G21"))
    assert b"Resend: 2\nok\n" in say(printer, frame(1, "G21"))
    assert b"FIRMWARE_NAME:Marlin 1.1.9" in say(printer, b"M115\n")
    assert say(printer, b"M112\n") == b"Error:Printer halted. kill() called!\n"


def test_a_shorted_sensor_is_told_in_both_words() -> None:
    printer = started("marlin")
    printer.break_down("maxtemp", printer.now)
    assert printer.data_to_send() == (
        b"Error:MAXTEMP triggered, system stopped! Heater_ID: E0\n\necho:Err: MAXTEMP\n"
        b"Error:Printer halted. kill() called!\n"
    )
