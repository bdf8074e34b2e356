"""What goes out when nothing is outstanding, and what it means that all of a range has gone out."""

from __future__ import annotations

import msgspec

from farm.link.acquaintance import Acquaintance, Stage
from farm.link.events import Event, Held, SourceDone
from farm.link.framing import frame
from farm.link.inquiry import QUESTION, Questions
from farm.link.tracks import Lanes


class Outgoing(msgspec.Struct, frozen=True):
    """Bytes for the wire; a question's answer is awaited for ``answer_s`` seconds, a line has ``None``."""

    data: bytes
    answer_s: float | None = None
    is_repeat: bool = False


def next_out(lanes: Lanes, questions: Questions, stage: Stage) -> Outgoing | None:
    """What comes next; ``None`` when all is said and done."""
    if lanes.is_syncing and not questions.is_due:
        questions.begin()
        base = lanes.track.base
        return _question(questions, b"\n" + frame(base, f"M110 N{base}"))
    if questions.is_due:
        return _question(questions)
    if lanes.track.has_more() and stage is not Stage.QUARANTINED and not lanes.is_held:
        return _line(lanes)
    if not lanes.is_confirmed:
        questions.begin()
        return _question(questions)
    if stage is Stage.UNKNOWN:
        lanes.commands.add("M115")
        return _line(lanes)
    if stage is Stage.READY and lanes.turn_to_print():
        return next_out(lanes, questions, stage)
    return None


def _line(lanes: Lanes) -> Outgoing:
    is_repeat = lanes.track.next <= lanes.track.high
    return Outgoing(lanes.take(), is_repeat=is_repeat)


def _question(questions: Questions, before: bytes = b"") -> Outgoing:
    return Outgoing(before + QUESTION, answer_s=questions.put())


def drained(lanes: Lanes, who: Acquaintance, last: int) -> list[Event]:
    """All of this range, up to ``last``, is taken: what that means; then the commands have their turn."""
    happened: list[Event]
    if lanes.is_printing:
        happened = [Held(last + 1) if lanes.track.has_more() else SourceDone(last)]
    else:
        happened = who.settle(lanes.commands)
    lanes.turn_to_commands(last)
    return happened
