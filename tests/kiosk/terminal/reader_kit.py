"""The two ends of reader.sock in one test: real port, real agent, real stick images, a virtual key, a bench."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from kiosk.terminal.keeper import Keeper
from kiosk.terminal.readerport import ReaderPort
from kiosk.terminal.session import Rules
from provisioning.clock import SystemClock
from provisioning.config import Node
from provisioning.linesock import dial
from provisioning.readers.agent import Agent
from provisioning.readers.words import ReaderWord, Word, line
from tests.provisioning.node_kit import make_site
from tests.support import accepts, wait_until

KIOSK = '[kiosk]\nwing = "A"\nname = "K"\nreader = "virtual"\nstick_port = "virtual"\nkeys = "virtual"\n'
W = TypeVar("W", bound=Word)


def make_kiosk(base: Path) -> Node:
    """A kiosk where everything is virtual."""
    return make_site(base, {"k": "kiosk"}, {"k": KIOSK})["k"]


class Pages:
    """The pages' side: what they heard, and their port."""

    def __init__(self, node: Node, hear: Callable[[ReaderWord], None] | None = None) -> None:
        self.heard: list[ReaderWord] = []
        self.keeper = Keeper(SystemClock(), Rules(), lambda _effect: None)
        self.port = ReaderPort(node.run_dir / "reader.sock", hear or self.heard.append, self.keeper)

    def hears(self, kind: type[W], number: int = 1) -> W:
        """The so-manieth word of a kind, when it has come."""

        def found() -> list[W]:
            several = [one for one in self.heard if isinstance(one, kind)]
            return several[number - 1 : number]

        return wait_until(found, 20, what=f"{kind.__name__} number {number} among {self.heard}")[0]

    def has_reader(self) -> bool:
        """Whether an agent has said that it is there."""
        return self.port.driver is not None


@contextmanager
def turning(act: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    """``act`` in a thread until ``end`` was called."""
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        end()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def pages(node: Node, hear: Callable[[ReaderWord], None] | None = None) -> Iterator[Pages]:
    """Pages that listen; words go to ``hear``, or are kept in ``heard``."""
    made = Pages(node, hear)
    with turning(made.port.run, made.port.stop):
        yield made


@contextmanager
def agent(node: Node) -> Iterator[Agent]:
    """A reader agent that turns."""
    made, over = Agent(node), threading.Event()

    def turn() -> None:
        while not over.is_set():
            made.turn(0.02)
        made.close()

    with turning(turn, over.set):
        yield made


def bench(node: Node, *words: Word) -> None:
    """What the bench does to the virtual readers."""
    path = node.run_dir / "virtual-reader.sock"
    wait_until(lambda: accepts(path), 20, what="the reader listens")
    with dial(path) as sock:
        sock.sendall(b"".join(line(word) for word in words))
