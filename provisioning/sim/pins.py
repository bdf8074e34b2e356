"""Mock pins of one cell behind a socket: the bench panel moves contacts and watches outputs through it."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from gpiozero.pins.mock import MockFactory, MockPin

from provisioning.linesock import Client, LineServer, turn


class ContactMoved(msgspec.Struct, frozen=True, tag_field="t", tag="contact"):
    """The bench opens or closes a contact; closed is safe and pulls the pin low."""

    name: str
    closed: bool


class WatchedPin(MockPin):  # type: ignore[misc]  # gpiozero carries no types
    """A mock pin that tells its factory whenever its level changes."""

    def _change_state(self, value: Any) -> Any:
        changed = super()._change_state(value)
        if changed:
            self.factory.level_changed()
        return changed


class BenchPins(MockFactory):  # type: ignore[misc]  # gpiozero carries no types
    """gpiozero's mock pins; ``on_level`` is called, in the thread that caused it, when any level changes."""

    def __init__(self) -> None:
        super().__init__(pin_class=WatchedPin)
        self.on_level: Callable[[], None] | None = None

    def level_changed(self) -> None:
        """Tell whoever watches."""
        if self.on_level is not None:
            self.on_level()


class PinsSocket:
    """Serves ``pins-<cell>.sock`` from a thread of its own, as a real pin library calls back from its own thread.

    Contacts rest open, as cut wires do, until the bench closes them. Clients get every change of the outputs and the
    outputs as they are on connecting; when the process dies the connection ends, which a client must read as "off".
    """

    def __init__(
        self, path: Path, pins: BenchPins, contacts: Mapping[str, int], outputs: Mapping[str, int]
    ) -> None:
        self._pins, self._contacts, self._outputs = pins, dict(contacts), dict(outputs)
        self._selector = selectors.DefaultSelector()
        self._decode = msgspec.json.Decoder(ContactMoved)
        self._server = LineServer(path, self._selector, self._on_line, on_open=self._greet)
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._drain)
        self._told = b""
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pins", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._pins.on_level = self._wake
        self._thread.start()

    def close(self) -> None:
        """Tell the last levels and stop."""
        self._closing = True
        self._wake()
        self._thread.join(timeout=2)
        self._pins.on_level = None

    def _run(self) -> None:
        while not self._closing:
            turn(self._selector, 10.0)
            self._tell()
        self._tell()
        self._server.close()
        self._selector.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"x")
        except OSError:  # full: a wake-up is waiting already; closed: nobody is left to wake
            return

    def _drain(self, _mask: int) -> None:
        os.read(self._wake_in, 4096)

    def _levels(self) -> bytes:
        levels = {name: bool(self._pins.pin(number).state) for name, number in self._outputs.items()}
        return msgspec.json.encode({"t": "outputs", **levels}) + b"\n"

    def _tell(self) -> None:
        levels = self._levels()
        if levels != self._told:
            self._told = levels
            self._server.broadcast(levels)

    def _greet(self, client: Client) -> None:
        self._server.send(client, self._levels())

    def _on_line(self, client: Client, line: bytes) -> None:
        try:
            moved = self._decode.decode(line)
            pin = self._pins.pin(self._contacts[moved.name])
        except (msgspec.DecodeError, KeyError):
            self._server.drop(client)
            return
        if moved.closed:
            pin.drive_low()
        else:
            pin.drive_high()
