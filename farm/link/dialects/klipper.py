"""Klipper's pseudo-terminal.

Sources: Klipper klippy/gcode.py (_process_data, _process_commands, cmd_M112, cmd_M115, cmd_STATUS, _respond_state),
klippy/extras/heaters.py (M105, M109), klippy/extras/gcode_move.py (M114), and transcripts. Numbers and checksums are
ignored, nothing is refused or lost, commands are done one after the other, and each has its ok, after an error too.
"""

from __future__ import annotations

import re
from typing import ClassVar

from farm.link.dialects.base import Dialect, Fence, Inquiry
from farm.link.dialects.marlin import read_action, read_position
from farm.link.events import CommandRefused, PrinterHalted, Said, Temperatures
from farm.link.identity import Firmware
from farm.link.replies import SAID_MAX_CHARACTERS, Identity, Meaning, Ok, Report, Start
from farm.profiles import Profile

_NUMBER = r"-?\d+(?:\.\d+)?"
_HEATER = re.compile(rf"(B|T0):({_NUMBER}) /({_NUMBER})")
_REPORT = re.compile(rf"(?:ok )?(?:[A-Z]\d?:{_NUMBER} /{_NUMBER} ?)+")
_NO_HEATERS = "ok T:0"  # M105 without heaters, or while it is not connected
_STATE = re.compile(r"// Klipper state: (.*)")
_STOPPED = frozenset({"Shutdown", "Disconnect", "Not ready"})


class Klipper(Dialect):
    """Sixteen lines and one question are the most in flight: M112 overtakes only while fewer than twenty wait."""

    is_numbered: ClassVar[bool] = False
    has_faithful_wire: ClassVar[bool] = True
    interrupt_bytes: ClassVar[bytes] = b""  # it has no M108
    stops_at_once: ClassVar[bool | None] = True

    def read(self, line: str) -> Meaning:
        if line == "ok":
            return Ok()
        if line == _NO_HEATERS:
            return Report(Temperatures(), is_ok=True)
        if _REPORT.fullmatch(line):
            return _report(line)
        if line.startswith("!! "):
            return CommandRefused(line[3 : SAID_MAX_CHARACTERS + 3])
        if match := _STATE.fullmatch(line):
            return _state(match[1], line)
        if line.startswith("ok FIRMWARE_NAME:"):
            return Identity(line.removeprefix("ok "), is_ok=True)
        return read_position(line) or read_action(line) or Said(line[:SAID_MAX_CHARACTERS])

    def question(self, near: int) -> bytes:  # noqa: ARG002 - others need it
        """No newline before it: nothing is ever spoiled, and an empty line has an ok of its own."""
        return b"M105\n"

    def begin_inquiry(self) -> Inquiry:
        return Fence()

    def sync(self, base: int) -> bytes:  # noqa: ARG002 - others need it
        """There is no counter to set."""
        return b""

    def greeting(self, firmware: Firmware, profile: Profile) -> list[str]:  # noqa: ARG002 - others need them
        """A firmware that was shut down before we came answers M115 and M105 as if nothing were wrong."""
        return ["STATUS"]


def _state(state: str, line: str) -> Meaning:
    """What klippy says of itself; another console's ``STATUS`` makes it say ``Ready`` too."""
    if state in _STOPPED:
        return PrinterHalted(line.removeprefix("// "))
    return Start(state, is_certain=False) if state == "Ready" else Said(line[:SAID_MAX_CHARACTERS])


def _report(line: str) -> Report:
    """``ok B:.. T0:..`` answers M105; without ok it is told each second while a heater is waited for."""
    found = {match[1]: (float(match[2]), float(match[3])) for match in _HEATER.finditer(line)}
    nozzle, bed = found.get("T0", (None, None)), found.get("B", (None, None))
    is_ok = line.startswith("ok")
    return Report(Temperatures(*nozzle, *bed), is_ok=is_ok, is_wait=not is_ok)
