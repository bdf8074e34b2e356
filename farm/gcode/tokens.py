"""One line of G-code from bytes to words, strictly: what two firmwares could read in two ways is refused.

Marlin ends a line at CR as well as LF, drops letters it does not know and takes the last of two equal ones; a reader
that is more forgiving than the printer would approve one thing and print another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

import msgspec

from farm.gcode.refusal import GcodeRefused, refuse

LINE_MAX_BYTES = 16 * 1024  # slicers write whole start scripts into one closing comment
COMMAND_MAX_BYTES = 200  # a command without its comment; the printer's own limit is checked when it is framed
BOM = b"\xef\xbb\xbf"

_NUMBER = r"[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})"
_MOVE = re.compile(rf"G[0-3](?: [A-Z]{_NUMBER})+[ \t]*\r?\n?")
_NUMBERED = re.compile(r"([GMTD])(\d{1,5})(\.\d{1,3})?(?![0-9A-Z_.])|([GMTD])(\d{1,5})(?=[A-Z])")
_NAMED = re.compile(r"[A-Z][A-Z_][A-Z0-9_]*|T")
_WORD = re.compile(rf"[ \t]*([A-Z])({_NUMBER})?(?![0-9.])")
_SECOND_COMMAND = frozenset("GMNTD")
_EXPONENT = re.compile(r"[\d.]E")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# Commands whose rest is text for people or files, not words. The policy lets none of them near a printer.
TEXT_COMMANDS = frozenset(
    {
        "M0",
        "M1",
        "M16",
        "M23",
        "M28",
        "M30",
        "M32",
        "M33",
        "M36",
        "M38",
        "M115",
        "M117",
        "M118",
        "M486",
        "M928",
    }
    | {f"M862.{kind}" for kind in range(1, 7)}  # Prusa-Firmware: is this the right printer?
)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line: ``command`` is "" when there is only a comment or nothing.

    ``words`` maps a letter to its number, ``None`` when it stood alone (``G28 X``). ``body`` is the command as it goes
    to a printer: ASCII, no comment, no blanks around it. ``comment`` is what followed ``;`` without it.
    """

    number: int
    command: str
    words: dict[str, float | None]
    body: str = ""
    comment: str = ""


def parse_line(raw: bytes, number: int) -> Line:
    """The line ``raw`` (line end optional), which is line ``number`` of its file.

    Raises:
        GcodeRefused: ``line_too_long``, ``not_text`` or ``malformed_line``; nothing else, whatever the bytes are.
    """
    text = raw.decode("latin-1")
    if len(text) <= COMMAND_MAX_BYTES and _MOVE.fullmatch(text) is not None:
        return _move(text.rstrip(), number)
    if len(raw) > LINE_MAX_BYTES:
        raise refuse("line_too_long", number, value=len(raw), limit=LINE_MAX_BYTES)
    text = text.removesuffix("\n").removesuffix("\r")
    if _CONTROL.search(text) is not None:
        raise refuse("not_text", number)
    code, _, comment = text.partition(";")
    code = code.strip(" \t")
    if not code:
        return Line(number, "", {}, "", comment)
    if not code.isascii():
        raise refuse("not_text", number)
    if len(code) > COMMAND_MAX_BYTES:
        raise refuse("line_too_long", number, value=len(code), limit=COMMAND_MAX_BYTES)
    return _command(code, number, comment)


def _move(body: str, number: int) -> Line:
    """The short cut for the line that a file is made of: ``G1 X1 Y2 E3`` without comment."""
    command, *given = body.split(" ")
    words: dict[str, float | None] = {word[0]: float(word[1:]) for word in given}
    if len(words) != len(given) or not _SECOND_COMMAND.isdisjoint(words):
        raise _malformed(body, number, "a letter stands twice or starts a second command")
    return Line(number, command, words, body)


def _command(code: str, number: int, comment: str) -> Line:
    match = _NUMBERED.match(code)
    if match is None:
        named = _NAMED.match(code)
        if named is None:
            raise _malformed(code, number, "no command at its start")
        return Line(number, named[0], {}, code, comment)  # "START_PRINT", "Tx": for the policy to judge
    command = f"{match[1] or match[4]}{int(match[2] or match[5])}{match[3] or ''}"
    rest = code[match.end() :]
    if command in TEXT_COMMANDS:
        return Line(number, command, {}, command + rest, comment)
    return Line(number, command, _words(rest, code, number), command + rest, comment)


def _words(rest: str, code: str, number: int) -> dict[str, float | None]:
    """The lettered numbers behind a command."""
    words: dict[str, float | None] = {}
    at = 0
    while at < len(rest):
        match = _WORD.match(rest, at)
        if match is None:
            raise _malformed(code, number, "not a letter with a number")
        letter, value = match[1], match[2]
        if letter in words or letter in "GMND":
            raise _malformed(code, number, "a letter stands twice or starts a second command")
        words[letter] = float(value) if value is not None else None
        at = match.end()
    if _EXPONENT.search(rest) is not None:
        raise _malformed(code, number, "E right behind a number reads as a power of ten")
    return words


def _malformed(code: str, number: int, why: str) -> GcodeRefused:
    return refuse("malformed_line", number, command=code[:40], why=why)


class LineSource(Protocol):
    """What lines are read from: an open binary file, or something that watches one."""

    def readline(self, limit: int, /) -> bytes: ...


def read_lines(source: LineSource) -> Iterator[Line]:
    """Every line of an open file, one at a time; never holds more than one line of at most ``LINE_MAX_BYTES``.

    Raises:
        GcodeRefused: as :func:`parse_line`.
    """
    number = 1
    raw = source.readline(LINE_MAX_BYTES + 1)
    while raw:
        if len(raw) > LINE_MAX_BYTES:
            raise refuse("line_too_long", number, value=len(raw), limit=LINE_MAX_BYTES)
        yield parse_line(raw.removeprefix(BOM) if number == 1 else raw, number)
        number += 1
        raw = source.readline(LINE_MAX_BYTES + 1)
