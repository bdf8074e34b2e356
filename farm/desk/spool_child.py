"""The short, bounded process that compiles one spool file: the desk's own threads never wait for a line of it.

It says on standard output how far it is, one JSON object a line, and its :class:`Reply` last. When nobody listens any
more it ends and leaves no half file, so a desk that was killed has no compiler behind its back.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import time
from pathlib import Path

import msgspec

from farm.gcode.compile import compile_spool
from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused

# Address space: an empty process has 40 MB; the largest file (50 MB of the shortest commands) has 12 million lines,
# whose offsets take 50 MB, twice that while their table grows.
MEMORY_BYTES = 320 * 1024 * 1024
CPU_S = 240  # as intake, which read the same file and drew it as well
FILE_BYTES = 1 << 30  # the spool file of that largest file has 300 MB
NICE = 10  # workers and pages go first
SAY_EVERY_S = 0.2


class Task(msgspec.Struct, frozen=True):
    """What to compile, as JSON on standard input."""

    source: str
    target: str
    expected_sha256: str
    limits: PrinterLimits


class Spooling(msgspec.Struct, frozen=True, tag="spooling"):
    """How far a compilation is: bytes read of bytes in all, lines ready."""

    done_bytes: int
    total_bytes: int
    lines: int

    @property
    def percent(self) -> int:
        """Whole per cent; 100 is never said, for then the file must still reach the disk."""
        return min(99, 100 * self.done_bytes // max(1, self.total_bytes))


class Reply(msgspec.Struct, frozen=True, omit_defaults=True, tag="reply"):
    """The spool file, or the code why not."""

    sha256: str = ""
    lines: int = 0
    seconds: int = 0
    refused: str = ""
    line: int = 0


class _Teller:
    """Says how far it is, not more often than anybody could read."""

    def __init__(self) -> None:
        self._said_s = 0.0

    def __call__(self, done_bytes: int, total_bytes: int, lines: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= SAY_EVERY_S:
            self._said_s = now_s
            say(Spooling(done_bytes, total_bytes, lines))


def say(word: Spooling | Reply) -> None:
    """One line to the desk.

    Raises:
        BrokenPipeError: the desk is gone.
    """
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def compile_task(task: Task) -> Reply:
    """Compile; a refusal is an answer."""
    try:
        done = compile_spool(
            Path(task.source),
            Path(task.target),
            task.limits,
            expected_sha256=task.expected_sha256,
            progress=_Teller(),
        )
    except GcodeRefused as error:
        return Reply(refused=error.reason, line=error.refusal.line)
    except MemoryError:
        return Reply(refused="file_too_complex")
    with Path(task.target).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Reply(sha256=sha256, lines=done.lines, seconds=done.seconds)


def confine() -> None:
    """Bound this process, and let everything else on the machine go first."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def main() -> None:
    """Answer one :class:`Task`."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    confine()
    try:
        say(compile_task(task))
    except BrokenPipeError:
        os._exit(1)  # nobody is left to tell, not even that


if __name__ == "__main__":
    main()
