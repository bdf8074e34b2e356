"""Reading a line as firmwares written in C do: numbers, checksums, what remains of the command."""

from __future__ import annotations

import re
from functools import reduce
from operator import xor

_INT = re.compile(r"[ \t]*([-+]?[0-9]+)")
_NUMBER = re.compile(r"[Nn]([0-9]+)")


def checksum(text: str) -> int:
    """XOR of all bytes."""
    return reduce(xor, text.encode("latin-1"), 0)


def leading_int(text: str) -> int:
    """What C's strtol reads: leading digits with a sign, else 0."""
    match = _INT.match(text)
    return int(match[1]) if match else 0


def number_of(text: str) -> int | None:
    """The number that the line begins with."""
    match = _NUMBER.match(text)
    return int(match[1]) if match else None


def bare(text: str) -> str:
    """The command without number and checksum."""
    if text[:1] in "Nn" and text[1:2].isdigit():
        text = text[1:].lstrip("0123456789").lstrip()
    star = text.find("*")
    return (text if star < 0 else text[:star]).strip()
