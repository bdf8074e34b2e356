"""What a run asks of the link below it and tells the desk above it; the shell performs, the run decides."""

from __future__ import annotations

import msgspec

from farm.words import RunWord


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """An effect."""


class Stream(_Asked, frozen=True):
    """Send the job from this line on."""

    at: int


class Hold(_Asked, frozen=True):
    """Send no further line of the job; the link answers ``Held``."""


class Submit(_Asked, frozen=True):
    """Send these commands, in order; the link answers ``Settled`` when all are done."""

    commands: tuple[str, ...]


class Interrupt(_Asked, frozen=True):
    """End the wait for heat that is on (M108), so that a hold is reached at once; a later wait needs another.

    Prusa, Smoothieware, RepRapFirmware and Klipper have no M108 that would be heard during a wait: they heat to the end
    of it first, and the hold is reached then. Marlin without EMERGENCY_PARSER hears it only while its command queue
    has room to read (queue.cpp get_serial_commands), which the lines in flight and an earlier M108 may have taken.
    """


class StopNow(_Asked, frozen=True):
    """M112, ahead of everything."""


class Drop(_Asked, frozen=True):
    """The run has ended: forget the job."""


class Report(_Asked, frozen=True):
    """Tell the desk a state, and a code that says why."""

    state: RunWord
    reason: str | None = None


Effect = Stream | Hold | Submit | Interrupt | StopNow | Drop | Report
