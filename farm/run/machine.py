"""The run: heating, printing, paused, cooling, and the four ways it can end. Pure; times are the caller's seconds."""

from __future__ import annotations

from enum import Enum

from farm.link.events import (
    ColdExtrusion,
    Event,
    Held,
    HostAction,
    PortGone,
    Position,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Settled,
    SourceDone,
    Temperatures,
)
from farm.profiles import Profile
from farm.run.effects import Drop, Effect, Hold, Interrupt, Report, StopNow, Stream, Submit
from farm.run.modes import Job, modes_before
from farm.words import RunWord

LOST: dict[type[Event], str] = {
    PortGone: "printer_lost",
    PrinterReset: "printer_reset",
    PrinterHalted: "printer_halted",
    PrinterSilent: "printer_silent",
}
# a hot nozzle over a part, waiting for nobody: like Marlin's own HOTEND_IDLE_TIMEOUT, but ours
PAUSE_MAX_S = 1800.0
PAUSE_ACTIONS = frozenset({"pause", "out_of_filament"})
HEATERS_OFF = ("M104 S0", "M140 S0", "M107")


class RunState(Enum):
    """Where a run is. Pausing, parking and leaving are on the way; the desk hears the last word reported."""

    HEATING = "heating"
    PRINTING = "printing"
    PAUSING = "pausing"  # waits for the link to hold
    PARKING = "parking"  # waits for the head to be away
    PAUSED = "paused"
    UNPARKING = "unparking"
    LEAVING = "leaving"  # a cancel: heaters off, head away
    COOLING = "cooling"
    ENDED = "ended"


