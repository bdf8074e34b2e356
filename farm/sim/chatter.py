"""What a virtual firmware says by itself, at the host's pace: temperature reports, heating, busy and ``wait`` lines."""

from __future__ import annotations

import math
from collections.abc import Iterator

from farm.sim.machine import Machine


class Chatter:
    """When the next unasked line is due; ``factor`` printer's seconds pass in one of the host's."""

    def __init__(self, machine: Machine, factor: float, wait_s: float = 0.0) -> None:
        """``wait_s``: an idle firmware says ``wait`` so often, 0 for never."""
        self._machine = machine
        self._factor, self._wait_s = factor, wait_s
        self._report_at = self._busy_at = self._heat_at = self._wait_at = math.inf
        self._next_at = math.inf

    def next_at(self) -> float:
        """When a line is due, infinity when none is."""
        return self._next_at

    def set_factor(self, factor: float, now: float) -> None:
        """Keep the host's pace while the printer lives so many times faster."""
        self._factor = factor
        machine = self._machine
        if self._report_at < math.inf:
            self._report_at = now + machine.report_s * factor
        if self._busy_at < math.inf:
            self._busy_at = now + machine.busy_s * factor
        if self._wait_at < math.inf:
            self._wait_at = now + self._wait_s * factor
        if self._heat_at < math.inf:
            self._heat_at = now
        self._look()

    def begin(self, now: float) -> None:
        """A command begins: from now on it may be busy."""
        busy_s = self._machine.busy_s
        self._busy_at = now + busy_s * self._factor if busy_s else math.inf
        self._wait_at = math.inf
        self._look()

    def wait(self, now: float) -> None:
        """The command waits for something; for heat it says how warm it is at once."""
        self._heat_at = now if self._machine.is_heat_waiting else math.inf
        self._look()

    def end(self, now: float, *, sets_reports: bool) -> None:
        """The command is done; M155 may have set how often temperatures are reported."""
        self._busy_at = self._heat_at = math.inf
        if sets_reports:
            report_s = self._machine.report_s * self._factor
            self._report_at = now + report_s if report_s else math.inf
        self.idle(now)

    def idle(self, now: float) -> None:
        """Nothing is left to do: ``wait`` is due after a while."""
        self._wait_at = now + self._wait_s * self._factor if self._wait_s else math.inf
        self._look()

    def lines(self, at: float, until: float, *, is_silent: bool = False) -> Iterator[str]:
        """What is due at ``at``; after a leap of time up to ``until`` only the latest of each. Silent: never busy."""
        if self._next_at > at:
            return
        machine, later, factor = self._machine, max(at, until), self._factor
        if self._heat_at <= at:
            yield from machine.heat_lines()
            self._heat_at = later + factor
        if self._report_at <= at:
            yield from machine.report_lines()
            self._report_at = later + machine.report_s * factor
        if self._busy_at <= at:
            if not is_silent:
                yield from machine.busy_lines()
            self._busy_at = later + machine.busy_s * factor
        if self._wait_at <= at:
            yield "wait"
            self._wait_at = later + self._wait_s * factor
        self._look()

    def _look(self) -> None:
        self._next_at = min(self._report_at, self._busy_at, self._heat_at, self._wait_at)
