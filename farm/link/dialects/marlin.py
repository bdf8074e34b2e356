"""Marlin 1.1 and 2.x, the reference.

Sources of the forms: Marlin 2.1 gcode/queue.cpp, module/temperature.cpp, core/language.h, feature/host_actions.cpp, and
transcripts of real boards. Replies carry no checksum, so a form is matched whole or not at all.
"""

from __future__ import annotations

import re

from farm.link.dialects.base import Dialect, Inquiry, Refusal, Standing
from farm.link.events import Busy, ColdExtrusion, HostAction, Position, PrinterHalted, Said, Temperatures
from farm.link.framing import frame
from farm.link.replies import (
    SAID_MAX_CHARACTERS,
    Idle,
    LastLine,
    Meaning,
    Ok,
    Report,
    Resend,
    Start,
)

NEVER_A_LINE = 16_000_000  # above every range, and still exact where numbers are read as float (Smoothieware)

_OK = re.compile(r"ok(?: N(\d+))?(?: P\d+)?(?: B(\d+))?")
_OK_TEXT = re.compile(r"ok N0(?: .*)?")  # M110 in the native build
_LAST = re.compile(
    r"Error: ?(?:Line Number is not Last Line Number\+1|checksum mismatch|No Checksum with line number"
    r"|No Line Number with checksum)"
    r", Last Line: (\d+)"
)
_RESEND = re.compile(r"Resend: ?(\d+)")
_TEMPERATURE = re.compile(r"(?:^| )([TB]):(-?\d+(?:\.\d+)?) ?/ ?(-?\d+(?:\.\d+)?)")
_POSITION = re.compile(r"X:(-?[\d.]+) Y:(-?[\d.]+) Z:(-?[\d.]+) E:(-?[\d.]+)(?: .*)?")
_START = re.compile(
    r"start|echo: ?(?:PowerUp|(?:External|Brown out|Watchdog|Software) Reset)|(?:echo:)?Marlin (?:bugfix-)?\d\S*"
    r"|echo: ?Free Memory:.*"
)
_BUSY = re.compile(r"(?:echo:)?busy: ?(.*)")
_ACTION = re.compile(r"// ?action:(\S+) ?(.*)")
_FATAL = re.compile(
    r"Printer halted|kill\(\) called|system stopped|Thermal Runaway|THERMAL RUNAWAY|Thermal Malfunction|Heating failed"
    r"|MAXTEMP|MINTEMP|Printer stopped"
)
_NO_PLASTIC = ("cold extrusion prevented", "too long extrusion prevented")


def read_report(line: str) -> Report | None:
    """``ok T:... /...``, or the same without ok: a report, as all of Marlin's family write it."""
    if line[:2] not in {"ok", "T:", "B:"}:
        return None
    found = {match[1]: (float(match[2]), float(match[3])) for match in _TEMPERATURE.finditer(line)}
    if not found:
        return None
    nozzle, bed = found.get("T", (None, None)), found.get("B", (None, None))
    return Report(
        Temperatures(nozzle[0], nozzle[1], bed[0], bed[1]),
        is_ok=line.startswith("ok"),
        is_wait=" W:" in line,
    )


def read_position(line: str) -> Position | None:
    """The line of M114, mm."""
    match = _POSITION.fullmatch(line)
    try:
        return Position(*(float(match[n]) for n in range(1, 5))) if match else None
    except ValueError:  # "1.2.3" after a lost byte
        return None


def read_action(line: str) -> HostAction | None:
    """``//action:name text``."""
    match = _ACTION.fullmatch(line)
    return HostAction(match[1], match[2][:SAID_MAX_CHARACTERS]) if match else None


class MarlinInquiry(Inquiry):
    """The answer to Marlin's question: the line it was told of twice, and the fence passed."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal
        self._is_fenced = False

    def take(self, reply: Meaning) -> Standing | None:
        if isinstance(reply, Report):
            self._is_fenced = self._is_fenced or reply.is_ok
        else:
            self._refusal.take(reply)
        last = self._refusal.last
        return Standing(last) if self._is_fenced and self._refusal.is_closed and last is not None else None


class Marlin(Dialect):
    """Numbers and checksums are enforced; a refused line is answered by error, resend and ok."""

    def read(self, line: str) -> Meaning:
        if match := _OK.fullmatch(line):
            return Ok(int(match[1]) if match[1] else None, int(match[2]) if match[2] else None)
        if report := read_report(line):
            return report
        if line.startswith("Error:"):
            return _error(line)
        if line == "wait":
            return Idle()
        if match := _RESEND.fullmatch(line):
            return Resend(int(match[1]))
        return self.is_identity(line) or self.read_start(line) or _other(line)

    def read_start(self, line: str) -> Start | None:
        """A line that only a starting firmware says."""
        match = _START.fullmatch(line)
        return Start(match[0].removeprefix("echo:").strip()) if match else None

    def question(self, near: int) -> bytes:  # noqa: ARG002 - others need it
        """Two lines: an unnumbered ``M105``, and a line whose number cannot be right.

        The firmware refuses the second at once and says its last line twice (``Last Line: n``, ``Resend: n+1``), which
        tells what was *taken*; and answers the first in turn with ``ok T:...``, a form that acknowledges nothing else:
        everything taken before it is *done*. The newline ends whatever a spoiled line left behind.
        """
        return b"\nM105\n" + frame(NEVER_A_LINE, "M105")

    def begin_inquiry(self) -> Inquiry:
        return MarlinInquiry(self.begin_refusal())


def _error(line: str) -> Meaning:
    if match := _LAST.fullmatch(line):
        return LastLine(int(match[1]))
    if _FATAL.search(line):
        return PrinterHalted(line[len("Error:") :].strip()[:SAID_MAX_CHARACTERS])
    return Said(line[:SAID_MAX_CHARACTERS])


def _other(line: str) -> Meaning:
    if match := _BUSY.fullmatch(line):
        return Busy(match[1][:SAID_MAX_CHARACTERS])
    if told := read_action(line) or read_position(line):
        return told
    if line.startswith("!! "):
        return PrinterHalted(line[3 : SAID_MAX_CHARACTERS + 3])
    if any(words in line for words in _NO_PLASTIC):
        return ColdExtrusion()
    if _OK_TEXT.fullmatch(line):
        return Ok(None)
    return Said(line[:SAID_MAX_CHARACTERS])
