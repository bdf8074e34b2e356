"""One port and one link on a table: bytes, times and wishes in, events out, everything on paper when that is wanted."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from pathlib import Path

from farm.bench.recording import Direction, Recorder, spell
from farm.link import Event, LineSource, Link
from farm.port import Port
from farm.profiles import Profile


class Talk:
    """A conversation with the printer at one port. Times are seconds since it began, rounded as they are recorded."""

    def __init__(
        self, path: Path, profile: Profile, monotonic_s: Callable[[], float], record: Recorder | None = None
    ) -> None:
        """Open the port.

        Raises:
            Unavailable: ``port_missing`` or ``port_taken``.
        """
        self.link = Link(profile)
        self._port = Port(path, profile.link.baud)
        self._wall_s, self._begun_s = monotonic_s, monotonic_s()
        self._record = record
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._port.fd, selectors.EVENT_READ)
        now_s = self.now_s()
        self._note(now_s, "do", "open")
        self.link.open(now_s)

    def now_s(self) -> float:
        """Seconds since the begin, to the microsecond."""
        return round(self._wall_s() - self._begun_s, 6)

    # --- wishes ---------------------------------------------------------------------------------------------------

    def submit(self, command: str) -> None:
        """Put a command behind those waiting."""
        self._note(self.now_s(), "do", f"submit {command}")
        self.link.submit(command)

    def stream(self, source: LineSource, at: int) -> None:
        """Send ``source`` from line ``at``."""
        self._note(self.now_s(), "do", f"stream {at} {source.last}")
        self.link.stream(source, at)

    def hold(self) -> None:
        """Send no further line."""
        self._note(self.now_s(), "do", "hold")
        self.link.hold()

    def interrupt(self) -> None:
        """End a heat-up wait."""
        self._note(self.now_s(), "do", "interrupt")
        self.link.interrupt()

    def stop(self) -> None:
        """M112, ahead of everything."""
        now_s = self.now_s()
        self._note(now_s, "do", "stop")
        self.link.stop(now_s)
        if data := self.link.data_to_send(now_s):
            self._note(now_s, "out", data)
            self._port.write_first(data)

    # --- the loop -------------------------------------------------------------------------------------------------

    def turn(self, wait_s: float) -> list[Event]:
        """Send what is due, wait at most so long, and say what has happened."""
        now_s = self._send()
        if (deadline := self.link.deadline) is not None:
            wait_s = max(0.0, min(wait_s, deadline - now_s))
        events: list[Event] = []
        for _key, mask in self._selector.select(wait_s):
            if mask & selectors.EVENT_WRITE:
                self._port.flush()
            if mask & selectors.EVENT_READ and (data := self._port.read()) is not None:
                now_s = self.now_s()
                self._note(now_s, "in", data)
                events += self.link.receive_data(data, now_s)
        now_s = self.now_s()
        if (deadline := self.link.deadline) is not None and deadline <= now_s:
            self._note(now_s, "do", "timeout")
            events += self.link.handle_timeout(now_s)
        if self._record is not None:
            for event in events:
                self._record.note(now_s, "event", spell(event))
        return events

    def close(self) -> None:
        """Let the port go."""
        self._selector.close()
        self._port.close()

    def _send(self) -> float:
        now_s = self.now_s()
        if data := self.link.data_to_send(now_s):
            self._note(now_s, "out", data)
            self._port.write(data)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._port.has_unsent else 0)
        if self._selector.get_key(self._port.fd).events != wanted:
            self._selector.modify(self._port.fd, wanted)
        return now_s

    def _note(self, t: float, direction: Direction, what: str | bytes) -> None:
        if self._record is not None:
            self._record.note(t, direction, what)
