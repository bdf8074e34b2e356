r"""Real workers under a measuring harness: one process a port, driven over standard input, as the desk drives them.

Says ``{"ev": "ready", "pids": [...]}`` when every printer is known. Reads lines: ``go`` (print the file on every port),
``go PORT`` (on that one, as soon as it is free), ``estop PORT`` (emergency stop of the printer with that index),
``reconnect PORT`` (says ``{"ev": "reconnected"}`` when that printer is known again), ``quit``. The workers are those of
the product, from node.toml to journal; desk and interlock are played here, in a process that is not among ``pids``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from farm.bench.job import compile_as_it_is
from farm.words import (
    ENDED,
    Cancel,
    CellState,
    Hello,
    Known,
    Lease,
    PrinterReport,
    RunReport,
    Stop,
    ToDesk,
    encode,
)
from provisioning.errors import Unavailable
from provisioning.linesock import Client, LineServer, turn

STATE_S = 1.0  # an interlock says how its cell is at least so often
STOP_S = 5.0  # what a worker gets between SIGTERM and SIGKILL
COMMANDS_BYTES = 4096
CELL = "cell-1"
NODE = """
node_id = "bench"
kind = "farm"
listen = "127.0.0.1:1"
state = "state"
run = "run"
[farm]
name = "Bench"
[[farm.cells]]
cell_id = "cell-1"
name = "Cell 1"
contacts = { door = 5 }
relay = 17
red = 22
amber = 23
green = 24
buzzer = 25
"""


class Mine:
    """One printer as the desk sees it."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.pid = 0
        self.is_idle = False
        self.is_stopped = (
            False  # by an emergency stop; a worker calls it idle until the printer says that it is halted
        )
        self.wants_run = self.wants_word = False
        self.runs = 0


class Bench:
    """Desk, cell and harness's ear in one loop. :meth:`serve` returns after ``quit`` or the end of the input."""

    def __init__(
        self, folder: Path, printers: int, spool: Path, commands: int, say: Callable[[bytes], None]
    ) -> None:
        """``commands`` is the file descriptor that commands come from."""
        self._selector = selectors.DefaultSelector()
        self._printers = {printer_id(index): Mine() for index in range(printers)}
        self._spool, self._sha256 = spool, hashlib.sha256(spool.read_bytes()).hexdigest()
        self._commands, self._unread, self._say = commands, b"", say
        self._words: msgspec.json.Decoder[ToDesk] = msgspec.json.Decoder(ToDesk)
        self._names: dict[Client, str] = {}
        self._stopping = self._is_told = False
        self._desk = LineServer(folder / "run" / "desk.sock", self._selector, self._on_desk)
        self._cell = LineServer(
            folder / "run" / f"interlock-{CELL}.sock",
            self._selector,
            lambda client, _line: self._live(client),
        )
        self._selector.register(commands, selectors.EVENT_READ, lambda _mask: self._read())

    def serve(self, workers: list[subprocess.Popen[bytes]]) -> None:
        """Play desk and cell until there is nothing left to do.

        Raises:
            Unavailable: ``worker_ended``.
        """
        state_s = 0.0
        while not self._stopping:
            turn(self._selector, STATE_S)
            if any(worker.poll() is not None for worker in workers):
                raise Unavailable("worker_ended")
            if time.monotonic() - state_s >= STATE_S:
                state_s = time.monotonic()
                self._cell.broadcast(self._state())
        self._desk.close()
        self._cell.close()
        self._selector.close()

    # --- the harness ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        data = os.read(self._commands, COMMANDS_BYTES)
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._obey(line.decode("utf-8", "replace").split())
        self._stopping = self._stopping or not data

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["go"]:
                for mine in self._printers.values():
                    mine.wants_run = True
                self._look()
            case ["go", index] if (chosen := self._mine(index)) is not None:
                chosen.wants_run = True
                self._look()
            case ["estop", index] if (stopped := self._mine(index)) is not None:
                stopped.is_idle, stopped.is_stopped = False, True
                self._tell(stopped, encode(Stop()))
            case ["reconnect", index] if (awaited := self._mine(index)) is not None:
                awaited.wants_word = True
                self._look()
            case ["quit"]:
                self._stopping = True

    def _mine(self, index: str) -> Mine | None:
        return self._printers.get(printer_id(int(index))) if index.isdecimal() else None

    def _look(self) -> None:
        """Do what waits for a printer to be free."""
        for name, mine in self._printers.items():
            if not mine.is_idle:
                continue
            if mine.wants_word:
                mine.wants_word = False
                self._say(b'{"ev":"reconnected"}\n')
            if mine.wants_run:
                mine.wants_run, mine.is_idle, mine.runs = False, False, mine.runs + 1
                run = f"{name}-{mine.runs}"
                self._tell(mine, encode(Lease(run, "bench", str(self._spool), self._sha256)))
        if not self._is_told and all(mine.is_idle for mine in self._printers.values()):
            self._is_told = True
            pids = sorted({mine.pid for mine in self._printers.values()})
            self._say(msgspec.json.encode({"ev": "ready", "pids": pids}) + b"\n")

    # --- the desk and the cell ------------------------------------------------------------------------------------

    def _tell(self, mine: Mine, word: bytes) -> None:
        if mine.client is not None:
            self._desk.send(mine.client, word)

    def _on_desk(self, client: Client, line: bytes) -> None:
        word = self._words.decode(line)
        if isinstance(word, Hello):
            self._names[client] = word.printer
            mine = self._printers[word.printer]
            mine.client, mine.pid = client, word.pid
            return
        mine = self._printers[self._names[client]]
        if isinstance(word, PrinterReport):
            mine.is_stopped = mine.is_stopped and word.state in ("idle", "busy")
            mine.is_idle = word.state == "idle" and not mine.is_stopped
            if word.state == "quarantined":
                self._say(msgspec.json.encode({"ev": "error", "what": word.reason}) + b"\n")
            self._look()
        elif isinstance(word, RunReport) and word.state == "cooling":
            self._tell(mine, encode(Cancel()))  # a fake bed stays as warm as it says
        elif isinstance(word, RunReport) and word.state in ENDED:
            self._tell(mine, encode(Known(word.run, word.state)))

    def _live(self, client: Client) -> None:
        self._cell.send(client, self._state())

    def _state(self) -> bytes:
        workers = dict.fromkeys(self._printers, True)
        state = CellState(CELL, True, True, None, {"door": True}, workers, "2026-01-01T00:00:00.000Z")
        return encode(state)


