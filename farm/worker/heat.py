"""Whether a printer that nobody can talk to may be hot: then only its cell's power makes it safe. Pure."""

from __future__ import annotations

from farm.link.events import (
    Event,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Temperatures,
)
from farm.profiles import Profile
from farm.run.comeback import RETURN_TALK_MAX_S

# A pulled cable may be put back for so long before the whole cell loses its power: Marlin keeps its heaters at
# target without a host (M85 and HOTEND_IDLE_TIMEOUT are off by default, Configuration_adv.h 2.1).
UNREACHED_S = 60.0


class HeatWatch:
    """What the last temperatures let us fear, heater by heater. Times are the caller's seconds."""

    def __init__(self, *, has_bed: bool = True, talk_max_s: float = RETURN_TALK_MAX_S) -> None:
        """``has_bed``: false where no bed can be heated, so that none is ever told of.

        ``talk_max_s``: a printer that talks and cannot be told to cool is left its power for so long at most.
        """
        self._has_bed, self._talk_max_s = has_bed, talk_max_s
        self._is_nozzle_hot = self._is_bed_hot = False
        self._cut_s: float | None = None
        self._talk_until_s: float | None = None  # while it is out of reach: when talking helps no more

    @classmethod
    def of(cls, profile: Profile) -> HeatWatch:
        """The watch of a printer with this profile."""
        return cls(
            has_bed=profile.limits.bed_max_c > 0,
            talk_max_s=max(RETURN_TALK_MAX_S, profile.link.quiet_max_s),
        )

    def may_be_hot(self, *, has_run: bool) -> bool:
        """Whether a heater may be on: a target was seen, or a run that sets one is under way."""
        return has_run or self._is_nozzle_hot or self._is_bed_hot

    def take(self, event: Event, now_s: float, *, has_run: bool) -> bool:
        """Learn from an event; true when the cell's power must go at once."""
        if isinstance(event, PrinterHalted):
            if event.is_confirmed:
                self.clear()
                return False
            self.lose_power(has_run=has_run)
            return True
        if isinstance(event, PrinterReset):
            self.clear()
        elif isinstance(event, (PortGone, PrinterSilent)):
            if self.may_be_hot(has_run=has_run):
                self._fear(has_run=has_run)
                self._lose(now_s)
        else:
            self._hear(event, now_s, has_run=has_run)
        return False

    def _hear(self, event: Event, now_s: float, *, has_run: bool) -> None:
        """It talks, so it is in reach as soon as it listens: it may be heating, and answers then."""
        if isinstance(event, Temperatures):
            self._read(event)
        if isinstance(event, (Ready, Quarantined)):
            self._talk_until_s = (
                None  # it listens: from here on somebody is in charge, or talking helps no more
            )
            if isinstance(event, Ready) and has_run:
                self._cut_s = None
        elif self._cut_s is not None and self._talk_until_s is not None:
            self._cut_s = min(now_s + UNREACHED_S, self._talk_until_s)

    def _read(self, seen: Temperatures) -> None:
        """What a report does not say stays as it was: some tell one heater at a time, or no target (Prusa's waits)."""
        if seen.nozzle_target_c is not None:
            self._is_nozzle_hot = seen.nozzle_target_c > 0
        if seen.bed_target_c is not None:
            self._is_bed_hot = seen.bed_target_c > 0
        if not self.may_be_hot(has_run=False):
            self._cut_s = self._talk_until_s = None

    def _fear(self, *, has_run: bool) -> None:
        """A run under way may have set any target that was not reported yet."""
        self._is_nozzle_hot = self._is_nozzle_hot or has_run
        self._is_bed_hot = self._is_bed_hot or (has_run and self._has_bed)

    def _lose(self, now_s: float) -> None:
        """It is out of reach from now on, if it was not before."""
        if self._cut_s is None:
            self._cut_s, self._talk_until_s = now_s + UNREACHED_S, now_s + self._talk_max_s

    def suspect(self, now_s: float) -> None:
        """A worker that died left a printer that may be hot: it must be reached in time."""
        self._fear(has_run=True)
        self._lose(now_s)

    def is_due(self, now_s: float) -> bool:
        """Whether a hot printer was out of reach for too long; true once."""
        due = self._cut_s is not None and now_s >= self._cut_s
        if due:
            self._cut_s = self._talk_until_s = None
        return due

    def lose_power(self, *, has_run: bool) -> None:
        """The cell goes dark. A board that lives on USB keeps its targets: with the power its heaters come back on.

        What was hot stays feared until it answers, so that one that stays silent after the reset costs the power again.
        """
        self._fear(has_run=has_run)
        self._cut_s = self._talk_until_s = None

    def clear(self) -> None:
        """Its heaters are off: the firmware started anew or stopped."""
        self._is_nozzle_hot = self._is_bed_hot = False
        self._cut_s = self._talk_until_s = None
