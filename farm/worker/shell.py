"""The worker's loop: events to the run, effects to printer and desk. It decides nothing about a print."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from pathlib import Path

import msgspec

from farm.link.events import (
    Event,
    PrinterReset,
    SourceDone,
    Temperatures,
)
from farm.run import Drop, Effect, Hold, Interrupt, PrintRun, Report, RunState, StopNow, Stream, Submit
from farm.words import (
    Beat,
    Cancel,
    CellState,
    FromInterlock,
    Hello,
    Known,
    Lease,
    Pause,
    PrinterReport,
    PrinterWord,
    Resume,
    Stop,
    Subscribe,
    ToWorker,
    Trip,
    Word,
    encode,
)
from farm.worker.figures import progress, temps
from farm.worker.heat import HeatWatch
from farm.worker.job import LeasedJob, LeaseRefused
from farm.worker.journal import JournalEntry, RunJournal
from farm.worker.place import WorkerPlace
from farm.worker.printer import PrinterSide
from farm.worker.record import RunRecord
from provisioning.linesock import LineClient, turn

BEAT_S = 0.5  # the interlock wants one a second
REPORT_S = 1.0  # temperatures and progress, at most so often
CELL_SILENT_S = 3.5  # the interlock says something each second; one that is silent supervises nothing
JOURNAL_FAILED = "journal_failed"
DESK_WORDS, CELL_WORDS = msgspec.json.Decoder(ToWorker), msgspec.json.Decoder(FromInterlock)


class Worker:
    """One printer's process. :meth:`run` returns after :meth:`stop`."""

    def __init__(
        self,
        place: WorkerPlace,
        monotonic_s: Callable[[], float],
        log: Callable[[str], None],
        alive: Callable[[], None],
        pid: int,
    ) -> None:
        self._place, self._now, self._log, self._alive, self._pid = place, monotonic_s, log, alive, pid
        self._selector = selectors.EpollSelector()
        self._desk = LineClient(Path(place.desk_socket), self._selector, self._on_desk, self._greet)
        self._cell = LineClient(
            Path(place.cell_socket), self._selector, self._on_cell, self._subscribe, self._lose_cell
        )
        self._record = RunRecord(RunJournal(Path(place.journal)), monotonic_s, self._say, log)
        self._printer = PrinterSide(place, self._selector.fileno(), monotonic_s, self._on_event)
        self._link = self._printer.link
        self._job: LeasedJob | None = None
        self._run: PrintRun | None = None
        self._heat = HeatWatch()
        self._is_live = False
        self._cell_heard_s = 0.0
        self._told = PrinterReport(state="offline")
        self._temperatures: Temperatures | None = None
        self._begun_s = self._beat_s = self._report_s = 0.0
        self._line = 0
        self._stopping = False

    def stop(self) -> None:
        """End the loop; safe from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve the printer until :meth:`stop`; a run under way fails, its printer made safe by the falling relay."""
        self._record.fail_unfinished()
        while not self._stopping:
            self._turn()
        self._cell.close()  # a hot printer is stopped first: see _lose_cell
        self._printer.close()
        self._desk.close()
        self._selector.close()

    # --- one turn -----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Every chore once, in between the printer's own loop."""
        now_s = self._now()
        self._alive()
        self._desk.turn(now_s)
        self._cell.turn(now_s)
        if self._is_live:
            self._printer.look(now_s)
        self._printer.serve(self._due_s(now_s))
        turn(self._selector, 0.0)
        now_s = self._now()
        self._mind_cell(now_s)
        self._printer.handle_timeout(now_s)
        if self._run is not None:
            self._perform(self._run.handle_timeout(now_s), now_s)
        if self._link.next_line is not None:
            self._note_line(self._link.next_line - 1, now_s)
        self._tell(now_s)

    def _due_s(self, now_s: float) -> float:
        """When the next chore is due."""
        return max(now_s, min(self._beat_s + BEAT_S, self._report_s + REPORT_S))

    def _on_event(self, event: Event, now_s: float) -> None:
        if isinstance(event, Temperatures):
            self._temperatures = event
        elif isinstance(event, PrinterReset):
            self._log(f"printer reset: {event.cause}")
        if self._heat.take(event, now_s, has_run=self._run is not None):
            self._cut_power("an emergency stop was not confirmed")
        if self._run is not None:
            if isinstance(event, SourceDone):  # a job so short that no chore has seen it print
                self._note_line(event.line, now_s)
            self._perform(self._run.take(event, now_s), now_s)

    def _note_line(self, line: int, now_s: float) -> None:
        """Remember the last line that was taken; the first layer's begin turns heating into printing."""
        if self._run is None or self._job is None:
            return
        self._line = line
        if self._run.state is RunState.HEATING:
            self._perform(self._run.note_layer(self._job.spool.layer_at(line)), now_s)

    # --- effects ------------------------------------------------------------------------------------------------------

    def _perform(self, effects: list[Effect], now_s: float) -> None:
        for effect in effects:
            match effect:
                case Stream(at=at):
                    assert self._job is not None, "a run has a job"
                    self._link.stream(self._job, at)
                case Hold():
                    self._link.hold()
                case Submit(commands=commands):
                    for command in commands:
                        self._link.submit(command)
                case Interrupt():
                    self._link.interrupt()
                case StopNow():
                    self._stop_printer(now_s)
                case Report(state=state, reason=reason):
                    assert self._job is not None, "a run has a job"
                    lease = self._job.lease
                    self._record.keep(JournalEntry(lease.run, lease.job, state, reason))
                case Drop():
                    self._drop()

    def _drop(self) -> None:
        if self._job is not None:
            self._job.close()
        self._job = self._run = None

    # --- desk and cell ------------------------------------------------------------------------------------------------

    def _say(self, word: Word) -> None:
        self._desk.send(encode(word))

    def _greet(self) -> None:
        self._say(Hello(printer=self._place.printer, pid=self._pid))
        self._say(self._told)
        self._record.say()

    def _on_desk(self, line: bytes) -> None:
        now_s = self._now()
        try:
            word = DESK_WORDS.decode(line)
        except msgspec.DecodeError as error:
            self._log(f"the desk said what is no word: {error}")
            self._desk.close()
            return
        match word:
            case Lease() as lease:
                self._take_lease(lease, now_s)
            case Known() as known:
                self._record.forget(known)
            case Stop():
                self._perform(self._run.stop(), now_s) if self._run else self._stop_printer(now_s)
            case Pause() | Resume() | Cancel() as wish:
                self._wish(wish, now_s)

    def _wish(self, wish: Pause | Resume | Cancel, now_s: float) -> None:
        if self._run is None:
            return
        acts = {Pause: self._run.pause, Resume: self._run.resume, Cancel: self._run.cancel}
        self._perform(acts[type(wish)](), now_s)

    def _take_lease(self, lease: Lease, now_s: float) -> None:
        if (entry := self._record.entry) is not None:
            if entry.run == lease.run:
                self._record.say()
            else:
                self._log(f"lease {lease.run} while the desk does not know how {entry.run} ended")
            return
        try:
            if not self._is_live:
                raise LeaseRefused("cell_off")
            if not self._link.is_ready or self._run is not None:
                raise LeaseRefused("printer_not_ready")
            if not self._record.write(JournalEntry(lease.run, lease.job, "started")):
                raise LeaseRefused(JOURNAL_FAILED)
            self._job = LeasedJob(lease)
        except LeaseRefused as error:
            self._record.keep(JournalEntry(lease.run, lease.job, "failed", error.reason))
            return
        self._run = PrintRun(self._place.profile, self._job, self._job.last)
        self._begun_s, self._line = now_s, 0
        self._perform(self._run.begin(), now_s)

    def _subscribe(self) -> None:
        self._cell.send(encode(Subscribe()))
        self._beat_s = 0.0

    def _on_cell(self, line: bytes) -> None:
        self._cell_heard_s = self._now()
        try:
            word = CELL_WORDS.decode(line)
        except msgspec.DecodeError as error:
            self._log(f"the interlock said what is no word: {error}")
            self._cell.close()
            return
        if isinstance(word, CellState):
            self._set_live(word.live)

    def _mind_cell(self, now_s: float) -> None:
        """An interlock that hangs guards nobody; a hot printer out of reach is for the interlock to switch off."""
        if self._is_live and now_s - self._cell_heard_s > CELL_SILENT_S:
            self._log("the interlock is silent")
            self._cell.close()  # lost, then: see _lose_cell
        if self._heat.is_due(now_s):
            self._cut_power("a hot printer cannot be reached")

    def _stop_printer(self, now_s: float) -> None:
        """M112; a hot printer that it cannot be sent to loses its power."""
        if not self._printer.stop(now_s) and self._heat.may_be_hot(has_run=self._run is not None):
            self._cut_power("an emergency stop cannot be sent")

    def _cut_power(self, why: str) -> None:
        self._log(f"asking for the cell's power to go: {why}")
        self._cell.send(encode(Trip(worker=self._place.printer)))

    def _lose_cell(self) -> None:
        """Nobody says that the relay is off, and some kernels leave it on: the printer itself is stopped first."""
        if self._is_live and self._heat.may_be_hot(has_run=self._run is not None):
            self._printer.stop(self._now())
        self._set_live(False)

    def _set_live(self, is_live: bool) -> None:
        if self._is_live and not is_live:
            self._heat.lose_power(has_run=self._run is not None)
            if self._run is not None:
                self._perform(self._run.lose_power(), self._now())
            self._printer.close()
            self._temperatures = None
        self._is_live = is_live

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, now_s: float) -> None:
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            self._cell.send(encode(Beat(worker=self._place.printer)))
        report = self._state()
        if report != self._told:
            self._told = report
            self._say(report)
        if now_s - self._report_s >= REPORT_S:
            self._report_s = now_s
            self._record.try_again()
            self._tell_figures(now_s)
        self._record.say_again(now_s)

    def _tell_figures(self, now_s: float) -> None:
        if self._temperatures is not None:
            self._say(temps(self._temperatures))
        if self._job is not None and self._run is not None:
            line = self._job.last if self._run.state is RunState.COOLING else self._line
            self._say(progress(self._job, line, now_s - self._begun_s))

    def _state(self) -> PrinterReport:
        word: PrinterWord = "busy" if self._run is not None else self._printer.word
        reason = self._printer.reason if self._is_live else "cell_off"
        if word == "idle" and self._record.has_failed:
            word, reason = "offline", JOURNAL_FAILED  # no lease until it can be written again
        return PrinterReport(state=word, firmware=self._link.firmware.name, reason=reason)
