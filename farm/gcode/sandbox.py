"""Intake in a short, bounded child process: a hostile file hurts only that, and a desk never loads Pillow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from farm.gcode.facts import ModelFacts
from farm.gcode.intake import ANGLE_PNG, TOP_PNG, Reply, Task
from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused, Refusal
from provisioning.errors import Unavailable
from provisioning.units import PLA_DENSITY_G_CM3

TOP = Path(__file__).resolve().parent.parent.parent
MEMORY_BYTES = 640 * 1024 * 1024  # address space: 700,000 lines need about 200 MB, pictures included
CPU_S = 240  # a 50 MB file on the slowest board that we name
TIMEOUT_S = 300.0


class IntakeFailed(Unavailable):
    """The child ended without an answer, and not for a reason that lies in the file."""

    code = "intake_failed"


class Intake(msgspec.Struct, frozen=True):
    """A file that may print: its facts and where its two pictures lie."""

    facts: ModelFacts
    top_png: Path
    angle_png: Path


def intake_in_child(
    path: Path,
    pictures: Path,
    limits: PrinterLimits,
    *,
    density_g_cm3: float = PLA_DENSITY_G_CM3,
    memory_bytes: int = MEMORY_BYTES,
    cpu_s: int = CPU_S,
    timeout_s: float = TIMEOUT_S,
) -> Intake:
    """Read, measure and draw ``path`` in a child; ``pictures`` is an existing folder for the two PNG files.

    Blocks for about 15 µs a line and two seconds of drawing on a desktop processor.

    Raises:
        GcodeRefused: the file may not print here, or ``file_too_complex`` when the child's bounds were met.
        IntakeFailed: the child could not do its work.
    """
    task = Task(str(path.resolve()), str(pictures.resolve()), limits, density_g_cm3, memory_bytes, cpu_s)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "farm.gcode.intake"],
            input=msgspec.json.encode(task),
            capture_output=True,
            cwd=TOP,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise GcodeRefused(Refusal("file_too_complex")) from late
    if done.returncode < 0:  # a signal: processor time or memory was used up
        raise GcodeRefused(Refusal("file_too_complex"))
    if done.returncode > 0:
        raise IntakeFailed(status=done.returncode, why=done.stderr.decode(errors="replace")[-400:])
    reply = msgspec.json.decode(done.stdout, type=Reply)
    if reply.facts is None:
        raise GcodeRefused(reply.refusal or Refusal("file_too_complex"))
    return Intake(reply.facts, pictures / TOP_PNG, pictures / ANGLE_PNG)
