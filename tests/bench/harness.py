"""The fake printer and a host on its ports: one file from its first line to its last, and what that took."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / "build" / "bench"
WAIT_S = 300.0

Row = dict[str, Any]


class Trouble(Exception):
    """Why something cannot be measured, as one sentence."""


class Silence(Trouble):
    """Nothing was said in time."""


@dataclass(frozen=True)
class Wire:
    """What lies between host and printer; no options: an answer comes at once."""

    name: str
    options: tuple[str, ...] = ()
    bytes_s: float | None = None  # what the wire carries


INSTANT = Wire("instant printer")
UART = Wire("115,200 baud, 1 ms, 128 bytes", ("115200", "1000", "128"), 11_520.0)


@dataclass(frozen=True)
class Host:
    """A program that streams; ``command`` takes ``--gcode FILE PORT``, or several ports when it ``takes_many``."""

    name: str
    command: tuple[str, ...]
    takes_many: bool = False


RAW = Host("raw pyserial ping-pong", (sys.executable, str(HERE / "raw_loop.py")))
PROFILE = "marlin-2.1-generic-220"


def ours(profile: str = PROFILE) -> Host:
    """The product's workers, one process a printer, with this firmware profile."""
    driver = (sys.executable, "-c", "from farm.cli import main; main()", "bench-driver", "--profile", profile)
    return Host("Passage worker", driver, takes_many=True)


def build_fake() -> Path:
    """The fake printer, compiled when it is not.

    Raises:
        Trouble: there is no C compiler.
    """
    source, program = HERE / "fake_printer.c", BUILD / "fake_printer"
    compiler = shutil.which("cc")
    if compiler is None:
        raise Trouble("The serial figures need a C compiler (Debian: gcc, libc6-dev): `cc` was not found.")
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", str(program), str(source), "-lutil"], check=True)
    return program


def with_marks(gcode: Path, lines: int, target: Path) -> int:
    """The first ``lines`` commands of a file between the two marks; how many lines that is on the wire."""
    commands = [one for raw in gcode.read_text().splitlines() if (one := raw.split(";", 1)[0].strip())]
    marked = ["M117 BENCH_BEGIN", *commands[:lines], "M117 BENCH_END"]
    target.write_text("\n".join(marked) + "\n")
    return len(marked)


class Child:
    """A process that says JSON objects, one a line."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=TOP,
        )
        self._said: queue.Queue[Row | None] = queue.Queue()
        self._errors: list[str] = []
        self.pid = self._process.pid
        self._readers = [threading.Thread(target=one, daemon=True) for one in (self._read, self._complain)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._said.put(json.loads(line))
        self._said.put(None)

    def _complain(self) -> None:
        assert self._process.stderr is not None
        self._errors += self._process.stderr

    def say(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def next(self, within_s: float = WAIT_S) -> Row:
        """What it says next.

        Raises:
            Silence: nothing, for so long.
            Trouble: it ended or complained.
        """
        try:
            said = self._said.get(timeout=within_s)
        except queue.Empty as error:
            raise Silence(f"nothing was said for {within_s:.0f} s") from error
        if said is None:
            self._readers[1].join()
        if said is None or said["ev"] == "error":
            raise Trouble(f"{said}: {''.join(self._errors[-3:]).strip()}")
        return said

    def hear(self, event: str) -> Row:
        """The next object whose ``ev`` is this one.

        Raises:
            Trouble: it ended, complained or kept silent.
        """
        try:
            while (said := self.next())["ev"] != event:
                pass
        except Trouble as error:
            raise Trouble(f"no {event!r} but {error}") from error
        return said

    def end(self) -> None:
        """Close its input and wait; what does not end is killed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(15)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


