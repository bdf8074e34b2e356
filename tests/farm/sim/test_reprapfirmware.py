"""Virtual RepRapFirmware does what its StringParser.cpp and GCodes.cpp do."""

from __future__ import annotations

import json
from binascii import crc_hqx

from farm.link.framing import frame
from farm.sim.board import VirtualBoard
from tests.farm.sim.sim_kit import say, started


def line_number(printer: VirtualBoard) -> int:
    """What the object model tells of this channel; asking unnumbered adds one itself."""
    answer, ok = say(printer, b'M409 K"inputs"\n').splitlines()
    assert ok == b"ok"
    return next(one["lineNumber"] for one in json.loads(answer)["result"] if one["name"] == "USB")


def test_a_wrong_checksum_is_dropped_without_a_word() -> None:
    printer = started("reprapfirmware")
    assert say(printer, b"N1 M105*1\n") == b""
    assert say(printer, frame(1, "M105")).startswith(b"ok T:")


def test_numbers_are_not_compared() -> None:
    printer = started("reprapfirmware")
    for number in (7, 7, 3):
        assert say(printer, frame(number, "G21")) == b"ok\n"


def test_five_digits_are_a_crc() -> None:
    said = b"N1 G21"
    printer = started("reprapfirmware")
    assert say(printer, b"%b*%05d\n" % (said, crc_hqx(said, 0))) == b"ok\n"
    assert say(printer, b"%b*%05d\n" % (said, crc_hqx(said, 0) ^ 1)) == b""


def test_the_line_number_follows_the_n_of_a_bad_line_too() -> None:
    printer = started("reprapfirmware")
    say(printer, frame(40, "G21"))
    assert line_number(printer) == 41
    say(printer, b"N50 G21*1\n")
    assert line_number(printer) == 51


def test_m105_names_the_tool_twice() -> None:
    assert say(started("reprapfirmware"), b"M105\n") == b"ok T:22.0 /0.0 T0:22.0 /0.0 B:22.0 /0.0\n"


def test_m115_has_a_blank_behind_the_colon() -> None:
    assert say(started("reprapfirmware"), b"M115\n").startswith(b"FIRMWARE_NAME: RepRapFirmware for ")


def test_m155_is_not_supported() -> None:
    assert say(started("reprapfirmware"), b"M155 S2\n") == b"Warning: M155: Command is not supported\nok\n"


def test_a_long_command_tells_temperatures_each_two_seconds_once_m105_was_asked() -> None:
    printer = started("reprapfirmware")
    assert say(printer, b"M109 S200\n", 10.0) == b""
    printer = started("reprapfirmware")
    say(printer, b"M105\n")
    assert say(printer, b"M109 S200\n", 9.0).count(b"T0:") == 4


def test_m112_waits_behind_a_command_at_work_and_then_nothing_moves() -> None:
    printer = started("reprapfirmware")
    say(printer, b"G28\n")
    assert say(printer, b"M112\n", 8.0) == b""
    assert b"Emergency Stop! Reset the controller to continue.\n" in say(printer, b"", 2.0)
    assert say(printer, b"G1 X5\nM104 S200\n") == b"ok\nok\n"
    assert (printer.machine.motion_lines, printer.machine.nozzle.target_c) == (1, 0)


def test_m999_starts_it_anew_without_a_word() -> None:
    printer = started("reprapfirmware")
    say(printer, b"M112\n")
    assert say(printer, b"M999\n", 2.0) == b""
    assert say(printer, b"G21\n") == b"ok\n"
