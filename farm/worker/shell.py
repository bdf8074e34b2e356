"""The worker's loop: port, desk, cell and run, each at its time. It decides nothing about a print."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from pathlib import Path

import msgspec

from farm.link.events import Event, PrinterReset, Quarantined, Temperatures
from farm.words import (
    Accept,
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
from farm.worker.figures import merged, temps
from farm.worker.heat import HeatWatch
from farm.worker.journal import RunJournal
from farm.worker.line import LineJournal
from farm.worker.place import WorkerPlace
from farm.worker.printer import PrinterSide
from farm.worker.record import RunRecord
from farm.worker.running import JOURNAL_FAILED, Running
from farm.worker.sayings import Sayings
from provisioning.linesock import LineClient, turn

BEAT_S = 0.5  # the interlock wants one a second
REPORT_S = 1.0  # temperatures and progress, at most so often
CELL_SILENT_S = 3.5  # the interlock says something each second; one that is silent supervises nothing
DESK_WORDS, CELL_WORDS = msgspec.json.Decoder(ToWorker), msgspec.json.Decoder(FromInterlock)


class Worker:
    """One printer's process. :meth:`run` returns after :meth:`stop`."""

    def __init__(
        self,
        place: WorkerPlace,
        monotonic_s: Callable[[], float],
        wall_s: Callable[[], float],
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
        lines = LineJournal(Path(place.line))
        self._running = Running(self._printer, self._record, lines, wall_s, self._stop_printer, log)
        self._heat = HeatWatch.of(place.profile)
        self._sayings = Sayings()
        self._is_live = False
        self._cell_heard_s = monotonic_s()
        self._told = PrinterReport(state="offline")
        self._temperatures: Temperatures | None = None
        self._beat_s = self._report_s = 0.0
        self._accepted = ""
        self._stopping = False

    def stop(self) -> None:
        """End the loop; safe from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve the printer until :meth:`stop`; a run under way fails, its printer made safe by the falling relay."""
        self._cell.turn(self._now())  # the cell waits for the beat of a worker that comes back
        if self._record.unfinished is not None:
            self._heat.suspect(self._now())
            self._running.come_back(self._now())
            self._accepted = self._printer.accepted  # until the desk says otherwise
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
        self._running.mind(now_s)
        if self._accepted != self._printer.accepted and not self._running.is_on:
            self._printer.accept(self._accepted, now_s)
        self._tell(now_s)

    def _due_s(self, now_s: float) -> float:
        """When the next chore is due."""
        return max(now_s, min(self._beat_s + BEAT_S, self._report_s + REPORT_S))

    def _on_event(self, event: Event, now_s: float) -> None:
        if isinstance(event, Temperatures):
            self._temperatures = merged(self._temperatures, event)
        elif isinstance(event, PrinterReset):
            self._log(f"printer reset: {event.cause}")
            self._temperatures = None
            self._sayings.forget()
        if said := self._sayings.take(event, now_s):
            self._say(said)
        if self._heat.take(event, now_s, has_run=self._running.is_on):
            self._cut_power("an emergency stop was not confirmed")
        if isinstance(event, Quarantined) and self._running.is_on:
            self._cut_power(
                "a hot printer is not who it was"
            )  # in quarantine it is told nothing, not even to cool
        self._running.take(event, now_s)

    # --- desk and cell ------------------------------------------------------------------------------------------------

    def _say(self, word: Word) -> None:
        self._desk.send(encode(word))

    def _greet(self) -> None:
        self._say(Hello(printer=self._place.printer, pid=self._pid))
        self._say(self._told)
        self._record.say()
        if self._sayings.prompt is not None:
            self._say(self._sayings.prompt)

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
                self._running.lease(lease, now_s, is_live=self._is_live)
            case Known() as known:
                self._record.forget(known)
            case Stop():
                self._running.stop(now_s) if self._running.is_on else self._stop_printer(now_s)
            case Accept(firmware=name):
                self._accepted = name  # heeded when no run is under way
            case Pause() | Resume() | Cancel() as wish:
                self._running.wish(wish, now_s)

    def _subscribe(self) -> None:
        self._cell.send(encode(Subscribe()))
        self._cell.send(encode(Beat(worker=self._place.printer)))

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
        if (self._is_live or self._running.is_on) and now_s - self._cell_heard_s > CELL_SILENT_S:
            self._log("the interlock is silent")
            self._cell.close()  # lost, then: see _lose_cell
            self._set_live(False)
        if self._heat.is_due(now_s):
            self._cut_power("a hot printer cannot be reached")

    def _stop_printer(self, now_s: float) -> None:
        """The firmware's emergency stop. A hot printer that it cannot stop at once loses its cell's power as well."""
        is_immediate = self._printer.link.is_stop_immediate
        is_hot = self._heat.may_be_hot(has_run=self._running.is_on)
        is_sent = self._printer.stop(now_s)
        if is_hot and not is_sent:
            self._cut_power("an emergency stop cannot be sent")
        elif is_hot and not is_immediate:
            self._cut_power("an emergency stop would wait behind what the firmware has to do")

    def _cut_power(self, why: str) -> None:
        self._log(f"asking for the cell's power to go: {why}")
        self._cell.send(encode(Trip(worker=self._place.printer)))

    def _lose_cell(self) -> None:
        """Nobody says that the relay is off, and some kernels leave it on: the printer itself is stopped first."""
        if self._is_live and self._heat.may_be_hot(has_run=self._running.is_on):
            self._printer.stop(self._now())
        self._set_live(False)

    def _set_live(self, is_live: bool) -> None:
        if not is_live and (self._is_live or self._running.is_on):
            self._heat.lose_power(has_run=self._running.is_on)
            self._running.lose_power(self._now())
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
            if self._temperatures is not None:
                self._say(temps(self._temperatures))
            if figures := self._running.figures(now_s):
                self._say(figures)
        self._record.say_again(now_s)

    def _state(self) -> PrinterReport:
        word: PrinterWord = "busy" if self._running.is_on else self._printer.word
        reason = self._printer.reason if self._is_live else "cell_off"
        if word == "idle" and self._record.has_failed:
            word, reason = "offline", JOURNAL_FAILED  # no lease until it can be written again
        link = self._printer.link
        return PrinterReport(
            state=word,
            firmware=link.firmware.name,
            reason=reason,
            dialect=self._printer.profile.dialect,
            window=link.window_lines,
            is_stop_immediate=link.is_stop_immediate,
        )
