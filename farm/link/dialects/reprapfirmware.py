"""RepRapFirmware 3.5 over USB.

Sources: RepRapFirmware 3.5 GCodes/GCodes.cpp (HandleReplyPreserveResult in Marlin's manner, which USB has by default;
GenerateTemperatureReport, CheckReportDue, HandleM114, DoEmergencyStop), GCodes/GCodeBuffer/StringParser.cpp
(LineFinished), Platform/Event.cpp, Tools/Tool.cpp. Numbers are not compared, a repeated line runs again, a line with a
wrong checksum is dropped without a word: of an unacknowledged line nobody can say whether it was taken.
"""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec.structs import replace

from farm.link.dialects.base import Dialect, Fence, Inquiry
from farm.link.dialects.marlin import read_action, read_position, read_report
from farm.link.events import ColdExtrusion, CommandRefused, PrinterHalted, Said
from farm.link.replies import SAID_MAX_CHARACTERS, Meaning, Ok

_HALTED = re.compile(r"Emergency Stop! .*|(?:(?:Error|Warning): ?)?Heater \d+ fault: .*")
_ERROR = re.compile(r"Error: ?(.*)")
_NOT_DRIVEN = re.compile(r"(?:Warning: ?)?Tool \d+ was not driven because .*")


class RepRapFirmware(Dialect):
    """One line in flight; a temperature answer proves what came before it done, if every line had its ok."""

    is_numbered: ClassVar[bool] = False
    interrupt_bytes: ClassVar[bytes] = b""  # M108 would wait behind the command whose wait it should end
    stops_at_once: ClassVar[bool | None] = False

    def read(self, line: str) -> Meaning:
        if line == "ok":
            return Ok()
        if report := read_report(line):
            return (
                report if report.is_ok else replace(report, is_wait=True)
            )  # unasked only while a command waits
        if _HALTED.fullmatch(line):
            return PrinterHalted(line[:SAID_MAX_CHARACTERS])
        if _NOT_DRIVEN.fullmatch(line):
            return ColdExtrusion()
        if match := _ERROR.fullmatch(line):
            return CommandRefused(match[1][:SAID_MAX_CHARACTERS])
        told = self.is_identity(line) or read_position(line) or read_action(line)
        return told or Said(line[:SAID_MAX_CHARACTERS])

    def question(self, near: int) -> bytes:  # noqa: ARG002 - others need it
        return b"\nM105\n"

    def begin_inquiry(self) -> Inquiry:
        return Fence()

    def sync(self, base: int) -> bytes:  # noqa: ARG002 - others need it
        """There is no counter to set."""
        return b""
