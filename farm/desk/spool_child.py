"""The short process that compiles one spool file, so that the desk's own threads never wait for it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import msgspec

from farm.gcode.compile import compile_spool
from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused


class Task(msgspec.Struct, frozen=True):
    """What to compile, as JSON on standard input."""

    source: str
    target: str
    expected_sha256: str
    limits: PrinterLimits


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The spool file, or the code why not, as JSON on standard output."""

    sha256: str = ""
    lines: int = 0
    seconds: int = 0
    refused: str = ""
    line: int = 0


def compile_task(task: Task) -> Reply:
    """Compile; a refusal is an answer."""
    try:
        done = compile_spool(
            Path(task.source), Path(task.target), task.limits, expected_sha256=task.expected_sha256
        )
    except GcodeRefused as error:
        return Reply(refused=error.reason, line=error.refusal.line)
    with Path(task.target).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Reply(sha256=sha256, lines=done.lines, seconds=done.seconds)


if __name__ == "__main__":
    answer = compile_task(msgspec.json.decode(sys.stdin.buffer.read(), type=Task))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
