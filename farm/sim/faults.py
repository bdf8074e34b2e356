"""What goes wrong with real printers: the names a fault can be asked for by, and wires that spoil bytes."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

DROPPED = 0  # a mask that changes nothing stands for a lost byte
AWAY_S = 3.0  # how long a cable is out that was pulled by a plan

# name of a fault -> what it does with its value
FAULTS = {
    "drop_out": "chance of losing a byte on its way to the printer",
    "drop_in": "chance of losing a byte on its way to the host",
    "corrupt_out": "chance of a flipped bit in a byte on its way to the printer",
    "corrupt_in": "chance of a flipped bit in a byte on its way to the host",
    "baud_mismatch": "1: both ends run at different speeds and read garbage, 0: mended",
    "rx_bytes": "the receive ring has so many bytes and no flow control: what exceeds it is lost",
    "lost_ok": "how many of the next acknowledgements are never sent",
    "doubled_ok": "how many of the next acknowledgements are sent twice",
    "late_resend": "a question for a line comes so many seconds late",
    "resend_burst": "each question for a line comes so many times more",
    "resend_no_ok": "how many of the next questions for a line come without the ok behind them",
    "slow": "each move takes so many times longer; 1: as it should",
    "silent": "1: it never says that it is busy, 0: it does",
    "runaway": "1: the nozzle's heater cannot be switched off, 0: mended",
    "sensor_open": "1: the nozzle's thermistor has lost its wire, 0: mended",
    "heater_dead": "1: the nozzle's heater has lost its wire and never arrives, 0: mended",
    "reboot": "the board starts anew",
    "halt": "the firmware finds an error and stops for good",
    "run_out": "the filament sensor asks for a new reel",
    "vanish": "the port is gone for so many seconds and comes back as another pseudo-terminal",
    "move": "the same, and its link has another name: the old one with -moved",
}


class Wire(Protocol):
    """One direction of a serial line."""

    def carry(self, data: bytes, /) -> bytes:
        """What arrives of ``data``."""
        ...


class CleanWire:
    """What is sent arrives."""

    def carry(self, data: bytes, /) -> bytes:
        return data


class PlannedWire:
    """Spoils the bytes at the given positions, counted from the first byte ever carried."""

    def __init__(self, plan: Mapping[int, int]) -> None:
        """``plan``: position to the mask its byte is XORed with, or ``DROPPED``."""
        self._plan = sorted(plan.items(), reverse=True)
        self._at = 0

    def carry(self, data: bytes, /) -> bytes:
        begin, self._at = self._at, self._at + len(data)
        if not self._plan or self._plan[-1][0] >= self._at:
            return data
        out = bytearray(data)
        gone = 0
        while self._plan and self._plan[-1][0] < self._at:
            position, mask = self._plan.pop()
            if mask == DROPPED:
                del out[position - begin - gone]
                gone += 1
            else:
                out[position - begin - gone] ^= mask
        return bytes(out)


class NoisyWire:
    """Drops and flips bytes by chance; the seed makes it repeatable."""

    def __init__(self, seed: int = 0, *, drop: float = 0.0, corrupt: float = 0.0) -> None:
        """``drop``, ``corrupt``: chance of each byte, 0 to 1."""
        self.drop, self.corrupt = drop, corrupt
        self.is_garbled = False  # the ends run at different speeds
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret

    def carry(self, data: bytes, /) -> bytes:
        if (
            self.is_garbled
        ):  # a start bit is found where there is none: about as many bytes, none of them right
            return self._random.randbytes(len(data))
        if self.drop <= 0 and self.corrupt <= 0:
            return data
        chance = self._random.random
        kept = (byte for byte in data if chance() >= self.drop)
        return bytes(
            byte ^ (1 << self._random.randrange(8)) if chance() < self.corrupt else byte for byte in kept
        )
