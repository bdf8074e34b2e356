"""Smoothieware.

Sources: Smoothieware edge GcodeDispatch.cpp, SerialConsole.cpp, USBSerial.cpp, Gcode.cpp (get_int: numbers are whole),
TemperatureControl.cpp, Robot.cpp and Extruder.cpp (M114), Endstops.cpp, main.cpp. What was asked before is answered
before. A refused line is answered by ``rs N<n>`` alone, a halted firmware by ``!!`` alone.
"""

from __future__ import annotations

import re
from typing import ClassVar

from farm.link.dialects.base import Dialect, Inquiry, Refusal, Standing
from farm.link.dialects.marlin import NEVER_A_LINE, read_action
from farm.link.events import CommandRefused, Position, PrinterHalted, Said, Temperatures
from farm.link.framing import frame
from farm.link.identity import Firmware
from farm.link.replies import SAID_MAX_CHARACTERS, Meaning, Ok, Place, Report, Resend, Start
from farm.profiles import Profile

_RESEND = re.compile(r"rs N(\d+)")
_NUMBER = r"-?\d+(?:\.\d+)?"
_HEATER = re.compile(rf"([TB]):({_NUMBER}) /({_NUMBER}) @\d+")
_REPORT = re.compile(rf"(?:ok )?(?:[A-Z]\d?:{_NUMBER} /{_NUMBER} @\d+ ?)+")
_PLACE = re.compile(rf"ok C: X:({_NUMBER}) Y:({_NUMBER}) Z:({_NUMBER}) +E:({_NUMBER})")
_START = re.compile(r"Smoothie Running @\d+MHz")
_HELLO = "Smoothie"  # a USB port that is opened says so, whether the board has started or not
# of our lines only a torn one: its number may have been taken without a command, for a checksum is not obligatory
_IGNORED = "ok - ignored"
_HALTED = re.compile(
    r"!!|HALTED, M999 .*|.*HALT asserted.*|Entering Alarm/Halt state|(?:ALARM|ERROR|Error): .*"
    r"|ok Emergency Stop Requested .*"
)


class SmoothieInquiry(Inquiry):
    """Two lines that cannot be right: both refusals must name the same number, and all before them is done."""

    def __init__(self) -> None:
        self._wanted: int | None = None

    def take(self, reply: Meaning) -> Standing | None:
        if not isinstance(reply, Resend):
            return None
        if self._wanted == reply.number:
            return Standing(max(0, reply.number - 1))  # after a start it wants line 0 (currentline -1)
        self._wanted = reply.number
        return None


class Smoothieware(Dialect):
    """Numbers are enforced, checksums when they are there."""

    stop_bytes: ClassVar[bytes] = b"\x18"  # ^X, acted upon as it arrives
    interrupt_bytes: ClassVar[bytes] = b""  # it has no M108
    stops_at_once: ClassVar[bool | None] = True

    def read(self, line: str) -> Meaning:
        if line == "ok":
            return Ok()
        if line == _IGNORED:
            return CommandRefused("a line arrived torn")
        if match := _RESEND.fullmatch(line):
            return Resend(int(match[1]))
        if _REPORT.fullmatch(line):
            return _report(line)
        if match := _PLACE.fullmatch(line):
            return Place(Position(*(float(match[n]) for n in range(1, 5))))
        if _HALTED.fullmatch(line):
            return PrinterHalted(line[:SAID_MAX_CHARACTERS])
        if _START.fullmatch(line) or line == _HELLO:
            return Start(line, is_certain=line != _HELLO)
        return self.is_identity(line) or read_action(line) or Said(line[:SAID_MAX_CHARACTERS])

    def begin_refusal(self) -> Refusal:
        return Refusal(has_error=False, has_ok=False)

    def question(self, near: int) -> bytes:  # noqa: ARG002 - others need it
        """The newline ends whatever a spoiled line left behind; an ok of its own answers it."""
        return b"\n" + 2 * frame(NEVER_A_LINE, "M105")

    def begin_inquiry(self) -> Inquiry:
        return SmoothieInquiry()

    def greeting(self, firmware: Firmware, profile: Profile) -> list[str]:  # noqa: ARG002 - others need them
        return []


def _report(line: str) -> Report:
    """``ok T:.. /.. @.. B:..`` answers M105; one heater without ok is told each second while it is waited for."""
    found = {match[1]: (float(match[2]), float(match[3])) for match in _HEATER.finditer(line)}
    nozzle, bed = found.get("T", (None, None)), found.get("B", (None, None))
    is_ok = line.startswith("ok")
    return Report(Temperatures(*nozzle, *bed), is_ok=is_ok, is_wait=not is_ok)
