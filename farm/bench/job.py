"""A G-code file on its way to a printer on the table: compiled under the profile's limits, or as it is."""

from __future__ import annotations

import zlib
from array import array
from pathlib import Path

from farm.gcode.compile import Progress, compile_spool
from farm.gcode.limits import limits_of
from farm.gcode.spool import HEADER_BYTES, SpoolFile, frame, pack_header
from farm.profiles import Profile


class Job:
    """Lines 1 to last of a spool file, as a link sends them and a run looks back at them."""

    first = 1

    def __init__(self, spool: Path) -> None:
        self.spool = SpoolFile(spool)
        self.last = len(self.spool)
        self.line, self.lines, self.offset = self.spool.line, self.spool.lines, self.spool.offset
        self.command = self.spool.command

    def close(self) -> None:
        """Unmap it."""
        self.spool.close()


def compile_job(source: Path, target: Path, profile: Profile, progress: Progress) -> Job:
    """The job of a G-code file that keeps the profile's limits.

    Raises:
        GcodeRefused: a line may not run on this kind of printer.
        OSError: the file cannot be read.
    """
    compile_spool(source, target, limits_of(profile), progress=progress)
    return Job(target)


def compile_as_it_is(source: Path, target: Path) -> None:
    """A spool file with every command of ``source``, none judged and none left out: for fake printers only.

    Its first line begins its only layer; it knows no times.
    """
    lines, offsets = bytearray(), array("I", [0])
    with source.open("rb") as file:
        for raw in file:
            if command := raw.split(b";", 1)[0].strip():
                lines += frame(len(offsets), command)
                offsets.append(len(lines))
    body = bytes(lines) + bytes(-len(lines) % 4) + offsets.tobytes() + array("I", [1]).tobytes()
    head = pack_header(
        crc=zlib.crc32(body),
        source=bytes(32),
        lines=len(offsets) - 1,
        layers=1,
        marks=0,
        seconds=0,
        data_bytes=len(lines),
    )
    assert len(head) == HEADER_BYTES
    target.write_bytes(head + body)
