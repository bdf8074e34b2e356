"""What a cell lived through, in an append-only file: on disk before it is told, kept until the desk has it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from farm.words import CellEvent

KEEP_BYTES = 256 * 1024  # the acknowledged past is dropped at start once the file is larger


class Acked(msgspec.Struct, frozen=True, tag_field="t", tag="acked"):
    """Everything up to ``seq`` is in the desk's audit trail."""

    seq: int


class EventJournal:
    """Numbered events of one cell; every ``add`` is on the medium when it returns.

    A last line cut short by a power loss is dropped: it was never told to anyone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(CellEvent | Acked)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._waiting: list[CellEvent] = []
        self._last_seq = 0
        good_bytes = self._load()
        if good_bytes > KEEP_BYTES:
            self._rewrite()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if good_bytes <= KEEP_BYTES:
            os.ftruncate(self._fd, good_bytes)
        os.lseek(self._fd, 0, os.SEEK_END)
        _sync_folder(path.parent)

    @property
    def waiting(self) -> list[CellEvent]:
        """Events that the desk has not acknowledged, oldest first."""
        return list(self._waiting)

    def add(self, at_utc: str, what: str, by: str) -> CellEvent:
        """Write an event down.

        Raises:
            OSError: the medium did not take it; the event has no number and is not waiting.
        """
        event = msgspec.convert(
            {"t": "event", "seq": self._last_seq + 1, "at_utc": at_utc, "what": what, "by": by}, CellEvent
        )
        self._write(event)
        self._last_seq = event.seq
        self._waiting.append(event)
        return event

    def ack(self, seq: int) -> None:
        """The desk has everything up to ``seq``."""
        kept = [event for event in self._waiting if event.seq > seq]
        if len(kept) != len(self._waiting):
            self._write(Acked(seq))
            self._waiting = kept

    def close(self) -> None:
        """Let the file go."""
        os.close(self._fd)

    def _load(self) -> int:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            try:
                self._take(self._decoder.decode(line))
            except msgspec.DecodeError:
                continue  # a bad sector must not keep a cell from starting; the bytes stay as evidence
        return whole

    def _take(self, entry: CellEvent | Acked) -> None:
        if isinstance(entry, Acked):
            self._waiting = [event for event in self._waiting if event.seq > entry.seq]
        else:
            self._waiting.append(entry)
        self._last_seq = max(self._last_seq, entry.seq)

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        lines = [Acked(self._last_seq if not self._waiting else self._waiting[0].seq - 1), *self._waiting]
        with fresh.open("wb") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def _write(self, entry: CellEvent | Acked) -> None:
        before = os.lseek(self._fd, 0, os.SEEK_CUR)
        line = msgspec.json.encode(entry) + b"\n"
        try:
            if os.write(self._fd, line) != len(line):
                raise OSError("short write")
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, before)
            os.lseek(self._fd, before, os.SEEK_SET)
            raise


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
