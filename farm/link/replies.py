"""One line from a Marlin 2 firmware, read: what kind of reply it is and what it carries.

Sources of the forms: Marlin 2.1 gcode/queue.cpp, module/temperature.cpp, core/language.h, feature/host_actions.cpp, and
transcripts of real boards. Replies carry no checksum, so a form is matched whole or not at all.
"""

from __future__ import annotations

import re

import msgspec

from farm.link import events
from farm.link.events import Busy, ColdExtrusion, HostAction, Position, PrinterHalted, Said, Temperatures

SAID_MAX_CHARACTERS = 200


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A reply that moves the dialogue."""


class Ok(Reply, frozen=True):
    """An acknowledgement; ``number`` when the firmware is told to give it (ADVANCED_OK)."""

    number: int | None = None


class Report(Reply, frozen=True):
    """Temperatures: as M105's own acknowledgement, as a line of a heat-up wait (``W:``), or unasked."""

    temperatures: Temperatures
    is_ok: bool = False
    is_wait: bool = False


class LastLine(Reply, frozen=True):
    """A line was refused; the firmware's last line is ``number``."""

    number: int


class Resend(Reply, frozen=True):
    """The firmware wants line ``number`` next."""

    number: int


class Start(Reply, frozen=True):
    """A line that only a starting firmware says."""

    cause: str


Meaning = Reply | events.Event

_OK = re.compile(r"ok(?: N(\d+))?(?: P\d+)?(?: B\d+)?")
_OK_TEXT = re.compile(r"ok N0(?: .*)?")  # M110 in the native build
_LAST = re.compile(
    r"Error: ?(?:Line Number is not Last Line Number\+1|checksum mismatch|No Checksum with line number)"
    r", Last Line: (\d+)"
)
_RESEND = re.compile(r"Resend: ?(\d+)")
_TEMPERATURE = re.compile(r"(?:^| )([TB]):(-?\d+(?:\.\d+)?) ?/ ?(-?\d+(?:\.\d+)?)")
_POSITION = re.compile(r"X:(-?[\d.]+) Y:(-?[\d.]+) Z:(-?[\d.]+) E:(-?[\d.]+)(?: Count.*)?")
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


def read_reply(line: str) -> Meaning:
    """What ``line`` (not empty, without its end) means; anything unknown is ``Said``."""
    if match := _OK.fullmatch(line):
        return Ok(int(match[1]) if match[1] else None)
    if _TEMPERATURE.search(line) and (line[:2] in {"ok", "T:", "B:"}):
        return _report(line)
    if line.startswith("Error:"):
        return _error(line)
    if match := _RESEND.fullmatch(line):
        return Resend(int(match[1]))
    return _other(line)


def _report(line: str) -> Report:
    found = {match[1]: (float(match[2]), float(match[3])) for match in _TEMPERATURE.finditer(line)}
    nozzle, bed = found.get("T", (None, None)), found.get("B", (None, None))
    return Report(
        Temperatures(nozzle[0], nozzle[1], bed[0], bed[1]),
        is_ok=line.startswith("ok "),
        is_wait=" W:" in line,
    )


def _error(line: str) -> Meaning:
    if match := _LAST.fullmatch(line):
        return LastLine(int(match[1]))
    if _FATAL.search(line):
        return PrinterHalted(line[len("Error:") :].strip()[:SAID_MAX_CHARACTERS])
    return Said(line[:SAID_MAX_CHARACTERS])


def _other(line: str) -> Meaning:
    if match := _START.fullmatch(line):
        return Start(match[0].removeprefix("echo:").strip())
    if match := _BUSY.fullmatch(line):
        return Busy(match[1][:SAID_MAX_CHARACTERS])
    if match := _ACTION.fullmatch(line):
        return HostAction(match[1], match[2][:SAID_MAX_CHARACTERS])
    if match := _POSITION.fullmatch(line):
        return _position(line, match)
    if line.startswith("!! "):
        return PrinterHalted(line[3 : SAID_MAX_CHARACTERS + 3])
    if "extrusion prevented" in line:
        return ColdExtrusion()
    if _OK_TEXT.fullmatch(line):
        return Ok(None)
    return Said(line[:SAID_MAX_CHARACTERS])


def _position(line: str, match: re.Match[str]) -> Meaning:
    try:
        return Position(float(match[1]), float(match[2]), float(match[3]), float(match[4]))
    except ValueError:  # "1.2.3" after a lost byte
        return Said(line[:SAID_MAX_CHARACTERS])
