"""One virtual printer by itself, at a path that any program can open."""

from __future__ import annotations

import contextlib
import heapq
import math
import selectors
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from farm.profiles import Profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for
from farm.sim.faults import AWAY_S, FAULTS
from farm.sim.process import FACTOR_LEAST, FACTOR_MOST, LOOK_S, SPIN_S
from farm.sim.unit import MakeBoard, VirtualUnit, WorldClock
from provisioning.errors import Refused
from provisioning.linesock import turn

BOTH_WAYS = {"drop": ("drop_out", "drop_in"), "corrupt": ("corrupt_out", "corrupt_in")}
CHANCES = ("drop_out", "drop_in", "corrupt_out", "corrupt_in")
SWITCHES = ("baud_mismatch", "silent", "runaway", "sensor_open", "heater_dead")
COUNTS = frozenset({"rx_bytes", "lost_ok", "doubled_ok", "resend_burst", "resend_no_ok", *SWITCHES})
COUNT_MOST = 1_000_000.0  # our choice, seconds too: more is never what was meant
# name -> least and most value; what is not named here goes from 0 to COUNT_MOST
BOUNDS = {
    **dict.fromkeys(CHANCES, (0.0, 1.0)),
    **dict.fromkeys(SWITCHES, (0.0, 1.0)),
    "rx_bytes": (1.0, 65536.0),
}
# happen once: the value says when, seconds on the wall
LATER = frozenset({"reboot", "run_out", "halt", "vanish", "move"})


class BadFaults(Refused):
    """Faults cannot be read: ``why``."""

    code = "bad_faults"


def read_faults(text: str) -> dict[str, float]:
    """``drop=0.01,lost_ok=3`` as names of ``FAULTS`` with their values; ``drop`` and ``corrupt`` spoil both ways.

    Raises:
        BadFaults: an unknown name, no number, or one out of bounds.
    """
    faults: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = part.partition("=")
        names = BOTH_WAYS.get(name, (name,))
        if not FAULTS.keys() >= set(names):
            raise BadFaults(why=f"no fault {name!r}: there are {', '.join((*BOTH_WAYS, *FAULTS))}")
        try:
            number = float(value)
        except ValueError as error:
            raise BadFaults(why=f"{part!r} wants a number, as in {name}=1") from error
        least, most = BOUNDS.get(names[0], (0.0, COUNT_MOST))
        if not least <= number <= most:
            raise BadFaults(why=f"{part!r} wants a number from {least:g} to {most:g}")
        if names[0] in COUNTS and number != int(number):
            raise BadFaults(why=f"{part!r} wants a whole number")
        faults |= dict.fromkeys(names, number)
    return faults


class SinglePrinter:
    """A virtual printer with power and cable, and the faults it is to show. :meth:`run` returns after :meth:`stop`."""

    def __init__(
        self,
        path: Path,
        make_board: MakeBoard,
        faults: Mapping[str, float],
        speed: float,
        wall_s: Callable[[], float],
        *,
        baud: float = math.inf,
        usb_s: float = 0.0,
    ) -> None:
        """``path`` becomes a link to its pseudo-terminal; ``speed`` is how many times faster than life it is.

        ``baud`` and ``usb_s`` (each way) are the line's; without them bytes arrive when they are sent.
        """
        self._wall_s = wall_s
        is_timed = baud < math.inf or usb_s > 0
        # epoll waits whole milliseconds, on a line that takes fractions of one
        self._selector = selectors.SelectSelector() if is_timed else selectors.DefaultSelector()
        clock = WorldClock(wall_s)
        clock.set_factor(min(max(speed, FACTOR_LEAST), FACTOR_MOST))
        self._unit = VirtualUnit(
            "printer", "table", path, clock, self._selector, make_board, baud=baud, usb_s=usb_s
        )
        self._unit.set_relay(True)
        begun_s = wall_s()
        self._later = [(begun_s + value, name) for name, value in faults.items() if name in LATER]
        heapq.heapify(self._later)
        for name, value in faults.items():
            if name not in LATER:
                self._unit.spoil(name, value)
        self._stopping = False

    def stop(self) -> None:
        """End the loop; safe from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Be a printer."""
        while not self._stopping:
            self._unit.turn()
            while self._later and self._later[0][0] <= self._wall_s():
                self._unit.spoil(heapq.heappop(self._later)[1], AWAY_S)
            turn(self._selector, self._wait_s())
        self._unit.close()
        self._selector.close()

    def _wait_s(self) -> float:
        due_s = min(self._unit.wait_s(), LOOK_S)
        if self._later:
            due_s = min(due_s, max(0.0, self._later[0][0] - self._wall_s()))
        return 0.0 if due_s < SPIN_S else due_s


class Line(msgspec.Struct, frozen=True):
    """The serial line: ``baud`` 0 takes no time, ``rx_bytes`` 0 is the ring that the profile names."""

    baud: int = 0
    usb_ms: float = 0.0  # each way
    rx_bytes: int = 0


def run_single(profile: Profile, faults: str, speed: float, line: Line, tell: Callable[[str], None]) -> None:
    """Be one printer of ``profile`` until SIGTERM or Ctrl-C; ``tell`` hears the path of its port.

    Raises:
        BadFaults: ``faults`` cannot be read.
    """
    wanted = read_faults(faults)

    def make_board(now: float, factor: float) -> VirtualBoard:
        return board_for(profile, now, factor=factor, rx_bytes=line.rx_bytes or None)

    with tempfile.TemporaryDirectory(prefix="printer-") as folder, contextlib.ExitStack() as undo:
        printer = SinglePrinter(
            Path(folder) / profile.id,
            make_board,
            wanted,
            speed,
            time.monotonic,
            baud=line.baud or math.inf,
            usb_s=line.usb_ms / 1000,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            undo.callback(
                signal.signal, number, signal.signal(number, lambda _number, _frame: printer.stop())
            )
        tell(str(Path(folder) / profile.id))
        printer.run()
