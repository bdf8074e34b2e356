"""A run whose worker died: what it knows of it, what the firmware says, and what follows. Pure."""

from __future__ import annotations

from enum import Enum

import msgspec

from farm.link.events import Found
from farm.profiles import CrashTable
from farm.run.stand import AWAY, RunState, Stand

# a printer that says nothing to a returning worker for so long is lost; as farm.worker.heat UNREACHED_S
RETURN_MAX_S = 60.0
# one that heats or feels its bed says so all the time, and answers afterwards: a slow bed takes 20 minutes to 110 °C
RETURN_TALK_MAX_S = 1800.0
INTERRUPT_S, INTERRUPTS = (
    10.0,
    4,
)  # a start code waits for the bed, the nozzle, and again for each after levelling
NEW_S = 2.0  # a run this young may have died before its first line was noted: twice farm.worker.line NOTE_S


class Next(Enum):
    """How a run goes on after its worker's death."""

    STREAM = "stream"  # with the next line
    COOL = "cool"  # every line was taken
    PARK = "park"  # and wait for an officer
    STAY = "stay"  # it was paused, it is paused
    LEAVE = "leave"  # heaters off, and it has failed


class Known(msgspec.Struct, frozen=True):
    """What a worker wrote down: how the run stood, a line that was taken, and when that was noted."""

    stand: Stand
    line: int | None = 0  # none: the note is missing
    since_s: float = 0.0  # of the caller's clock; a time in the future is no time
    is_new: bool = False  # it began less than NEW_S ago

    @property
    def wants_adoption(self) -> bool:
        """Whether the firmware must be asked where it stands before anything else is said to it."""
        return self.stand.state not in {RunState.COOLING, RunState.LEAVING}

    @property
    def at_least(self) -> int:
        """A line that was taken: oks are only counted, so the note stays a window behind what they acknowledged."""
        return max(self.line or 0, self.stand.next_line - 1)

    def next_line(self, found: Found) -> int | None:
        """The line that comes next, by the firmware's word; None when that cannot be.

        A firmware outside the print's lines (``found.last`` is None) took none since the print was last sent or held,
        and that was written down before it went there: unless the card failed, of which a later line tells. A note that
        is missing could have been that line.
        """
        noted = self.stand.next_line
        if found.last is None:
            if self.line is None:
                return noted if self.is_new or self.stand.state in AWAY else None
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


class Patience:
    """How long a returning worker waits for its printer: not for one that is silent, long for one that talks.

    A wait for heat is ended where the firmware can end it. Times are the caller's seconds.
    """

    def __init__(self, known: Known, quiet_max_s: float, now: float) -> None:
        self._most_s = now + max(RETURN_TALK_MAX_S, quiet_max_s)
        self._lost_s = now + RETURN_MAX_S
        is_in_vain = known.stand.state is RunState.HEATING or bool(known.stand.reason)
        self._interrupts = INTERRUPTS if is_in_vain else 0
        self._interrupt_s = now + INTERRUPT_S

    @property
    def until_s(self) -> float:
        """When to ask :meth:`interrupts` and :meth:`is_over`."""
        return min(self._lost_s, self._interrupt_s) if self._interrupts else self._lost_s

    def hear(self, now: float) -> None:
        """The printer said something, whatever it was."""
        self._lost_s = min(now + RETURN_MAX_S, self._most_s)

    def is_over(self, now: float) -> bool:
        """Whether nobody is there, or nobody who will ever listen."""
        return now >= self._lost_s

    def interrupts(self, now: float) -> bool:
        """Whether a wait for heat is to be ended now, that of a run which will not go on."""
        if not self._interrupts or now < self._interrupt_s:
            return False
        self._interrupts, self._interrupt_s = self._interrupts - 1, now + INTERRUPT_S
        return True
