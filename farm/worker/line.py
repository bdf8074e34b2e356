"""A line that the printer has taken, noted once a second where it survives the worker: two slots, no fsync.

Oks are counted, and one may come twice: what is noted stays a window behind the last that was acknowledged.

It lives in the node's run folder (/run, memory): what must survive is the worker's death, not the node's. A node that
loses its power leaves dead cells behind, and no print to go on with. So the card is never written while a print goes
on; where the run folder is on a disk (the demo), the kernel writes its two pages at most every 30 s (vm.dirty_expire,
some 20 MB a day). A note is torn only by a machine that dies: the other slot then still holds the one before.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from hashlib import blake2b
from pathlib import Path

import msgspec

MAGIC = b"LIN1"
# magic, sequence, whose run, line, monotonic and wall-clock seconds; then a CRC-32 of all that
_NOTE = struct.Struct("<4sI16sQdd")
_CRC = struct.Struct("<I")
SLOT_BYTES = 4096  # a page each: a write that is cut short spoils one of them
NOTE_S = 1.0
NEVER_S = float("inf")  # a time to come: see :meth:`LineJournal.read`


class LineNote(msgspec.Struct, frozen=True):
    """A line that was taken, and how long ago that was noted, s."""

    line: int
    age_s: float


class LineJournal:
    """One file of two slots for one printer. Times are monotonic and wall-clock seconds: both must have gone on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._sequence = 0
        self._noted_s = 0.0

    def read(self, run: str, now_s: float, wall_s: float) -> LineNote | None:
        """The newest whole note of this run, or None."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return None
        found = [note for at in (0, SLOT_BYTES) if (note := _unpack(data[at : at + SLOT_BYTES])) is not None]
        self._sequence = max((sequence for sequence, _, _, _, _ in found), default=0)
        mine = [note for note in found if note[1] == _whose(run)]
        if not mine:
            return None
        _, _, line, then_s, then_wall_s = max(mine)
        passed = (now_s - then_s, wall_s - then_wall_s)
        return LineNote(line, max(passed) if min(passed) >= 0 else float("inf"))

    def is_due(self, now_s: float) -> bool:
        """Whether it is time for a note."""
        return now_s - self._noted_s >= NOTE_S

    def note(self, run: str, line: int, now_s: float, wall_s: float, *, is_ageless: bool = False) -> None:
        """Write it over the older slot; ``is_ageless``: nobody shall learn how old it is. Raises OSError."""
        if self._fd is None:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._sequence, self._noted_s = self._sequence + 1, now_s
        body = _NOTE.pack(MAGIC, self._sequence, _whose(run), line, NEVER_S if is_ageless else now_s, wall_s)
        os.pwrite(self._fd, body + _CRC.pack(zlib.crc32(body)), self._sequence % 2 * SLOT_BYTES)

    def forget(self) -> None:
        """Nothing may be believed of it any more; the next note is due at once."""
        self._noted_s = float("-inf")
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _whose(run: str) -> bytes:
    return blake2b(run.encode(), digest_size=16).digest()


def _unpack(slot: bytes) -> tuple[int, bytes, int, float, float] | None:
    size = _NOTE.size
    if len(slot) < size + _CRC.size or not slot.startswith(MAGIC):
        return None
    if _CRC.unpack_from(slot, size)[0] != zlib.crc32(slot[:size]):
        return None
    _, sequence, whose, line, then_s, wall_s = _NOTE.unpack_from(slot)
    return sequence, whose, line, then_s, wall_s
