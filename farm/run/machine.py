"""The run: heating, printing, paused, cooling, and the four ways it can end. Pure; times are the caller's seconds."""

from __future__ import annotations

from math import inf

from farm.link.events import (
    Busy,
    ColdExtrusion,
    CommandRefused,
    Event,
    Found,
    Held,
    HostAction,
    InDoubt,
    PortGone,
    Position,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Settled,
    SourceDone,
    Temperatures,
)
from farm.profiles import Profile
from farm.run.comeback import Known, Next, Patience
from farm.run.effects import Drop, Effect, Hold, Interrupt, Report, StopNow, Stream, Submit
from farm.run.modes import Job
from farm.run.moves import ASK_PLACE, HEATERS_OFF, MODES_AT_START, leave, park, unpark
from farm.run.stand import RunState, Stand
from farm.words import RunWord

LOST: dict[type[Event], str] = {
    PortGone: "printer_lost",
    PrinterReset: "printer_reset",
    PrinterHalted: "printer_halted",
    PrinterSilent: "printer_silent",
    InDoubt: "line_in_doubt",
    Quarantined: "printer_unknown",
}
SPOILED: dict[type[Event], str] = {ColdExtrusion: "cold_extrusion", CommandRefused: "command_refused"}
# a hot nozzle over a part, waiting for nobody: like Marlin's own HOTEND_IDLE_TIMEOUT, but ours
PAUSE_MAX_S = 1800.0
# what of //action: pauses a print (Marlin feature/host_actions.cpp; ``paused`` is M600's and Klipper's pause_resume.py
# once the printer has paused by itself), and the reason that is told; ``cancel`` is both firmwares' word
PAUSE_ACTIONS = {
    "pause": "at_printer",
    "paused": "at_printer",
    "out_of_filament": "out_of_filament",
    "filament_runout": "out_of_filament",
}
# a cancel in a heat-up ends the waits that follow too: two of the reports that Marlin makes each second while it waits
INTERRUPT_AGAIN_S = 2.0
RESTARTED = "worker_restarted"


