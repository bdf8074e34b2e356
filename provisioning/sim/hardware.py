"""The site's hardware as the bench holds it: where each badge lies, which contact is open, which cable is pulled.

The bench is the truth, as real hardware is: a process that restarts is told again how things stand.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from provisioning.errors import Unavailable
from provisioning.linesock import dial
from provisioning.sim.demo_site import CONTACTS, PRINTERS

log = logging.getLogger("passage.bench")
AGAIN_S = 0.5  # how soon a lost socket is tried again
Word = dict[str, object]


class Line:
    """A connection to one simulated device that is kept up: told everything on connecting, listened to ever after."""

    def __init__(
        self,
        path: Path,
        greet: Callable[[], list[Word]],
        hear: Callable[[Word], None] = lambda _word: None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._path, self._greet, self._hear, self._lost = path, greet, hear, lost
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=f"line-{path.name}", daemon=True)

    def start(self) -> None:
        """Keep it up from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let it go."""
        self._stop.set()
        with self._lock:
            if self._sock is not None:
                with contextlib.suppress(OSError):
                    self._sock.shutdown(socket.SHUT_RDWR)

    def say(self, word: Word) -> None:
        """Tell the device.

        Raises:
            Unavailable: ``device_off``: nobody listens; the device is told how things stand when it is back.
        """
        with self._lock:
            if self._sock is None:
                raise Unavailable("device_off", device=self._path.name)
            try:
                self._sock.sendall(msgspec.json.encode(word) + b"\n")
            except OSError as error:
                raise Unavailable("device_off", device=self._path.name) from error

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sock = dial(self._path)
            except OSError:
                self._stop.wait(AGAIN_S)
                continue
            with sock:
                self._converse(sock)
            self._lost()

    def _converse(self, sock: socket.socket) -> None:
        sock.settimeout(None)
        with self._lock:
            self._sock = sock
            with contextlib.suppress(OSError):
                sock.sendall(b"".join(msgspec.json.encode(word) + b"\n" for word in self._greet()))
        with contextlib.suppress(OSError), sock.makefile("rb") as lines:
            for line in lines:
                with contextlib.suppress(msgspec.DecodeError):
                    self._hear(msgspec.json.decode(line))
        with self._lock:
            self._sock = None


@dataclass
class ReaderPlace:
    """What lies on one node's badge reader and sits in its sockets; sticks and keys are files."""

    badge: str = ""
    stick: str = ""
    tear_after_bytes: int | None = None  # the stick comes out in the middle of its next write
    key: str = ""
    touched: bool = False


@dataclass
class Bench:
    """Everything a hand can move, and the lamps that an eye can see."""

    readers: dict[str, ReaderPlace]
    closed: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(CONTACTS, True))
    plugged: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(PRINTERS, True))
    speed: float = 1.0
    grams: float = 0.0
    outputs: dict[str, bool] = field(default_factory=dict)
    printers: dict[str, Word] = field(default_factory=dict)


