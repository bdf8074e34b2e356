"""One virtual printer with its power, its cable and its pseudo-terminal: the edge between a value and the kernel."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import tty
from collections.abc import Callable
from pathlib import Path

from farm.sim.board import VirtualBoard
from farm.sim.faults import NoisyWire
from farm.sim.wire import TimedWire
from farm.words import VirtualPrinter

READ_BYTES = 4096

MakeBoard = Callable[[float, float], VirtualBoard]  # of the printers' time and how fast it passes


class WorldClock:
    """The printers' own seconds: they pass ``factor`` times faster than the wall's."""

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self.wall_s = wall_s
        self._from_wall_s = wall_s()
        self._from_s = 0.0
        self.factor = 1.0

    def now(self) -> float:
        """The printers' time."""
        return self._from_s + (self.wall_s() - self._from_wall_s) * self.factor

    def set_factor(self, factor: float) -> None:
        """Go faster or slower from now on."""
        self._from_s, self._from_wall_s, self.factor = self.now(), self.wall_s(), factor


class VirtualUnit:
    """One printer in its cell. Its port exists while it has power and is plugged in, as on a native-USB board."""

    def __init__(
        self,
        printer: str,
        cell: str,
        path: Path,
        clock: WorldClock,
        selector: selectors.BaseSelector,
        make_board: MakeBoard,
        *,
        baud: float = math.inf,
        usb_s: float = 0.0,
    ) -> None:
        """``path`` is the name under which the port appears, whatever pseudo-terminal it is this time.

        ``baud`` and ``usb_s`` (each way) are how long bytes are on their way, in seconds on the wall.
        """
        self.printer, self.cell, self._path = printer, cell, path
        self._clock, self._selector = clock, selector
        self._board = make_board(clock.now(), clock.factor)
        self._board.cut_power(clock.now())
        self._is_timed = baud < math.inf or usb_s > 0
        self._out, self._in = TimedWire(baud, usb_s), TimedWire(baud, usb_s)
        self._there, self._back = NoisyWire(1), NoisyWire(2)
        self._fds: tuple[int, int] | None = None  # ours, and the host's end held so that it stays usable
        self._switch, self._relay, self._is_plugged = True, False, True
        self._is_on = False
        self._back_at_s = math.inf  # when a cable that was pulled by a fault is put back
        self._unused: int | None = (
            None  # keeps the name of a vanished pseudo-terminal from being given out again
        )

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
        self._back_at_s = math.inf
        self._settle()

    def set_factor(self, factor: float) -> None:
        """The clock has just been given this factor."""
        self._board.advance(self._clock.now())
        self._board.set_factor(factor)

    def spoil(self, name: str, value: float) -> bool:
        """Give it a fault of ``FAULTS``; false when there is none of that name."""
        act = self._faults().get(name)
        if act is None:
            return False
        self._board.advance(self._clock.now())
        act(value)
        self.turn()
        return True

    def _faults(self) -> dict[str, Callable[[float], None]]:
        now, board, there, back = self._clock.now(), self._board, self._there, self._back
        nozzle, mischief = board.machine.nozzle, board.mischief
        return {
            "drop_out": lambda value: setattr(there, "drop", value),
            "drop_in": lambda value: setattr(back, "drop", value),
            "corrupt_out": lambda value: setattr(there, "corrupt", value),
            "corrupt_in": lambda value: setattr(back, "corrupt", value),
            "baud_mismatch": self._garble,
            "rx_bytes": lambda value: board.resize(int(value)),
            "lost_ok": lambda value: setattr(mischief, "lost_oks", int(value)),
            "doubled_ok": lambda value: setattr(mischief, "doubled_oks", int(value)),
            "late_resend": lambda value: setattr(mischief, "resend_late_s", value),
            "resend_burst": lambda value: setattr(mischief, "resend_extra", int(value)),
            "resend_no_ok": lambda value: setattr(mischief, "resends_without_ok", int(value)),
            "slow": lambda value: setattr(board.machine.motion, "slowness", max(value, 0.001)),
            "silent": lambda value: setattr(mischief, "is_silent", value > 0),
            "runaway": lambda value: nozzle.set_stuck(value > 0, now),
            "sensor_open": lambda value: nozzle.set_open(value > 0, now),
            "heater_dead": lambda value: nozzle.set_dead(value > 0, now),
            "reboot": lambda _value: board.reset(now) if self._is_on else None,
            "halt": lambda _value: board.break_down("malfunction", now),
            "run_out": lambda _value: board.tell(board.machine.run_out_line, now),
            "vanish": lambda value: self._vanish(value, self._path),
            "move": lambda value: self._vanish(value, self._path.with_name(f"{self._path.name}-moved")),
        }

    def _garble(self, value: float) -> None:
        self._there.is_garbled = self._back.is_garbled = value > 0

    def _vanish(self, away_s: float, then: Path) -> None:
        """Unplug for ``away_s`` on the wall; the name under which it comes back is ``then``."""
        self.set_cable(is_plugged=False)
        self._let_go()
        self._unused, theirs = os.openpty()  # takes the name that has just become free
        os.close(theirs)
        self._path = then
        self._back_at_s = self._clock.wall_s() + away_s

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
        self._out.clear()
        self._in.clear()
        for fd in self._fds:
            os.close(fd)
        self._fds = None

    def _let_go(self) -> None:
        if self._unused is not None:
            os.close(self._unused)
            self._unused = None

    def _serve(self) -> None:
        if self._fds is None:
            return
        try:
            data = os.read(self._fds[0], READ_BYTES)
        except BlockingIOError:
            return
        arrived = self._there.carry(data)
        if self._is_timed:
            self._out.send(arrived, self._clock.wall_s())
        elif arrived:
            self._board.receive(arrived, self._clock.now())
        self.turn()

    # --- the loop -----------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Let it do what is due, and put on the wire what it says; what nobody reads is lost, as on a serial line."""
        wall_s = self._clock.wall_s()
        if self._back_at_s <= wall_s:
            self.set_cable(is_plugged=True)
        arrived = self._out.take(wall_s)
        if arrived:
            self._board.receive(arrived, self._clock.now())
        if self._is_on:
            self._board.advance(self._clock.now())
        data = self._back.carry(self._board.data_to_send())
        if self._is_timed:
            self._in.send(data, wall_s)
            data = self._in.take(wall_s)
        if data and self._fds is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._fds[0], data)

    def wait_s(self) -> float:
        """Seconds on the wall until it has something to do, infinity when it only waits."""
        wall_s = min(self._back_at_s, self._out.next_at(), self._in.next_at()) - self._clock.wall_s()
        if self._is_on:
            wall_s = min(wall_s, (self._board.next_at() - self._clock.now()) / self._clock.factor)
        return max(0.0, wall_s)

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
        self._let_go()
