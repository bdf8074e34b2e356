"""Where firmwares differ: what a board of ``boards`` answers for itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod


class Ways(ABC):
    """One firmware's ways; the shared board calls them."""

    @abstractmethod
    def _banner(self, cause: str, /) -> tuple[str, ...]:
        """What is said after a start; ``cause`` in Marlin's words."""

    @abstractmethod
    def _take_line(self, text: str, /) -> None:
        """Judge a line without its end and comment: queue it with ``_queue.append``, or refuse it."""

    @abstractmethod
    def _done(self, number: int | None, text: str, /) -> None:
        """A command is executed: acknowledge it."""

    @abstractmethod
    def _kill(self, why: str, /) -> None:
        """Stop for good; ``why`` is empty for M112."""

    @abstractmethod
    def _stop_by(self, fault: str, heater: str, /) -> None:
        """A heater's fault is noticed; names as :meth:`farm.sim.machine.Machine.fault_at` gives them."""

    def _overhear(self, data: bytes, /) -> bytes:
        """Look at bytes as they arrive; what goes on into the ring."""
        return data

    @abstractmethod
    def _forget(self) -> None:
        """A reset: the firmware's own memory."""

    def _due_at(self) -> float:
        """When the firmware does something of its own."""
        return math.inf

    def _fall_due(self) -> None:
        """Do it."""
        raise AssertionError("nothing was due")
