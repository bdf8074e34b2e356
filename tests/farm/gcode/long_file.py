"""A G-code file as long as one wants: a real sliced model's layers again and again, each time a little higher."""

from __future__ import annotations

import re
from pathlib import Path

from farm.sim.models import FOLDER

MODEL = FOLDER / "wall-hook.gcode"
CLIMB_MM = (
    200.0  # from the first copy's floor to the last one's; with the model's 22 mm below any profile's height
)
_Z = re.compile(rb"\bZ(-?[0-9.]+)")


def write_long_file(path: Path, least_lines: int) -> int:
    """Write at least ``least_lines`` lines to ``path`` as a slicer writes them; how many they are.

    Start and end stand once, as in the model. One copy of its layers is held at a time.
    """
    head, layers, tail = _parts(MODEL.read_bytes())
    copies = -(-(least_lines - len(head) - len(tail)) // len(layers))
    with path.open("wb") as out:
        out.writelines(head)
        for copy in range(copies):
            rise = round(CLIMB_MM * copy / copies, 2)
            out.writelines(_raised(line, rise) for line in layers)
        out.writelines(tail)
    return len(head) + copies * len(layers) + len(tail)


def _parts(text: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Start script, layers, end script."""
    lines = text.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if line.startswith(b";LAYER_CHANGE"))
    last = next(n for n, line in enumerate(lines) if line.startswith(b"M104 S0"))
    return lines[:first], lines[first:last], lines[last:]


def _raised(line: bytes, rise_mm: float) -> bytes:
    if not rise_mm or b"Z" not in line or not line.startswith((b"G1", b";Z")):
        return line
    return _Z.sub(lambda match: b"Z%.3f" % (float(match[1]) + rise_mm), line)