class Session:
    """A fake printer with ``ports`` ports and a host that knows the printers on all of them."""

    def __init__(self, fake: Path, host: Host, wire: Wire, gcode: Path, ports: int = 1) -> None:
        """Start both.

        Raises:
            Trouble: the host did not become ready.
        """
        self._wire, self._ports = wire, ports
        self._folder = tempfile.TemporaryDirectory(prefix="fp")
        paths = [f"{self._folder.name}/port{index}" for index in range(ports)]
        self.senders: list[Child] = []
        self.printer = Child(str(fake), self._folder.name, str(ports), *wire.options)
        try:
            self.printer.hear("ready")
            for group in (paths,) if host.takes_many else ([path] for path in paths):
                self.senders.append(Child(*host.command, "--gcode", str(gcode), *group))
            self._pids: set[int] = {pid for one in self.senders for pid in one.hear("ready")["pids"]}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process."""
        for sender in self.senders:
            sender.end()
        self.printer.end()
        self._folder.cleanup()

    def pace(self, move_us: int) -> None:
        """How long a move takes from now on; 0: nothing."""
        self.printer.say(f"pace {move_us}")

    def stream(self) -> Row:
        """Send the file once on every port; speed, resends and overruns are what the printer saw.

        ``cores`` and ``played_cores`` (of it, what is no sender: our driver, which plays desk and cell) are of the time
        in which every port was printing.

        Raises:
            Trouble: it did not come to its end.
        """
        began: list[Row] = []
        ends: list[Row] = []
        before_s = sum(self._used_s())
        steady: list[tuple[float, tuple[float, float]]] = []
        for sender in self.senders:
            sender.say("go")
        while len(ends) < self._ports:
            said = self.printer.next()
            {"begin": began, "end": ends}.get(said["ev"], []).append(said)
            if (said["ev"] == "begin" and len(began) == self._ports) or (
                said["ev"] == "end" and len(ends) == 1
            ):
                steady.append((time.monotonic(), self._used_s()))
        used_s = sum(self._used_s()) - before_s
        return {**self._sums(began, ends, used_s), **_cores(*steady)}

    def _used_s(self) -> tuple[float, float]:
        """CPU seconds of the senders; of what else it takes."""
        others = {sender.pid for sender in self.senders} - self._pids
        return sum(map(cpu_s, self._pids)), sum(map(cpu_s, others))

    def _sums(self, began: list[Row], ends: list[Row], used_s: float) -> Row:
        lines, took_s = sum(end["lines"] for end in ends), _took_s(began, ends)
        carried = sum(end["bytes"] for end in ends) / took_s / self._ports
        reaction: dict[int, int] = {}
        for end in ends:
            for us, count in end["reaction"]:
                reaction[us] = reaction.get(us, 0) + count
        return {
            "ports": self._ports,
            "processes": len(self._pids),
            "lines_s": lines / took_s,
            "cpu_us_line": used_s / lines * 1e6,
            "rss_kib": sum(status_kib(pid, "status", "VmRSS:") for pid in self._pids) / self._ports,
            "pss_kib": sum(status_kib(pid, "smaps_rollup", "Pss:") for pid in self._pids) / self._ports,
            "wire_share": carried / self._wire.bytes_s if self._wire.bytes_s else None,
            "resends": sum(end["resends"] for end in ends),
            "overruns": sum(end["overruns"] for end in ends),
            "starved": sum(end["starved"] for end in ends),
            "reaction": sorted(reaction.items()),
            "load": os.getloadavg()[0],
        }


def _took_s(began: list[Row], ends: list[Row]) -> float:
    """From the first mark of any port to the last of any."""
    return float(max(end["t"] for end in ends) - min(begin["t"] for begin in began)) / 1e9


def _cores(first: tuple[float, tuple[float, float]], last: tuple[float, tuple[float, float]]) -> Row:
    """Cores in use between two readings; 0 when one port had ended before another began."""
    span_s = last[0] - first[0]
    sent, played = (b - a for a, b in zip(first[1], last[1], strict=True))
    return {
        "cores": (sent + played) / span_s if span_s > 0 else 0.0,
        "played_cores": played / span_s if span_s > 0 else 0.0,
    }


def measure(fake: Path, host: Host, wire: Wire, gcode: Path) -> Row:
    """Stream ``gcode`` (with marks) once over one port.

    Raises:
        Trouble: it did not come to its end.
    """
    with Session(fake, host, wire, gcode) as session:
        return session.stream()


def cpu_s(pid: int) -> float:
    """User and system seconds of a process, all its threads that are or were (clock_getcpuclockid(3)).

    The clock's number is the C library's: the complement of the process above three bits, of which 2 is "scheduler".
    """
    return time.clock_gettime(~pid << 3 | 2)


def status_kib(pid: int, file: str, key: str) -> int:
    """A figure of ``/proc/<pid>/<file>``, KiB; 0 when the kernel does not tell."""
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0
