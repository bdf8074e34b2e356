"""The printer's side of a worker: port and link together, opened when the cell is live, told by events."""

from __future__ import annotations

import selectors
from collections.abc import Callable

from farm.link.events import Event, PortGone, PrinterHalted, PrinterSilent, Quarantined, Ready
from farm.link.marlin import MarlinLink
from farm.port import Port
from farm.run.machine import HEATERS_OFF
from farm.words import PrinterWord
from farm.worker.place import WorkerPlace
from provisioning.errors import Unavailable

REOPEN_S = 1.0  # how soon a lost port is looked for again
# a tripped cell takes the port away, and says so at least each second: its word comes first
CELL_FIRST_S = 1.5


class PrinterSide:
    """One serial port with the link that speaks on it. ``on_event`` gets each event after it was minded here."""

    def __init__(
        self,
        place: WorkerPlace,
        selector: selectors.BaseSelector,
        monotonic_s: Callable[[], float],
        on_event: Callable[[Event, float], None],
    ) -> None:
        self._place, self._selector, self._now, self._on_event = place, selector, monotonic_s, on_event
        self.link = MarlinLink(place.profile)
        self._port: Port | None = None
        self._open_s = 0.0
        self._reason: str | None = None
        self._quarantined: str | None = None
        self._gone_s: float | None = None  # when to tell that the port is gone

    @property
    def deadline(self) -> float | None:
        """When :meth:`handle_timeout` is due."""
        return self.link.deadline if self._port is not None else self._gone_s

    @property
    def word(self) -> PrinterWord:
        """What the desk calls this state, as long as no run is under way."""
        if self._port is None:
            return "offline"
        if self._quarantined is not None:
            return "quarantined"
        return "idle" if self.link.is_ready else "identifying"

    @property
    def reason(self) -> str | None:
        """Why it is offline or quarantined."""
        return self._quarantined or (self._reason if self._port is None else None)

    def look(self, now_s: float) -> None:
        """Open the port when it is there and it is time."""
        if self._port is not None or self._gone_s is not None or now_s < self._open_s:
            return
        self._open_s = now_s + REOPEN_S
        try:
            self._port = Port(self._place.port, self._place.profile.link.baud)
        except Unavailable as error:
            self._reason = error.reason
            return
        self._reason = self._quarantined = None
        self._selector.register(self._port.fd, selectors.EVENT_READ, self._serve)
        self.link.open(now_s)

    def send(self) -> None:
        """Put on the wire what the link wants there."""
        if self._port is None:
            return
        if data := self.link.data_to_send(self._now()):
            self._port.write(data)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._port.has_unsent else 0)
        key = self._selector.get_key(self._port.fd)
        if key.events != wanted:
            self._selector.modify(self._port.fd, wanted, key.data)

    def stop(self, now_s: float) -> bool:
        """M112, ahead of everything that still waits; false when there is no wire to put it on."""
        self.link.stop(now_s)
        if self._port is None or not (data := self.link.data_to_send(now_s)):
            return False
        self._port.write_first(data)
        return True

    def handle_timeout(self, now_s: float) -> None:
        """Let the link act on its deadline."""
        if self.deadline is None or now_s < self.deadline:
            return
        if self._port is None:
            self._gone_s = None
            self._on_event(PortGone(), now_s)
        else:
            self._take(self.link.handle_timeout(now_s), now_s)

    def close(self, reason: str | None = None) -> None:
        """Let the port go; ``reason`` says why."""
        if self._port is not None:
            self._selector.unregister(self._port.fd)
            self._port.close()
            self._port = None
        self._reason, self._gone_s = reason, None
        self._open_s = self._now() + REOPEN_S

    def _serve(self, mask: int) -> None:
        if self._port is None:
            return
        if mask & selectors.EVENT_WRITE:
            self._port.flush()
        if mask & selectors.EVENT_READ and (data := self._port.read()) is not None:
            now_s = self._now()
            self._take(self.link.receive_data(data, now_s), now_s)
            self.send()

    def _take(self, events: list[Event], now_s: float) -> None:
        for event in events:
            if isinstance(event, PortGone):
                self.close(_why_gone(event))
                self._gone_s = now_s + CELL_FIRST_S
                return
            if isinstance(event, Ready):
                self._quarantined = None
                for command in HEATERS_OFF:  # whatever an earlier run left behind
                    self.link.submit(command)
            elif isinstance(event, Quarantined):
                self._quarantined = event.reason
            self._on_event(event, now_s)
            if isinstance(event, (PrinterHalted, PrinterSilent)):
                self.close(_why_gone(event))


def _why_gone(event: PortGone | PrinterHalted | PrinterSilent) -> str:
    match event:
        case PortGone():
            return "port_missing"
        case PrinterHalted(reason=reason):
            return f"halted: {reason}"
        case _:
            return "printer_silent"
