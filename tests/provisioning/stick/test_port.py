"""The socket for sticks, when sticks come and go faster than they can be looked at."""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioning.linesock import turn
from provisioning.readers.stick.door import StickDoor
from provisioning.readers.stickport import StickPort
from provisioning.readers.words import Did, FormatStick, ReaderWord, StickGone, StickSeen
from provisioning.sim.stick import Port, issue, make_foreign
from tests.support import wait_until

from .stick_kit import header_sector, ticket_sector


class Socket:
    """A port in a loop of its own, and how often it started a child."""

    def __init__(self, folder: Path) -> None:
        self.hand = Port(folder / "stick-port")
        self.words: list[ReaderWord] = []
        self.starts = 0
        self.selector = selectors.DefaultSelector()
        self.port = StickPort(self.hand.name, self.selector, self.words.append, self._door)

    def _door(self, path: Path) -> StickDoor:
        def counted(_path: Path) -> None:
            self.starts += 1

        return StickDoor(path, refusal=counted)

    def turn(self) -> None:
        self.port.turn(time.monotonic())
        turn(self.selector, 0.01)

    def hears(self, is_so: Callable[[ReaderWord], bool]) -> ReaderWord:
        """Wait for a word."""

        def heard() -> list[ReaderWord]:
            self.turn()
            return [word for word in self.words if is_so(word)]

        return wait_until(heard, what="a word of the port")[-1]

    def busy(self) -> threading.Event:
        """The port's thread has something to do until the event is set."""
        gate = threading.Event()
        self.port._side.do(lambda: gate.wait(20), lambda _done: None)
        return gate


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[Socket]:
    made = Socket(tmp_path)
    yield made
    made.port.close()
    made.selector.close()


def test_an_order_that_waited_is_not_carried_out_on_the_stick_that_came_instead(
    socket: Socket, tmp_path: Path
) -> None:
    """The first stick failed, so that it has no child any more: the next one would be opened in its name."""
    kept = issue(tmp_path / "kept.img", header_sector(), ticket_sector(1))
    before = kept.read_bytes()
    socket.hand.plug(make_foreign(tmp_path / "first.img"))
    socket.hears(lambda word: isinstance(word, StickSeen))
    assert socket.port._door is not None
    socket.port._door.close()
    gate = socket.busy()
    socket.port.carry_out(
        FormatStick("o", header_sector(stick="S-NEW"), ticket_sector(1, stick="S-NEW"), True)
    )
    socket.hand.plug(kept)
    socket.hears(lambda word: isinstance(word, StickGone))
    gate.set()
    did = socket.hears(lambda word: isinstance(word, Did))
    assert did == Did("o", "stick_gone")
    socket.hears(lambda word: isinstance(word, StickSeen) and word.state == "ours")
    assert kept.read_bytes() == before


def test_a_loose_contact_costs_one_look_not_one_for_each_time(socket: Socket, tmp_path: Path) -> None:
    stick = issue(tmp_path / "stick.img", header_sector(), ticket_sector(1))
    gate = socket.busy()
    for _ in range(20):
        socket.hand.plug(stick)
        socket.turn()
        socket.hand.pull()
        socket.turn()
    socket.hand.plug(stick)
    socket.turn()
    gate.set()
    socket.hears(lambda word: isinstance(word, StickSeen))
    assert socket.starts == 1
