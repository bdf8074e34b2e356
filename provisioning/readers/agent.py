"""The reader's own process: owns the hardware, tells the node's pages what it sees, survives either being away."""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from provisioning.config import ConfigRefused, Node, load_node
from provisioning.linesock import dial, turn
from provisioning.log import start_log
from provisioning.notify import notify, watchdog_interval_s
from provisioning.readers.words import DriverName, ReaderReady, ReaderWord, line

log = logging.getLogger("passage.reader")

REDIAL_S = 0.3  # pages that come back see the badge that lies there within this
TURN_S = 0.25


class Driver(Protocol):
    """What the agent wants of any reader."""

    name: DriverName
    tells_removal: bool

    def present(self) -> list[ReaderWord]:
        """What a listener that has just connected must hear."""
        ...

    def turn(self, now_s: float) -> None:
        """Time passed."""
        ...

    def close(self) -> None:
        """Let the hardware go."""
        ...


class NoReader:
    """A node without a reader: it says so, once per connection."""

    name: DriverName = "none"
    tells_removal = False

    def present(self) -> list[ReaderWord]:
        """Nothing, ever."""
        return []

    def turn(self, now_s: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to let go."""


class Uplink:
    """The connection to the node's pages. What nobody hears is not kept: a late touch is worse than none."""

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, greeting: Callable[[], list[ReaderWord]]
    ) -> None:
        self._path = path
        self._selector = selector
        self._greeting = greeting
        self._sock: socket.socket | None = None
        self._retry_at_s = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the pages are there."""
        return self._sock is not None

    def turn(self, now_s: float) -> None:
        """Dial again when the pages are away and it is time."""
        if self._sock is not None or now_s < self._retry_at_s:
            return
        self._retry_at_s = now_s + REDIAL_S
        try:
            sock = dial(self._path)
        except OSError:
            return
        self._sock = sock
        self._selector.register(sock, selectors.EVENT_READ, lambda _mask: self._listen())
        log.info("connected to %s", self._path.name)
        for word in self._greeting():
            self.send(word)

    def send(self, word: ReaderWord) -> None:
        """Tell one word."""
        if self._sock is None:
            return
        try:
            self._sock.sendall(line(word))
        except OSError:
            self.close()

    def close(self) -> None:
        """End the connection."""
        if self._sock is not None:
            self._selector.unregister(self._sock)
            self._sock.close()
            self._sock = None

    def _listen(self) -> None:
        """The pages never speak here: what can be read is the end of the connection."""
        try:
            gone = self._sock is None or not self._sock.recv(4096)
        except OSError:
            gone = True
        if gone:
            self.close()


class Agent:
    """One driver, one uplink, one loop."""

    def __init__(self, node: Node) -> None:
        self.selector = selectors.DefaultSelector()
        self.uplink = Uplink(node.run_dir / "reader.sock", self.selector, self._greeting)
        self.driver = make_driver(node, self.selector, self.uplink.send)

    def turn(self, timeout_s: float = TURN_S) -> None:
        """One turn of the loop."""
        now_s = time.monotonic()
        self.driver.turn(now_s)
        self.uplink.turn(now_s)
        turn(self.selector, timeout_s)

    def close(self) -> None:
        """Let everything go."""
        self.uplink.close()
        self.driver.close()
        self.selector.close()

    def _greeting(self) -> list[ReaderWord]:
        return [ReaderReady(self.driver.name, self.driver.tells_removal), *self.driver.present()]


def make_driver(node: Node, selector: selectors.BaseSelector, emit: Callable[[ReaderWord], None]) -> Driver:
    """The driver that node.toml names; only its own module is imported.

    Raises:
        ConfigRefused: the node has no reader section, or a HID reader without a device path.
    """
    section = node.kiosk or node.farm
    if section is None:
        raise ConfigRefused(file=str(node.path), reason=f"a {node.kind} has no reader")
    if section.reader == "virtual":
        from provisioning.readers.virtual import VirtualReader

        return VirtualReader(node.run_dir / "virtual-reader.sock", selector, emit)
    if section.reader == "hid":
        if not section.reader_device:
            raise ConfigRefused(file=str(node.path), reason="reader_device is missing")
        from provisioning.readers.hid import HidReader

        return HidReader(section.reader_device, selector, emit)
    return NoReader()


def run(config_path: Path) -> None:
    """The process ``reader``: until SIGTERM or SIGINT; READY=1 when the driver is open, whoever listens.

    Raises:
        ConfigRefused: the configuration cannot be used.
    """
    start_log()
    agent = Agent(load_node(config_path))
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    interval_s, pet_at_s = watchdog_interval_s(), 0.0
    log.info("reader agent %d with driver %s", os.getpid(), agent.driver.name)
    notify("READY=1")
    try:
        while not stopping:
            agent.turn()
            if interval_s is not None and time.monotonic() >= pet_at_s:
                pet_at_s = time.monotonic() + interval_s / 2
                notify("WATCHDOG=1")
    finally:
        notify("STOPPING=1")
        agent.close()
