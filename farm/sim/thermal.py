"""A heater as physics: rises and falls exponentially, in closed form, so that an idle printer costs no computing."""

from __future__ import annotations

import math

AMBIENT_C = 22.0
NO_FAULT = (math.inf, "")


class Heater:
    """One heater with its sensor and the firmware's watch over both; times are the printer's own seconds."""

    def __init__(
        self, *, rise_c: float, tau_s: float, watch_s: float, max_c: float, open_c: float = -15.0
    ) -> None:
        """Full power would end ``rise_c`` above the room, by time constant ``tau_s``.

        The firmware waits ``watch_s`` for a rise, stops everything at ``max_c``, and reads ``open_c`` from a broken
        sensor wire (-15 in Marlin's transcripts).
        """
        self.target_c = 0.0
        self.is_open = False  # sensor wire broken
        self._is_dead = False  # heater wire broken
        self._is_stuck = False  # its switch does not open any more: full power whatever the target
        self._has_power = True
        self._rise_c, self._tau_s, self._watch_s, self._max_c = rise_c, tau_s, watch_s, max_c
        self._open_c = open_c
        self._from_c, self._from_s = AMBIENT_C, 0.0

    def true_c(self, now: float) -> float:
        """The temperature there is."""
        is_rising = self._is_rising
        end = AMBIENT_C + (self._rise_c if is_rising else 0.0)
        if self._from_c == end:
            return end
        value = end + (self._from_c - end) * math.exp(-max(0.0, now - self._from_s) / self._tau_s)
        if is_rising:
            return value if self._is_stuck else min(value, self.target_c)
        return max(value, min(self.target_c, self._from_c)) if self._can_hold else value

    def read_c(self, now: float) -> float:
        """The temperature the sensor tells."""
        return self._open_c if self.is_open else self.true_c(now)

    @property
    def changed_s(self) -> float:
        """When its target, its wires or its power were last changed."""
        return self._from_s

    @property
    def is_spoiled(self) -> bool:
        """Whether anything is wrong with it."""
        return self.is_open or self._is_dead or self._is_stuck

    @property
    def _can_hold(self) -> bool:
        return self._has_power and not self._is_dead

    @property
    def _is_rising(self) -> bool:
        return self._has_power and (self._is_stuck or (self.target_c > self._from_c and not self._is_dead))

    def set_target(self, target_c: float, now: float) -> None:
        """Aim at ``target_c``; 0 is off."""
        self._restart(now)
        self.target_c = target_c

    def set_open(self, is_open: bool, now: float) -> None:
        """Cut or mend the sensor's wire."""
        self._restart(now)
        self.is_open = is_open

    def set_dead(self, is_dead: bool, now: float) -> None:
        """Cut or mend the heater's wire."""
        self._restart(now)
        self._is_dead = is_dead

    def set_stuck(self, is_stuck: bool, now: float) -> None:
        """Weld its switch shut, or mend it."""
        self._restart(now)
        self._is_stuck = is_stuck

    def set_power(self, has_power: bool, now: float) -> None:
        """What ends even a welded switch."""
        self._restart(now)
        self._has_power = has_power

    def inherit(self, old: Heater, now: float) -> None:
        """Be as warm as ``old`` was, and as broken; its target is forgotten."""
        self._from_c, self._from_s = old.true_c(now), now
        self.is_open, self._is_dead, self._is_stuck = old.is_open, old._is_dead, old._is_stuck
        self._has_power = old._has_power

    def _restart(self, now: float) -> None:
        self._from_c, self._from_s = self.true_c(now), now

    def reached_at(self) -> float:
        """When the target is reached, infinity when never; a target below the present is reached at once."""
        if self.target_c <= self._from_c:
            return self._from_s
        return self._rises_to(self.target_c) if self._is_rising else math.inf

    def _rises_to(self, value_c: float) -> float:
        hottest = AMBIENT_C + self._rise_c
        if value_c >= hottest:
            return math.inf
        share = (hottest - value_c) / (hottest - self._from_c)
        return max(self._from_s, self._from_s - self._tau_s * math.log(share))

    def fault_at(self) -> tuple[float, str]:
        """When the firmware's watch stops the machine, and why; infinity when all is well.

        Why: ``mintemp``, ``maxtemp``, ``heating_failed``, ``runaway``. Source: Marlin temperature.cpp,
        WATCH_TEMP_PERIOD and THERMAL_PROTECTION_PERIOD (both 40 s for a hotend by default), MAXTEMP read always,
        MINTEMP only while a target is set.
        """
        if self._is_stuck and self._has_power and not self.is_open:
            return self._rises_to(self._max_c), "maxtemp"
        if self.target_c <= 0:
            return NO_FAULT
        if self.is_open:
            return self._from_s + 1.0, "mintemp"
        if self._is_dead:
            is_cold = self._from_c < self.target_c - 10
            return self._from_s + self._watch_s, "heating_failed" if is_cold else "runaway"
        return NO_FAULT
