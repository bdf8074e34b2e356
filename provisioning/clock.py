"""Time as an argument: the system's clock, a clock for tests, and one way to write an instant."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where a process takes its time from; passed in, never looked up."""

    def now_utc(self) -> datetime:
        """The instant now, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go backwards."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_utc(self) -> datetime:
        """The instant now, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()


class FakeClock:
    """A clock that moves only when told: tests and training."""

    def __init__(self, start: str = "2026-11-22T08:00:00.000Z") -> None:
        self._now = parse_iso(start)
        self._monotonic_s = 1000.0

    def now_utc(self) -> datetime:
        """The instant it was set to."""
        return self._now

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start, moved by :meth:`advance`."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on both clocks."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forth or back, as a time server does; no time passes."""
        self._now += timedelta(seconds=seconds)


def iso(instant: datetime) -> str:
    """An instant as ``2026-11-22T08:31:00.123Z``: fixed width, so text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"  # for +00:00


def parse_iso(text: str) -> datetime:
    """The aware instant written by :func:`iso`.

    Raises:
        ValueError: the text is not an instant with a zone.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"instant without zone: {text!r}")
    return instant.astimezone(UTC)


def local_day(clock: Clock, timezone: str) -> date:
    """The day it is there; ``timezone`` is a name such as ``Europe/Brussels``."""
    return clock.now_utc().astimezone(ZoneInfo(timezone)).date()


def iso_after(clock: Clock, seconds: float) -> str:
    """The instant ``seconds`` after now, written by :func:`iso`."""
    return iso(clock.now_utc() + timedelta(seconds=seconds))
