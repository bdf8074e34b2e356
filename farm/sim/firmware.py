"""A virtual Marlin 2.1 as a value: bytes and times in, bytes out. No port, no clock; its seconds are the printer's own.

Follows Marlin 2.1 ``gcode/queue.cpp``: the receive ring, numbers and checksums, a refused line that empties the ring, a
repeated line that is dropped without a word, a queue of four, an ok when a command is done or planned, and ``kill``,
which nothing but a reset ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator

from farm.sim.chatter import Chatter
from farm.sim.machine import Machine, Wait

RX_BYTES = 128  # RX_BUFFER_SIZE
QUEUE_LINES = 4  # BUFSIZE
LINE_MAX_BYTES = 96  # MAX_CMD_SIZE
BOOT_S = 0.3
HEEDED_EARLY = {"M108", "M112", "M410"}  # without an emergency parser too, when the line starts with M
BANNER = (
    "Marlin 2.1.2.5",
    "echo: Last Updated: 2026-11-22",
    "echo: Free Memory: 3120  PlannerBufferBytes: 1152",
    "echo:No EEPROM, hardcoded defaults",
)

Executed = Callable[[int | None, str], None]  # number (None when the line had none) and command


class VirtualMarlin:
    """One printer's board with what hangs on it.

    Give it bytes with :meth:`receive`, the passing of time with :meth:`advance`, take bytes with :meth:`data_to_send`,
    and call again at :meth:`next_at`. ``factor`` is how many of its seconds pass in one of the host's: periodic reports
    and busy lines keep the host's pace, all else its own.
    """

    def __init__(self, now: float = 0.0, *, factor: float = 1.0, on_executed: Executed | None = None) -> None:
        self.factor = factor
        self.lost_oks = 0  # how many of the next acknowledgements the firmware will forget to send
        self.overruns = 0
        self._on_executed = on_executed
        self._out = bytearray()
        self.now = now
        self.machine = Machine(now, self._say, self._kill)
        self.reset(now, "PowerUp")

    # --- what the world does to it ------------------------------------------------------------------------------------

    def reset(self, now: float, cause: str = "External Reset") -> None:
        """Start anew, everything forgotten; what is warm stays warm."""
        self.now = now
        old = self.machine
        self.machine = Machine(now, self._say, self._kill)
        self.machine.nozzle.warm(old.nozzle.true_c(now), now)
        self.machine.bed.warm(old.bed.true_c(now), now)
        self.last_number = 0
        self.is_killed = False
        self._ring = bytearray()
        self._partial = bytearray()
        self._is_comment = False
        self._queue: deque[tuple[int | None, str]] = deque()
        self._current: Iterator[Wait] | None = None
        self._current_text = ""
        self._wait: Wait = lambda: math.inf
        self._boot_at = now + BOOT_S * self.factor
        self._is_booting, self._boot_cause = True, cause
        self._chatter = Chatter(self.machine, self.factor)

    def cut_power(self, now: float) -> None:
        """Everything stops without a word; :meth:`reset` is what brings it back."""
        self.advance(now)
        self._go_dead()
        self._out.clear()

    def tell(self, line: str, now: float) -> None:
        """Say something unasked, as a filament sensor or a button makes it do."""
        self.advance(now)
        if not self.is_killed and not self._is_booting:
            self._say(line)

    def halt(self, why: str, now: float) -> None:
        """Find something wrong and stop for good, ``why`` being the firmware's own words."""
        self.advance(now)
        if not self.is_killed:
            self._kill(why)

    def set_factor(self, factor: float) -> None:
        """Live so many times faster from now on."""
        self.factor = factor
        self._chatter.set_factor(factor, self.now)

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the host; what does not fit the ring is lost, as on a wire without flow control."""
        self.advance(now)
        if self.is_killed or self._is_booting:
            return
        for begin in range(0, len(data), 32):  # byte by byte on the wire: the reader has its turn in between
            piece = data[begin : begin + 32]
            room = RX_BYTES - len(self._ring)
            self.overruns += max(0, len(piece) - room)
            self._ring += piece[:room]
            self._work()

    def data_to_send(self) -> bytes:
        """What the host will read."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def next_at(self) -> float:
        """When something happens by itself, infinity when nothing will."""
        if self.is_killed:
            return math.inf
        if self._is_booting:
            return self._boot_at
        waits = self._wait() if self._current is not None else math.inf
        return min(waits, self._chatter.next_at(), self._fault_at()[0])

    def advance(self, now: float) -> None:
        """Let time pass up to ``now``."""
        while (at := self.next_at()) <= now:
            self.now = self.machine.now = max(self.now, at)
            if self._is_booting:
                self._boot()
            elif self._fault_at()[0] <= self.now:
                self._kill(self._fault_at()[1])
            else:
                self._work()
                for line in self._chatter.lines(self.now, now):
                    self._say(line)
        self.now = self.machine.now = max(self.now, now)

    # --- reading, as get_serial_commands does -------------------------------------------------------------------------

    def _work(self) -> None:
        """Everything that can be done now: read while the queue has room, execute while nothing blocks."""
        while not self.is_killed:
            self._read_ring()
            if self._current is None and self._queue:
                self._start(*self._queue.popleft())
            if self._current is None or self.is_killed:
                if not self._ring and not self._queue:
                    return
            elif self._wait() <= self.now:
                self._go_on()
            elif len(self._queue) >= QUEUE_LINES or not self._ring:
                return

    def _read_ring(self) -> None:
        ring = self._ring
        while ring and len(self._queue) < QUEUE_LINES and not self.is_killed:
            byte = ring.pop(0)
            if byte in b"\r\n":
                line, self._partial, self._is_comment = bytes(self._partial), bytearray(), False
                if line.strip():
                    self._take_line(line.decode("latin-1"))
            elif byte == ord(";"):
                self._is_comment = True
            elif not self._is_comment and len(self._partial) < LINE_MAX_BYTES - 1:
                self._partial.append(byte)

    def _take_line(self, line: str) -> None:
        command, number = line.lstrip(), None
        if command.startswith("N"):
            is_setting = "M110" in command
            told = max(0, command.find("N", 4)) if is_setting else 0  # of two numbers the second counts
            number = _leading_int(command[told + 1 :])
            if number != self.last_number + 1 and not is_setting:
                if number not in {self.last_number - 1, self.last_number}:
                    self._refuse("Line Number is not Last Line Number+1")
                return
            star = command.rfind("*")
            if star < 0:
                self._refuse("No Checksum with line number")
                return
            if _leading_int(command[star + 1 :]) != _xor(command[:star]):
                self._refuse("checksum mismatch")
                return
            self.last_number = number
        elif command[:4] in HEEDED_EARLY:
            self._heed(command[:4])
        if not self.is_killed:
            self._queue.append((number, _bare(command)))

    def _refuse(self, why: str) -> None:
        self._ring.clear()
        self._say(f"Error:{why}, Last Line: {self.last_number}")
        self._say(f"Resend: {self.last_number + 1}")
        self._ok("ok")

    def _heed(self, command: str) -> None:
        if command == "M108":
            self.machine.is_released = True
        elif command == "M112":
            self._kill("")
        else:
            self.machine.motion.quick_stop()

    # --- executing ----------------------------------------------------------------------------------------------------

    def _start(self, number: int | None, text: str) -> None:
        if self._on_executed is not None:
            self._on_executed(number, text)
        self._current, self._current_text = self.machine.run(text), text
        self._chatter.begin(self.now)
        self._go_on()

    def _go_on(self) -> None:
        assert self._current is not None
        wait = next(self._current, None)
        if self.is_killed:
            return
        if wait is not None:
            self._wait = wait
            self._chatter.wait(self.now)
            return
        self._current = None
        self._chatter.end(self.now, sets_reports=self._current_text.startswith("M155"))
        self._ok(f"ok {self.machine.temperatures()}" if self._current_text.startswith("M105") else "ok")

    def _ok(self, text: str) -> None:
        if self.lost_oks > 0:
            self.lost_oks -= 1
        else:
            self._say(text)

    # --- telling ------------------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._out += line.encode() + b"\n"

    def _boot(self) -> None:
        self._is_booting = False
        for line in ("start", f"echo:{self._boot_cause}", *BANNER):
            self._say(line)

    def _fault_at(self) -> tuple[float, str]:
        nozzle, bed = self.machine.nozzle.fault_at(), self.machine.bed.fault_at()
        return (
            (nozzle[0], f"{nozzle[1]} Heater_ID: E0")
            if nozzle[0] <= bed[0]
            else (bed[0], f"{bed[1]} Heater_ID: bed")
        )

    def _kill(self, why: str) -> None:
        """Heaters off, one last word, deaf until a reset."""
        if why:
            self._say(f"Error:{why}")
            self._say("")
        self._say("Error:Printer halted. kill() called!")
        self._go_dead()

    def _go_dead(self) -> None:
        for heater in (self.machine.nozzle, self.machine.bed):
            heater.set_target(0.0, self.now)
        self.machine.motion.quick_stop()
        self.is_killed = True
        self._queue.clear()
        self._ring.clear()


def _xor(text: str) -> int:
    value = 0
    for byte in text.encode("latin-1"):
        value ^= byte
    return value


def _leading_int(text: str) -> int:
    """What C's strtol reads: leading digits with a sign, else 0."""
    text = text.strip()
    end = 1 if text[:1] in {"-", "+"} else 0
    while end < len(text) and "0" <= text[end] <= "9":
        end += 1
    return int(text[:end]) if end and text[:end] not in {"-", "+"} else 0


def _bare(command: str) -> str:
    """The command without number and checksum, as gcode/parser.cpp sees it."""
    if command.startswith("N") and command[1:2].isdigit():
        command = command[1:].lstrip("0123456789").lstrip()
    star = command.find("*")
    return (command if star < 0 else command[:star]).strip()