def printer_id(index: int) -> str:
    """The name of the printer at the port with this index."""
    return f"printer-{index}"


def drive(gcode: Path, ports: tuple[Path, ...], profile_id: str) -> None:
    """Serve the harness on standard input and output.

    Raises:
        Unavailable: ``worker_ended``.
        OSError: ``gcode`` cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="pb") as name:
        folder = Path(name)
        for sub in ("state", "run"):
            (folder / sub).mkdir()
        compile_as_it_is(gcode, folder / "job.spool")
        (folder / "site.toml").write_text('site_id = "bench"\nname = "Bench"\n')
        (folder / "node.toml").write_text(NODE + "".join(_sections(ports, profile_id)))
        bench = Bench(
            folder,
            len(ports),
            folder / "job.spool",
            sys.stdin.fileno(),
            lambda line: _say(line, sys.stdout.fileno()),
        )
        with _workers(folder, len(ports)) as workers:
            bench.serve(workers)


def _say(line: bytes, fd: int) -> None:
    os.write(fd, line)


def _sections(ports: tuple[Path, ...], profile_id: str) -> Iterator[str]:
    for index, port in enumerate(ports):
        path = msgspec.json.encode(str(port.absolute())).decode()  # a JSON string is one of TOML's
        name = printer_id(index)
        yield f'[[farm.printers]]\nprinter_id = "{name}"\nname = "{name}"\ncell = "{CELL}"\n'
        yield f'port = {path}\nprofile = "{profile_id}"\n'


@contextlib.contextmanager
def _workers(folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes, quiet; none is left behind."""
    program = (sys.executable, "-c", "from farm.cli import main; main()", "worker")
    place = ("--config", str(folder / "node.toml"))
    started: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / "workers.log").open("wb") as log:
            started += (
                subprocess.Popen(
                    (*program, *place, "--printer", printer_id(index)), stderr=log, stdin=subprocess.DEVNULL
                )
                for index in range(count)
            )
        yield started
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            try:
                worker.wait(STOP_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
