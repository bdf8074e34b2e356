"""The printer's side of a worker: port and link together, opened when the cell is live, told by events."""

from __future__ import annotations

import select
from collections.abc import Callable
from pathlib import Path

from farm.link.events import Event, PortGone, PrinterHalted, PrinterSilent, Quarantined, Ready
from farm.link.link import Link
from farm.link.tracks import LineSource
from farm.port import Port
from farm.profiles import Profile
from farm.words import PrinterWord
from farm.worker.place import WorkerPlace
from farm.worker.stranger import may_accept, under_caution, why_not
from provisioning.errors import Unavailable

REOPEN_S = 1.0  # how soon a lost port is looked for again
# a tripped cell takes the port away, and says so at least each second: its word comes first
CELL_FIRST_S = 1.5


class PrinterSide:
    """One serial port with the link that speaks on it. ``on_event`` gets each event after it was minded here."""

    def __init__(
        self,
        place: WorkerPlace,
        others: int,
        monotonic_s: Callable[[], float],
        on_event: Callable[[Event, float], None],
    ) -> None:
        """``others`` is a descriptor that is readable when anything but the port speaks: it goes first."""
        self._place, self._now, self._on_event = place, monotonic_s, on_event
        self.profile = place.profile
        self.accepted = (
            ""  # the name of a firmware that an officer lets print, though no profile describes it
        )
        self._adopted: tuple[LineSource, int] | None = None
        self.link = Link(place.profile)
        self._wait = select.epoll(2)
        self._wait.register(others, select.EPOLLIN)
        self._port: Port | None = None
        self._wants_room = False
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
        return "idle" if self.is_ready else "identifying"

    @property
    def is_ready(self) -> bool:
        """Whether it can take a job."""
        return self._port is not None and self.link.is_ready and self._quarantined is None

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
            self._port = Port(Path(self._place.port), self._place.profile.link.baud)
        except Unavailable as error:
            self._reason = error.reason
            return
        self._reason = self._quarantined = None
        self._wants_room = False
        self._wait.register(self._port.fd, select.EPOLLIN)
        if self._adopted is None:
            self.link.open(now_s)
        else:
            self.link.adopt(*self._adopted, now_s)
            self._adopted = None

    def adopt(self, source: LineSource, at_least: int) -> None:
        """When the port is opened next, ask where the firmware stands in ``source`` before anything else is said.

        Asked of every board, also of one that opening the port resets (``link.resets_on_open``): the worker that died
        had told the kernel to keep DTR up (see :class:`farm.port.Port`), so most are not; the others say so themselves.
        """
        self._adopted = (source, at_least)

    def forget_adoption(self) -> None:
        """The run that it was for is over: a port that is opened later is met as any other."""
        self._adopted = None

    def accept(self, name: str, now_s: float) -> None:
        """Let a firmware of this name print under the cautious profile; no name: none. Not while a run is under way."""
        self.accepted = name
        firmware = self.link.firmware.name
        if self.is_cautious and firmware != name:
            self._use(self._place.profile)
        elif self._port is not None and self._quarantined is not None and name and firmware == name:
            if self.link.is_ready:
                self._take([Ready(self.link.firmware)], now_s)
            else:
                self.use_caution()
        elif self.link.is_ready:
            self._quarantined = why_not(self.profile, firmware, name)

    def use_caution(self) -> None:
        """Talk as to the firmware that was accepted; nothing without a cautious profile."""
        if self._place.cautious is not None and may_accept(self._place.profile, self.accepted):
            self._use(under_caution(self._place.profile, self._place.cautious, self.accepted))

    def _changes_profile(self, name: str) -> bool:
        """Whether a firmware that was turned away is to be met anew, with the other profile.

        One that was accepted and is refused with all caution stays refused: the other profile would not have it either.
        """
        if self.is_cautious:
            if name != self.accepted:
                self._use(self._place.profile)
        elif name == self.accepted:
            self.use_caution()
        return self._port is None

    def _use(self, profile: Profile) -> None:
        """Begin anew with another profile, at once."""
        self.close()
        self._open_s = 0.0
        self.profile, self.link = profile, Link(profile)

    def serve(self, due_s: float) -> None:
        """Wait, and move lines as they are acknowledged, until ``due_s``, a deadline, or until anything else speaks.

        This is the loop that runs hundreds of times a second: one wait, one read, one write. A chore taken up at
        each turn would cost more than the line: Python that was not run for 3 ms is cold in the processor's cache.
        """
        now_s = self._now()
        if self._port is None:
            self._wait.poll(max(0.0, min(due_s, self.deadline or due_s) - now_s), 1)
            return
        port, link, now, wait = self._port, self.link, self._now, self._wait.poll
        self._write(port, link.data_to_send(now_s))
        while now_s < due_s:
            deadline_s = link.deadline
            until_s = due_s if deadline_s is None or deadline_s > due_s else deadline_s
            ready = wait(until_s - now_s if until_s > now_s else 0.0, 2)
            if len(ready) != 1 or ready[0][0] != port.fd:
                return
            if ready[0][1] & select.EPOLLOUT:
                port.flush()
            data = port.read()
            now_s = now()
            if data is not None and (events := link.receive_data(data, now_s)):
                self._take(events, now_s)
                if self._port is not port:
                    return
            if (out := link.data_to_send(now_s)) or self._wants_room:
                self._write(port, out)

    def _write(self, port: Port, data: bytes) -> None:
        """Put on the wire what the link wants there, and what still waits."""
        port.write(data)
        if port.has_unsent is not self._wants_room:
            self._wants_room = port.has_unsent
            self._wait.modify(port.fd, select.EPOLLIN | (select.EPOLLOUT if self._wants_room else 0))

    @property
    def is_cautious(self) -> bool:
        """Whether it is talked to as to a firmware that no profile describes."""
        return self.profile is not self._place.profile

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
            self._wait.unregister(self._port.fd)
            self._port.close()
            self._port = None
        self._reason, self._gone_s, self._adopted = reason, None, None
        self._open_s = self._now() + REOPEN_S

    def _take(self, events: list[Event], now_s: float) -> None:
        for event in events:
            if isinstance(event, PortGone):
                self.close(_why_gone(event))
                self._gone_s = now_s + CELL_FIRST_S
                return
            if isinstance(event, Ready):
                self._quarantined = why_not(self.profile, event.firmware.name, self.accepted)
                if self._quarantined is not None:
                    self._on_event(Quarantined(event.firmware, self._quarantined), now_s)
                    continue
            elif isinstance(event, Quarantined):
                self._quarantined = event.reason
            self._on_event(event, now_s)
            if isinstance(event, Quarantined) and self._changes_profile(event.firmware.name):
                return
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
