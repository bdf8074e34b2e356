"""A file that is hashed while it is read, so that what was judged is what was approved: the very same bytes."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

READ_BYTES = 1 << 16


class _HashedBytes(io.RawIOBase):
    """The bytes of a file as they come from the disk, each into the hash once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.sha256 = hashlib.sha256()
        self.done_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview, /) -> int:  # type: ignore[override]
        count = self._file.readinto(into) or 0
        self.sha256.update(memoryview(into)[:count])
        self.done_bytes += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()

    def fileno(self) -> int:
        return self._file.fileno()


class HashedFile(io.BufferedReader):
    """Read it to its end, then ask for the digest. It cannot be sought in: a part read twice would count twice."""

    def __init__(self, path: Path) -> None:
        """Open ``path``.

        Raises:
            OSError: it cannot be opened.
        """
        self._bytes = _HashedBytes(path)
        super().__init__(self._bytes, READ_BYTES)

    @property
    def done_bytes(self) -> int:
        """How many bytes came from the disk so far; at most ``READ_BYTES`` more than were asked for."""
        return self._bytes.done_bytes

    def digest(self) -> bytes:
        """The SHA-256 of what came from the disk: of the whole file once it was read to its end."""
        return self._bytes.sha256.digest()
