"""The end of reader.sock that the pages hold: hears what the reader sees, and has orders carried out there."""

import contextlib
import logging
import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from kiosk.terminal.keeper import Keeper
from kiosk.terminal.session import ReaderLost, TimePassed
from provisioning.errors import Corrupt
from provisioning.linesock import MAX_LINE_BYTES, Client, LineServer, turn
from provisioning.readers.words import (
    CancelOrder,
    Did,
    DriverName,
    Order,
    ReaderReady,
    ReaderWord,
    line,
    read_reader_word,
)

log = logging.getLogger("passage.kiosk")

TURN_S = 0.25  # a session whose time is over is blank within this, touched or not
AWAY, SLOW, TOO_LONG = "reader_away", "reader_slow", "order_too_long"


class _Waiting:
    """One order that somebody waits for; the first answer counts."""

    def __init__(self, order: Order, data: bytes) -> None:
        self.order, self.data = order, data
        self.done = threading.Event()
        self.did: Did | None = None

    def answer(self, did: Did) -> None:
        """The answer; a second one changes nothing."""
        if self.did is None:
            self.did = did
            self.done.set()


class ReaderPort:
    """Listens for the one reader agent and lets the session's time pass; :meth:`run` is for a thread of its own.

    ``hear`` gets every word but the first and the answers, on that thread: it must not wait, and never :meth:`ask`.
    """

    def __init__(self, path: Path, hear: Callable[[ReaderWord], None], keeper: Keeper) -> None:
        self._hear = hear
        self._keeper = keeper
        self._selector = selectors.DefaultSelector()
        self._agent: Client | None = None
        self._tells_removal = False
        self.driver: DriverName | None = None
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._outgoing: deque[_Waiting | CancelOrder] = deque()
        self._is_over = False
        self._thread: int | None = None
        self._wake_out, self._wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_out, selectors.EVENT_READ, lambda _mask: self._drain())
        self._server = LineServer(path, self._selector, self._on_line, on_close=self._on_close)
        self._stopping = False

    def run(self) -> None:
        """Until :meth:`stop`."""
        self._thread = threading.get_ident()
        try:
            while not self._stopping:
                turn(self._selector, TURN_S)
                self._send_what_waits()
                self._keeper.feed(TimePassed())
        finally:
            self._stopping = True
            self._server.close()
            self._end()

    def stop(self) -> None:
        """End :meth:`run` at its next turn; whoever waits for an answer hears that the reader is away."""
        self._stopping = True
        self._wake()

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Have an order carried out and wait for it; from any thread but the port's own.

        Codes of our own: ``reader_away`` (no agent, or it went away in the middle), ``reader_slow`` (no answer within
        ``timeout_s``; the order is cancelled, yet may have been carried out), ``order_too_long``.
        """
        if threading.get_ident() == self._thread:
            raise RuntimeError("the reader's thread would wait for itself")
        data = line(order)
        if len(data) > MAX_LINE_BYTES:
            return Did(order.order, TOO_LONG)
        waiting = _Waiting(order, data)
        with self._lock:
            if self._is_over or self._agent is None:
                return Did(order.order, AWAY)
            if order.order in self._waiting:
                raise ValueError(f"order {order.order} is being carried out already")
            self._waiting[order.order] = waiting
            self._outgoing.append(waiting)
        self._wake()
        waiting.done.wait(timeout_s)
        with self._lock:
            self._waiting.pop(order.order, None)
            waiting.answer(Did(order.order, SLOW))  # counts only when there was none
        assert waiting.did is not None
        if waiting.did.code == SLOW:
            self.cancel(order.order)
        return waiting.did

    def cancel(self, order_id: str) -> None:
        """Nobody wants this order any more; it is answered all the same, by whichever came first."""
        with self._lock:
            if self._agent is not None:
                self._outgoing.append(CancelOrder(order_id))
        self._wake()

    # --- the port's own thread ---

    def _on_line(self, client: Client, data: bytes) -> None:
        try:
            word = read_reader_word(data)
        except Corrupt as error:
            log.error("the reader said something unreadable: %s", error)
            self._server.drop(client)
            return
        if isinstance(word, ReaderReady):
            self._welcome(client, word)
        elif client is not self._agent:
            return
        elif isinstance(word, Did):
            self._take(word)
        else:
            self._hear(word)

    def _welcome(self, client: Client, word: ReaderReady) -> None:
        """The newest agent is the one that holds the hardware."""
        with self._lock:
            former, self._agent, self.driver = self._agent, client, word.driver
            self._give_up()
        self._tells_removal = word.tells_removal
        log.info("reader is here, driver %s", word.driver)
        if former is not None and former is not client:
            self._server.drop(former)
        self._lose_sight()  # what still lies there is told next, and all is well

    def _on_close(self, client: Client) -> None:
        if client is not self._agent:
            return
        log.warning("the reader is away")
        with self._lock:
            self._agent, self.driver = None, None
            self._give_up()
        if not self._stopping:
            self._lose_sight()

    def _lose_sight(self) -> None:
        """Nobody knows whether what opened the session is still there; of some badges nobody ever did."""
        credential = getattr(self._keeper.state, "credential", None)
        if credential is not None and (credential.kind != "badge" or self._tells_removal):
            self._keeper.feed(ReaderLost())

    def _take(self, did: Did) -> None:
        with self._lock:
            waiting = self._waiting.get(did.order)
            if waiting is not None:
                waiting.answer(did)
        if waiting is None:
            log.info("an answer came too late: %s", did.code or "done")

    def _give_up(self) -> None:
        """The agent that had the orders is gone: nobody will ever answer them. Under the lock."""
        self._outgoing.clear()
        for waiting in self._waiting.values():
            waiting.answer(Did(waiting.order.order, AWAY))

    def _send_what_waits(self) -> None:
        while True:
            with self._lock:
                if not self._outgoing:
                    return
                one, agent = self._outgoing.popleft(), self._agent
            if agent is not None:
                self._server.send(agent, one.data if isinstance(one, _Waiting) else line(one))

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            self._give_up()
            self._selector.close()
            os.close(self._wake_in)
            os.close(self._wake_out)

    def _wake(self) -> None:
        with self._lock:  # a number of a closed file may be another file's by now
            if not self._is_over:
                with contextlib.suppress(BlockingIOError):  # a wake-up is waiting already
                    os.write(self._wake_in, b"x")

    def _drain(self) -> None:
        os.read(self._wake_out, 4096)
