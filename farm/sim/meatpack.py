"""How a firmware reads MeatPack, byte by byte as ``feature/meatpack.cpp`` of Marlin 2.1 does. Pure.

Written from the firmware's side and sharing nothing with the link's packer, so that one proves the other.
"""

from __future__ import annotations

ORDER = 0xFF
PACKED = "0123456789. \nGX"
LITERAL = 0xF
ORDERS = {0xFB: "on", 0xFA: "off", 0xF9: "reset", 0xF8: "query", 0xF7: "no spaces", 0xF6: "spaces"}


class Unpacker:
    """A stream of bytes, packed or not, as the characters it stands for."""

    def __init__(self) -> None:
        self.is_on = self.has_no_spaces = False
        self._orders = 0  # how many FF have just come
        self._literals = 0  # how many characters are still to come as a byte each
        self._behind = ""  # the packed character that follows a literal one

    def take(self, data: bytes) -> tuple[bytes, list[str]]:
        """The characters, and what the firmware answers to orders among the bytes."""
        if not self.is_on and not self._orders and ORDER not in data:
            return data, []
        out: list[str] = []
        answers: list[str] = []
        for byte in data:
            if self._orders == 2:
                self._orders = 0
                answers += self._obey(byte)
            elif byte == ORDER:
                self._orders += 1
            else:
                if self._orders:  # a single one was a byte with two literals
                    self._orders = 0
                    out += self._unpack(ORDER)
                out += self._unpack(byte)
        return "".join(out).encode("latin-1"), answers

    def _obey(self, byte: int) -> list[str]:
        order = ORDERS.get(byte)
        if order in {"on", "off"}:
            self.is_on = order == "on"
        elif order == "reset":
            self.is_on = self.has_no_spaces = False
        elif order in {"no spaces", "spaces"}:
            self.has_no_spaces = order == "no spaces"
        elif order is None:
            return []
        self._literals, self._behind = 0, ""
        return [f"[MP] PV01 {'ON' if self.is_on else 'OFF'} {'NSP' if self.has_no_spaces else 'ESP'}"]

    def _unpack(self, byte: int) -> str:
        if not self.is_on:
            return chr(byte)
        if self._literals:
            self._literals -= 1
            text, self._behind = chr(byte) + self._behind, ""
            return text
        low, high = byte & 0xF, byte >> 4
        if low == LITERAL:
            self._literals = 2 if high == LITERAL else 1
            self._behind = "" if high == LITERAL else self._character(high)
            return ""
        first = self._character(low)
        if first == "\n":
            return first
        if high == LITERAL:
            self._literals = 1
            return first
        return first + self._character(high)

    def _character(self, half: int) -> str:
        return "E" if self.has_no_spaces and PACKED[half] == " " else PACKED[half]
