"""Starts, watches, restarts and kills the site's processes, as systemd does on real nodes."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provisioning.sim.units import Unit

ProcessState = Literal["off", "starting", "ready", "restarting", "failed"]
STOP_S = 5.0  # what a process gets between SIGTERM and SIGKILL
GIVE_UP_STARTS = 5  # never came up once: a mistake to be told; what once did is restarted for ever


@dataclass
class Managed:
    """One process of one node."""

    name: str
    node_id: str
    unit: Unit
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    state: ProcessState = "off"
    wanted: bool = False
    restarts: int = 0
    last_pet_s: float = 0.0
    start_again_s: float | None = None
    starts: int = 0
    was_ready: bool = False
    notify: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid if self.process and self.process.returncode is None else None


def resident_kib(pid: int) -> int:
    """Resident memory of a process in KiB, from /proc; 0 when it is gone."""
    return _status_kib(Path(f"/proc/{pid}/status"), "VmRSS:")


def proportional_kib(pid: int) -> int:
    """Resident memory with shared pages divided among their users, in KiB; 0 when it is gone."""
    return _status_kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _status_kib(path: Path, key: str) -> int:
    with contextlib.suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0


class Supervisor:
    """The processes of a whole site on one machine. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._managed: dict[str, Managed] = {}
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._changed = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def add(self, name: str, node_id: str, unit: Unit, environment: dict[str, str], log: Path) -> None:
        """Make a process known; it is off until :meth:`restore` or :meth:`start_all`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        managed = Managed(name, node_id, unit, environment, log)
        managed.notify = self._notify_socket(name)
        self._managed[name] = managed

    def processes(self) -> list[Managed]:
        """All of them, in the order in which they were added."""
        with self._lock:
            return list(self._managed.values())

    def names(self, node_id: str = "") -> list[str]:
        """Names of all processes, or of one node's."""
        return [one.name for one in self.processes() if node_id in ("", one.node_id)]

    def start_all(self, names: Iterable[str] | None = None) -> None:
        """Start what is off; returns at once."""
        with self._lock:
            if not self._thread.is_alive():
                self._thread.start()
            for name in list(names if names is not None else self._managed):
                managed = self._managed[name]
                if managed.pid is None:
                    managed.wanted = True
                    managed.starts = 0
                    self._start(managed)

    def wait_ready(
        self, names: Iterable[str], timeout_s: float, tell: Callable[[str], None] = lambda _name: None
    ) -> list[str]:
        """Wait until the named processes said READY; the names of those that did not."""
        waiting = list(names)
        deadline_s = time.monotonic() + timeout_s
        with self._lock:
            while waiting and (left_s := deadline_s - time.monotonic()) > 0:
                for name in [name for name in waiting if self._managed[name].state == "ready"]:
                    waiting.remove(name)
                    tell(name)
                if any(self._managed[name].state == "failed" for name in waiting):
                    return waiting
                if waiting:
                    self._changed.wait(min(left_s, 0.5))
        return waiting

    def kill(self, name: str) -> int | None:
        """SIGKILL one process; it is restarted by its unit's rule. The pid it had."""
        with self._lock:
            managed = self._managed[name]
            pid = managed.pid
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            return pid

    def cut(self, node_id: str) -> None:
        """Cut a node's power: SIGKILL all its processes and leave them dead."""
        with self._lock:
            for managed in self._managed.values():
                if managed.node_id == node_id:
                    managed.wanted = False
                    managed.start_again_s = None
                    if managed.pid is not None:
                        os.kill(managed.pid, signal.SIGKILL)

    def stop(self, name: str) -> None:
        """Stop one process in good order and leave it stopped."""
        with self._lock:
            managed = self._managed[name]
            managed.wanted = False
            managed.start_again_s = None
        self._end([managed])

    def restore(self, node_id: str) -> None:
        """Give a node its power back."""
        self.start_all(self.names(node_id))

    def is_powered(self, node_id: str) -> bool:
        """Whether a node's processes are wanted."""
        return any(one.wanted for one in self.processes() if one.node_id == node_id)

    def stop_all(self) -> None:
        """SIGTERM to all, SIGKILL to those that do not listen."""
        with self._lock:
            for managed in self._managed.values():
                managed.wanted = False
                managed.start_again_s = None
        self._end(self.processes())
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        for managed in self.processes():
            if managed.notify is not None:
                managed.notify.close()
        self._selector.close()

    def _end(self, several: list[Managed]) -> None:
        for managed in several:
            if managed.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(managed.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + STOP_S
        for managed in several:
            process = managed.process
            if process is None:
                continue
            try:
                process.wait(timeout=max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._set(managed, "off")

    def _notify_name(self, name: str) -> str:
        return f"passage/{os.getpid()}/{id(self)}/{name}"  # abstract: no path that could be too long

    def _notify_socket(self, name: str) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind("\0" + self._notify_name(name))
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ, name)
        return listening

    def _start(self, managed: Managed) -> None:
        now_s = time.monotonic()
        managed.starts += 1
        managed.start_again_s = None
        managed.last_pet_s = now_s
        environment = {**os.environ, **managed.environment}
        environment["NOTIFY_SOCKET"] = "@" + self._notify_name(managed.name)
        if managed.unit.watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(int(managed.unit.watchdog_s * 1_000_000))
        with managed.log.open("ab") as log:
            managed.process = subprocess.Popen(
                managed.unit.argv,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us only; we stop the others in good order
            )
        self._set(managed, "starting")

    def _set(self, managed: Managed, state: ProcessState) -> None:
        with self._lock:
            managed.state = state
            self._changed.notify_all()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for key, _mask in self._selector.select(0.1):
                self._hear(key.data, key.fileobj)  # type: ignore[arg-type]
            with self._lock:
                for managed in self._managed.values():
                    self._look_after(managed, time.monotonic())

    def _hear(self, name: str, listening: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            words = listening.recv(4096).decode(errors="replace").split("\n")
            managed = self._managed[name]
            managed.last_pet_s = time.monotonic()
            if "READY=1" in words and managed.pid is not None:
                managed.was_ready = True
                self._set(managed, "ready")

    def _look_after(self, managed: Managed, now_s: float) -> None:
        process = managed.process
        if process is None:
            return
        if process.returncode is None and process.poll() is None:
            limit_s = managed.unit.watchdog_s
            if limit_s and managed.state == "ready" and now_s - managed.last_pet_s > limit_s:
                process.send_signal(signal.SIGABRT)
                managed.last_pet_s = now_s
            return
        if managed.state in ("starting", "ready"):
            self._ended(managed, now_s)
        elif managed.start_again_s is not None and now_s >= managed.start_again_s:
            managed.restarts += 1
            self._start(managed)

    def _ended(self, managed: Managed, now_s: float) -> None:
        if not managed.wanted or not managed.unit.restart:
            self._set(managed, "off")
        elif managed.starts >= GIVE_UP_STARTS and not managed.was_ready:
            self._set(managed, "failed")
        else:
            managed.start_again_s = now_s + managed.unit.restart_s
            self._set(managed, "restarting")
