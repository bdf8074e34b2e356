"""A farm floor of real processes: interlock, virtual printers, one worker. The test is bench, officer and desk."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from farm.gcode.compile import compile_spool
from farm.gcode.limits import PrinterLimits
from farm.gcode.spool import SpoolFile
from farm.sim.machine import motion_digest
from provisioning.linesock import dial, listen
from tests.support import wait_readable, wait_until

Word = dict[str, Any]

NODE = """
node_id = "farm"
kind = "farm"
listen = "127.0.0.1:1"
state = "state"
run = "run"
[farm]
name = "Workshop"
[[farm.printers]]
printer_id = "printer-1"
name = "Printer 1"
cell = "cell-1"
port = "{base}/dev/printer-1"
profile = "{profile}"
[[farm.cells]]
cell_id = "cell-1"
name = "Cell 1"
contacts = {{ door = 5, smoke = 6 }}
relay = 17
red = 22
amber = 23
green = 24
buzzer = 25
"""


def tower(layers: int, moves: int) -> tuple[str, ...]:
    """A job that goes to and fro, 0.4 s a move."""
    lines = ["M190 S26", "M109 S180", "G28", "G90", "M82", "G92 E0"]
    for layer in range(1, layers + 1):
        lines += [";LAYER_CHANGE", f";Z:{layer * 0.3:.2f}", f"G1 Z{layer * 0.3:.2f} F600"]
        for i in range(1, moves + 1):
            filament_mm = ((layer - 1) * moves + i) * 0.4
            lines.append(f"G1 X{100 + 20 * (i % 2)} Y{100 + i % 20} E{filament_mm:.2f} F3000")
    return (*lines, "M104 S0", "M140 S0", "G1 X0 Y200 F6000", "M84")


SHORT = tower(8, 10)
LONG = tower(20, 40)  # 5 s of printing at sixty times life
LONG_FILAMENT_MM = 20 * 40 * 0.4


class Line:
    """One connection that speaks and hears words."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._rest = sock, b""
        self.heard: list[Word] = []

    def say(self, **word: object) -> None:
        self._sock.sendall(json.dumps(word).encode() + b"\n")

    def hear(self) -> Word:
        """The next word."""
        while b"\n" not in self._rest:
            wait_readable(self._sock)
            data = self._sock.recv(65536)
            assert data, "the other end is gone"
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        word: Word = json.loads(line)
        self.heard.append(word)
        return word

    def until(self, **wanted: object) -> Word:
        """Hear until a word holds all of ``wanted``."""
        for _ in range(2000):
            word = self.hear()
            if all(word.get(key) == value for key, value in wanted.items()):
                return word
        raise AssertionError(f"never heard {wanted}")

    def close(self) -> None:
        self._sock.close()


def reached(path: Path) -> socket.socket | None:
    """A connection to ``path``, or None as long as nobody listens there: a name is made before anyone listens."""
    try:
        return dial(path, 10)
    except (FileNotFoundError, ConnectionRefusedError):
        return None


class Floor:
    """The processes, and everything a hand could do to them."""

    def __init__(self, base: Path, profile: str = "marlin-2.1-usb-220") -> None:
        self.base = base
        for name in ("state", "run"):
            (base / name).mkdir()
        (base / "site.toml").write_text('site_id = "test"\nname = "Test"\n')
        (base / "node.toml").write_text(NODE.format(base=base, profile=profile))
        self._door = listen(base / "run" / "desk.sock")
        self._door.setblocking(True)
        self._calls: list[Line] = []
        self.processes = {
            "interlock": self._start("interlock", "--cell", "cell-1"),
            "simulate": self._start("simulate"),
        }
        self.pins, self.cell, self.bench = (
            Line(wait_until(lambda name=name: reached(base / "run" / f"{name}.sock"), 30))
            for name in ("pins-cell-1", "interlock-cell-1", "printers")
        )
        self.cell.say(t="subscribe")
        self.start_worker()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        call = [*words, "--config", str(self.base / "node.toml")]
        return subprocess.Popen([sys.executable, "-c", f"from farm.cli import main; main({call!r})"])

    def start_worker(self) -> None:
        """Start the worker and take its call at the desk."""
        for line in self._calls:
            line.close()
        self.worker = self.processes["worker"] = self._start("worker", "--printer", "printer-1")
        self.meet_again()

    def kill_worker(self) -> None:
        """As the kernel does when memory runs out."""
        self.worker.kill()
        self.worker.wait()

    def kill_and_return(self) -> None:
        """Kill the worker; another takes its place in time to keep the cell's power."""
        self.kill_worker()
        self.start_worker()

    def stands(self, *states: str) -> None:
        """Wait until the worker has written down that its run stands in one of these states."""
        card = self.base / "state" / "worker-printer-1.json"
        wait_until(lambda: ((json.loads(card.read_bytes()).get("stand") or {}).get("state")) in states, 30)

    def reach(self, lines: int) -> None:
        """Wait until the printer has moved so often."""
        wait_until(lambda: self.show()["done_lines"] >= lines, 60)

    def start_another(self) -> subprocess.Popen[bytes]:
        """A second worker for the same printer, as a clumsy hand might start it; its words are kept."""
        call = ["worker", "--printer", "printer-1", "--config", str(self.base / "node.toml")]
        started = subprocess.Popen(
            [sys.executable, "-c", f"from farm.cli import main; main({call!r})"], stderr=subprocess.PIPE
        )
        self.processes["another"] = started
        return started

    def meet_again(self) -> None:
        """Take the worker's call at the desk."""
        wait_readable(self._door)
        self.desk = Line(self._door.accept()[0])
        self._calls.append(self.desk)
        assert self.desk.hear()["t"] == "hello"

    def go_live(self, factor: float = 1000.0) -> None:
        """Close every contact, reset, and wait until the printer is known."""
        self.bench.say(t="speed", factor=factor)
        for name in ("door", "smoke"):
            self.pins.say(t="contact", name=name, closed=True)
        self.cell.until(t="state", contacts={"door": True, "smoke": True})
        self.cell.say(t="reset", officer_id="officer-1", role="workshop")
        self.cell.until(t="state", live=True)

    def lease(self, run: str = "run-1", *, sha256: str = "", lines: tuple[str, ...] = SHORT) -> SpoolFile:
        """Compile a small job and lease it to the worker."""
        source, target = self.base / "job.gcode", self.base / "job.spool"
        source.write_text("\n".join(lines) + "\n")
        compile_spool(source, target, PrinterLimits())
        right = hashlib.sha256(target.read_bytes()).hexdigest()
        self.desk.say(t="lease", run=run, job="job-1", spool=str(target), sha256=sha256 or right)
        return SpoolFile(target)

    def print_long(self) -> SpoolFile:
        """Live, known, and in the middle of a print that goes on for some seconds."""
        self.go_live(60)
        self.desk.until(t="printer", state="idle")
        spool = self.lease(lines=LONG)
        self.desk.until(t="run", state="printing")
        return spool

    def show(self) -> Word:
        """The virtual printer as it stands now."""
        probe = Line(dial(self.base / "run" / "printers.sock", 10))
        try:
            printer: Word = probe.hear()["printers"][0]
            return printer
        finally:
            probe.close()

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for line in (self.pins, self.cell, self.bench, *self._calls):
            line.close()
        self._door.close()


def digest_of(spool: SpoolFile) -> str:
    """What the printer's count must be after exactly this job."""
    return motion_digest(spool.command(n).decode() for n in range(1, len(spool) + 1))
