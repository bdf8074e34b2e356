r"""A spool file: a job's lines compiled ready to send, memory-mapped by the printer worker. No heavy imports here.

Layout, little-endian, version 1:

=======  =====================================================================================================
bytes    what
=======  =====================================================================================================
0-7      magic ``PASSPOOL``
8-11     version (1), header length (128)
12-15    CRC-32 of bytes 128 to the end of the file
16-47    SHA-256 of the G-code file it was compiled from: the bytes that officers approved
48-51    count of lines n
52-55    count of layer marks l
56-59    count of time marks t
60-63    seconds the print takes, heating left out; 0 = unknown
64-71    length of the lines in bytes, d
72-75    CRC-32 of bytes 0-71
76-127   zero
128-     d bytes: ``N1 <command>*<xor>\n`` ... ``Nn ...\n``, padded with zeros to a multiple of 4
then     n + 1 offsets (u32) of the lines from byte 128; the last is d
then     l times u32: the line with which a layer begins
then     t times u32: a line; then t times u32: seconds left when it has been printed
=======  =====================================================================================================
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import sys
import zlib
from bisect import bisect_right
from functools import reduce
from itertools import pairwise
from operator import xor
from pathlib import Path
from types import TracebackType

from provisioning.errors import Corrupt

MAGIC = b"PASSPOOL"
VERSION = 1
HEADER_BYTES = 128
_HEAD = struct.Struct("<8sHHI32sIIIIQ")
_CRC = struct.Struct("<I")
CHUNK_BYTES = 1 << 20
LET_GO_LINES = 16_384  # some 600 kB of lines


def frame(number: int, command: bytes) -> bytes:
    r"""``N<number> <command>*<checksum>\n``: the XOR of all bytes before the star (Marlin queue.cpp), in decimal."""
    body = b"N%d %s" % (number, command)
    return b"%s*%d\n" % (body, reduce(xor, body))


def pack_header(
    *, crc: int, source: bytes, lines: int, layers: int, marks: int, seconds: int, data_bytes: int
) -> bytes:
    """The first 128 bytes of a spool file."""
    head = _HEAD.pack(MAGIC, VERSION, HEADER_BYTES, crc, source, lines, layers, marks, seconds, data_bytes)
    return (head + _CRC.pack(zlib.crc32(head))).ljust(HEADER_BYTES, b"\0")


class SpoolCorrupt(Corrupt):
    """A spool file cannot be what was written: never printed, compiled anew."""

    code = "spool_corrupt"


class SpoolFile:
    """A spool file opened for reading. Lines count from 1, as in ``N1``; nothing is copied but the line asked for.

    It is itself what a link streams from: ``first``, ``last``, ``line``, ``lines``, ``offset``.
    """

    first = 1

    def __init__(self, path: Path) -> None:
        """Map ``path``.

        Raises:
            SpoolCorrupt: not a whole spool file of this version.
            FileNotFoundError: there is none.
        """
        if sys.byteorder != "little":
            raise SpoolCorrupt(path=path.name, why="little-endian machines only")
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            self._check_header(head, path)
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.path = path
        _, _, _, self._crc, source, lines, layers, marks, seconds, data = _HEAD.unpack_from(head)
        self.last: int = lines
        self._let_go_at = LET_GO_LINES  # the line at which pages are given back next
        self.source_sha256: str = source.hex()
        self.total_s: int = seconds
        self._view = memoryview(self._map)
        ends = _ends(HEADER_BYTES + -(-data // 4) * 4, lines + 1, layers, marks, marks)
        if ends[-1] != len(self._map):
            self.close()
            raise SpoolCorrupt(path=path.name, why="cut short or too long")
        self._views = [self._view[begin:end].cast("I") for begin, end in pairwise(ends)]
        self._offsets, self._layers, self._mark_lines, self._mark_seconds = self._views

    @staticmethod
    def _check_header(head: bytes, path: Path) -> None:
        if len(head) < HEADER_BYTES or not head.startswith(MAGIC):
            raise SpoolCorrupt(path=path.name, why="not a spool file")
        if _CRC.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]):
            raise SpoolCorrupt(path=path.name, why="header checksum")
        if (version := _HEAD.unpack_from(head)[1]) != VERSION:
            raise SpoolCorrupt(path=path.name, why=f"version {version}")

    def verify(self) -> None:
        """Read the whole file against its checksum (about 1 GB/s): once before a run.

        Raises:
            SpoolCorrupt: a bit has turned.
        """
        crc = 0
        for at in range(HEADER_BYTES, len(self._map), CHUNK_BYTES):
            crc = zlib.crc32(self._view[at : at + CHUNK_BYTES], crc)
            self._let_go()
        if crc != self._crc:
            raise SpoolCorrupt(path=self.path.name, why="checksum")

    def sha256(self) -> str:
        """The SHA-256 (hex) of the whole file as it is mapped, about 0.5 GB/s."""
        digest = hashlib.sha256()
        for at in range(0, len(self._map), CHUNK_BYTES):
            digest.update(self._view[at : at + CHUNK_BYTES])
            self._let_go()
        return digest.hexdigest()

    def _let_go(self, again_at: int = LET_GO_LINES) -> None:
        """Give read pages back to the kernel's cache: a worker must not grow with the file that it prints."""
        self._let_go_at = again_at
        self._map.madvise(mmap.MADV_DONTNEED)

    def __len__(self) -> int:
        """How many lines."""
        return self.last

    def line(self, n: int, /) -> bytes:
        """Line ``n`` (``first`` to ``last``) as it goes on the wire: number, checksum, newline. O(1).

        Raises:
            IndexError: there is no such line.
        """
        if n < 1:
            raise IndexError(n)  # from behind, as Python counts, would be some other line
        if n >= self._let_go_at:
            self._let_go(n + LET_GO_LINES)
        offsets = self._offsets
        return self._map[HEADER_BYTES + offsets[n - 1] : HEADER_BYTES + offsets[n]]

    def lines(self, first: int, last: int, /) -> bytes:
        """Lines ``first`` to ``last``, both included, as one piece ready to write. Raises as :meth:`line`."""
        if first < 1:
            raise IndexError(first)
        if last >= self._let_go_at:
            self._let_go(last + LET_GO_LINES)
        offsets = self._offsets
        return self._map[HEADER_BYTES + offsets[first - 1] : HEADER_BYTES + offsets[last]]

    def offset(self, n: int, /) -> int:
        """How many bytes of lines stand before line ``n``; ``last + 1`` gives the bytes of all. O(1).

        So the lines a to b-1 are ``offset(b) - offset(a)`` bytes on the wire.

        Raises:
            IndexError: there is no such line.
        """
        if n < 1:
            raise IndexError(n)
        return self._offsets[n - 1]

    def command(self, n: int) -> bytes:
        """The command of line ``n`` without number and checksum."""
        line = self.line(n)
        return line[line.index(b" ") + 1 : line.rindex(b"*")]

    @property
    def layers(self) -> int:
        """How many layers."""
        return len(self._layers)

    def layer_at(self, n: int) -> int:
        """The layer that line ``n`` belongs to, from 1; 0 before the first."""
        return bisect_right(self._layers, n)

    def seconds_left_at(self, n: int) -> float:
        """Seconds still to print once line ``n`` is done (0 = nothing sent yet); proportional between marks."""
        marks = len(self._mark_lines)
        right = bisect_right(self._mark_lines, n)
        before = (self._mark_lines[right - 1], self._mark_seconds[right - 1]) if right else (0, self.total_s)
        after = (self._mark_lines[right], self._mark_seconds[right]) if right < marks else (self.last, 0)
        if after[0] <= before[0]:
            return float(before[1])
        share = min(1.0, (n - before[0]) / (after[0] - before[0]))
        return before[1] + share * (after[1] - before[1])

    def close(self) -> None:
        """Unmap."""
        for view in getattr(self, "_views", []):
            view.release()
        self._view.release()
        self._map.close()

    def __enter__(self) -> SpoolFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ends(first: int, *counts: int) -> list[int]:
    """Where tables of ``counts`` u32 end, one behind the other, the first beginning at ``first``."""
    ends = [first]
    for count in counts:
        ends.append(ends[-1] + 4 * count)
    return ends
