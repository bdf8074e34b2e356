"""The scale behind one port: a virtual one that the bench panel loads, or none; a load cell's driver fits in here."""

from __future__ import annotations

import logging
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from provisioning.linesock import Client, LineServer

log = logging.getLogger("passage.scale")


class Weight(msgspec.Struct, frozen=True, tag_field="t", tag="weight"):
    """Bench: this lies on the scale now."""

    grams: float


class Scale(Protocol):
    """What the desk wants of any scale: settled weights in grams, in the floor's own loop."""

    def open(self, selector: selectors.BaseSelector, on_weight: Callable[[float], None]) -> None:
        """Begin to weigh."""
        ...

    def close(self) -> None:
        """Let the hardware go."""
        ...


class NoScale:
    """Every weight is typed in."""

    def open(self, selector: selectors.BaseSelector, on_weight: Callable[[float], None]) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to let go."""


class VirtualScale:
    """``virtual-scale.sock``: the bench puts parts and reels on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(Weight)
        self._server: LineServer | None = None
        self._on_weight: Callable[[float], None] = lambda _grams: None

    def open(self, selector: selectors.BaseSelector, on_weight: Callable[[float], None]) -> None:
        """Listen for the bench."""
        self._on_weight = on_weight
        self._server = LineServer(self._path, selector, self._on_line)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def _on_line(self, client: Client, line: bytes) -> None:
        try:
            self._on_weight(round(self._decoder.decode(line).grams, 1))
        except msgspec.DecodeError as error:
            log.warning("the bench said what is no weight: %s", error)
            if self._server is not None:
                self._server.drop(client)
