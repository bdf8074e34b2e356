"""Virtual Klipper does what its gcode.py and the transcripts show."""

from __future__ import annotations

from farm.link.framing import frame
from tests.farm.sim.sim_kit import say, started


def test_numbers_and_checksums_are_read_over() -> None:
    printer = started("klipper")
    for line in (b"N1 G21*1\n", frame(9, "G21"), b"N3 G21\n", b"g21\n"):
        assert say(printer, line) == b"ok\n"


def test_m105_tells_the_bed_first_and_m115_the_name() -> None:
    assert say(started("klipper"), b"M105\n") == b"ok B:22.0 /0.0 T0:22.0 /0.0\n"
    assert say(started("klipper"), b"M115\n") == b"ok FIRMWARE_NAME:Klipper FIRMWARE_VERSION:v0.12.0\n"


def test_an_unknown_command_is_told_and_acknowledged_m155_too() -> None:
    assert say(started("klipper"), b"M155 S2\n") == b'// Unknown command:"M155 S2"\nok\n'


def test_homing_blocks_without_a_word() -> None:
    assert say(started("klipper"), b"G28\n", 8.9) == b""


def test_waiting_for_heat_tells_each_second_and_holds_m105_back() -> None:
    answer = say(started("klipper"), b"M109 S200\nM105\n", 4.9)
    assert answer.count(b"B:22.0") == 5
    assert b"ok" not in answer


def test_an_error_is_two_exclamation_marks_and_an_ok() -> None:
    printer = started("klipper")
    assert say(printer, b"G1 X5\n") == b"!! Must home axis first: 5.000 0.000 0.000 [0.000]\nok\n"
    say(printer, b"G28\n", 10.0)
    assert say(printer, b"G1 E5\n").endswith(b"!! Extrude below minimum temp\nok\n")


def test_m112_is_obeyed_inside_a_wait_for_heat_which_ends_with_a_mere_ok() -> None:
    printer = started("klipper")
    say(printer, b"M109 S200\n")
    answer = say(printer, b"M112\n")
    assert answer == b"// Klipper state: Shutdown\nok\nok\n"
    assert printer.machine.nozzle.target_c == 0


def test_a_shutdown_is_shown_again_only_by_a_command_that_needs_it() -> None:
    printer = started("klipper")
    say(printer, b"M112\n")
    assert say(printer, b"M105\n").startswith(b"ok B:")
    answer = say(printer, b"G28\n")
    assert answer.endswith(b"!! Shutdown due to M112 command\nok\n")
    assert b"// Printer is shutdown\n" in answer


def test_firmware_restart_is_the_way_back() -> None:
    printer = started("klipper")
    say(printer, b"M112\n")
    answer = say(printer, b"FIRMWARE_RESTART\n", 1.0)
    assert answer == b"ok\n// Klipper state: Disconnect\n"
    assert say(printer, b"M105\n") == b"ok T:0\n"
    assert say(printer, b"", 2.0) == b"// Klipper state: Ready\n"
    assert say(printer, b"G21\n") == b"ok\n"


def test_an_open_sensor_is_a_shutdown_even_when_cold_and_reads_absurdly() -> None:
    printer = started("klipper")
    printer.machine.nozzle.set_open(True, printer.now)
    assert say(printer, b"", 2.0) == b"// Klipper state: Shutdown\n"
    assert b"T0:466.0" in say(printer, b"M105\n")


def test_a_lost_microcontroller_is_a_shutdown() -> None:
    printer = started("klipper")
    printer.reset(printer.now)
    assert printer.data_to_send() == b"// Klipper state: Shutdown\n"
    assert b"!! Lost communication with MCU" in say(printer, b"G28\n")


def test_a_read_that_is_no_text_is_lost_whole() -> None:
    printer = started("klipper")
    assert say(printer, b"G21\n\xff\xfe\nG21\n") == b""


def test_nothing_is_ever_lost_for_want_of_room() -> None:
    printer = started("klipper")
    assert say(printer, b"G4 P10\n" * 500, 10.0).count(b"ok\n") == 500
