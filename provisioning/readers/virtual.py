"""A reader made of a socket: the bench panel, trainings and tests put badges on it."""

import logging
import selectors
from collections.abc import Callable
from pathlib import Path

from provisioning.errors import Corrupt
from provisioning.linesock import Client, LineServer
from provisioning.readers.presence import Presence
from provisioning.readers.words import (
    BenchWord,
    DriverName,
    Lift,
    ReaderWord,
    Touch,
    read_bench_word,
)

log = logging.getLogger("passage.reader")


class VirtualReader:
    """Listens on ``run/virtual-reader.sock``. What was touched stays there until it is lifted."""

    name: DriverName = "virtual"
    tells_removal = True

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, emit: Callable[[ReaderWord], None]
    ) -> None:
        self._presence = Presence()
        self._emit = emit
        self._server = LineServer(path, selector, self._on_line)

    def present(self) -> list[ReaderWord]:
        """What lies there now."""
        return self._presence.now()

    def turn(self, now_s: float) -> None:
        """Nothing to do between words."""

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _on_line(self, client: Client, data: bytes) -> None:
        try:
            word = read_bench_word(data)
        except Corrupt as error:
            log.warning("bench said something unreadable: %s", error)
            self._server.drop(client)
            return
        for change in _apply(self._presence, word):
            self._emit(change)


def _apply(presence: Presence, word: BenchWord) -> list[ReaderWord]:
    match word:
        case Touch(uid=uid):
            return presence.touch(uid)
        case Lift():
            return presence.lift()
        case _:
            return []
