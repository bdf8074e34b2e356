"""What a job had set when it was interrupted: modes and speed that a parked printer must be given back."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

_FEED = re.compile(rb"F(\d+(?:\.\d*)?)")


class Job(Protocol):
    """A job's commands by line number, from 1."""

    def command(self, n: int) -> bytes:
        """The command of line ``n`` without number and checksum."""
        ...


class Modes(msgspec.Struct, frozen=True):
    """Positions absolute or relative, filament absolute or relative, speed in mm/min (None: never set)."""

    is_absolute: bool = True  # Marlin starts in G90
    is_e_absolute: bool = True  # and M82
    feed_mm_min: float | None = None

    def commands(self) -> tuple[str, ...]:
        """What sets them again. The speed is a G1 with nothing but F."""
        speed = () if self.feed_mm_min is None else (f"G1 F{self.feed_mm_min:g}",)
        # G90 and G91 also set the filament's mode in Marlin: M82 or M83 must follow
        return ("G90" if self.is_absolute else "G91", "M82" if self.is_e_absolute else "M83", *speed)


def modes_before(job: Job, line: int) -> Modes:
    """The modes in force when ``line`` is about to be sent; read backwards, so usually a few lines suffice."""
    feed: float | None = None
    absolute: bool | None = None
    e_absolute: bool | None = None
    for number in range(line - 1, 0, -1):
        command = job.command(number)
        word = command.split(b" ", 1)[0]
        if word in (b"G90", b"G91"):
            absolute = word == b"G90" if absolute is None else absolute
            e_absolute = word == b"G90" if e_absolute is None else e_absolute
        elif word in (b"M82", b"M83"):
            e_absolute = word == b"M82" if e_absolute is None else e_absolute
        elif feed is None and word in (b"G0", b"G1", b"G2", b"G3") and (found := _FEED.search(command)):
            feed = float(found.group(1))
        if feed is not None and absolute is not None and e_absolute is not None:
            break
    return Modes(True if absolute is None else absolute, True if e_absolute is None else e_absolute, feed)
