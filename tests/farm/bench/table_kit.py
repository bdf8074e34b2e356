"""A table: one virtual printer in its own process, and the commands as a technician types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
