"""One cell's wires on gpiozero: the relay goes off inside the edge callback, before anyone is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

from gpiozero import DigitalInputDevice, OutputDevice

from farm.interlock.chain import Chain, Obstacle
from farm.words import Outputs

LAMPS = ("red", "amber", "green", "buzzer")


@dataclass(frozen=True)
class CellPins:
    """Which GPIO number carries what. Contacts are normally closed to ground; the outputs are active-high."""

    contacts: Mapping[str, int]
    relay: int
    red: int
    amber: int
    green: int
    buzzer: int


@dataclass(frozen=True)
class Snapshot:
    """The cell at one instant."""

    live: bool
    relay: bool
    tripped_by: str | None
    contacts: dict[str, bool]
    workers: dict[str, bool]


class Cell:
    """The contacts, the relay and the stack light of one cell, with the chain that binds them.

    ``on_change(tripped_by)`` is called from whatever thread saw the change, after the relay is right; it gets the
    cause when this was the trip of a live cell, else None. It must only wake somebody up.
    """

    def __init__(self, pins: CellPins, pin_factory: Any, on_change: Callable[[str | None], None]) -> None:
        self._lock = RLock()
        self._on_change = on_change
        self._chain = Chain(tuple(pins.contacts))
        self._buzzing = False
        self._relay = OutputDevice(pins.relay, active_high=True, initial_value=False, pin_factory=pin_factory)
        self._lamps = {
            name: OutputDevice(getattr(pins, name), initial_value=False, pin_factory=pin_factory)
            for name in LAMPS
        }
        self._contacts = {
            name: DigitalInputDevice(number, pull_up=True, pin_factory=pin_factory)
            for name, number in pins.contacts.items()
        }
        for name, device in self._contacts.items():
            self._watch(name, device)
        self.check()

    def check(self) -> None:
        """Read every contact as it stands now: an edge that the kernel lost is found here."""
        for name, device in self._contacts.items():
            with self._lock:  # read inside: a stale "closed" must never overtake an edge that says "open"
                self._learn(name, bool(device.value))

    def check_beats(self, now_s: float) -> None:
        """Trip when a worker fell silent."""
        self._do(lambda: self._chain.check_beats(now_s))

    def beat(self, worker: str, now_s: float) -> bool:
        """A worker says that it lives; false for one name too many."""
        with self._lock:
            accepted = self._chain.beat(worker, now_s)
            self._show()
        return accepted

    def hung_up(self, worker: str, now_s: float) -> None:
        """A worker's connection ended."""
        self._do(lambda: self._chain.hung_up(worker, now_s))

    def trip(self, cause: str) -> None:
        """Go dead for a cause that is no contact."""
        self._do(lambda: self._chain.trip(cause))

    def obstacle(self, role: str) -> Obstacle | None:
        """What stands in the way of a reset now."""
        with self._lock:
            return self._chain.obstacle(role)

    def reset(self, role: str) -> Obstacle | None:
        """Power on, or what stands in the way; every contact is read again first."""
        with self._lock:  # held from the last look at the contacts until the relay is on
            self.check()
            found = self._chain.reset(role)
            if found is None:
                self._buzzing = False
                self._relay.on()
            self._show()
        self._on_change(None)
        return found

    def hush(self) -> None:
        """Silence the buzzer; the light stays."""
        with self._lock:
            self._buzzing = False
            self._show()

    def snapshot(self) -> Snapshot:
        """The cell now; ``relay`` is what the pin says, not what we wish."""
        with self._lock:
            return Snapshot(
                live=self._chain.live,
                relay=not self._relay.closed and bool(self._relay.value),
                tripped_by=self._chain.tripped_by,
                contacts=self._chain.contacts,
                workers=self._chain.workers,
            )

    def outputs(self) -> Outputs:
        """What the output pins say now."""
        with self._lock:
            return Outputs(
                relay=bool(self._relay.value),
                **{name: bool(lamp.value) for name, lamp in self._lamps.items()},
            )

    def close(self) -> None:
        """Power off, and give the pins back; the cell stays readable and dead."""
        with self._lock:
            if self._relay.closed:
                return
            self._relay.off()
            self._chain.trip("stop")
            self._buzzing = False
            self._show()
        for device in (*self._contacts.values(), self._relay, *self._lamps.values()):
            device.close()

    def _watch(self, name: str, device: DigitalInputDevice) -> None:
        def opened() -> None:
            self._learn(name, False)

        def closed() -> None:
            self._learn(name, True)

        device.when_deactivated = opened
        device.when_activated = closed

    def _learn(self, name: str, closed: bool) -> None:
        with self._lock:
            if not self._chain.is_news(name, closed):
                return
        self._do(lambda: self._chain.contact(name, closed))

    def _do(self, change: Callable[[], bool]) -> None:
        """Apply ``change`` to the chain; when it trips, the relay is off before the lock is let go."""
        with self._lock:
            if self._relay.closed:  # on the way out, while workers still hang up
                return
            before = (self._chain.contacts, self._chain.workers)
            tripped = change()
            if not self._chain.live:
                self._relay.off()
            self._buzzing = self._buzzing or tripped
            self._show()
            cause = self._chain.tripped_by if tripped else None
            changed = tripped or before != (self._chain.contacts, self._chain.workers)
        if changed:
            self._on_change(cause)

    def _show(self) -> None:
        ready = not self._chain.live and self._chain.obstacle("director") is None
        for name, on in (
            ("green", self._chain.live),
            ("red", not self._chain.live),
            ("amber", ready),
            ("buzzer", self._buzzing),
        ):
            lamp = self._lamps[name]
            if bool(lamp.value) != on:
                lamp.value = on
