"""The desk's one thread towards the machines: workers, cells, badge reader, scale; it ticks the queue as well."""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from farm.desk.live import Live
from farm.desk.runs import RunDesk
from farm.desk.scale import Scale
from farm.desk.store import DeskStore
from farm.words import (
    Accept,
    Ack,
    CellEvent,
    CellRefused,
    CellState,
    FromInterlock,
    Hello,
    PrinterReport,
    PrinterSays,
    Progress,
    Reset,
    RunReport,
    Subscribe,
    Temps,
    ToDesk,
    Word,
    encode,
)
from provisioning.audit import Trail
from provisioning.clock import Clock
from provisioning.errors import Corrupt, PassageError, Tripped, Unavailable
from provisioning.linesock import Client, LineClient, LineServer, turn
from provisioning.readers.words import BadgeSeen, read_reader_word
from provisioning.store import Store

log = logging.getLogger("passage.floor")

TICK_S = 0.5
RESET_S = 3.0  # longest wait for a cell's answer to a reset


class WorkerDoor:
    """``desk.sock``: one connection per printer's worker."""

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, live: Live, runs: RunDesk, own: DeskStore
    ) -> None:
        self._live, self._runs, self._own = live, runs, own
        self._words: msgspec.json.Decoder[ToDesk] = msgspec.json.Decoder(ToDesk)
        self._printer_of: dict[Client, str] = {}
        self._server = LineServer(path, selector, self._on_line, on_close=self._on_close)

    def send(self, printer_id: str, word: Word) -> bool:
        """Say a word to a printer's worker; false when there is none. Only from the floor's own thread."""
        for client, name in self._printer_of.items():
            if name == printer_id:
                self._server.send(client, encode(word))
                return True
        return False

    def close(self) -> None:
        """End every connection."""
        self._server.close()

    def _on_line(self, client: Client, line: bytes) -> None:
        try:
            self._heard(client, self._words.decode(line))
        except (msgspec.DecodeError, KeyError) as error:
            log.warning("a worker said what is no word: %s", error)
            self._server.drop(client)

    def _heard(self, client: Client, word: ToDesk) -> None:
        if isinstance(word, Hello):
            self._greet(client, word)
            return
        printer_id = self._printer_of[client]  # a worker that does not say who it is is no worker
        match word:
            case PrinterReport():
                self._runs.note_printer(printer_id, word)
            case PrinterSays():
                self._live.note_says(printer_id, word)
            case Temps():
                self._live.note_temps(printer_id, word)
            case Progress():
                self._runs.note_progress(printer_id, word)
            case RunReport():
                self._runs.note(printer_id, word)

    def _greet(self, client: Client, word: Hello) -> None:
        if not self._live.knows(word.printer):
            raise KeyError(word.printer)
        for other in [one for one, name in self._printer_of.items() if name == word.printer]:
            self._server.drop(other)  # a worker that came back before its old connection was seen to end
        self._printer_of[client] = word.printer
        self._live.connect(word.printer, True)
        if (accepted := self._own.acceptance(word.printer)) is not None:
            self._server.send(client, encode(Accept(accepted.firmware)))
        log.info("worker of %s is here, pid %d", word.printer, word.pid)

    def _on_close(self, client: Client) -> None:
        printer_id = self._printer_of.pop(client, None)
        if printer_id is not None and printer_id not in self._printer_of.values():
            self._live.connect(printer_id, False)
            log.info("worker of %s is gone", printer_id)


class CellDoor:
    """One interlock's socket: states kept live, events into the audit trail and only then acknowledged."""

    def __init__(
        self,
        cell_id: str,
        path: Path,
        selector: selectors.BaseSelector,
        live: Live,
        own: DeskStore,
        trail: Trail,
        store: Store,
    ) -> None:
        self._cell_id, self._live, self._own, self._trail, self._store = cell_id, live, own, trail, store
        self._words: msgspec.json.Decoder[FromInterlock] = msgspec.json.Decoder(FromInterlock)
        self._line = LineClient(path, selector, self._on_line, self._on_open, self._on_close)
        self._answers: deque[_Answer] = deque()

    def turn(self, now_s: float) -> None:
        """Dial again when it is time."""
        self._line.turn(now_s)

    def reset(self, word: Reset, answer: _Answer) -> None:
        """Pass an officer's reset on; only from the floor's own thread."""
        self._answers.append(answer)
        if not self._line.send(encode(word)):
            self._answers.pop()
            answer.give(CellRefused("interlock_away"))

    def close(self) -> None:
        """End the connection."""
        self._line.close()

    def _on_open(self) -> None:
        self._line.send(encode(Subscribe()))

    def _on_close(self) -> None:
        self._live.note_cell(self._cell_id, None, connected=False)
        self._answer(CellRefused("interlock_away"))

    def _on_line(self, line: bytes) -> None:
        try:
            word = self._words.decode(line)
        except msgspec.DecodeError as error:
            log.warning("cell %s said what is no word: %s", self._cell_id, error)
            self._line.close()
            return
        match word:
            case CellState():
                self._live.note_cell(self._cell_id, word)
                if word.live:
                    self._answer(None)
            case CellEvent():
                self._record(word)
            case CellRefused():
                self._answer(word)

    def _answer(self, refused: CellRefused | None) -> None:
        while self._answers:
            self._answers.popleft().give(refused)

    def _record(self, event: CellEvent) -> None:
        with self._store.atomic():
            if self._own.first_hearing(self._cell_id, event.seq, event.at_utc):
                actor = event.by if event.what == "reset" else self._cell_id
                self._trail.record(
                    actor, f"cell_{event.what}", self._cell_id, by=event.by, at_utc=event.at_utc
                )
        self._line.send(encode(Ack(event.seq)))


