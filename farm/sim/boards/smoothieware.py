"""Virtual Smoothieware (edge, 2021).

Source: Smoothieware ``GcodeDispatch.cpp``, ``SerialConsole.cpp``, ``USBSerial.cpp``, ``Gcode.cpp`` (get_int: numbers
are integers, strtol), ``SimpleShell.cpp``, ``TemperatureControl.cpp``, ``Conveyor.cpp``. One line at a time; ``ok`` of
G1 before it is planned, else after; ``rs N<n>`` without ok; a number is checked, a checksum only when there is one,
M110 never; unnumbered lines pass; an empty line and a line that begins with a digit are acknowledged; ``!!`` without ok
when halted; ``^X`` and ``?`` are acted upon as they arrive; lower case is for the console.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from farm.sim.board import Executed, VirtualBoard
from farm.sim.lines import checksum, leading_int
from farm.sim.machine import Machine, Wait, split_command

RX_BYTES = 256  # RingBuffer<char, 256> of SerialConsole; USB is flow controlled
HALT_BYTE, QUERY_BYTE = b"\x18", b"?"
# what is still answered while halted
ALLOWED = frozenset(f"M{n}" for n in (2, 5, 9, 30, 105, 114, 115, 119, 80, 81, 911, 503, 106, 107))
_PREFIX = re.compile(r"[N0123456789.,\- ]*")
_FAULTS = {
    "mintemp": "ERROR: MINTEMP or MAXTEMP triggered on {}. Check your temperature sensors!",
    "maxtemp": "ERROR: MINTEMP or MAXTEMP triggered on {}. Check your temperature sensors!",
    "malfunction": "ERROR: MINTEMP or MAXTEMP triggered on {}. Check your temperature sensors!",
    "heating_failed": "ERROR: Temperature took too long to be reached on {}, HALT asserted, "
    "TURN POWER OFF IMMEDIATELY - reset or M999 required",
    "runaway": "ERROR: Temperature runaway on {} (delta temp -21.000000), HALT asserted, "
    "TURN POWER OFF IMMEDIATELY - reset or M999 required",
}


class SmoothieMachine(Machine):
    """What Smoothieware tells in other words than Marlin; an unknown command is acknowledged and nothing else."""

    run_out_line = "// action:pause"
    identity = (
        "FIRMWARE_NAME:Smoothieware, FIRMWARE_URL:http%3A//smoothieware.org, X-SOURCE_CODE_URL:"
        "https://github.com/Smoothieware/Smoothieware, FIRMWARE_VERSION:edge-bb41e992, PROTOCOL_VERSION:1.0, "
        "X-FIRMWARE_BUILD_DATE:Nov 22 2026 08:00:00, X-SYSTEM_CLOCK:100MHz, X-AXES:4, X-GRBL_MODE:0, X-ARCS:1, "
        "X-CNC:0, X-MSD:1"
    )
    cold = ""  # the move is made, the extruder has its own watch
    planner_blocks = 31  # planner_queue_size 32, of which one stays empty

    def temperatures(self) -> str:
        now, nozzle, bed = self.now, self.nozzle, self.bed
        return (
            f"T:{nozzle.read_c(now):3.1f} /{nozzle.target_c:3.1f} @0 "
            f"B:{bed.read_c(now):3.1f} /{bed.target_c:3.1f} @0 "
        )

    def heat_lines(self) -> tuple[str, ...]:
        """on_second_tick: the heater that is waited for, and it alone."""
        name, heater = ("T", self.nozzle) if self._heats == "nozzle" else ("B", self.bed)
        return (f"{name}:{heater.read_c(self.now):3.1f} /{heater.target_c:3.1f} @255",)

    def report_lines(self) -> tuple[str, ...]:
        return ()

    def busy_lines(self) -> tuple[str, ...]:
        return ()

    def position(self) -> str:
        x, y, z, e = self.motion.at
        return f"C: X:{x:.4f} Y:{y:.4f} Z:{z:.4f} E:{e:.4f}"

    def _homed(self) -> None:
        """It says nothing."""

    def _tell(self, code: str, text: str) -> None:
        if code in {"M115", "M112"}:
            super()._tell(code, text)

    def _identify(self) -> None:
        self._say(self.identity)


class VirtualSmoothie(VirtualBoard):
    """A Smoothieboard. ``queue_lines`` means nothing to it: it reads a line when the one before is done."""

    line_max_bytes = 1024  # a std::string: no limit of its own
    machine_class = SmoothieMachine

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = 1,
        has_flow_control: bool = False,
    ) -> None:
        assert queue_lines > 0
        super().__init__(
            now,
            factor=factor,
            on_executed=on_executed,
            rx_bytes=rx_bytes,
            queue_lines=1,
            has_flow_control=has_flow_control,
        )

    def _forget(self) -> None:
        self.last_number = -1  # currentline
        self._is_answered = False  # the command that is executed has had its ok

    def _banner(self, _cause: str) -> tuple[str, ...]:
        return ("Smoothie\r", "ok\r")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _overhear(self, data: bytes) -> bytes:
        if QUERY_BYTE in data:
            for _ in range(data.count(QUERY_BYTE)):
                self._say(f"<{'Alarm' if self.is_killed else 'Idle'}|MPos:0.0000,0.0000,0.0000|F:0.0,100.0>")
            data = data.replace(QUERY_BYTE, b"")
        if HALT_BYTE in data:
            self._ring.clear()
            self._partial.clear()
            self._go_safe()
            self._say("HALTED, M999 or $X to exit HALT state\r")
            data = data[data.rindex(HALT_BYTE) + 1 :]
        return data.replace(b"\r\n", b"\n")

    def _read_ring(self) -> None:
        """Every line has an answer, an empty one too."""
        ring = self._ring
        while ring and not self._is_deaf() and self._has_room():
            end = ring.find(b"\n")
            if end < 0:
                if len(ring) >= self._ring_room:  # full of what can never become a line
                    ring.clear()
                return
            line = bytes(ring[:end])
            del ring[: end + 1]
            self._read_line(line)

    def _read_line(self, line: bytes) -> None:
        text = line.decode("latin-1").replace("\r", "")
        if not text or text[0] in ";(":
            self._ok("ok")
        elif text[0] == "$" or text[0].islower():
            self._run_console(text)
        elif text[0] in "GMTSN":
            self._take_line(text)
        elif text[0] in "XYZF":
            self._take_line(f"G1 {text}")
        else:
            self._ok("ok - ignored")

    def _run_console(self, text: str) -> None:
        if text.startswith("$X"):
            if self.is_killed:
                self.is_killed = False
                self._say("[Caution: Unlocked]")
                self._ok("ok")
        elif not text.startswith(("ok", "play", "progress", "abort", "suspend", "resume", "fire")):
            self._say(f"error:Unsupported command - {text.split(maxsplit=1)[0]}")

    def _take_line(self, text: str) -> None:
        number = None
        if text[0] == "N":
            number = leading_int(text[1:])
            star = text.find("*")
            if re.search(r"M\s*110(?!\d)", text):
                self.last_number = number
                self._ok("ok")
                return
            is_intact = star < 0 or leading_int(text[star + 1 :]) == checksum(text[:star])
            if not is_intact or number != self.last_number + 1:
                self._ask_again(f"rs N{self.last_number + 1}", ok="")
                return
            self.last_number = number
            text = _PREFIX.sub("", text if star < 0 else text[:star], count=1)
        text = text.split(";")[0].split("(")[0].strip()
        code, _ = split_command(text)
        if code == "M999" and self.is_killed:
            self.is_killed = False
            self._say("WARNING: After HALT you should HOME as position is currently unknown")
            self._ok("ok")
        elif self.is_killed and code not in ALLOWED:
            self._say("!!")
        elif text:
            self._queue.append((number, text))

    # --- answering ----------------------------------------------------------------------------------------------------

    def _run(self, text: str) -> Iterator[Wait]:
        code, _ = split_command(text)
        self._is_answered = code == "G1"
        if self._is_answered:
            self._ok("ok")
        return self.machine.run(text)

    def _done(self, _number: int | None, text: str) -> None:
        code, _ = split_command(text)
        if code == "M105":
            self._ok(f"ok {self.machine.temperatures()}")
        elif code == "M114":
            self._ok(f"ok {self.machine.position()}")
        elif not self._is_answered:
            self._ok("ok")

    def _kill(self, why: str) -> None:
        self._say(why or "ok Emergency Stop Requested - reset or M999 required to exit HALT state")
        self._go_safe()

    def _stop_by(self, fault: str, heater: str) -> None:
        self._say(_FAULTS[fault].format("T" if heater == "nozzle" else "B"))
        self._say("HALT asserted - reset or M999 required")
        self._go_safe()