class PrintRun:
    """One attempt at a job on one printer. Every method gives the effects to perform, in order."""

    def __init__(self, profile: Profile, job: Job, lines: int) -> None:
        self._profile = profile
        self._job = job
        self._lines = lines
        self._next = 1
        self._state = RunState.HEATING
        self._is_asked = False  # parking: the head's place was asked for, it has not moved yet
        self._at: Position | None = None  # where it was held
        self._seen: Position | None = None  # where the head said that it is
        self._wants_cancel = ""  # the reason, while a hold is awaited
        self._pause_reason: str | None = None
        self._is_pause_wished = False  # while it heats
        self._again_s = inf  # when a heat-up wait that is still on is ended once more
        self._until_s: float | None = None  # when a pause or the cooling has lasted too long
        self._known: Known | None = None  # returning: what its dead worker had written down
        self._patience: Patience | None = None  # returning: how long it waits for its printer
        self._is_found = False

    @classmethod
    def returned(cls, profile: Profile, job: Job, lines: int, known: Known, now: float) -> PrintRun:
        """The run of a worker that died. It waits for the link's ``Found`` and ``Ready``, then goes on, parks or ends.

        A run that was cooling or leaving needs no ``Found``: :attr:`Known.wants_adoption`.
        """
        run = cls(profile, job, lines)
        run._known, run._patience = known, Patience(known, profile.link.quiet_max_s, now)
        run._state, run._next, run._at = RunState.RETURNING, known.stand.next_line, known.stand.at
        run._wants_cancel = known.stand.reason
        return run

    @property
    def state(self) -> RunState:
        """Where it is."""
        return self._state

    @property
    def stand(self) -> Stand:
        """What must be on the card before the effects reach the printer."""
        state = self._state if self._known is None else self._known.stand.state
        return Stand(state, self._next, self._at, self._wants_cancel)

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`handle_timeout`, in the caller's seconds."""
        return self._until_s if self._patience is None else self._patience.until_s

    # --- what the desk wants ------------------------------------------------------------------------------------------

    def begin(self) -> list[Effect]:
        """Start: the job's own first lines heat."""
        return [Report("started"), Report("heating"), Stream(1)]

    def pause(self, reason: str | None = None) -> list[Effect]:
        """Park and keep the heaters, once it prints. ``reason``: what did it, when no officer did."""
        if self._state is RunState.HEATING:
            self._is_pause_wished, self._pause_reason = True, reason
        if self._state is not RunState.PRINTING:
            return []
        self._state, self._pause_reason = RunState.PAUSING, reason
        return [Hold()]

    def resume(self) -> list[Effect]:
        """Go on where the pause was, or take a wish for one back; nothing while it is not paused."""
        self._is_pause_wished = False
        if self._state is not RunState.PAUSED:
            return []
        assert self._at is not None, "paused without a place to return to"
        self._state, self._until_s, self._pause_reason = RunState.UNPARKING, None, None
        return [Submit(unpark(self._profile, self._at, self._job, self._next))]

    def cancel(self, reason: str = "") -> list[Effect]:
        """End it and leave a safe printer. ``reason`` makes it a failure instead of an officer's wish."""
        if self._state in (RunState.LEAVING, RunState.ENDED) or self._wants_cancel:
            return []
        if self._state is RunState.COOLING:
            return self._end("failed", reason) if reason else self._end("cancelled")
        self._wants_cancel = reason or "cancelled"
        if self._state in (RunState.HEATING, RunState.PRINTING):
            was_heating = self._state is RunState.HEATING
            self._state, self._again_s = RunState.PAUSING, -inf if was_heating else inf
            return [Hold(), *([Interrupt()] if was_heating else [])]
        if self._state is RunState.PAUSED:
            return self._leave()
        return []  # on its way to or from a park position: it leaves from there

    def stop(self) -> list[Effect]:
        """Emergency: everything off now."""
        return [] if self._state is RunState.ENDED else [StopNow(), *self._end("failed", "stopped")]

    def lose_power(self) -> list[Effect]:
        """The cell has tripped: there is nobody left to talk to."""
        return [] if self._state is RunState.ENDED else self._end("failed", "cell_tripped")

    # --- coming back --------------------------------------------------------------------------------------------------

    def _take_returning(self, known: Known, event: Event, now: float) -> list[Effect]:
        if isinstance(event, Found):
            at = known.next_line(event)
            if at is None:
                return self._end("failed", "line_in_doubt")
            self._next, self._is_found = at, True
        elif isinstance(event, Ready):
            if known.wants_adoption and not self._is_found:
                self._wants_cancel = self._wants_cancel or "line_in_doubt"
            return self._go_on(known, now)
        return []

    def _wait(self, patience: Patience, now: float) -> list[Effect]:
        if patience.is_over(now):
            return self._end("failed", "printer_lost")
        if not patience.interrupts(now):
            return []
        self._wants_cancel = self._wants_cancel or RESTARTED  # heat that is not awaited: it does not go on
        return [Interrupt()]

    def _go_on(self, known: Known, now: float) -> list[Effect]:
        """The printer is known again: what becomes of the run."""
        self._known = self._patience = None
        self._state = known.stand.state
        what = known.what_next(self._profile.crash, self._next, self._lines, now)
        if self._wants_cancel or what is Next.LEAVE:
            self._wants_cancel = self._wants_cancel or RESTARTED
            return self._leave(lifts=known.stand.state is not RunState.LEAVING)
        if what is Next.COOL:
            return self._cool(now)
        if what is Next.STREAM:
            return [Stream(self._next)]
        if what is Next.STAY:
            self._until_s = now + PAUSE_MAX_S
            return [Report("paused")]
        self._pause_reason = RESTARTED
        return self._away()

    # --- what the link tells ------------------------------------------------------------------------------------------

    def take(self, event: Event, now: float) -> list[Effect]:
        """What an event of the link means."""
        if self._state is RunState.ENDED:
            return []
        if reason := LOST.get(type(event)):
            return self._end("failed", reason)
        if self._known is not None and self._patience is not None:
            self._patience.hear(now)
            return self._take_returning(self._known, event, now)
        if isinstance(event, SourceDone):
            return self._leave() if self._wants_cancel else self._cool(now)
        if isinstance(event, Held):
            return self._take_held(event)
        if isinstance(event, Settled):
            return self._take_settled(now)
        if self._state is RunState.PAUSING and isinstance(event, Busy | Temperatures):
            return self._end_wait(now)
        return self._take_report(event)

    def _end_wait(self, now: float) -> list[Effect]:
        """The job's next wait for heat may have begun since the last one was ended."""
        if now < self._again_s:
            return []
        is_first, self._again_s = self._again_s == -inf, now + INTERRUPT_AGAIN_S
        return [] if is_first else [Interrupt()]

    def _take_report(self, event: Event) -> list[Effect]:
        if isinstance(event, Position):
            self._seen = event
        elif isinstance(event, Temperatures):
            return self._take_temperatures(event)
        elif reason := SPOILED.get(type(event)):
            return self.cancel(reason)
        elif isinstance(event, HostAction) and (event.name in PAUSE_ACTIONS or event.name == "cancel"):
            return self.cancel() if event.name == "cancel" else self.pause(PAUSE_ACTIONS[event.name])
        return []

    def note_layer(self, layer: int) -> list[Effect]:
        """The job has reached ``layer`` (0: before the first): from the first on, it prints."""
        if self._state is RunState.HEATING and layer >= 1:
            self._state = RunState.PRINTING
            return [Report("printing"), *(self.pause(self._pause_reason) if self._is_pause_wished else [])]
        return []

    def handle_timeout(self, now: float) -> list[Effect]:
        """The bed would not cool in time: the part is done all the same. A pause that nobody ends is a failure."""
        if self._patience is not None:
            return self._wait(self._patience, now)
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
        self._at = None
        return self._away()

    def _away(self) -> list[Effect]:
        """Ask where the head is, then send it away from where the print was held."""
        self._state, self._seen, self._is_asked = RunState.PARKING, None, True
        return [Submit(ASK_PLACE)]

    def _take_settled(self, now: float) -> list[Effect]:
        if self._state is RunState.PARKING:
            return self._take_parking(now)
        if self._state is RunState.UNPARKING:
            if self._wants_cancel:
                return self._leave()
            self._state = RunState.PRINTING
            return [Report("printing"), Stream(self._next)]
        if self._state is RunState.LEAVING:
            is_wish = self._wants_cancel == "cancelled"
            return self._end("cancelled") if is_wish else self._end("failed", self._wants_cancel)
        return []

    def _take_parking(self, now: float) -> list[Effect]:
        if self._is_asked and self._seen is not None:
            self._is_asked, self._at = False, self._at or self._seen
            return [Submit(park(self._profile, self._at, self._seen))]
        if self._at is None or self._is_asked:
            return self.cancel("no_position") or self._leave()
        self._state, self._until_s = RunState.PAUSED, now + PAUSE_MAX_S
        paused = Report("paused", self._pause_reason)
        return [paused, *self._leave()] if self._wants_cancel else [paused]

    def _leave(self, *, lifts: bool = True) -> list[Effect]:
        self._state, self._until_s = RunState.LEAVING, None
        return [Submit(leave(self._profile, lifts=lifts and self._next > 1))]

    def _cool(self, now: float) -> list[Effect]:
        self._state = RunState.COOLING
        self._until_s = now + self._profile.cooling.give_up_s
        return [Report("cooling"), Submit((*HEATERS_OFF, *MODES_AT_START))]

    def _take_temperatures(self, seen: Temperatures) -> list[Effect]:
        if self._state is not RunState.COOLING or seen.bed_c is None or seen.bed_target_c not in (0, None):
            return []
        return self._end("done") if seen.bed_c <= self._profile.cooling.part_off_bed_c else []

    def _end(self, word: RunWord, reason: str | None = None) -> list[Effect]:
        self._state, self._until_s, self._patience = RunState.ENDED, None, None
        return [Report(word, reason or None), Drop()]
