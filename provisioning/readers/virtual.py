"""Readers made of a socket: the bench panel, trainings and tests lay badges on, plug sticks and keys in."""

import logging
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.errors import Corrupt
from provisioning.linesock import Client, LineServer
from provisioning.readers.presence import Presence
from provisioning.readers.words import (
    BenchWord,
    DriverName,
    Lift,
    Plug,
    PlugKey,
    Pull,
    PullKey,
    ReaderWord,
    Tear,
    Torn,
    Touch,
    TouchKey,
    line,
    read_bench_word,
)

if TYPE_CHECKING:
    from provisioning.readers.keyplaces import KeySource
    from provisioning.readers.stick.door import StickDoor
    from provisioning.sim.security_key import KeySocket, VirtualKey

log = logging.getLogger("passage.reader")


class VirtualReader:
    """Listens on ``virtual-reader.sock``. What was put there stays until it is taken away."""

    name: DriverName = "virtual"
    tells_removal = True

    def __init__(
        self, run_dir: Path, selector: selectors.BaseSelector, emit: Callable[[ReaderWord], None]
    ) -> None:
        self._presence = Presence()
        self._emit = emit
        self._server = LineServer(run_dir / "virtual-reader.sock", selector, self._on_line)
        self.stick = VirtualSocket(run_dir / "stick-port", lambda: self._server.broadcast(line(Torn())))
        self.keys = VirtualKeys()

    def present(self) -> list[ReaderWord]:
        """The badge that lies there now."""
        return self._presence.now()

    def turn(self, now_s: float) -> None:
        """Tell the bench what happened to its stick."""
        self.stick.turn(now_s)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _on_line(self, client: Client, data: bytes) -> None:
        try:
            self._apply(read_bench_word(data))
        except Corrupt as error:
            log.warning("bench said something unreadable: %s", error)
            self._server.drop(client)

    def _apply(self, word: BenchWord) -> None:
        match word:
            case Touch(uid=uid):
                self._tell(self._presence.touch(uid))
            case Lift():
                self._tell(self._presence.lift())
            case Plug(image=image):
                self.stick.plug(Path(image))
            case Pull():
                self.stick.pull()
            case Tear(after_bytes=after_bytes):
                self.stick.tear_after_bytes = after_bytes
            case PlugKey(file=file):
                self.keys.plug(Path(file))
            case PullKey():
                self.keys.pull()
            case TouchKey(touched=touched):
                self.keys.touch(touched=touched)

    def _tell(self, changes: list[ReaderWord]) -> None:
        for change in changes:
            self._emit(change)


class VirtualSocket:
    """A USB socket for stick images, and the lever that pulls a stick in the middle of a write.

    ``notice`` is called after each movement: a stick that is out and in again between two looks was out all the same.
    """

    def __init__(self, name: Path, torn: Callable[[], None]) -> None:
        self.name = name
        self.notice: Callable[[], None] = lambda: None
        self.tear_after_bytes: int | None = None
        self._torn = torn
        self._was_torn = False

    def plug(self, image: Path) -> None:
        """Put a stick in; one that was in comes out."""
        from provisioning.sim.stick import Port

        if not image.is_file():
            log.warning("there is no stick %s", image)
            return
        Port(self.name).plug(image)
        self.notice()

    def pull(self) -> None:
        """Pull out whatever is in."""
        self.name.unlink(missing_ok=True)
        self.notice()

    def door(self, name: Path) -> "StickDoor":
        """The door to a stick in this socket."""
        from provisioning.sim.torn_stick import TearingDoor

        return TearingDoor(name, self._tear)

    def turn(self, now_s: float) -> None:  # noqa: ARG002 - every driver hears the time
        """Tell that a stick was torn out, in the loop."""
        if self._was_torn:
            self._was_torn = False
            self._torn()

    def _tear(self) -> int | None:
        """How many bytes of this write arrive; None for all. The stick is out when they are written."""
        after_bytes, self.tear_after_bytes = self.tear_after_bytes, None
        self._was_torn = after_bytes is not None
        return after_bytes


class VirtualKeys:
    """A socket for virtual security keys. The library behind them is loaded with the first one."""

    def __init__(self) -> None:
        self._socket: KeySocket | None = None
        self._key: VirtualKey | None = None
        self._plugs = 0

    def is_used(self) -> bool:
        """Whether a key was ever plugged in."""
        return self._socket is not None

    def sources(self) -> "tuple[KeySource, ...]":
        """Where a :class:`KeyPort` looks."""
        return (self._socket,) if self._socket else ()

    def plug(self, file: Path) -> None:
        """Plug in the key that is kept in a file; one that was in comes out."""
        from provisioning.sim.security_key import KeySocket, VirtualKey

        self.pull()
        self._socket = self._socket or KeySocket()
        self._key = VirtualKey.in_file(file, touched=False)
        self._plugs += 1
        self._socket.plug(
            self._key, f"{self._key.memory.serial} {self._plugs}"
        )  # as hidraw: a new name each time

    def pull(self) -> None:
        """Pull it out."""
        if self._socket is not None:
            self._socket.pull()
        self._key = None

    def touch(self, *, touched: bool) -> None:
        """Lay a finger on it, or take it away."""
        if self._key is not None:
            self._key.touch(touched=touched)
