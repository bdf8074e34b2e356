"""A heater as physics: rises and falls exponentially, in closed form, so that an idle printer costs no computing."""

from __future__ import annotations

import math

AMBIENT_C = 22.0


class Heater:
    """One heater with its sensor and Marlin's watch over both; times are the printer's own seconds."""

    def __init__(self, *, rise_c: float, tau_s: float, watch_s: float) -> None:
        """Full power would end ``rise_c`` above the room, by time constant ``tau_s``; Marlin waits ``watch_s``."""
        self.target_c = 0.0
        self.is_open = False  # sensor wire broken
        self._is_dead = False  # heater wire broken
        self._rise_c, self._tau_s, self._watch_s = rise_c, tau_s, watch_s
        self._from_c, self._from_s = AMBIENT_C, 0.0

    def true_c(self, now: float) -> float:
        """The temperature there is."""
        hottest = AMBIENT_C + (0.0 if self._is_dead else self._rise_c)
        rising = self.target_c > self._from_c and not self._is_dead
        end = hottest if rising else AMBIENT_C
        value = end + (self._from_c - end) * math.exp(-max(0.0, now - self._from_s) / self._tau_s)
        if rising:
            return min(value, self.target_c)
        return value if self._is_dead else max(value, min(self.target_c, self._from_c))

    def read_c(self, now: float) -> float:
        """The temperature the sensor tells; -15 with a broken wire, as real boards report."""
        return -15.0 if self.is_open else self.true_c(now)

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

    def warm(self, true_c: float, now: float) -> None:
        """Begin at this temperature."""
        self._from_c, self._from_s = true_c, now

    def _restart(self, now: float) -> None:
        self._from_c, self._from_s = self.true_c(now), now

    def reached_at(self) -> float:
        """When the target is reached, infinity when never; a target below the present is reached at once."""
        if self.target_c <= self._from_c:
            return self._from_s
        hottest = AMBIENT_C + self._rise_c
        if self._is_dead or self.target_c >= hottest:
            return math.inf
        share = (hottest - self.target_c) / (hottest - self._from_c)
        return self._from_s - self._tau_s * math.log(share)

    def fault_at(self) -> tuple[float, str]:
        """When Marlin's watch will stop the machine and with which words; infinity when all is well.

        Source: temperature.cpp, WATCH_TEMP_PERIOD and THERMAL_PROTECTION_PERIOD (both 40 s for a hotend by default).
        """
        if self.target_c <= 0:
            return math.inf, ""
        if self.is_open:
            return self._from_s + 1.0, "MINTEMP triggered, system stopped!"
        if self._is_dead:
            cold = self._from_c < self.target_c - 10
            return (
                self._from_s + self._watch_s,
                "Heating failed, system stopped!" if cold else "Thermal Runaway, system stopped!",
            )
        return math.inf, ""
