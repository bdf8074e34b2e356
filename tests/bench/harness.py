"""One measurement: the fake printer, one host, one file from its first line to its last."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / "build" / "bench"
TICKS = os.sysconf("SC_CLK_TCK")
WAIT_S = 300.0

Row = dict[str, Any]


class Trouble(Exception):
    """Why something cannot be measured, as one sentence."""


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
    """A program that streams; ``command`` takes ``--gcode FILE PORT``."""

    name: str
    command: tuple[str, ...]


RAW = Host("raw pyserial ping-pong", (sys.executable, str(HERE / "raw_loop.py")))
OURS = Host("Passage worker", (sys.executable, "-c", "from farm.cli import main; main()", "bench-driver"))


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

    def hear(self, event: str) -> Row:
        """The next object whose ``ev`` is this one.

        Raises:
            Trouble: it ended, complained or kept silent.
        """
        while True:
            try:
                said = self._said.get(timeout=WAIT_S)
            except queue.Empty as error:
                raise Trouble(f"no {event!r} within {WAIT_S:.0f} s") from error
            if said is None:
                self._readers[1].join()
            if said is None or said["ev"] == "error":
                raise Trouble(f"no {event!r} but {said}: {''.join(self._errors[-3:]).strip()}")
            if said["ev"] == event:
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


def measure(fake: Path, host: Host, wire: Wire, gcode: Path) -> Row:
    """Stream ``gcode`` (with marks) once; speed, resends and overruns are what the printer saw.

    Raises:
        Trouble: it did not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="fp") as folder:
        printer = Child(str(fake), folder, "1", *wire.options)
        sender: Child | None = None
        try:
            printer.hear("ready")
            sender = Child(*host.command, "--gcode", str(gcode), f"{folder}/port0")
            pids = sender.hear("ready")["pids"]
            before_s = sum(cpu_s(pid) for pid in pids)
            sender.say("go")
            end = printer.hear("end")
            used_s = sum(cpu_s(pid) for pid in pids) - before_s
            return {
                "host": host.name,
                "wire": wire.name,
                "lines_s": end["lines"] / (end["ns"] / 1e9),
                "cpu_us_line": used_s / end["lines"] * 1e6,
                "rss_kib": sum(status_kib(pid, "status", "VmRSS:") for pid in pids),
                "pss_kib": sum(status_kib(pid, "smaps_rollup", "Pss:") for pid in pids),
                "wire_share": end["bytes"] / (end["ns"] / 1e9) / wire.bytes_s if wire.bytes_s else None,
                "resends": end["resends"],
                "overruns": end["overruns"],
                "load": os.getloadavg()[0],
            }
        finally:
            if sender is not None:
                sender.end()
            printer.end()


def cpu_s(pid: int) -> float:
    """User and system seconds of a process, all threads (proc(5), stat fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_kib(pid: int, file: str, key: str) -> int:
    """A figure of ``/proc/<pid>/<file>``, KiB; 0 when the kernel does not tell."""
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0
