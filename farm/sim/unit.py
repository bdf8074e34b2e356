"""One virtual printer with its power, its cable and its pseudo-terminal: the edge between a value and the kernel."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import tty
from collections.abc import Callable
from pathlib import Path

from farm.sim.faults import NoisyWire
from farm.sim.firmware import VirtualMarlin
from farm.words import VirtualPrinter

READ_BYTES = 4096

# name of a fault -> what it does with its value
FAULTS = {
    "drop_out": "chance of losing a byte on its way to the printer",
    "drop_in": "chance of losing a byte on its way to the host",
    "corrupt_out": "chance of a flipped bit in a byte on its way to the printer",
    "corrupt_in": "chance of a flipped bit in a byte on its way to the host",
    "lost_ok": "how many of the next acknowledgements are never sent",
    "reboot": "the board starts anew",
    "sensor_open": "1: the nozzle's thermistor has lost its wire, 0: mended",
    "heater_dead": "1: the nozzle's heater has lost its wire, 0: mended",
    "run_out": "the filament sensor asks for a new reel",
    "halt": "the firmware finds an error and stops for good",
}


class WorldClock:
    """The printers' own seconds: they pass ``factor`` times faster than the wall's."""

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self._wall_s = wall_s
        self._from_wall_s = wall_s()
        self._from_s = 0.0
        self.factor = 1.0

    def now(self) -> float:
        """The printers' time."""
        return self._from_s + (self._wall_s() - self._from_wall_s) * self.factor

    def set_factor(self, factor: float) -> None:
        """Go faster or slower from now on."""
        self._from_s, self._from_wall_s, self.factor = self.now(), self._wall_s(), factor


class VirtualUnit:
    """One printer in its cell. Its port exists while it has power and is plugged in, as on a native-USB board."""

    def __init__(
        self, printer: str, cell: str, path: Path, clock: WorldClock, selector: selectors.BaseSelector
    ) -> None:
        """``path`` is the name under which the port appears, whatever pseudo-terminal it is this time."""
        self.printer, self.cell, self._path = printer, cell, path
        self._clock, self._selector = clock, selector
        self._board = VirtualMarlin(clock.now(), factor=clock.factor)
        self._board.cut_power(clock.now())
        self._there, self._back = NoisyWire(1), NoisyWire(2)
        self._fds: tuple[int, int] | None = None  # ours, and the host's end held so that it stays usable
        self._switch, self._relay, self._is_plugged = True, False, True
        self._is_on = False

    # --- what the bench and the cell do -------------------------------------------------------------------------------

    def set_relay(self, is_on: bool) -> None:
        """The cell's power comes or goes."""
        self._relay = is_on
        self._settle()

    def set_switch(self, is_on: bool) -> None:
        """The printer's own switch."""
        self._switch = is_on
        self._settle()

    def set_cable(self, is_plugged: bool) -> None:
        """The USB cable; a printer without it goes on as it was told."""
        self._is_plugged = is_plugged
        self._settle()

    def set_factor(self, factor: float) -> None:
        """The clock has just been given this factor."""
        self._board.advance(self._clock.now())
        self._board.set_factor(factor)

    def spoil(self, name: str, value: float) -> bool:
        """Give it a fault of ``FAULTS``; false when there is none of that name."""
        now, board = self._clock.now(), self._board
        acts: dict[str, Callable[[], None]] = {
            "drop_out": lambda: setattr(self._there, "drop", value),
            "drop_in": lambda: setattr(self._back, "drop", value),
            "corrupt_out": lambda: setattr(self._there, "corrupt", value),
            "corrupt_in": lambda: setattr(self._back, "corrupt", value),
            "lost_ok": lambda: setattr(board, "lost_oks", int(value)),
            "reboot": lambda: board.reset(now) if self._is_on else None,
            "sensor_open": lambda: board.machine.nozzle.set_open(value > 0, now),
            "heater_dead": lambda: board.machine.nozzle.set_dead(value > 0, now),
            "run_out": lambda: board.tell("//action:out_of_filament T0", now),
            "halt": lambda: board.break_down("malfunction", now),
        }
        if name not in acts:
            return False
        board.advance(now)
        acts[name]()
        self.turn()
        return True

    def _settle(self) -> None:
        should = self._switch and self._relay
        if should != self._is_on:
            self._is_on = should
            if should:
                self._board.reset(self._clock.now(), "PowerUp")
            else:
                self._board.cut_power(self._clock.now())
        if (self._is_on and self._is_plugged) != (self._fds is not None):
            self._plug() if self._fds is None else self._unplug()

    # --- the pseudo-terminal ------------------------------------------------------------------------------------------

    def _plug(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)  # no echo: the host must not hear itself before it sets the line up
        os.set_blocking(ours, False)
        self._fds = (ours, theirs)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(theirs))
        fresh.replace(self._path)
        self._selector.register(ours, selectors.EVENT_READ, lambda _mask: self._serve())

    def _unplug(self) -> None:
        assert self._fds is not None
        self._selector.unregister(self._fds[0])
        with contextlib.suppress(OSError):
            if self._path.readlink() == Path(os.ttyname(self._fds[1])):
                self._path.unlink()
        for fd in self._fds:
            os.close(fd)
        self._fds = None

    def _serve(self) -> None:
        if self._fds is None:
            return
        try:
            data = os.read(self._fds[0], READ_BYTES)
        except BlockingIOError:
            return
        arrived = self._there.carry(data)
        if arrived:
            self._board.receive(arrived, self._clock.now())
        self.turn()

    # --- the loop -----------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Let it do what is due, and put on the wire what it says; what nobody reads is lost, as on a serial line."""
        if self._is_on:
            self._board.advance(self._clock.now())
        data = self._board.data_to_send()
        if data and self._fds is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._fds[0], self._back.carry(data))

    def wait_s(self) -> float:
        """Seconds on the wall until it has something to do, infinity when it only waits."""
        if not self._is_on:
            return math.inf
        return max(0.0, (self._board.next_at() - self._clock.now()) / self._clock.factor)

    def show(self) -> VirtualPrinter:
        """It as it stands."""
        now = self._clock.now()
        machine = self._board.machine
        x_mm, y_mm, z_mm, _ = machine.motion.at
        return VirtualPrinter(
            printer=self.printer,
            on=self._is_on,
            plugged=self._is_plugged,
            nozzle_c=round(machine.nozzle.read_c(now), 1),
            bed_c=round(machine.bed.read_c(now), 1),
            x_mm=round(x_mm, 2),
            y_mm=round(y_mm, 2),
            z_mm=round(z_mm, 2),
            e_mm=round(machine.motion.extruded_mm, 3),
            done_lines=machine.motion_lines,
            motion_sha256=machine.motion_sha256.hexdigest(),
            path=str(self._path) if self._fds is not None else "",
        )

    def close(self) -> None:
        """Take it away."""
        if self._fds is not None:
            self._unplug()
