"""A run whose worker died: what it knows of it, what the firmware says, and what follows. Pure."""

from __future__ import annotations

from enum import Enum

import msgspec

from farm.link.events import Found
from farm.profiles import CrashTable
from farm.run.stand import AWAY, RunState, Stand


class Next(Enum):
    """How a run goes on after its worker's death."""

    STREAM = "stream"  # with the next line
    COOL = "cool"  # every line was taken
    PARK = "park"  # and wait for an officer
    STAY = "stay"  # it was paused, it is paused
    LEAVE = "leave"  # heaters off, and it has failed


class Known(msgspec.Struct, frozen=True):
    """What a worker wrote down: how the run stood, the last line known to be taken, and when that was noted."""

    stand: Stand
    line: int = 0
    since_s: float = 0.0  # of the caller's clock; a time in the future is no time

    @property
    def wants_adoption(self) -> bool:
        """Whether the firmware must be asked where it stands before anything else is said to it."""
        return self.stand.state not in {RunState.COOLING, RunState.LEAVING}

    @property
    def at_least(self) -> int:
        """The highest line that was surely taken."""
        return max(self.line, self.stand.next_line - 1)

    def next_line(self, found: Found) -> int | None:
        """The line that comes next, by the firmware's word; None when that cannot be.

        A firmware outside the print's lines (``found.last`` is None) took none since the print was last sent or held,
        and that was written down before it went there: unless a later line is known, which means that the card failed.
        """
        noted = self.stand.next_line
        if found.last is None:
            return noted if self.line < noted else None
        if found.last < self.at_least or (self.stand.state in AWAY and found.last != noted - 1):
            return None
        return found.last + 1

    def what_next(self, crash: CrashTable, next_line: int, lines: int, now: float) -> Next:
        """How it goes on from ``next_line`` of ``lines``, by the profile and by how long it stood still."""
        state = self.stand.state
        if state is RunState.COOLING:
            return Next.COOL
        if state is RunState.LEAVING:
            return Next.LEAVE
        if state is RunState.PAUSED:
            return Next.STAY
        if state in AWAY or state is RunState.PAUSING:
            return Next.PARK
        if next_line > lines:
            return Next.COOL
        is_soon = 0 <= now - self.since_s <= crash.within_s
        if crash.after == "continue" and is_soon and next_line > 1:
            return Next.STREAM
        if crash.after == "end" or state is RunState.HEATING:  # nothing is on the bed yet
            return Next.LEAVE
        return Next.PARK
