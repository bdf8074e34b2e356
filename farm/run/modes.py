"""What a job had set when it was interrupted: modes and speed that a parked printer must be given back."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

_FEED = re.compile(rb"F(\d+(?:\.\d*)?)")
_MOVES = frozenset({b"G0", b"G1", b"G2", b"G3"})
_PAIRS = ((b"G90", b"G91"), (b"M82", b"M83"))  # the first of each is how a firmware starts


class Job(Protocol):
    """A job's commands by line number, from 1."""

    def command(self, n: int) -> bytes:
        """The command of line ``n`` without number and checksum."""
        ...


class Modes(msgspec.Struct, frozen=True):
    """The last words on how places and filament are read, in the job's order, and the speed, mm/min (None: never set).

    The order is what makes them true for every firmware. Marlin 2 and Smoothieware set the filament's mode with G90 and
    G91 too, Prusa and RepRapFirmware leave it alone, and for Marlin 1.1, Repetier and Klipper filament is relative
    when either is (sources: farm.sim.motion.EMode). The same words in the same order end in the same modes on each.
    """

    words: tuple[str, ...] = ("G90", "M82")  # as every firmware starts
    feed_mm_min: float | None = None

    def commands(self) -> tuple[str, ...]:
        """What sets them again. The speed is a G1 with nothing but F."""
        return self.words if self.feed_mm_min is None else (*self.words, f"G1 F{self.feed_mm_min:g}")


def modes_before(job: Job, line: int) -> Modes:
    """The modes in force when ``line`` is about to be sent; read backwards, so usually a few lines suffice."""
    feed: float | None = None
    words: list[str] = []
    unset = list(_PAIRS)
    for number in range(line - 1, 0, -1):
        command = job.command(number)
        word = command.split(b" ", 1)[0]
        if pair := next((pair for pair in unset if word in pair), None):
            unset.remove(pair)
            words.insert(0, word.decode())
        elif feed is None and word in _MOVES and (found := _FEED.search(command)):
            feed = float(found.group(1))
        if feed is not None and not unset:
            break
    return Modes((*(pair[0].decode() for pair in unset), *words), feed)
