"""Whether a printer that nobody can talk to may be hot: then only its cell's power makes it safe. Pure."""

from __future__ import annotations

from farm.link.events import Event, PortGone, PrinterHalted, PrinterReset, PrinterSilent, Ready, Temperatures

# A pulled cable may be put back for so long before the whole cell loses its power: Marlin keeps its heaters at
# target without a host (M85 and HOTEND_IDLE_TIMEOUT are off by default, Configuration_adv.h 2.1).
UNREACHED_S = 60.0


class HeatWatch:
    """What the last temperatures let us fear. Times are the caller's seconds."""

    def __init__(self) -> None:
        self._is_heating = False
        self._cut_s: float | None = None

    def may_be_hot(self, *, has_run: bool) -> bool:
        """Whether a heater may be on: a target was seen, or a run that sets one is under way."""
        return has_run or self._is_heating

    def take(self, event: Event, now_s: float, *, has_run: bool) -> bool:
        """Learn from an event; true when the cell's power must go at once."""
        if isinstance(event, Temperatures):
            self._is_heating = bool(event.nozzle_target_c) or bool(event.bed_target_c)
            self._cut_s = self._cut_s if self._is_heating else None
        elif isinstance(event, PrinterReset):
            self.clear()
        elif isinstance(event, Ready) and has_run:  # in reach again, and somebody is in charge of its heat
            self._cut_s = None
        elif isinstance(event, PrinterHalted):
            if event.is_confirmed:
                self.clear()
                return False
            self.lose_power(has_run=has_run)
            return True
        elif isinstance(event, (PortGone, PrinterSilent)) and self.may_be_hot(has_run=has_run):
            self._is_heating = True
            self._cut_s = now_s + UNREACHED_S if self._cut_s is None else self._cut_s
        return False

    def suspect(self, now_s: float) -> None:
        """A worker that died left a printer that may be hot: it must be reached in time."""
        self._is_heating, self._cut_s = True, now_s + UNREACHED_S

    def is_due(self, now_s: float) -> bool:
        """Whether a hot printer was out of reach for too long; true once."""
        due = self._cut_s is not None and now_s >= self._cut_s
        if due:
            self._cut_s = None
        return due

    def lose_power(self, *, has_run: bool) -> None:
        """The cell goes dark. A board that lives on USB keeps its targets: with the power its heaters come back on.

        What was hot stays feared until it answers, so that one that stays silent after the reset costs the power again.
        """
        self._is_heating, self._cut_s = self.may_be_hot(has_run=has_run), None

    def clear(self) -> None:
        """Its heaters are off: the firmware started anew or stopped."""
        self._is_heating, self._cut_s = False, None
