"""Where security keys come and go: USB, cards, and the bench's socket for virtual ones, all looked at alike."""

import importlib.util
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from fido2.ctap import CtapDevice
from fido2.hid import ConnectionFailure, CtapHidDevice, list_descriptors, open_connection
from fido2.hid.base import HidDescriptor

log = logging.getLogger("passage.keys")

# After a change, ten a second (keyport.LOOK_S): udev gives a node to the reader some moments after the kernel made it.
LOOKS = 30
CARD_LOOK_S = 1.0  # asking pcscd which cards lie there; a card is laid down slower than that


class KeySource(Protocol):
    """A place where keys come and go."""

    def names(self) -> frozenset[str]:
        """What is there now; quick, asked a few times a second."""
        ...

    def open(self, name: str) -> CtapDevice:
        """A handle on one. Raises OSError when it is gone."""
        ...


class HidKeys:
    """Keys on USB: hidraw nodes whose descriptor says FIDO (CTAP 2.1 §11.2.8.2)."""

    def __init__(
        self, folder: Path = Path("/dev"), find: Callable[[], Iterable[HidDescriptor]] = list_descriptors
    ) -> None:
        self._folder, self._find = folder, find
        self._nodes: frozenset[str] = frozenset()
        self._names: frozenset[str] = frozenset()
        self._looks_left = 0

    def names(self) -> frozenset[str]:
        """Paths of the nodes. They are opened and read for a while after one came or went, not all day."""
        nodes = frozenset(str(one) for one in self._folder.glob("hidraw*"))
        if nodes != self._nodes:
            self._nodes, self._looks_left = nodes, LOOKS
            self._names &= nodes
        if self._looks_left:
            self._looks_left -= 1
            self._names |= frozenset(str(one.path) for one in self._find()) & nodes
        return self._names

    def open(self, name: str) -> CtapDevice:
        """A handle on a node. Raises OSError when it is gone."""
        for one in self._find():
            if one.path == name:
                return CtapHidDevice(one, open_connection(one))
        raise FileNotFoundError(name)


class CardKeys:
    """Cards on readers of pcscd, when pyscard is installed; without it there are none, said once in the log."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._next_s = clock_s()
        self._names: frozenset[str] = frozenset()
        self._usable = importlib.util.find_spec("smartcard") is not None
        if not self._usable:
            log.info("pyscard is not installed: FIDO2 cards are not read, keys on USB are")

    def names(self) -> frozenset[str]:
        """Names of the readers with a FIDO2 card on them, looked at once a second."""
        if self._usable and self._clock_s() >= self._next_s:
            self._next_s = self._clock_s() + CARD_LOOK_S
            found = [(repr(card), card) for card in self._cards()]
            for _name, card in found:
                card.close()
            self._names = frozenset(name for name, _card in found)
        return self._names

    def open(self, name: str) -> CtapDevice:
        """A handle on the card of that reader. Raises OSError when it is gone."""
        for card in self._cards():
            if repr(card) == name:
                return card
            card.close()
        raise FileNotFoundError(name)

    def _cards(self) -> Iterable[CtapDevice]:
        from fido2.pcsc import CtapPcscDevice

        return CtapPcscDevice.list_devices()


class KeyWatch:
    """Which keys came and went since the last look, over all sources."""

    def __init__(self, *sources: KeySource) -> None:
        self._sources = sources
        self.present: frozenset[str] = frozenset()

    def look(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names that came and names that went."""
        now = frozenset[str]().union(*(one.names() for one in self._sources))
        before, self.present = self.present, now
        return now - before, before - now

    def open(self, name: str) -> CtapDevice:
        """A handle on a key that is there. Raises OSError when it is gone."""
        for source in self._sources:
            if name in source.names():
                return source.open(name)
        raise FileNotFoundError(name)


def gone_errors() -> tuple[type[Exception], ...]:
    """What is raised for a key or card that was taken away in the middle."""
    usual: tuple[type[Exception], ...] = (OSError, ConnectionFailure)
    if importlib.util.find_spec("smartcard") is None:
        return usual
    from smartcard.Exceptions import SmartcardException

    return (*usual, SmartcardException)
