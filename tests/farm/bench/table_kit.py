"""A table: one virtual printer in its own process, and the commands as a technician types them."""

from __future__ import annotations

import os
import queue
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from farm.profiles import find_profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for
from farm.sim.unit import VirtualUnit, WorldClock
from provisioning.linesock import turn

PROFILE = "marlin-2.1-generic-220"
COMMAND = (sys.executable, "-c", "from farm.cli import main; main()")


def cube(layers: int = 6, moves: int = 12, dwell_s: float = 0.0) -> str:
    """A small hollow cube as a slicer writes it; ``dwell_s`` makes each layer that much longer."""
    lines = ["M190 S50", "M109 S200", "G28", "G90", "M82", "G92 E0"]
    filament_mm = 0.0
    for layer in range(1, layers + 1):
        lines += [";LAYER_CHANGE", f"G1 Z{layer * 0.3:.2f} F600"]
        if dwell_s:
            lines.append(f"G4 S{dwell_s:g}")
        for move in range(moves):
            x_mm, y_mm = ((100, 100), (120, 100), (120, 120), (100, 120))[move % 4]
            filament_mm += 0.7
            lines.append(f"G1 X{x_mm} Y{y_mm} E{filament_mm:.2f} F3000")
    return "\n".join((*lines, "M104 S0", "M140 S0", "G1 X0 Y200 F6000", "M84", ""))


def start(*words: str, stdin: int | None = None) -> subprocess.Popen[str]:
    """``passage-farm`` with these words, its output piped."""
    return subprocess.Popen(
        [*COMMAND, *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """``passage-farm`` with these words, to its end."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


class Table:
    """One virtual printer."""

    def __init__(self, *options: str) -> None:
        self._profile = options[options.index("--profile") + 1] if "--profile" in options else PROFILE
        chosen = () if "--profile" in options else ("--profile", PROFILE)
        self.process = start("simulate", *chosen, *options)
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().strip()
        assert Path(self.port).exists()

    @property
    def at(self) -> tuple[str, ...]:
        """The options that name this printer."""
        return "--port", self.port, "--profile", self._profile

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()
        assert self.process.returncode == 0


class Workbench:
    """A virtual printer in a thread of the test's own, spoiled and looked at at the moment that the test chooses."""

    def __init__(self, folder: Path, profile: str = PROFILE, factor: float = 100.0) -> None:
        self._boards: list[VirtualBoard] = []
        self._profile, self._port = profile, folder / "port"
        self._clock = WorldClock(time.monotonic)
        self._clock.set_factor(factor)
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_out, self._wake_in = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(
            self._wake_out, selectors.EVENT_READ, lambda _mask: os.read(self._wake_out, 64) and None
        )
        self._unit = VirtualUnit("printer", "table", self._port, self._clock, self._selector, self._make)
        self._unit.set_relay(True)
        self._is_closing = False
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _make(self, now: float, factor: float) -> VirtualBoard:
        self._boards.append(board_for(find_profile(self._profile), now, factor=factor))
        return self._boards[0]

    def _live(self) -> None:
        while not self._is_closing:
            while not self._orders.empty():
                self._orders.get()()
            self._unit.turn()
            turn(self._selector, min(self._unit.wait_s(), 0.2))

    @property
    def at(self) -> tuple[str, ...]:
        """The options that name this printer."""
        return "--port", str(self._port), "--profile", self._profile

    def do(self, act: Callable[[VirtualBoard, float], None]) -> None:
        """Have it done in the printer's own thread, with its board and its time; returns when it was."""
        done = threading.Event()

        def order() -> None:
            act(self._boards[0], self._clock.now())
            done.set()

        self._orders.put(order)
        os.write(self._wake_in, b"!")
        assert done.wait(10)

    @property
    def targets_c(self) -> tuple[float, float]:
        """What nozzle and bed are told to be."""
        machine = self._boards[0].machine
        return machine.nozzle.target_c, machine.bed.target_c

    def close(self) -> None:
        self._is_closing = True
        os.write(self._wake_in, b"!")
        self._thread.join(10)
        self._unit.close()
        self._selector.close()
        for fd in (self._wake_out, self._wake_in):
            os.close(fd)
