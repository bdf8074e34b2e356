"""A link and a virtual printer talking over two wires in simulated time: no port, no clock, no waiting."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from farm.link import MarlinLink
from farm.link.events import Event
from farm.sim.faults import CleanWire, Wire
from farm.sim.firmware import VirtualMarlin


class Dialogue:
    """Both ends and what has happened so far; ``now`` is in seconds for both."""

    def __init__(
        self, link: MarlinLink, printer: VirtualMarlin, there: Wire | None = None, back: Wire | None = None
    ) -> None:
        """``there`` carries to the printer, ``back`` to the link; clean when not given."""
        self.link, self.printer = link, printer
        self.there: Wire = there or CleanWire()
        self.back: Wire = back or CleanWire()
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
            at = min(deadline if deadline is not None else math.inf, self.printer.next_at())
            if at > end or at == math.inf:
                return False
            self.now = max(self.now, at)
            self.printer.advance(self.now)
            self._note(self.link.handle_timeout(self.now))
        return True

    def exchange(self) -> bool:
        """Carry what is waiting, both ways; whether there was anything."""
        out = self.link.data_to_send(self.now)
        if out:
            self.printer.receive(self.there.carry(out), self.now)
        back = self.printer.data_to_send()
        if back:
            arrived = self.back.carry(back)
            self._note(self.link.receive_data(arrived, self.now) if arrived else [])
        return bool(out or back)

    def has(self, kind: type[Event]) -> bool:
        """Whether such an event has happened."""
        return self._counts[kind] > 0

    def count(self, kind: type[Event]) -> int:
        """How often such an event has happened."""
        return self._counts[kind]

    def _note(self, happened: list[Event]) -> None:
        self.events += happened
        self._counts.update(type(event) for event in happened)
