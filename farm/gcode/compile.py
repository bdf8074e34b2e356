"""Compiles an approved G-code file into a spool file: one pass, atomic, with progress, one line held at a time."""

from __future__ import annotations

import hashlib
import os
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from farm.gcode.estimate import Estimate, check_figures
from farm.gcode.limits import PrinterLimits
from farm.gcode.policy import Policy
from farm.gcode.refusal import refuse
from farm.gcode.spool import HEADER_BYTES, frame, pack_header
from farm.gcode.tokens import read_lines
from provisioning.units import PLA_DENSITY_G_CM3

Progress = Callable[
    [int, int], None
]  # bytes read, bytes in all; raising from it cancels, nothing is left behind
PROGRESS_LINES = 2000


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
    with source.open("rb") as file, _appearing(target) as out:
        out.write(bytes(HEADER_BYTES))
        reader = _Hashing(file)
        compiler = _Compiler(out, limits)
        compiler.read(reader, os.fstat(file.fileno()).st_size, progress)
        digest = reader.sha256.digest()
        if expected_sha256 is not None and digest.hex() != expected_sha256:
            raise refuse("not_the_approved_file", 0)
        return compiler.finish(digest)


class _Hashing:
    """A file whose lines are hashed as they are read, so that what was checked is what was compiled."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.done_bytes = 0

    def readline(self, limit: int, /) -> bytes:
        raw = self._file.readline(limit)
        self.sha256.update(raw)
        self.done_bytes += len(raw)
        return raw


class _Compiler:
    """One compilation: lines out, offsets and marks kept (4 bytes a line)."""

    def __init__(self, out: BinaryIO, limits: PrinterLimits) -> None:
        self._out = out
        self._limits = limits
        self._policy = Policy(limits)
        self._estimate = Estimate(limits, density_g_cm3=PLA_DENSITY_G_CM3)
        self._offsets = array("I", [0])
        self._crc = 0

    def read(self, reader: _Hashing, total_bytes: int, progress: Progress | None) -> None:
        sent = 0
        for line in read_lines(reader):
            if self._policy.sends(line):
                sent += 1
                move = self._policy.judge(line)
                self._estimate.add(line, move, sent)
                self._send(sent, line.body)
            elif line.comment or line.command:
                self._estimate.add(line, None, sent + 1)
            if progress is not None and line.number % PROGRESS_LINES == 0:
                progress(reader.done_bytes, total_bytes)
        if progress is not None:
            progress(reader.done_bytes, total_bytes)

    def _send(self, number: int, body: str) -> None:
        framed = frame(number, body.encode("ascii"))
        self._write(framed)
        self._offsets.append(self._offsets[-1] + len(framed))

    def _write(self, data: bytes) -> None:
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
            self._write(table.tobytes())
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


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is whole and on the disk."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
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
