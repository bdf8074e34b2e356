"""Compiles an approved G-code file into a spool file: one pass, atomic, with progress, a small batch at a time."""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from farm.gcode.estimate import Estimate, check_figures
from farm.gcode.hashed import HashedFile
from farm.gcode.limits import PrinterLimits
from farm.gcode.policy import Policy
from farm.gcode.refusal import refuse
from farm.gcode.spool import HEADER_BYTES, frame, pack_header
from farm.gcode.tokens import Line, read_lines
from provisioning.units import PLA_DENSITY_G_CM3

# bytes read, bytes in all, lines ready; raising from it cancels, nothing is left behind
Progress = Callable[[int, int, int], None]
BATCH_LINES = 2000  # of the file, written and reported together: some 80 kB


class Compiled(msgspec.Struct, frozen=True):
    """What a compiled spool file holds."""

    source_sha256: str
    lines: int
    layers: int
    seconds: int
    filament_mm: float


def compile_spool(
    source: Path,
    target: Path,
    limits: PrinterLimits,
    *,
    expected_sha256: str | None = None,
    progress: Progress | None = None,
) -> Compiled:
    """Write ``target`` from ``source``; it appears whole or not at all, whatever is killed in between.

    The policy is asked again: the profile may have changed since the file was taken in.

    Raises:
        GcodeRefused: a line may not run here, or ``not_the_approved_file`` when ``expected_sha256`` differs.
    """
    with HashedFile(source) as file, _appearing(target) as out:
        out.write(bytes(HEADER_BYTES))
        compiler = _Compiler(out, limits)
        compiler.read(file, os.fstat(file.fileno()).st_size, progress)
        digest = file.digest()
        if expected_sha256 is not None and digest.hex() != expected_sha256:
            raise refuse("not_the_approved_file", 0)
        return compiler.finish(digest)


class _Compiler:
    """One compilation: lines out in batches, offsets and marks kept (4 bytes a line)."""

    def __init__(self, out: BinaryIO, limits: PrinterLimits) -> None:
        self._out = out
        self._limits = limits
        self._policy = Policy(limits)
        self._estimate = Estimate(limits, density_g_cm3=PLA_DENSITY_G_CM3)
        self._offsets = array("I", [0])
        self._crc = 0

    def read(self, file: HashedFile, total_bytes: int, progress: Progress | None) -> None:
        lines = read_lines(file)
        while True:
            bodies = self._judge(islice(lines, BATCH_LINES))
            if bodies is None:
                return
            self._send(bodies)
            if progress is not None:
                progress(file.done_bytes, total_bytes, len(self._offsets) - 1)

    def _judge(self, lines: Iterable[Line]) -> list[str] | None:
        """What of ``lines`` goes to the printer; None when there were none."""
        policy, estimate = self._policy, self._estimate
        bodies: list[str] = []
        first = len(self._offsets)
        line = None
        for line in lines:
            if policy.sends(line):
                estimate.add(line, policy.judge(line), first + len(bodies))
                bodies.append(line.body)
            elif line.comment or line.command:
                estimate.add(line, None, first + len(bodies))
        return bodies if line is not None else None

    def _send(self, bodies: Iterable[str]) -> None:
        end = self._offsets[-1]
        framed = []
        for number, body in enumerate(bodies, len(self._offsets)):
            line = frame(number, body.encode("ascii"))
            end += len(line)
            framed.append(line)
            self._offsets.append(end)
        self._write(b"".join(framed))

    def _write(self, data: bytes | memoryview) -> None:
        self._out.write(data)
        self._crc = zlib.crc32(data, self._crc)

    def finish(self, source: bytes) -> Compiled:
        figures = self._estimate.figures()
        check_figures(figures, self._limits)
        lines, data_bytes = len(self._offsets) - 1, self._offsets[-1]
        starts = self._estimate.layers.starts
        mark_lines, mark_seconds = self._marks(figures.seconds)
        self._write(bytes(-data_bytes % 4))
        for table in (self._offsets, starts, mark_lines, mark_seconds):
            self._write(memoryview(table).cast("B"))
        self._out.seek(0)
        self._out.write(
            pack_header(
                crc=self._crc,
                source=source,
                lines=lines,
                layers=len(starts),
                marks=len(mark_lines),
                seconds=figures.seconds,
                data_bytes=data_bytes,
            )
        )
        return Compiled(source.hex(), lines, len(starts), figures.seconds, figures.filament_mm)

    def _marks(self, seconds: int) -> tuple[array[int], array[int]]:
        """Our own pace, stretched to the total: lines and the seconds left after them."""
        pace = self._estimate.pace
        scale = seconds / pace.seconds if pace.seconds else 0.0
        left = array("I", (max(0, round(seconds - at * scale)) for at in pace.mark_seconds))
        return pace.mark_tags, left


def part_of(target: Path, pid: int) -> Path:
    """The name under which process ``pid`` writes ``target``: what a killed one leaves, never a name that is read."""
    return target.with_name(f".{target.name}.{pid}.part")


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is whole and on the disk."""
    part = part_of(target, os.getpid())
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
