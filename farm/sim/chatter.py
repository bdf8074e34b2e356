"""What a virtual Marlin says by itself: temperature reports, heating lines and busy lines, at the host's pace."""

from __future__ import annotations

import math
from collections.abc import Iterator

from farm.sim.machine import Machine


class Chatter:
    """When the next unasked line is due; ``factor`` printer's seconds pass in one of the host's."""

    def __init__(self, machine: Machine, factor: float) -> None:
        self._machine = machine
        self._factor = factor
        self._report_at = self._busy_at = self._heat_at = math.inf

    def next_at(self) -> float:
        """When a line is due, infinity when none is."""
        return min(self._report_at, self._busy_at, self._heat_at)

    def set_factor(self, factor: float, now: float) -> None:
        """Keep the host's pace while the printer lives so many times faster."""
        self._factor = factor
        if self._report_at < math.inf:
            self._report_at = now + self._machine.report_s * factor
        if self._busy_at < math.inf:
            self._busy_at = now + self._machine.busy_s * factor
        if self._heat_at < math.inf:
            self._heat_at = now

    def begin(self, now: float) -> None:
        """A command begins: from now on it may be busy."""
        busy_s = self._machine.busy_s
        self._busy_at = now + busy_s * self._factor if busy_s else math.inf

    def wait(self, now: float) -> None:
        """The command waits for something; for heat it says how warm it is at once."""
        self._heat_at = now if self._machine.is_heat_waiting else math.inf

    def end(self, now: float, *, sets_reports: bool) -> None:
        """The command is done; M155 may have set how often temperatures are reported."""
        self._busy_at = self._heat_at = math.inf
        if sets_reports:
            report_s = self._machine.report_s * self._factor
            self._report_at = now + report_s if report_s else math.inf

    def lines(self, at: float, until: float) -> Iterator[str]:
        """What is due at ``at``; after a leap of time up to ``until`` only the latest of each."""
        machine, later = self._machine, max(at, until)
        if self._heat_at <= at:
            yield f" {machine.temperatures()} W:?"
            self._heat_at = later + self._factor
        if self._report_at <= at:
            if not machine.is_heat_waiting:
                yield f" {machine.temperatures()}"
            self._report_at = later + machine.report_s * self._factor
        if self._busy_at <= at:
            if not machine.is_heat_waiting:
                yield "echo:busy: processing"
            self._busy_at = later + machine.busy_s * self._factor
