"""A recorded dialogue through the pure link: what it makes of it today, and where that differs from the record."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from farm.bench.recording import Entry, read_entries, spell
from farm.link import Event, Link, frame
from farm.profiles import Profile

_NUMBERED = re.compile(rb"N(\d+) [^\n]*\n")


class Step(msgspec.Struct, frozen=True):
    """One thing that the replay has to say. ``differs``: a sentence, when the link no longer does what was recorded."""

    t: float
    event: str = ""
    differs: str = ""


class Recorded:
    """A print's lines as far as they went over the wire; what never did is a dwell of no time."""

    first = 1

    def __init__(self, lines: dict[int, bytes], last: int) -> None:
        self._lines = lines
        self.last = last
        self._offsets = [0]

    def lines(self, first: int, last: int, /) -> bytes:
        """Lines as they were sent."""
        return b"".join(self._line(n) for n in range(first, last + 1))

    def offset(self, n: int, /) -> int:
        """Bytes before line ``n``; asked for in rising order, so each line is measured once."""
        while len(self._offsets) < n:
            self._offsets.append(self._offsets[-1] + len(self._line(len(self._offsets))))
        return self._offsets[n - 1]

    def _line(self, n: int) -> bytes:
        return self._lines.get(n) or frame(n, "G4 P0")


class Replay:
    """Feeds a link what was recorded, in the recorded order and with the recorded times."""

    def __init__(self, profile: Profile, sources: deque[dict[int, bytes]], *, is_ours: bool) -> None:
        """``is_ours``: the log tells when the link was asked for what; else its deadlines follow the times."""
        self._link = Link(profile)
        self._sources = sources
        self._is_ours = is_ours
        self._is_open = False
        self._awaited: deque[str] = deque()

    def steps(self, entries: Iterable[Entry]) -> Iterator[Step]:
        """Everything the link makes of ``entries``."""
        t = 0.0
        for entry in entries:
            t = entry.t
            if not self._is_open and not self._is_ours:
                self._link.open(t)
                self._is_open = True
            if not self._is_ours:
                yield from self._let_pass(t)
            yield from self._take(entry)
        for text in self._awaited:
            yield Step(t, event=text, differs="This did not happen when it was recorded.")

    def _take(self, entry: Entry) -> Iterator[Step]:
        match entry.d:
            case "in":
                yield from self._made(entry.t, self._link.receive_data(entry.data, entry.t))
            case "out":
                yield from self._sent(entry)
            case "do":
                yield from self._made(entry.t, self._do(entry.text, entry.t))
            case "event":
                now = self._awaited.popleft() if self._awaited else ""
                if now != entry.text:
                    yield Step(entry.t, now, f"Recorded was: {entry.text}")
                else:
                    yield Step(entry.t, now)

    def _made(self, t: float, events: list[Event]) -> Iterator[Step]:
        """Events wait for the recorded ones behind them; a log of another program holds none."""
        for event in events:
            if self._is_ours:
                self._awaited.append(spell(event))
            else:
                yield Step(t, spell(event))

    def _sent(self, entry: Entry) -> Iterator[Step]:
        data = self._link.data_to_send(entry.t)
        if self._is_ours and data != entry.data:
            yield Step(entry.t, differs=f"The link sends {data!r}, recorded was {entry.data!r}.")

    def _let_pass(self, t: float) -> Iterator[Step]:
        while (deadline := self._link.deadline) is not None and deadline <= t:
            yield from self._made(deadline, self._link.handle_timeout(deadline))
            self._link.data_to_send(deadline)

    def _do(self, wish: str, t: float) -> list[Event]:
        link = self._link
        match wish.split(" ", 1):
            case ["open"]:
                link.open(t)
            case ["submit", command]:
                link.submit(command)
            case ["stream", where]:
                at, last = (int(word) for word in where.split())
                link.stream(Recorded(self._sources.popleft() if self._sources else {}, last), at)
            case ["hold"]:
                link.hold()
            case ["interrupt"]:
                link.interrupt()
            case ["stop"]:
                link.stop(t)
            case ["timeout"]:
                return link.handle_timeout(t)
        return []


def replay(path: Path, profile: Profile) -> Iterator[Step]:
    """The steps of a log.

    Raises:
        BadLog: it cannot be read.
    """
    sources, is_ours = _sent_lines(read_entries(path))
    yield from Replay(profile, sources, is_ours=is_ours).steps(read_entries(path))


def _sent_lines(entries: Iterable[Entry]) -> tuple[deque[dict[int, bytes]], bool]:
    """For each ``stream`` the lines that followed, by number; and whether the log is one of ours."""
    sources: deque[dict[int, bytes]] = deque()
    is_ours, last = False, 0
    for entry in entries:
        is_ours = is_ours or entry.d == "do"
        if entry.d == "do" and entry.text.startswith("stream "):
            last = int(entry.text.split()[2])
            sources.append({})
        elif entry.d == "out" and sources:
            for found in _NUMBERED.finditer(entry.data):
                if 1 <= (number := int(found[1])) <= last:
                    sources[-1].setdefault(number, found[0])
    return sources, is_ours
