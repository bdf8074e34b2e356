"""Virtual Smoothieware does what its GcodeDispatch.cpp and serial consoles do."""

from __future__ import annotations

import pytest

from farm.link.framing import frame
from tests.farm.sim.sim_kit import say, started


def test_a_wrong_line_is_asked_for_without_an_ok() -> None:
    printer = started("smoothieware")
    say(printer, frame(0, "M110 N0"))
    assert say(printer, frame(5, "G21")) == b"rs N1\n"
    assert say(printer, frame(1, "G21")[:-2] + b"\n") == b"rs N1\n"


def test_numbers_are_whole_numbers_beyond_2_to_the_24() -> None:
    printer = started("smoothieware")
    say(printer, frame(1 << 24, "M110"))
    assert say(printer, frame((1 << 24) + 1, "G21")) == b"ok\n"
    assert say(printer, frame((1 << 24) + 3, "G21")) == b"rs N16777218\n"


def test_a_number_without_a_checksum_passes() -> None:
    printer = started("smoothieware")
    say(printer, frame(0, "M110 N0"))
    assert say(printer, b"N1 G21\n") == b"ok\n"


def test_a_line_whose_n_was_lost_is_acknowledged_and_not_done() -> None:
    printer = started("smoothieware")
    say(printer, frame(0, "M110 N0"))
    assert say(printer, frame(1, "G21")[1:]) == b"ok - ignored\n"
    assert printer.last_number == 0


def test_an_empty_line_is_acknowledged() -> None:
    assert say(started("smoothieware"), b"\n\n") == b"ok\nok\n"


def test_a_move_is_acknowledged_before_it_is_planned() -> None:
    printer = started("smoothieware")
    assert say(printer, b"G1 X100 F60\n" + b"G1 X0 F60\nG1 X100 F60\n" * 16).count(b"ok\n") == 32


def test_m105_tells_power_behind_each_target() -> None:
    assert say(started("smoothieware"), b"M105\n") == b"ok T:22.0 /0.0 @0 B:22.0 /0.0 @0 \n"


def test_waiting_for_heat_it_tells_the_one_heater_each_second() -> None:
    answer = say(started("smoothieware"), b"M109 S200\n", 3.0)
    assert answer.count(b"T:") == 4
    assert b"B:" not in answer


@pytest.mark.parametrize(
    ("data", "words"), [(b"M112\n", b"ok Emergency Stop"), (b"\x18", b"HALTED, M999 or $X")]
)
def test_halted_it_refuses_without_an_ok_until_m999(data: bytes, words: bytes) -> None:
    printer = started("smoothieware")
    say(printer, b"M104 S200\n")
    assert words in say(printer, data)
    assert printer.machine.nozzle.target_c == 0
    assert say(printer, b"G1 X5\nM104 S10\n") == b"!!\n!!\n"
    assert say(printer, b"M105\n").startswith(b"ok T:")
    assert say(printer, b"M999\n").startswith(b"WARNING: After HALT")
    assert say(printer, b"G21\n") == b"ok\n"


def test_control_x_acts_while_a_command_waits_and_forgets_what_came_before() -> None:
    printer = started("smoothieware")
    say(printer, b"M109 S200\nG21\n")
    assert b"HALTED" in say(printer, b"\x18")
    assert say(printer, b"M105\n").count(b"ok") == 1


def test_m112_in_a_line_waits_behind_a_command_at_work() -> None:
    printer = started("smoothieware")
    say(printer, b"G4 S5\n")
    assert say(printer, b"M112\n", 4.0) == b""


def test_lower_case_is_for_the_console() -> None:
    assert say(started("smoothieware"), b"g1 x5\n") == b"error:Unsupported command - g1\n"
    assert say(started("smoothieware"), b"ok\n") == b""


def test_its_greeting_holds_an_ok() -> None:
    printer = started("smoothieware")
    printer.reset(printer.now)
    assert say(printer, b"", 1.0) == b"Smoothie\r\nok\r\n"