class PrintRun:
    """One attempt at a job on one printer. Every method gives the effects to perform, in order."""

    def __init__(self, profile: Profile, job: Job, lines: int) -> None:
        self._profile = profile
        self._job = job
        self._lines = lines
        self._next = 1
        self._state = RunState.HEATING
        self._word: RunWord = "heating"
        self._at: Position | None = None
        self._wants_cancel = ""  # the reason, while a hold is awaited
        self._until_s: float | None = None  # when a pause or the cooling has lasted too long

    @property
    def state(self) -> RunState:
        """Where it is."""
        return self._state

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`handle_timeout`, in the caller's seconds."""
        return self._until_s

    # --- what the desk wants ------------------------------------------------------------------------------------------

    def begin(self) -> list[Effect]:
        """Start: the job's own first lines heat."""
        return [Report("started"), Report("heating"), Stream(1)]

    def pause(self) -> list[Effect]:
        """Park and keep the heaters; nothing while it is not printing."""
        if self._state is not RunState.PRINTING:
            return []
        self._state = RunState.PAUSING
        return [Hold()]

    def resume(self) -> list[Effect]:
        """Go on where the pause was; nothing while it is not paused."""
        if self._state is not RunState.PAUSED:
            return []
        self._state, self._until_s = RunState.UNPARKING, None
        return [Submit(self._unpark())]

    def cancel(self, reason: str = "") -> list[Effect]:
        """End it and leave a safe printer. ``reason`` makes it a failure instead of an officer's wish."""
        if self._state in (RunState.LEAVING, RunState.ENDED) or self._wants_cancel:
            return []
        if self._state is RunState.COOLING:
            return self._end("failed", reason) if reason else self._end("cancelled")
        self._wants_cancel = reason or "cancelled"
        if self._state in (RunState.HEATING, RunState.PRINTING):
            was_heating = self._state is RunState.HEATING
            self._state = RunState.PAUSING
            return [Hold(), *([Interrupt()] if was_heating else [])]
        if self._state is RunState.PAUSED:
            return self._leave()
        return []  # on its way to or from a park position: it leaves from there

    def stop(self) -> list[Effect]:
        """Emergency: everything off now."""
        if self._state is RunState.ENDED:
            return []
        return [StopNow(), *self._end("failed", "stopped")]

    def lose_power(self) -> list[Effect]:
        """The cell has tripped: there is nobody left to talk to."""
        return [] if self._state is RunState.ENDED else self._end("failed", "cell_tripped")

    # --- what the link tells ------------------------------------------------------------------------------------------

    def take(self, event: Event, now: float) -> list[Effect]:
        """What an event of the link means."""
        if self._state is RunState.ENDED:
            return []
        if reason := LOST.get(type(event)):
            return self._end("failed", reason)
        if isinstance(event, SourceDone):
            return self._leave() if self._wants_cancel else self._cool(now)
        if isinstance(event, Held):
            return self._take_held(event)
        if isinstance(event, Settled):
            return self._take_settled(now)
        return self._take_report(event)

    def _take_report(self, event: Event) -> list[Effect]:
        if isinstance(event, Position):
            self._at = event
        elif isinstance(event, Temperatures):
            return self._take_temperatures(event)
        elif isinstance(event, ColdExtrusion):
            return self.cancel("cold_extrusion")
        elif isinstance(event, HostAction) and event.name in PAUSE_ACTIONS:
            return self.pause()
        return []

    def note_layer(self, layer: int) -> list[Effect]:
        """The job has reached ``layer`` (0: before the first): from the first on, it prints."""
        if self._state is RunState.HEATING and layer >= 1:
            self._state = RunState.PRINTING
            return [self._report("printing")]
        return []

    def handle_timeout(self, now: float) -> list[Effect]:
        """The bed would not cool in time: the part is done all the same. A pause that nobody ends is a failure."""
        if self._until_s is None or now < self._until_s:
            return []
        self._until_s = None
        if self._state is RunState.PAUSED:
            return self.cancel("paused_too_long")
        return self._end("done", "still_warm")

    # --- inside -------------------------------------------------------------------------------------------------------

    def _take_held(self, event: Held) -> list[Effect]:
        if self._state is not RunState.PAUSING:
            return []
        self._next = event.next_line
        if self._wants_cancel:
            return self._leave()
        self._state, self._at = RunState.PARKING, None
        return [Submit(("M400", "M114"))]

    def _take_settled(self, now: float) -> list[Effect]:
        if self._state is RunState.PARKING:
            if self._at is not None and self._word != "paused":
                self._word = "paused"  # asked for its place, now sent away; settled once more it is parked
                return [Submit(self._park(self._at))]
            return self._parked(now)
        if self._state is RunState.UNPARKING:
            if self._wants_cancel:
                return self._leave()
            self._state = RunState.PRINTING
            return [self._report("printing"), Stream(self._next)]
        if self._state is RunState.LEAVING:
            if self._wants_cancel == "cancelled":
                return self._end("cancelled")
            return self._end("failed", self._wants_cancel)
        return []

    def _parked(self, now: float) -> list[Effect]:
        if self._at is None:
            return self.cancel("no_position") or self._leave()
        self._state, self._until_s = RunState.PAUSED, now + PAUSE_MAX_S
        paused = self._report("paused")
        return [paused, *self._leave()] if self._wants_cancel else [paused]

    def _park(self, at: Position) -> tuple[str, ...]:
        park, limits = self._profile.park, self._profile.limits
        up_mm = min(at.z_mm + park.lift_mm, limits.z_max_mm)
        return (
            "G91",
            f"G1 E-{park.retract_mm:g} F{park.retract_mm_min:g}",
            "G90",
            f"G1 Z{up_mm:.3f} F{park.lift_mm_min:g}",
            f"G1 X{park.x_mm:g} Y{park.y_mm:g} F{park.travel_mm_min:g}",
            "M400",
        )

    def _unpark(self) -> tuple[str, ...]:
        park, at = self._profile.park, self._at
        assert at is not None, "paused without a place to return to"
        return (
            "G90",
            f"G1 X{at.x_mm:.3f} Y{at.y_mm:.3f} F{park.travel_mm_min:g}",
            f"G1 Z{at.z_mm:.3f} F{park.lift_mm_min:g}",
            "G91",
            f"G1 E{park.retract_mm:g} F{park.retract_mm_min:g}",
            "G90",
            f"G92 E{at.e_mm:.5f}",
            *modes_before(self._job, self._next).commands(),
        )

    def _leave(self) -> list[Effect]:
        """Heaters off first; then up, never down, and out of the way."""
        self._state, self._until_s = RunState.LEAVING, None
        park = self._profile.park
        lift = ("G91", f"G1 Z{park.lift_mm:g} F{park.lift_mm_min:g}", "G90") if self._next > 1 else ()
        return [Submit((*HEATERS_OFF, *lift, "M84"))]

    def _cool(self, now: float) -> list[Effect]:
        self._state = RunState.COOLING
        self._until_s = now + self._profile.cooling.give_up_s
        return [self._report("cooling"), Submit(HEATERS_OFF)]

    def _take_temperatures(self, seen: Temperatures) -> list[Effect]:
        if self._state is not RunState.COOLING or seen.bed_c is None or seen.bed_target_c not in (0, None):
            return []
        return self._end("done") if seen.bed_c <= self._profile.cooling.part_off_bed_c else []

    def _report(self, word: RunWord) -> Report:
        self._word = word
        return Report(word)

    def _end(self, word: RunWord, reason: str | None = None) -> list[Effect]:
        self._state, self._until_s = RunState.ENDED, None
        return [Report(word, reason or None), Drop()]
