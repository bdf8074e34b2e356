"""MeatPack: fifteen characters take half a byte each, so a line of G-code takes a little over half its bytes. Pure.

Source: Marlin 2.1 feature/meatpack.cpp (also in Prusa-Firmware since 3.11). Of each packed byte the low half comes
first; ``1111`` says that the character follows as a byte of its own. Two bytes ``FF`` and a third are an order.
"""

from __future__ import annotations

import re

ORDER = b"\xff\xff"
ON, OFF, QUERY = ORDER + b"\xfb", ORDER + b"\xfa", ORDER + b"\xf8"
_ANSWER = re.compile(
    r"\[MP\] PV\d+ (ON|OFF) (?:ESP|NSP)"
)  # version, whether it is on, whether spaces are sent
LITERAL = 0xF
_CHARACTERS = b"0123456789. \nGX"  # halves 0 to 14, with spaces sent
_HALVES = bytes(_CHARACTERS.find(byte) if byte in _CHARACTERS else LITERAL for byte in range(256))
NEWLINE = ord("\n")


def pack(text: bytes) -> bytes:
    """Whole lines, packed so that each begins with a byte of its own: a spoiled one spoils no other.

    ``text`` ends with a newline; none of its bytes is above 126.
    """
    return b"".join(_pack_line(line + b"\n") for line in text[:-1].split(b"\n"))


def _pack_line(line: bytes) -> bytes:
    if len(line) % 2:
        line += b"\n"  # what follows a newline in the same byte is not read
    halves = line.translate(_HALVES)
    packed = bytearray()
    for at in range(0, len(line), 2):
        low, high = halves[at], halves[at + 1]
        packed.append(high << 4 | low)
        if low == LITERAL:
            packed.append(line[at])
        if high == LITERAL:
            packed.append(line[at + 1])
    return bytes(packed)


class Packing:
    """Whether what goes out is packed: only between the firmware's word that it is on and the first doubt.

    Whoever spoke before may have left it on, and an order may be lost: until the firmware has said that it is off,
    every question is preceded by the order to end it.
    """

    def __init__(self, *, is_wanted: bool) -> None:
        """``is_wanted``: the profile allows it; the firmware must offer it too."""
        self.is_wanted, self.is_on = is_wanted, False
        self._may_be_on = is_wanted

    def begin(self) -> bytes:
        """The order to begin; it has begun once the firmware said so."""
        self._may_be_on = True
        return ON

    def rule_out(self) -> None:
        """This firmware knows no packing."""
        self.is_wanted = self.is_on = self._may_be_on = False

    def hear(self, line: str, *, is_awaited: bool) -> bool:
        """Whether ``line`` is a firmware's word on it; ``is_awaited``: it was ordered to begin."""
        match = _ANSWER.fullmatch(line)
        if match is None:
            return False
        # without spaces it would read another table than ours
        self._may_be_on, is_usable = match[1] == "ON", match[0].endswith("ON ESP")
        self.is_on = is_usable and (is_awaited or self.is_on)
        return True

    def put(self, out: bytes) -> bytes:
        """``out`` as it goes on the wire."""
        return pack(out) if self.is_on and out else out

    def end(self, out: bytes) -> bytes:
        """The order to end it, followed by ``out`` as it is; only ``out`` when it cannot be on."""
        self.is_on = False
        return OFF + out if self._may_be_on else out
