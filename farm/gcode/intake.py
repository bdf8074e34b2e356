"""Takes one G-code file in: reads it whole against a printer's limits, measures it, draws it.

``python -m farm.gcode.intake`` is the short child process in which a desk does this (``farm.gcode.sandbox``).
"""

from __future__ import annotations

import os
import resource
import stat
import sys
from pathlib import Path

import msgspec

from farm.gcode.estimate import Estimate, check_figures
from farm.gcode.facts import ModelFacts, flags_of, size_of
from farm.gcode.hashed import HashedFile
from farm.gcode.limits import PrinterLimits
from farm.gcode.policy import Policy
from farm.gcode.refusal import GcodeRefused, Refusal, refuse
from farm.gcode.sketch import Sketch
from farm.gcode.tokens import read_lines
from provisioning.units import PLA_DENSITY_G_CM3

SNIFF_BYTES = 4096
CONTROL = bytes(set(range(32)) - set(b"\t\n\r")) + b"\x7f"
TOP_PNG, ANGLE_PNG = "top.png", "angle.png"


class Task(msgspec.Struct, frozen=True):
    """What the child is asked, as JSON on its standard input."""

    path: str
    pictures: str  # folder for the two PNG files
    limits: PrinterLimits
    density_g_cm3: float
    memory_bytes: int
    cpu_s: int


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the child answers, as JSON on its standard output: one of the two."""

    facts: ModelFacts | None = None
    refusal: Refusal | None = None


def read_model_file(
    path: Path,
    limits: PrinterLimits,
    *,
    density_g_cm3: float = PLA_DENSITY_G_CM3,
    sketch: Sketch | None = None,
) -> ModelFacts:
    """The facts of the file at ``path``; ``sketch`` collects what to draw.

    One pass; holds one line, and 21 bytes a stroke when there is a sketch.

    Raises:
        GcodeRefused: the file may not print here; the refusal names the line.
    """
    with HashedFile(path) as file:
        _check_outside(file, limits)
        return _read(file, limits, density_g_cm3, sketch)


def _check_outside(file: HashedFile, limits: PrinterLimits) -> None:
    """What can be said without reading the file."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise refuse("not_text", 0)
    if status.st_size == 0:
        raise refuse("file_empty", 0)
    if status.st_size > limits.file_max_bytes:
        raise refuse("file_too_large", 0, value=status.st_size, limit=limits.file_max_bytes)
    head = file.peek(SNIFF_BYTES)[:SNIFF_BYTES]
    if len(head) != len(head.translate(None, CONTROL)):
        raise refuse("not_text", 0)


def _read(file: HashedFile, limits: PrinterLimits, density_g_cm3: float, sketch: Sketch | None) -> ModelFacts:
    policy, estimate = Policy(limits), Estimate(limits, density_g_cm3=density_g_cm3)
    lines = 0
    for line in read_lines(file):
        lines = line.number
        move = policy.judge(line)
        estimate.add(line, move, lines)
        if move is not None and sketch is not None:
            sketch.add(move, estimate.kind)
    figures = estimate.figures()
    check_figures(figures, limits)
    return ModelFacts(
        sha256=file.digest().hex(),
        lines=lines,
        filament_mm=figures.filament_mm,
        grams=figures.grams,
        seconds=figures.seconds,
        own_seconds=figures.own_seconds,
        slicer_seconds=figures.slicer_seconds,
        layers=figures.layers,
        layer_height_mm=figures.layer_height_mm,
        low_mm=figures.low_mm,
        high_mm=figures.high_mm,
        size_mm=size_of(figures),
        nozzle_max_c=policy.nozzle_max_c,
        bed_max_c=policy.bed_max_c,
        material=estimate.claims.material,
        commands=dict(sorted(policy.commands.items())),
        flags=flags_of(figures, estimate.claims),
    )


# --- the child process ------------------------------------------------------------------------------------------------


def _confine(task: Task) -> None:
    """Bound this process before it looks at a foreign byte: memory, processor time, what it may write."""
    resource.setrlimit(resource.RLIMIT_AS, (task.memory_bytes, task.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (task.cpu_s, task.cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _take_in(task: Task) -> Reply:
    from farm.gcode import preview  # first, so that memory which runs out later is the file's doing

    sketch = Sketch()
    try:
        facts = read_model_file(Path(task.path), task.limits, density_g_cm3=task.density_g_cm3, sketch=sketch)
        folder = Path(task.pictures)
        (folder / TOP_PNG).write_bytes(preview.draw(sketch, task.limits, preview.ABOVE))
        (folder / ANGLE_PNG).write_bytes(preview.draw(sketch, task.limits, preview.ANGLED))
    except GcodeRefused as refused:
        return Reply(refusal=refused.refusal)
    except MemoryError:
        return Reply(refusal=Refusal("file_too_complex"))
    return Reply(facts=facts)


def main() -> None:
    """Answer one :class:`Task` with one :class:`Reply`."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    _confine(task)
    sys.stdout.buffer.write(msgspec.json.encode(_take_in(task)))


if __name__ == "__main__":
    main()
