"""The reader's own process: owns the hardware, tells the node's pages what it sees and does what they order there."""

import logging
import os
import selectors
import signal
import time
from pathlib import Path

from provisioning.config import Node, load_node
from provisioning.errors import Corrupt
from provisioning.linesock import LineClient, turn
from provisioning.log import start_log
from provisioning.notify import notify, watchdog_interval_s
from provisioning.readers.drivers import make_readers
from provisioning.readers.words import (
    CancelOrder,
    Did,
    EnrolKey,
    FormatStick,
    Order,
    ReaderReady,
    ReaderWord,
    SignWithKey,
    WriteSlot,
    line,
    read_order,
)

log = logging.getLogger("passage.reader")

TURN_S = 0.1  # how soon a stick or key that was plugged is noticed


class Agent:
    """The node's readers and one connection to its pages, in one loop.

    What nobody hears is not kept: a late touch is worse than none. Who connects hears what lies there now.
    """

    def __init__(self, node: Node) -> None:
        self.selector = selectors.DefaultSelector()
        path = node.run_dir / "reader.sock"
        self.uplink = LineClient(path, self.selector, self._hear, self._greet)
        self.readers = make_readers(node, self.selector, self.tell)

    def turn(self, timeout_s: float = TURN_S) -> None:
        """One turn of the loop."""
        now_s = time.monotonic()
        for one in self.readers.all:
            one.turn(now_s)
        self.uplink.turn(now_s)
        turn(self.selector, timeout_s)

    def tell(self, word: ReaderWord) -> None:
        """Tell the pages, if they are there."""
        self.uplink.send(line(word))

    def close(self) -> None:
        """Let everything go."""
        self.uplink.close()
        for one in self.readers.all:
            one.close()
        self.selector.close()

    def _greet(self) -> None:
        badge = self.readers.badge
        log.info("connected to the pages")
        self.tell(ReaderReady(badge.name, badge.tells_removal))
        for one in self.readers.all:
            for word in one.present():
                self.tell(word)

    def _hear(self, data: bytes) -> None:
        try:
            order = read_order(data)
        except Corrupt as error:
            log.error("the pages said something unreadable: %s", error)
            self.uplink.close()
            return
        self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        stick, keys = self.readers.stick, self.readers.keys
        match order:
            case CancelOrder(order=order_id):
                if keys is not None:
                    keys.cancel(order_id)
            case WriteSlot() | FormatStick() if stick is not None:
                stick.carry_out(order)
            case SignWithKey() | EnrolKey() if keys is not None:
                keys.carry_out(order)
            case _:
                self.tell(Did(order.order, "no_reader"))


def run(config_path: Path) -> None:
    """The process ``reader``: until SIGTERM or SIGINT; READY=1 when the drivers are made, whoever listens.

    Raises:
        ConfigRefused: the configuration cannot be used.
    """
    start_log()
    agent = Agent(load_node(config_path))
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    interval_s, pet_at_s = watchdog_interval_s(), 0.0
    log.info("reader agent %d with driver %s", os.getpid(), agent.readers.badge.name)
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