class Hardware:
    """The simulated devices of a demo site."""

    def __init__(self, run_dirs: dict[str, Path], printers_run: Path) -> None:
        self.bench = Bench({node_id: ReaderPlace() for node_id in run_dirs if node_id != "hub"})
        farm = run_dirs["farm"]
        self._readers = {
            node_id: Line(
                run_dirs[node_id] / "virtual-reader.sock",
                partial(self._lying, node_id),
                partial(self._read, node_id),
            )
            for node_id in self.bench.readers
        }
        self._pins = Line(farm / "pins-cell-1.sock", self._contacts, self._lamps, self.bench.outputs.clear)
        self._printers = Line(printers_run / "printers.sock", self._cables, self._seen)
        self._scale = Line(farm / "virtual-scale.sock", lambda: [self._weight()])

    def start(self) -> None:
        """Connect to whatever is there, and keep connecting."""
        for line in self._lines():
            line.start()

    def stop(self) -> None:
        """Let everything go."""
        for line in self._lines():
            line.stop()

    def _lines(self) -> list[Line]:
        return [*self._readers.values(), self._pins, self._printers, self._scale]

    def touch(self, node_id: str, uid: str) -> None:
        """Lay a badge on a node's reader."""
        self.bench.readers[node_id].badge = uid
        self._readers[node_id].say({"t": "touch", "uid": uid})

    def lift(self, node_id: str) -> None:
        """Take the badge away."""
        self.bench.readers[node_id].badge = ""
        self._readers[node_id].say({"t": "lift"})

    def plug(self, node_id: str, image: Path) -> None:
        """Plug in the stick whose image this is; it comes out of wherever it was."""
        for other, place in self.bench.readers.items():
            if place.stick == str(image) and other != node_id:
                self._best_effort(self.pull, other)
        place = self.bench.readers[node_id]
        place.stick, place.tear_after_bytes = str(image), None
        self._readers[node_id].say({"t": "plug", "image": str(image)})

    def pull(self, node_id: str) -> None:
        """Pull the stick out."""
        place = self.bench.readers[node_id]
        place.stick, place.tear_after_bytes = "", None
        self._readers[node_id].say({"t": "pull"})

    def tear(self, node_id: str, after_bytes: int) -> None:
        """Let the stick come out when so many bytes of its next ticket are written."""
        self.bench.readers[node_id].tear_after_bytes = after_bytes
        self._readers[node_id].say({"t": "tear", "after_bytes": after_bytes})

    def plug_key(self, node_id: str, file: Path) -> None:
        """Plug in the security key that is kept in this file; it comes out of wherever it was."""
        for other, place in self.bench.readers.items():
            if place.key == str(file) and other != node_id:
                self._best_effort(self.pull_key, other)
        place = self.bench.readers[node_id]
        place.key, place.touched = str(file), False
        self._readers[node_id].say({"t": "plug_key", "file": str(file)})

    def pull_key(self, node_id: str) -> None:
        """Pull the security key out."""
        place = self.bench.readers[node_id]
        place.key, place.touched = "", False
        self._readers[node_id].say({"t": "pull_key"})

    def touch_key(self, node_id: str, *, touched: bool = True) -> None:
        """Lay a finger on the security key, or take it away."""
        self.bench.readers[node_id].touched = touched
        self._readers[node_id].say({"t": "touch_key", "touched": touched})

    def set_contact(self, name: str, *, closed: bool) -> None:
        """Open or close a contact of the cell."""
        self.bench.closed[name] = closed
        self._pins.say({"t": "contact", "name": name, "closed": closed})

    def set_cable(self, printer: str, *, plugged: bool) -> None:
        """Pull or plug a printer's USB cable."""
        self.bench.plugged[printer] = plugged
        self._printers.say({"t": "cable", "printer": printer, "plugged": plugged})

    def set_speed(self, factor: float) -> None:
        """How many times faster than life the virtual printers run."""
        self.bench.speed = factor
        self._printers.say({"t": "speed", "factor": factor})

    def spoil(self, printer: str, name: str, value: float) -> None:
        """Give a virtual printer a fault."""
        self._printers.say({"t": "fault", "printer": printer, "name": name, "value": value})

    def weigh(self, grams: float) -> None:
        """Put something on the scale."""
        self.bench.grams = grams
        self._scale.say(self._weight())

    @staticmethod
    def _best_effort(act: Callable[[str], None], node_id: str) -> None:
        with contextlib.suppress(Unavailable):  # it finds things as they are when it is back
            act(node_id)

    def _lying(self, node_id: str) -> list[Word]:
        place = self.bench.readers[node_id]
        words: list[Word] = [{"t": "touch", "uid": place.badge} if place.badge else {"t": "lift"}]
        words.append({"t": "plug", "image": place.stick} if place.stick else {"t": "pull"})
        if place.tear_after_bytes is not None:
            words.append({"t": "tear", "after_bytes": place.tear_after_bytes})
        if place.key:
            words += [{"t": "plug_key", "file": place.key}, {"t": "touch_key", "touched": place.touched}]
        else:
            words.append({"t": "pull_key"})
        return words

    def _read(self, node_id: str, word: Word) -> None:
        if word.get("t") == "torn":
            place = self.bench.readers[node_id]
            place.stick, place.tear_after_bytes = "", None

    def _contacts(self) -> list[Word]:
        return [
            {"t": "contact", "name": name, "closed": closed} for name, closed in self.bench.closed.items()
        ]

    def _cables(self) -> list[Word]:
        words: list[Word] = [{"t": "speed", "factor": self.bench.speed}]
        pulled = [name for name, plugged in self.bench.plugged.items() if not plugged]
        return words + [{"t": "cable", "printer": name, "plugged": False} for name in pulled]

    def _weight(self) -> Word:
        return {"t": "weight", "grams": self.bench.grams}

    def _lamps(self, word: Word) -> None:
        self.bench.outputs.update({name: value is True for name, value in word.items() if name != "t"})

    def _seen(self, word: Word) -> None:
        several = word.get("printers")
        if isinstance(several, list):
            self.bench.printers = {str(one["printer"]): one for one in several}
