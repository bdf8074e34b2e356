"""A link and a virtual printer talking over two wires in simulated time: no port, no clock, no waiting."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from farm.link.events import Event
from farm.sim.faults import CleanWire, Wire
from farm.sim.wire import TimedWire


class Host(Protocol):
    """The end that prints: a link, or whatever drives one."""

    @property
    def deadline(self) -> float | None: ...
    def open(self, now: float, /) -> object: ...
    def data_to_send(self, now: float, /) -> bytes: ...
    def receive_data(self, data: bytes, now: float, /) -> list[Event]: ...
    def handle_timeout(self, now: float, /) -> list[Event]: ...


class Printer(Protocol):
    """The end that heats and moves: a virtual board."""

    now: float

    def receive(self, data: bytes, now: float, /) -> None: ...
    def advance(self, now: float, /) -> None: ...
    def data_to_send(self) -> bytes: ...
    def next_at(self) -> float: ...


H = TypeVar("H", bound=Host)
P = TypeVar("P", bound=Printer)


class Dialogue(Generic[H, P]):
    """Both ends and what has happened so far; ``now`` is in seconds for both."""

    def __init__(
        self,
        link: H,
        printer: P,
        there: Wire | None = None,
        back: Wire | None = None,
        *,
        baud: float = math.inf,
        usb_s: float = 0.0,
    ) -> None:
        """``there`` carries to the printer, ``back`` to the link; clean when not given.

        Without ``baud`` (bits a second) and ``usb_s`` (each way) everything arrives in the moment it is sent; with
        either, lines sent ahead are really still on the wire when the firmware answers.
        """
        self.link, self.printer = link, printer
        self.there: Wire = there or CleanWire()
        self.back: Wire = back or CleanWire()
        self.is_timed = baud < math.inf or usb_s > 0
        self._out, self._in = TimedWire(baud, usb_s), TimedWire(baud, usb_s)
        self.now = printer.now
        self.events: list[Event] = []
        self._counts: Counter[type] = Counter()

    def open(self) -> None:
        """The port is opened; the board was not reset by it."""
        self.link.open(self.now)

    def run(self, until: Callable[[], bool], limit_s: float = 3600.0) -> bool:
        """Let both talk until ``until()``; false when ``limit_s`` passed first or neither has anything left to do."""
        end = self.now + limit_s
        while not until():
            if self.exchange():
                continue
            deadline = self.link.deadline
            due = math.inf if deadline is None else deadline
            at = min(due, self.printer.next_at(), self._out.next_at(), self._in.next_at())
            if at > end or at == math.inf:
                return False
            self.now = max(self.now, at)
            if self.is_timed:
                self._arrive()
            self.printer.advance(self.now)
            if due <= self.now:
                self._note(self.link.handle_timeout(self.now))
        return True

    def exchange(self) -> bool:
        """Carry what is waiting, both ways; whether there was anything."""
        now = self.now
        out = self.link.data_to_send(now)
        if out:
            arrived = self.there.carry(out)
            if self.is_timed:
                self._out.send(arrived, now)
            else:
                self.printer.receive(arrived, now)
        back = self.printer.data_to_send()
        if back:
            arrived = self.back.carry(back)
            if self.is_timed:
                self._in.send(arrived, now)
            elif arrived:
                self._note(self.link.receive_data(arrived, now))
        return bool(out or back)

    def has(self, kind: type[Event]) -> bool:
        """Whether such an event has happened."""
        return self._counts[kind] > 0

    def count(self, kind: type[Event]) -> int:
        """How often such an event has happened."""
        return self._counts[kind]

    def _arrive(self) -> None:
        """Hand out what the wires have brought by now; the ring fills before the firmware goes on reading it."""
        data = self._out.take(self.now)
        if data:
            self.printer.receive(data, self.now)
        data = self._in.take(self.now)
        if data:
            self._note(self.link.receive_data(data, self.now))

    def _note(self, happened: list[Event]) -> None:
        if happened:
            self.events += happened
            self._counts.update(map(type, happened))
