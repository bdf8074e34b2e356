"""Lines on the wire: numbers and checksums going out, bounded lines coming in."""

from __future__ import annotations

from functools import reduce
from operator import xor

MAX_REPLY_BYTES = 1024  # M115 on a board with everything is some 400 bytes; a longer line is noise


def frame(number: int, command: str) -> bytes:
    """``N<number> <command>*<checksum>`` and a newline; the checksum is the XOR of all bytes before ``*``.

    Source: Marlin 2.1 gcode/queue.cpp, get_serial_commands.
    """
    body = f"N{number} {command}".encode("ascii")
    return b"%b*%d\n" % (body, reduce(xor, body, 0))


def checked(command: str) -> bytes:
    """``<command>*<checksum>`` and a newline: without a number, yet not taken when it was spoiled (Repetier)."""
    body = command.encode("ascii")
    return b"%b*%d\n" % (body, reduce(xor, body, 0))


OKS = tuple(b"ok\n" * count for count in range(65))  # what a busy printer says most, by how often


class Lines:
    """Cuts received bytes into lines; CR, LF and both end one. Holds at most ``MAX_REPLY_BYTES``."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    @property
    def is_between(self) -> bool:
        """Whether no line has begun."""
        return not self._rest and not self._skipping

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes, without their ends; empty and over-long ones are left out."""
        *whole, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if whole and self._skipping:
            whole[0] = b""
            self._skipping = False
        if len(rest) > MAX_REPLY_BYTES:
            rest, self._skipping = b"", True
        self._rest = rest
        return [line.decode("utf-8", "replace").strip() for line in whole if 0 < len(line) <= MAX_REPLY_BYTES]

    def clear(self) -> None:
        """Forget an unfinished line."""
        self._rest, self._skipping = b"", False
