"""The interlock process of one cell: one loop around the cell's wires, its socket and its journal."""

from __future__ import annotations

import os
import selectors
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from farm.interlock.cell import Cell, CellPins
from farm.interlock.chain import BEAT_TIMEOUT_S, STARTED
from farm.interlock.journal import EventJournal
from farm.words import (
    Ack,
    Beat,
    CellEvent,
    CellRefused,
    CellState,
    Reset,
    Subscribe,
    ToInterlock,
    Trip,
    Word,
    encode,
)
from provisioning.clock import Clock, iso
from provisioning.linesock import Client, LineServer, turn

TICK_S = BEAT_TIMEOUT_S / 12  # contacts are read again and beats judged four times a second
STATE_S = 1.0  # a subscriber hears at least this often
RESEND_S = 5.0  # an event that nobody acknowledged is said again
STRANGERS_LOGGED = 20  # beats under a name that is nobody's; more of them are dropped without a line
NAME_SHOWN = 40  # of such a name, characters
BUZZER_S = 10.0  # long enough to make people look, short enough to let them talk


@dataclass(frozen=True)
class CellPlace:
    """What one interlock process is in charge of, and where it keeps its socket and its journal."""

    cell: str
    printers: frozenset[str]  # only their workers may beat here
    pins: CellPins
    socket: Path
    journal: Path


