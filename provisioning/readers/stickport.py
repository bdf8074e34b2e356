"""The one USB socket for sticks: looks at what is plugged in, carries out what the pages order, beside the loop."""

import logging
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from provisioning.errors import PassageError
from provisioning.readers.stick.device import refusal_of
from provisioning.readers.stick.door import StickDoor
from provisioning.readers.stick.places import SECTOR_BYTES
from provisioning.readers.stick.watch import StickWatch
from provisioning.readers.words import Did, FormatStick, ReaderWord, StickGone, StickSeen, WriteSlot
from provisioning.readers.work import Side

log = logging.getLogger("passage.reader")

LOOK_AGAIN_S = 1.0
LOOKS = 3
GONE = "stick_gone"
# Not ready yet, not ours to open yet, or still held by the child of an agent that was killed.
NOT_YET = frozenset({GONE, "stick_no_access", "stick_in_use"})
Order = WriteSlot | FormatStick
T = TypeVar("T")


class StickPort:
    """One socket by its name; a stick in it is a visit, and nothing of an older visit counts for a newer one."""

    def __init__(
        self,
        port: Path,
        selector: selectors.BaseSelector,
        emit: Callable[[ReaderWord], None],
        make_door: Callable[[Path], StickDoor] = StickDoor,
    ) -> None:
        self._port, self._emit, self._make_door = port, emit, make_door
        self._watch = StickWatch(port)
        self._side = Side("stick", selector)
        self._visit = 0
        self._door: StickDoor | None = None
        self._seen: StickSeen | None = None
        self._looks = 0
        self._look_at_s: float | None = None

    def present(self) -> list[ReaderWord]:
        """The stick that is plugged in, as it lies there now."""
        return [self._seen] if self._seen else []

    def turn(self, now_s: float) -> None:
        """Notice what was plugged or pulled."""
        for happened in self._watch.turn():
            self._end_visit()
            if happened == "plugged":
                self._visit, self._door, self._looks = self._visit + 1, self._make_door(self._port), 0
                self._look_at_s = now_s
        if self._look_at_s is not None and now_s >= self._look_at_s:
            self._look_at_s = None
            self._look(now_s)

    def carry_out(self, order: Order) -> None:
        """Do it beside the loop; one :class:`Did` follows, ``stick_gone`` when the stick was pulled meanwhile."""
        door, visit = self._door, self._visit
        if door is None or self._seen is None or not _is_meant(order, self._seen):
            self._emit(Did(order.order, GONE))
        elif not _is_whole(order):
            self._emit(Did(order.order, "order_unreadable"))
        else:
            self._beside(visit, lambda: _carry_out(door, order), lambda code: self._did(visit, order, code))

    def close(self) -> None:
        """Let the stick go. The child of one that hangs ends with this process."""
        if self._side.close() and self._door is not None:
            self._door.close()

    def _look(self, now_s: float) -> None:
        door, visit = self._door, self._visit
        if door is not None:
            self._looks += 1
            self._beside(visit, lambda: _look(door, self._port), lambda seen: self._saw(visit, seen, now_s))

    def _beside(self, visit: int, job: Callable[[], T], then: Callable[[T | str], None]) -> None:
        """Do it when its turn comes, if the stick is still in by then: the name leads to another one afterwards."""
        self._side.do(lambda: job() if visit == self._visit else GONE, then)

    def _saw(self, visit: int, seen: StickSeen | str, asked_s: float) -> None:
        if visit != self._visit or self._door is None:
            return
        if isinstance(seen, str):
            if seen in NOT_YET and self._looks < LOOKS:
                self._look_at_s = asked_s + LOOK_AGAIN_S
                return
            log.warning("what is in the stick's socket cannot be read: %s", seen)
            seen = StickSeen("foreign" if seen == "stick_no_stick" else "unreadable")
        is_new, self._seen = self._seen is None, seen
        if is_new:
            self._emit(seen)

    def _did(self, visit: int, order: Order, code: str) -> None:
        if visit != self._visit or self._seen is None:
            self._emit(Did(order.order, GONE))
            return
        if not code and _is_meant(order, self._seen):
            self._seen = _after(self._seen, order)
        elif code != GONE:
            self._look_at_s = 0.0  # what lies there after a failure is seen, not guessed
        self._emit(Did(order.order, code))

    def _end_visit(self) -> None:
        self._visit += 1
        door, self._door, seen, self._seen = self._door, None, self._seen, None
        self._look_at_s = None
        if door is not None:
            self._side.do(door.close, lambda _none: None)
        if seen is not None:
            self._emit(StickGone())


def _look(door: StickDoor, port: Path) -> StickSeen | str:
    """What lies there, or the code of why that cannot be seen."""
    try:
        if code := refusal_of(port):
            return code
        sight = door.look()
    except OSError:
        return GONE
    except PassageError as error:
        return error.reason
    return StickSeen(sight.state, sight.header, sight.slots)


def _carry_out(door: StickDoor, order: Order) -> str:
    """The code of what went wrong; empty when all went well."""
    try:
        if isinstance(order, WriteSlot):
            door.write_slot(order.index, order.sector)
        else:
            from provisioning.identity.volume import (
                pieces,  # brings cryptography along: only where sticks are made
            )

            door.format(pieces(order.header, order.ticket), erase=order.erase)
    except PassageError as error:
        return error.reason
    return ""


def _is_meant(order: Order, seen: StickSeen) -> bool:
    """Whether this can be the stick that the pages speak of: only one of ours has slots."""
    return isinstance(order, FormatStick) or seen.state == "ours"


def _is_whole(order: Order) -> bool:
    if isinstance(order, WriteSlot):
        return order.index in {0, 1} and len(order.sector) == SECTOR_BYTES
    return len(order.header) == len(order.ticket) == SECTOR_BYTES


def _after(seen: StickSeen, order: Order) -> StickSeen:
    """The stick as it is when the order was carried out."""
    if isinstance(order, FormatStick):
        return StickSeen("ours", order.header, (order.ticket, bytes(SECTOR_BYTES)))
    slots = list(seen.slots)
    slots[order.index] = order.sector
    return msgspec.structs.replace(seen, slots=tuple(slots))
