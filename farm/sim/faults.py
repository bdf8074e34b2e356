"""What real wires do to bytes, by a plan or by chance."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

DROPPED = 0  # a mask that changes nothing stands for a lost byte


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
        self._plan = dict(plan)
        self._at = 0

    def carry(self, data: bytes, /) -> bytes:
        begin, self._at = self._at, self._at + len(data)
        hit = sorted(at for at in self._plan if begin <= at < self._at)
        if not hit:
            return data
        out = bytearray(data)
        for at in reversed(hit):
            mask = self._plan.pop(at)
            if mask == DROPPED:
                del out[at - begin]
            else:
                out[at - begin] ^= mask
        return bytes(out)


class NoisyWire:
    """Drops and flips bytes by chance; the seed makes it repeatable."""

    def __init__(self, seed: int = 0, *, drop: float = 0.0, corrupt: float = 0.0) -> None:
        """``drop``, ``corrupt``: chance of each byte, 0 to 1."""
        self.drop, self.corrupt = drop, corrupt
        self._random = random.Random(seed)  # noqa: S311 - noise, not a secret

    def carry(self, data: bytes, /) -> bytes:
        if self.drop <= 0 and self.corrupt <= 0:
            return data
        chance = self._random.random
        kept = (byte for byte in data if chance() >= self.drop)
        return bytes(
            byte ^ (1 << self._random.randrange(8)) if chance() < self.corrupt else byte for byte in kept
        )
