"""How a run stands: what a worker must have written down to go on honestly after its own death."""

from __future__ import annotations

from enum import Enum

import msgspec

from farm.link.events import Position


class RunState(Enum):
    """Where a run is. Pausing, parking and leaving are on the way; the desk hears the last word reported."""

    RETURNING = "returning"  # a worker died; the firmware is asked where it stands
    HEATING = "heating"
    PRINTING = "printing"
    PAUSING = "pausing"  # waits for the link to hold
    PARKING = "parking"  # waits for the head to be away
    PAUSED = "paused"
    UNPARKING = "unparking"
    LEAVING = "leaving"  # a cancel: heaters off, head away
    COOLING = "cooling"
    ENDED = "ended"


AWAY = frozenset({RunState.PARKING, RunState.PAUSED, RunState.UNPARKING})  # held: no line is on its way


class Stand(msgspec.Struct, frozen=True):
    """A run between two effects. Written down before the effect's first byte, it is never behind the printer.

    ``next_line``: the line that the job was last sent from, or will be sent from; every line below it was taken.
    ``at``: where the head was when it was held, once that is known.
    """

    state: RunState = RunState.HEATING
    next_line: int = 1
    at: Position | None = None
    reason: str = ""  # why it leaves
