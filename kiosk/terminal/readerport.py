"""The end of reader.sock that the pages hold: the reader agent's words become events of the session."""

import logging
import selectors
from pathlib import Path

from kiosk.terminal.keeper import Keeper
from kiosk.terminal.session import (
    Credential,
    CredentialGone,
    CredentialSeen,
    Event,
    ReaderLost,
    TimePassed,
)
from provisioning.errors import Corrupt
from provisioning.linesock import Client, LineServer, turn
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    DriverName,
    ReaderReady,
    ReaderWord,
    StickGone,
    StickSeen,
    read_reader_word,
)

log = logging.getLogger("passage.kiosk")

TURN_S = 0.25  # a session whose time is over is blank within this, touched or not
TELLS_REMOVAL: frozenset[DriverName] = frozenset({"virtual"})


class ReaderPort:
    """Listens for the one reader agent and lets the session's time pass; for a thread of its own."""

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self._keeper = keeper
        self._selector = selectors.DefaultSelector()
        self._agent: Client | None = None
        self.driver: DriverName | None = None
        self._server = LineServer(path, self._selector, self._on_line, on_close=self._on_close)
        self._stopping = False

    def run(self) -> None:
        """Until :meth:`stop`."""
        try:
            while not self._stopping:
                turn(self._selector, TURN_S)
                self._keeper.feed(TimePassed())
        finally:
            self._server.close()
            self._selector.close()

    def stop(self) -> None:
        """End :meth:`run` at its next turn."""
        self._stopping = True

    def _on_line(self, client: Client, data: bytes) -> None:
        try:
            word = read_reader_word(data)
        except Corrupt as error:
            log.error("the reader said something unreadable: %s", error)
            self._server.drop(client)
            return
        if isinstance(word, ReaderReady):
            self._welcome(client, word.driver)
        elif client is self._agent:
            self._keeper.feed(_event(word))

    def _welcome(self, client: Client, driver: DriverName) -> None:
        """The newest agent is the one that holds the hardware."""
        former, self._agent, self.driver = self._agent, client, driver
        log.info("reader is here, driver %s", driver)
        if former is not None and former is not client:
            self._server.drop(former)
        if driver in TELLS_REMOVAL:
            self._keeper.feed(ReaderLost())  # a badge that still lies there is told next, and all is well

    def _on_close(self, client: Client) -> None:
        if client is not self._agent:
            return
        log.warning("the reader is away")
        driver, self._agent, self.driver = self.driver, None, None
        if driver in TELLS_REMOVAL and not self._stopping:
            self._keeper.feed(ReaderLost())


def _event(word: ReaderWord) -> Event:
    match word:
        case BadgeSeen(uid=uid):
            return CredentialSeen(Credential("badge", uid))
        case StickSeen(uid=uid):
            return CredentialSeen(Credential("stick", uid))
        case BadgeGone():
            return CredentialGone("badge")
        case StickGone():
            return CredentialGone("stick")
        case ReaderReady():
            return TimePassed()