class _Answer:
    """What a cell said to a reset; waited for by the thread of a page."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._refused: CellRefused | None = None

    def give(self, refused: CellRefused | None) -> None:
        self._refused = refused
        self._given.set()

    def wait(self) -> CellRefused | None:
        if not self._given.wait(RESET_S):
            return CellRefused("interlock_away")
        return self._refused


class Floor:
    """The thread itself. Pages reach it by :meth:`tell` and :meth:`reset`."""

    def __init__(
        self,
        run_dir: Path,
        cells: list[str],
        live: Live,
        runs: RunDesk,
        own: DeskStore,
        trail: Trail,
        store: Store,
        scale: Scale,
        clock: Clock,
    ) -> None:
        self._run_dir, self._cell_ids = run_dir, cells
        self._live, self._runs, self._clock, self._scale = live, runs, clock, scale
        self._own, self._trail, self._store = own, trail, store
        self._todo: deque[Callable[[], object]] = deque()
        self._cells: dict[str, CellDoor] = {}
        self._workers: WorkerDoor | None = None
        self._wake_out = -1
        self._stopping = False
        self.failed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="floor", daemon=True)

    def start(self) -> None:
        """Open the sockets and begin.

        Raises:
            OSError: a socket cannot be made.
        """
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._drain)
        workers = self._workers = WorkerDoor(
            self._run_dir / "desk.sock", self._selector, self._live, self._runs, self._own
        )
        self._runs.send = workers.send
        for cell in self._cell_ids:
            path = self._run_dir / f"interlock-{cell}.sock"
            self._cells[cell] = CellDoor(
                cell, path, self._selector, self._live, self._own, self._trail, self._store
            )
        self._reader = LineServer(
            self._run_dir / "reader.sock",
            self._selector,
            self._on_reader,
            self._reader_came,
            self._reader_went,
        )
        self._scale.open(self._selector, self._live.note_weight)
        self._thread.start()
        self.look()

    def stop(self) -> None:
        """End, and let every connection go."""
        self._stopping = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def tell(self, printer_id: str, word: Word) -> None:
        """Say a word to a worker, from any thread.

        Raises:
            Unavailable: ``worker_away``.
        """
        if not self._live.printer(printer_id).connected:
            raise Unavailable("worker_away", printer=printer_id)
        self._post(lambda: self._runs.send(printer_id, word))

    def reset(self, cell_id: str, officer_id: str, role: str) -> None:
        """Ask a cell to go live and wait for its answer, from any thread.

        Raises:
            Tripped: the cell refused: ``contacts_open worker_silent contact_unknown role_not_allowed``.
            Unavailable: ``interlock_away``.
        """
        answer = _Answer()
        self._post(lambda: self._cells[cell_id].reset(Reset(officer_id, role), answer))
        refused = answer.wait()
        if refused is not None and refused.code == "interlock_away":
            raise Unavailable("interlock_away", cell=cell_id)
        if refused is not None:
            raise Tripped(refused.code, what=refused.detail)

    def look(self) -> None:
        """Something changed that may let a job start: look now."""
        self._post(lambda: None)

    def _post(self, act: Callable[[], object]) -> None:
        self._todo.append(act)
        self._wake()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        finally:
            if not self._stopping:
                self.failed.set()  # a bug: the process ends with its traceback, see farm/cli.py
            self._close()

    def _turn(self) -> None:
        turn(self._selector, TICK_S)
        while self._todo:
            self._todo.popleft()()
        now_s = self._clock.monotonic_s()
        for door in self._cells.values():
            door.turn(now_s)
        try:
            self._runs.turn()
        except PassageError as error:  # a full disk or a race with a page: the next tick tries again
            log.error("queue: %s", error)

    def _close(self) -> None:
        if self._workers is not None:
            self._workers.close()
        for door in self._cells.values():
            door.close()
        self._reader.close()
        self._scale.close()
        self._selector.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _on_reader(self, client: Client, line: bytes) -> None:
        try:
            word = read_reader_word(line)
        except Corrupt as error:
            log.warning("the badge reader said what is no word: %s", error)
            self._reader.drop(client)
            return
        if isinstance(word, BadgeSeen):
            self._live.note_badge(word.uid)

    def _reader_came(self, _client: Client) -> None:
        self._live.reader_connected = True

    def _reader_went(self, _client: Client) -> None:
        self._live.reader_connected = False

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"x")
        except OSError:
            return  # a wake-up is waiting already, or nobody is left to wake

    def _drain(self, _mask: int) -> None:
        os.read(self._wake_in, 4096)
