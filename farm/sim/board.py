"""What every virtual board has: a receive ring, a queue, commands that take time, mischief, a reset.

Each firmware's own ways are in ``boards``. A value: bytes and times in, bytes out; its seconds are the printer's own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import ClassVar

from farm.sim.chatter import Chatter
from farm.sim.machine import Machine, Wait
from farm.sim.voice import Voice
from farm.sim.ways import Ways

RX_BYTES = 128  # RX_BUFFER_SIZE of Marlin on AVR
QUEUE_LINES = 4  # BUFSIZE of Marlin
PIECE_BYTES = 32  # of a burst, between which the reader has its turn

Executed = Callable[[int | None, str], None]  # number (None when the line had none) and command


class VirtualBoard(Voice, Ways):
    """One printer's board with what hangs on it.

    Give it bytes with :meth:`receive`, the passing of time with :meth:`advance`, take bytes with :meth:`data_to_send`,
    and call again at :meth:`next_at`. ``factor`` is how many of its seconds pass in one of the host's: periodic reports
    and busy lines keep the host's pace, all else its own.
    """

    line_max_bytes: ClassVar[int] = 96
    boot_s: ClassVar[float] = 0.3
    wait_s: float = 0.0  # an idle firmware says ``wait`` so often, 0 for never
    machine_class: ClassVar[type[Machine]] = Machine

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = QUEUE_LINES,
        has_flow_control: bool = False,
    ) -> None:
        """``rx_bytes``: the ring, of which one byte stays empty; with flow control nothing overruns it."""
        super().__init__(now, factor)
        self.overruns = 0
        self.queue_lines = queue_lines
        self._ring_room = math.inf if has_flow_control else rx_bytes - 1
        self._on_executed = on_executed
        self.machine = self.machine_class(now, self._say, self._kill)
        self.reset(now, "PowerUp")

    # --- what the world does to it ------------------------------------------------------------------------------------

    def reset(self, now: float, cause: str = "External Reset") -> None:
        """Start anew, everything forgotten; what is warm stays warm."""
        self.now = now
        old, self.machine = self.machine, self.machine_class(now, self._say, self._kill)
        self.machine.inherit(old, now)
        self.last_number = 0
        self.is_killed = False  # stopped for good, by M112 or for a fault
        self._is_dead = False  # and deaf
        self._ring = bytearray()
        self._partial = bytearray()
        self._later.clear()
        self._queue: deque[tuple[int | None, str]] = deque()
        self._current: Iterator[Wait] | None = None
        self._current_line: tuple[int | None, str] = (None, "")
        self._wait: Wait = lambda: math.inf
        self._boot_at = now + self.boot_s * self.factor
        self._is_booting, self._boot_cause = True, cause
        self._chatter = Chatter(self.machine, self.factor, self.wait_s)
        self._forget()

    def cut_power(self, now: float) -> None:
        """Everything stops without a word; :meth:`reset` is what brings it back."""
        self.advance(now)
        self.machine.set_power(False, now)
        self._go_dead()
        self._out.clear()

    def tell(self, line: str, now: float) -> None:
        """Say something unasked, as a filament sensor or a button makes it do."""
        self.advance(now)
        if not self._is_deaf():
            self._say(line)

    def halt(self, why: str, now: float) -> None:
        """Find something wrong and stop for good, ``why`` being the firmware's own words."""
        self.advance(now)
        if not self.is_killed:
            self._kill(why)

    def break_down(self, fault: str, now: float) -> None:
        """Notice at the nozzle a ``malfunction``, ``maxtemp``, ``mintemp``, ``heating_failed`` or ``runaway``."""
        self.advance(now)
        if not self.is_killed:
            self._stop_by(fault, "nozzle")

    def resize(self, rx_bytes: int) -> None:
        """Have a receive ring of so many bytes from now on, without flow control."""
        self._ring_room = max(1, rx_bytes - 1)

    def set_factor(self, factor: float) -> None:
        """Live so many times faster from now on."""
        self.factor = factor
        self._chatter.set_factor(factor, self.now)

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the host; what does not fit the ring is lost without a word, as on a wire without flow control."""
        self.advance(now)
        if not data or self._is_deaf():
            return
        data = self._overhear(data)
        for begin in range(
            0, len(data), PIECE_BYTES
        ):  # byte by byte on the wire: the reader has its turn between
            if self._is_deaf():
                return
            piece = data[begin : begin + PIECE_BYTES]
            room = self._ring_room - len(self._ring)
            if room < len(piece):
                self.overruns += len(piece) - int(room)
                piece = piece[: int(room)]
            self._ring += piece
            self._work()

    def _is_deaf(self) -> bool:
        return self._is_dead or self._is_booting

    def next_at(self) -> float:
        """When something happens by itself, infinity when nothing will."""
        if self._is_dead:
            return math.inf
        if self._is_booting:
            return self._boot_at
        at = min(self._chatter.next_at(), self._due_at())
        if not self.is_killed:
            at = min(at, self.machine.fault_at()[0])
        if self._current is not None:
            at = min(at, self._wait())
        return min(at, self._later[0][0]) if self._later else at

    def advance(self, now: float) -> None:
        """Let time pass up to ``now``."""
        while (at := self.next_at()) <= now:
            self.now = self.machine.now = max(self.now, at)
            if self._is_booting:
                self._boot()
            elif not self.is_killed and self.machine.fault_at()[0] <= self.now:
                self._stop_by(*self.machine.fault_at()[1:])
            else:
                self._pass(now)
        self.now = self.machine.now = max(self.now, now)

    def _pass(self, until: float) -> None:
        self._say_due()
        if self._due_at() <= self.now:
            self._fall_due()
        self._work()
        if self._is_deaf():
            return
        for line in self._chatter.lines(self.now, until, is_silent=self.mischief.is_silent):
            self._say(line)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Everything that can be done now: read while the queue has room, execute while nothing blocks."""
        while not self._is_deaf():
            if self._ring:
                self._read_ring()
            if self._current is None:
                if not self._queue:
                    return
                self._start(*self._queue.popleft())
            elif self._wait() <= self.now:
                self._go_on()
            elif not self._ring or not self._has_room():
                return

    def _has_room(self) -> bool:
        """Whether one more line can be queued; the command that is executed keeps its place until it is done."""
        return len(self._queue) + (self._current is not None) < self.queue_lines

    def _read_ring(self) -> None:
        ring, partial = self._ring, self._partial
        while ring and not self._is_deaf() and self._has_room():
            end = _line_end(ring)
            if end < 0:
                partial += ring
                ring.clear()
                if len(partial) > self.line_max_bytes:
                    del partial[self.line_max_bytes :]
                return
            partial += ring[:end]
            del ring[: end + 1]
            line = bytes(partial)
            partial.clear()
            if line:
                self._read_line(line)

    def _read_line(self, line: bytes) -> None:
        comment = line.find(b";")
        text = line[: comment if comment >= 0 else None][: self.line_max_bytes - 1].strip(b" ")
        if text:
            self._take_line(text.decode("latin-1"))

    # --- executing ----------------------------------------------------------------------------------------------------

    def _start(self, number: int | None, text: str) -> None:
        if self._on_executed is not None:
            self._on_executed(number, text)
        self._current, self._current_line = self._run(text), (number, text)
        self._chatter.begin(self.now)
        self._go_on()

    def _run(self, text: str) -> Iterator[Wait]:
        return self.machine.run(text)

    def _go_on(self) -> None:
        current = self._current
        assert current is not None
        wait = next(current, None)
        if self._current is not current:  # it has ended everything
            return
        if wait is not None:
            self._wait = wait
            self._chatter.wait(self.now)
            return
        number, text = self._current_line
        self._done(number, text)
        if self._is_deaf():
            return
        self._current = None
        self._chatter.end(self.now, sets_reports=text.startswith("M155"))

    # --- telling ------------------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self._is_booting = False
        self.machine.set_power(True, self.now)
        for line in self._banner(self._boot_cause):
            self._say(line)
        self._chatter.idle(self.now)

    def _go_dead(self) -> None:
        """Heaters off, deaf and dumb until a reset."""
        self._go_safe()
        self._is_dead = True
        self._ring.clear()
        self._later.clear()

    def _go_safe(self) -> None:
        """Heaters off, nothing moves, what was queued is forgotten; it still listens."""
        self.machine.turn_off()
        self.is_killed = True
        self._queue.clear()
        if self._current is not None:
            self._current = None
            self._chatter.end(self.now, sets_reports=False)


def _line_end(ring: bytearray) -> int:
    feed = ring.find(b"\n")
    back = ring.find(b"\r", 0, feed if feed >= 0 else len(ring))
    return back if back >= 0 else feed