class InterlockService:
    """Owns the wires of one cell. Call :meth:`run` in the main thread; it returns after :meth:`stop`."""

    def __init__(
        self,
        place: CellPlace,
        pin_factory: Any,
        clock: Clock,
        log: Callable[[str], None],
        alive: Callable[[], None],
    ) -> None:
        self._cell_name, self._clock, self._log, self._alive = place.cell, clock, log, alive
        self._words: msgspec.json.Decoder[ToInterlock] = msgspec.json.Decoder(ToInterlock)
        self._trips: deque[tuple[str, str]] = deque()
        self._changed = True
        self._stopping = False
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._since_utc = iso(clock.now_utc())
        self._journal = EventJournal(place.journal)
        self._cell = Cell(place.pins, pin_factory, self._on_change)
        self._record("started", STARTED)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._drain)
        self._subscribers: set[Client] = set()
        self._printers, self._strangers = place.printers, 0
        self._beats_from: dict[str, Client] = {}
        self._state_at_s = self._resend_at_s = 0.0
        self._hush_at_s: float | None = None
        self._server = LineServer(place.socket, self._selector, self._on_line, on_close=self._on_close)

    def run(self) -> None:
        """Serve until :meth:`stop`; on the way out the relay goes off first."""
        try:
            while not self._stopping:
                turn(self._selector, TICK_S)
                self._tick()
                self._alive()
        finally:
            self._cell.close()
            self._server.broadcast(self._state())
            self._server.close()
            self._journal.close()
            self._selector.close()

    def stop(self) -> None:
        """End :meth:`run`; may be called from a signal handler or another thread."""
        self._stopping = True
        self._wake()

    # --- what happens -------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now_s = self._clock.monotonic_s()
        self._cell.check()
        self._cell.check_beats(now_s)
        while self._trips:
            at_utc, cause = self._trips.popleft()
            self._since_utc = at_utc
            self._hush_at_s = now_s + BUZZER_S
            self._record("tripped", cause, at_utc)
        if self._hush_at_s is not None and now_s >= self._hush_at_s:
            self._hush_at_s = None
            self._cell.hush()
        if self._changed or now_s >= self._state_at_s:
            self._changed = False
            self._state_at_s = now_s + STATE_S
            self._say(self._state())
        if now_s >= self._resend_at_s:
            self._resend_at_s = now_s + RESEND_S
            for event in self._journal.waiting:
                self._say(encode(event))

    def _on_change(self, cause: str | None) -> None:
        """Called by the cell from any thread, after the relay is right: only remember and wake."""
        if cause is not None:
            self._trips.append((iso(self._clock.now_utc()), cause))
        self._changed = True
        self._wake()

    def _record(self, what: str, by: str, at_utc: str = "") -> CellEvent | None:
        """Write down and tell; a medium that fails is said in the log, and never keeps power on."""
        try:
            event = self._journal.add(at_utc or iso(self._clock.now_utc()), what, by)
        except OSError as error:
            self._log(f"event={what} by={by} not written: {error}")
            self._cell.trip("journal")
            return None
        self._log(f"event={what} by={by} seq={event.seq}")
        if what != "started":  # nobody can be subscribed yet
            self._say(encode(event))
        return event

    # --- what is said -------------------------------------------------------------------------------------------

    def _on_line(self, client: Client, line: bytes) -> None:
        try:
            word = self._words.decode(line)
        except msgspec.DecodeError as error:
            self._log(f"dropped a client: {error}")
            self._server.drop(client)
            return
        match word:
            case Beat(worker):
                self._beat(client, worker)
            case Trip(worker):
                self._trip(client, worker)
            case Subscribe():
                self._subscribe(client)
            case Reset():
                self._reset(client, word)
            case Ack(seq):
                self._ack(seq)

    def _beat(self, client: Client, worker: str) -> None:
        if worker not in self._printers:
            self._turn_away(client, worker)
            return
        known = worker in self._beats_from
        if not self._cell.beat(worker, self._clock.monotonic_s()):
            self._server.drop(client)
            return
        self._beats_from[worker] = client
        self._changed = self._changed or not known

    def _turn_away(self, client: Client, name: str) -> None:
        """A name that is no printer's of this cell must not hold its power down by falling silent."""
        self._strangers += 1
        if self._strangers <= STRANGERS_LOGGED:
            self._log(f"dropped a client: no printer {name[:NAME_SHOWN]!r} in this cell")
        self._server.drop(client)

    def _trip(self, client: Client, worker: str) -> None:
        """A worker cannot make its printer safe: only one that beats on this connection is believed."""
        if self._beats_from.get(worker) is client:
            self._cell.trip(f"printer:{worker}")

    def _subscribe(self, client: Client) -> None:
        self._subscribers.add(client)
        self._server.send(client, self._state())
        for event in self._journal.waiting:
            self._server.send(client, encode(event))

    def _reset(self, client: Client, word: Reset) -> None:
        """First on paper, then power: an officer's reset that could not be written does not happen."""
        found = self._cell.obstacle(word.role)
        if found is None and self._record("reset", word.officer_id) is None:
            self._server.send(client, encode(CellRefused("journal_failed")))
            return
        if found is None:
            found = self._cell.reset(word.role)
            if found is not None:  # a contact opened while the paper was written
                self._record("tripped", found.detail)
        if found is not None:
            self._server.send(client, encode(CellRefused(found.code, found.detail)))
            return
        self._since_utc = iso(self._clock.now_utc())
        self._hush_at_s = None

    def _ack(self, seq: int) -> None:
        try:
            self._journal.ack(seq)
        except OSError as error:
            self._log(f"ack seq={seq} not written: {error}")

    def _on_close(self, client: Client) -> None:
        self._subscribers.discard(client)
        for worker in [name for name, at in self._beats_from.items() if at is client]:
            del self._beats_from[worker]
            self._cell.hung_up(worker, self._clock.monotonic_s())

    def _say(self, data: bytes) -> None:
        for client in list(self._subscribers):
            self._server.send(client, data)

    def _state(self) -> bytes:
        now = self._cell.snapshot()
        word: Word = CellState(
            cell=self._cell_name,
            live=now.live,
            relay=now.relay,
            tripped_by=now.tripped_by,
            contacts=now.contacts,
            workers=now.workers,
            since_utc=self._since_utc,
        )
        return encode(word)

    # --- waking the loop ----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"x")
        except BlockingIOError:
            return  # a wake-up is waiting already

    def _drain(self, _mask: int) -> None:
        os.read(self._wake_in, 4096)
