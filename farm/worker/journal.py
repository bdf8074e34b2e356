"""What a worker must still know after SIGKILL: the run it has, and how that ended, until the desk knows too."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from farm.run import Stand
from farm.words import ENDED, Lease, RunWord


class JournalEntry(msgspec.Struct, frozen=True):
    """One run: the last state that the desk was told, and what it takes to go on after this process's death."""

    run: str
    job: str
    state: RunWord
    reason: str | None = None
    spool: str = ""
    sha256: str = ""
    begun_s: float = 0.0  # monotonic
    accepted: str = ""  # the name of the firmware that an officer accepted
    is_cautious: bool = False  # and it prints under the cautious profile
    stand: Stand | None = None

    @classmethod
    def begin(cls, lease: Lease, now_s: float, accepted: str, *, is_cautious: bool) -> JournalEntry:
        """A lease, just taken."""
        return cls(
            lease.run, lease.job, "started", None, lease.spool, lease.sha256, now_s, accepted, is_cautious
        )

    @property
    def lease(self) -> Lease:
        """The lease that it was begun by."""
        return Lease(self.run, self.job, self.spool, self.sha256)

    @property
    def is_ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED


class RunJournal:
    """One small file, replaced as a whole: written when a state changes, some ten times a print."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> JournalEntry | None:
        """The run of before, or None. A file that cannot be read counts as none: it is never half written."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=JournalEntry)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, entry: JournalEntry) -> None:
        """Keep this; on the card when it returns. Raises OSError when the medium does not take it."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(entry))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._sync_folder()

    def probe(self) -> None:
        """Find out whether the medium takes a file. Raises OSError when it does not."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(b"{}")
        fresh.unlink()

    def forget(self) -> None:
        """The desk knows: nothing is left to remember."""
        self._path.unlink(missing_ok=True)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
