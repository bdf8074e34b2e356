"""What a line from a printer can be that moves the dialogue, whatever firmware said it."""

from __future__ import annotations

import msgspec

from farm.link import events
from farm.link.events import Position, Temperatures

SAID_MAX_CHARACTERS = 200


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A reply that moves the dialogue."""


class Ok(Reply, frozen=True):
    """An acknowledgement; ``number`` when the firmware gives the line's (ADVANCED_OK, ACK_WITH_LINENUMBER).

    ``free``: places left in its command queue, when it says so (the ``B`` of ADVANCED_OK).
    """

    number: int | None = None
    free: int | None = None


class Report(Reply, frozen=True):
    """Temperatures: as M105's own acknowledgement, as a line of a heat-up wait, or unasked."""

    temperatures: Temperatures
    is_ok: bool = False
    is_wait: bool = False


class Identity(Reply, frozen=True):
    """A line of M115's answer; ``is_ok`` when it is the acknowledgement too."""

    line: str
    is_ok: bool = False


class LastLine(Reply, frozen=True):
    """A line was refused; the firmware's last line is ``number``."""

    number: int


class Resend(Reply, frozen=True):
    """The firmware wants line ``number`` next."""

    number: int


class Place(Reply, frozen=True):
    """Where the planner's queue ends, as M114's own acknowledgement."""

    position: Position


class Start(Reply, frozen=True):
    """A line that a starting firmware says; ``is_certain``: and no other."""

    cause: str
    is_certain: bool = True


class Idle(Reply, frozen=True):
    """A line that tells nothing: the ``wait`` of a firmware without work, an echo of what was sent."""


Meaning = Reply | events.Event
