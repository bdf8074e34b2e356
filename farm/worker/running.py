"""The run that a worker has: leased, taken over from a worker that died, performed, noted. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from farm.link.events import Event, Found, Held, Ready, SourceDone
from farm.run import Drop, Effect, Hold, Interrupt, Known, PrintRun, Report, RunState, StopNow, Stream, Submit
from farm.run.comeback import NEW_S
from farm.run.moves import HEATERS_OFF
from farm.words import Cancel, Lease, Pause, Progress, Resume
from farm.worker.figures import progress
from farm.worker.job import LeasedJob, LeaseRefused
from farm.worker.journal import JournalEntry
from farm.worker.line import LineJournal
from farm.worker.printer import PrinterSide
from farm.worker.record import RunRecord

JOURNAL_FAILED = "journal_failed"
RESTARTED = "worker_restarted"


class Running:
    """One run or none. Every method that may change it takes the time, monotonic seconds."""

    def __init__(
        self,
        printer: PrinterSide,
        record: RunRecord,
        lines: LineJournal,
        wall_s: Callable[[], float],
        stop_printer: Callable[[float], None],
        log: Callable[[str], None],
    ) -> None:
        self._printer, self._record, self._lines = printer, record, lines
        self._wall_s, self._stop_printer, self._log = wall_s, stop_printer, log
        self._job: LeasedJob | None = None
        self._run: PrintRun | None = None
        self._line = 0  # acknowledged
        self._taken = 0  # a line that was taken for certain

    @property
    def is_on(self) -> bool:
        """Whether there is one."""
        return self._run is not None

    # --- how it begins ------------------------------------------------------------------------------------------------

    def lease(self, lease: Lease, now_s: float, *, is_live: bool) -> None:
        """Take a job, or say why not. A lease that was taken already is answered again."""
        if (known := self._record.entry) is not None:
            if known.run == lease.run:
                self._record.say()
            else:
                self._log(f"lease {lease.run} while the desk does not know how {known.run} ended")
            return
        is_cautious = self._printer.is_cautious
        entry = JournalEntry.begin(lease, now_s, self._printer.accepted, is_cautious=is_cautious)
        try:
            if not is_live:
                raise LeaseRefused("cell_off")
            if not self._printer.is_ready or self._run is not None:
                raise LeaseRefused("printer_not_ready")
            if not self._record.write(entry):
                raise LeaseRefused(JOURNAL_FAILED)
            self._job = LeasedJob(lease)
        except LeaseRefused as error:
            self._record.keep(msgspec.structs.replace(entry, state="failed", reason=error.reason))
            return
        self._record.entry = entry
        self._run = PrintRun(self._printer.profile, self._job, self._job.last)
        self._line = self._taken = 0
        self._perform(self._run.begin(), now_s)
        self._note_line(now_s)

    def come_back(self, now_s: float) -> None:
        """Take over what a worker before this one left unfinished, or end it as failed."""
        entry = self._record.unfinished
        if entry is None:
            return
        self._printer.accepted = entry.accepted  # before anything else: without it the printer is a stranger
        if entry.is_cautious:
            self._printer.use_caution()
        try:
            if entry.stand is None:
                raise LeaseRefused("never_begun")
            self._job = LeasedJob(entry.lease)
        except LeaseRefused as error:
            self._log(f"run {entry.run} cannot be taken over: {error.reason}")
            self._record.end("failed", RESTARTED)
            return
        note = self._lines.read(entry.run, now_s, self._wall_s())
        since_s = now_s - note.age_s if note is not None else float("-inf")
        is_new = 0 <= now_s - entry.begun_s < NEW_S
        known = Known(entry.stand, note.line if note is not None else None, since_s, is_new)
        self._line = self._taken = known.at_least
        self._run = PrintRun.returned(self._printer.profile, self._job, self._job.last, known, now_s)
        if known.wants_adoption:
            self._printer.adopt(self._job, known.at_least)
        self._log(f"run {entry.run} found {entry.stand.state.value} at line {self._line}")

    # --- what happens to it -------------------------------------------------------------------------------------------

    def take(self, event: Event, now_s: float) -> None:
        """An event of the link."""
        if isinstance(event, Ready) and self._run is None:
            for command in HEATERS_OFF:  # whatever an earlier run left behind
                self._printer.link.submit(command)
        if self._run is None:
            return
        if isinstance(event, SourceDone):  # a job so short that no chore has seen it print
            self._taken = event.line
            self._reach(event.line, now_s)
        elif isinstance(event, Held):
            self._line = self._taken = event.next_line - 1
        elif isinstance(event, Found) and event.last is not None:
            self._line = self._taken = event.last
        self._perform(self._run.take(event, now_s), now_s)

    def wish(self, wish: Pause | Resume | Cancel, now_s: float) -> None:
        """What the desk wants of it."""
        if self._run is not None:
            acts = {Pause: self._run.pause, Resume: self._run.resume, Cancel: self._run.cancel}
            self._perform(acts[type(wish)](), now_s)

    def stop(self, now_s: float) -> None:
        """Emergency stop."""
        if self._run is not None:
            self._perform(self._run.stop(), now_s)

    def lose_power(self, now_s: float) -> None:
        """The cell is dead."""
        if self._run is not None:
            self._perform(self._run.lose_power(), now_s)

    def mind(self, now_s: float) -> None:
        """Its deadline, the line it has reached, the note of that line."""
        if self._run is None:
            return
        self._perform(self._run.handle_timeout(now_s), now_s)
        if (line := self._printer.link.acked_line) is not None:
            self._reach(line, now_s)
            # an ok that came twice, or M108's own, counts a line in flight: never more of them than fit the window
            self._taken = max(self._taken, line - self._printer.profile.link.window_lines)
        if self._lines.is_due(now_s):
            self._note_line(now_s)

    def figures(self, now_s: float) -> Progress | None:
        """How far it is."""
        if self._job is None or self._run is None or self._record.entry is None:
            return None
        line = self._job.last if self._run.state is RunState.COOLING else self._line
        return progress(self._job, line, max(0.0, now_s - self._record.entry.begun_s))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _reach(self, line: int, now_s: float) -> None:
        """Remember the last line that was taken; the first layer's begin turns heating into printing."""
        self._line = line
        if self._run is not None and self._job is not None and self._run.state is RunState.HEATING:
            self._perform(self._run.note_layer(self._job.spool.layer_at(line)), now_s)

    def _note_line(self, now_s: float) -> None:
        """Keep the line's note fresh: its age tells how long a print stood still, when somebody comes back.

        Also when the card has failed: a line beyond the old stand that it holds tells that there was a later one. But
        then nobody goes on without an officer, as after a pause of unknown length.
        """
        entry, run = self._record.entry, self._run
        if run is None or entry is None or run.state is RunState.RETURNING:
            return
        try:
            self._lines.note(
                entry.run, self._taken, now_s, self._wall_s(), is_ageless=self._record.has_failed
            )
        except OSError as error:
            self._log(f"the line cannot be noted: {error}")
            self._lines.forget()

    def _perform(self, effects: list[Effect], now_s: float) -> None:
        """Perform, and write down how the run stands before the first byte of it can leave."""
        for effect in effects:
            self._act(effect, now_s)
        if self._run is not None:
            self._record.note(self._run.stand)
            if (
                self._record.has_failed and effects
            ):  # the stand on the card is old now, and the line will tell
                self._note_line(now_s)

    def _act(self, effect: Effect, now_s: float) -> None:
        link = self._printer.link
        match effect:
            case Stream(at=at):
                assert self._job is not None, "a run has a job"
                link.stream(self._job, at)
            case Hold():
                link.hold()
            case Submit(commands=commands):
                for command in commands:
                    link.submit(command)
            case Interrupt():
                link.interrupt()
            case StopNow():
                self._stop_printer(now_s)
            case Report(state=state, reason=reason):
                assert self._record.entry is not None, "a run is on record"
                stand = self._run.stand if self._run is not None else None
                self._record.keep(
                    msgspec.structs.replace(self._record.entry, state=state, reason=reason, stand=stand)
                )
            case Drop():
                self._drop()

    def _drop(self) -> None:
        if self._job is not None:
            self._job.close()
        self._job = self._run = None
        self._printer.forget_adoption()
        self._lines.forget()
