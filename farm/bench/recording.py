"""A dialogue on paper: what the host wanted, what went over the wire, what the link made of it, one JSON object a line.

The first line is the header ``{"v": 1, "profile": "marlin-2.1-generic-220", "begun_utc": "..."}``. Every other line is
``{"t": seconds since the begin, "d": direction, "text": ...}``, in the order in which it happened:

=========  ===========================================================================================================
``d``      ``text``
=========  ===========================================================================================================
``out``    bytes to the printer, one character a byte (Latin-1)
``in``     bytes from the printer, the same; empty: the port was gone
``do``     what the host asked of the link: ``open``, ``submit M105``, ``stream 1 5000`` (from line 1 of 5000),
           ``hold``, ``interrupt``, ``stop``, or ``timeout`` when a deadline of the link's own had passed
``event``  what the link made of it: its name and its fields as JSON
=========  ===========================================================================================================

A log of another program needs only ``in`` and ``out``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import msgspec

from farm.link import Event
from provisioning.errors import Corrupt

T = TypeVar("T")

VERSION = 1
Direction = Literal["out", "in", "do", "event"]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log's first line."""

    v: int
    profile: str
    begun_utc: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any other line."""

    t: float
    d: Direction
    text: str

    @property
    def data(self) -> bytes:
        """The bytes of an ``out`` or ``in``; what is not Latin-1 was never on a wire and reads as ``?``."""
        return self.text.encode("latin-1", "replace")


def spell(event: Event) -> str:
    """An event as a log holds it, the same in every process."""
    fields = msgspec.json.encode(event, order="deterministic").decode()
    return f"{type(event).__name__} {fields}"


class BadLog(Corrupt):
    """A log cannot be read: ``file``, ``line`` and ``why``."""

    code = "bad_log"


class Recorder:
    """Writes a log while a dialogue goes on."""

    def __init__(self, path: Path, profile_id: str, begun_utc: str) -> None:
        """Begin ``path`` anew."""
        self._file: BinaryIO = path.open("wb")
        self._encode = msgspec.json.Encoder().encode
        self._put(Header(VERSION, profile_id, begun_utc))

    def note(self, t: float, direction: Direction, what: str | bytes) -> None:
        """Add a line; ``t`` is the very number of seconds that the link was given."""
        self._put(Entry(t, direction, what.decode("latin-1") if isinstance(what, bytes) else what))
        if direction in {"do", "event"}:  # the rare ones: a log of a crash ends near it
            self._file.flush()

    def close(self) -> None:
        """Write out what is still held back."""
        self._file.close()

    def _put(self, row: Header | Entry) -> None:
        self._file.write(self._encode(row) + b"\n")


def read_header(path: Path) -> Header:
    """The header of a log.

    Raises:
        BadLog: it is none of this version.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        header = _decode(file.readline(), Header, path, 1)
    if header.v != VERSION:
        raise BadLog(file=path.name, line=1, why=f"version {header.v}")
    return header


def read_entries(path: Path) -> Iterator[Entry]:
    """A log's entries, one by one; a last line that was cut off by a crash is left out.

    Raises:
        BadLog: some other line is no entry.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number > 1 and line.endswith(b"\n"):
                yield _decode(line, Entry, path, number)


def _decode(line: bytes, kind: type[T], path: Path, number: int) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLog(file=path.name, line=number, why=str(error)) from error
