"""Virtual Repetier-Firmware 1.0.4.

Source: Repetier-Firmware ``gcode.cpp`` (readFromSerial, parseAscii, checkAndPushCommand, requestResend, keepAlive,
testEmergency, reportFatalError), ``Communication.cpp``, ``Configuration.h`` (ACK_WITH_LINENUMBER, KEEP_ALIVE_INTERVAL,
WAITING_IDENTIFIER, KILL_METHOD, EMERGENCY_PARSER), ``Repetier.h`` (GCODE_BUFFER_SIZE); transcripts. CR LF; ``ok n``
when a line is *received*, its answer after it, and no further line is read until the one buffered command is done; a
bad line is asked for again each 200 ms until the right one comes; repeated lines are skipped with an ok; numbers are
compared in 16 bits; M112 is a reset, seen before the buffer; a fault leaves it refusing everything but M999.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from farm.sim.board import RX_BYTES, Executed, VirtualBoard
from farm.sim.lines import bare, checksum, leading_int, number_of
from farm.sim.machine import Machine, Wait, split_command
from farm.sim.motion import EMode

AGAIN_S = 0.2  # readFromSerial: no further data for 200 ms
SKIPPED_BACK = 40  # repeated lines that are skipped
GARBAGE_LINES = 14  # waitingForResend after ASCII
BUFFERED_LINES = 1  # GCODE_BUFFER_SIZE
_FATAL = {
    "mintemp": "Heater/sensor error",
    "maxtemp": "Heater/sensor error",
    "malfunction": "Heater/sensor error",
    "heating_failed": "Heater decoupled during rising",
    "runaway": "Heater decoupled during hold",
}
_CAPS = ("PROGRESS:0", "AUTOREPORT_TEMP:1", "HOST_RESCUE:1", "EEPROM:1", "AUTOLEVEL:0", "Z_PROBE:0",
         "SOFTWARE_POWER:0", "TOGGLE_LIGHTS:0", "PAUSESTOP:1", "PREHEAT:1", "EMERGENCY_PARSER:1")  # fmt: skip


class RepetierMachine(Machine):
    """What Repetier tells in other words than Marlin."""

    run_out_line = "RequestPause:No filament detected!"
    e_mode = EMode.EITHER
    identity = (
        "FIRMWARE_NAME:Repetier_1.0.4 COMPILED:Nov 22 2026 FIRMWARE_URL:https://github.com/repetier/"
        "Repetier-Firmware/ PROTOCOL_VERSION:1.0 MACHINE_TYPE:Mendel EXTRUDER_COUNT:1 REPETIER_PROTOCOL:3"
    )
    unknown = "Unknown command:{}"
    cold = ""  # the transcripts show no word for it
    open_c = -50.88

    def temperatures(self) -> str:
        now, nozzle, bed = self.now, self.nozzle, self.bed
        return (
            f"T:{nozzle.read_c(now):.2f} /{nozzle.target_c:.0f} "
            f"B:{bed.read_c(now):.2f} /{bed.target_c:.0f} B@:0 @:0"
        )

    def heat_lines(self) -> tuple[str, ...]:
        """The automatic report, switched on for the time of the wait."""
        return (self.temperatures(),)

    def report_lines(self) -> tuple[str, ...]:
        return () if self.is_heat_waiting else (self.temperatures(),)

    def busy_lines(self) -> tuple[str, ...]:
        return ("busy:heating" if self.is_heat_waiting else "busy:processing",)

    def _homed(self) -> None:
        """It says nothing."""

    def _set(self, code: str, words: dict[str, float]) -> None:
        if code == "M155":  # a switch: each second or never
            self.report_s = 1.0 if words.get("S", 1.0) else 0.0
        elif code != "M113":
            super()._set(code, words)

    def _tell(self, code: str, text: str) -> None:
        if code == "M105":
            self._say(self.temperatures())
        else:
            super()._tell(code, text)

    def _identify(self) -> None:
        self._say(self.identity)
        for cap in _CAPS:
            self._say(f"Cap:{cap}")


class VirtualRepetier(VirtualBoard):
    """A RAMPS-like board. ``echo`` is DEBUG_ECHO_ASCII: each line read is told as ``Got:...``."""

    eol = "\r\n"
    wait_s = 1.0
    machine_class = RepetierMachine

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = BUFFERED_LINES,
        has_flow_control: bool = False,
        echo: bool = True,
    ) -> None:
        self._echo = echo
        super().__init__(
            now,
            factor=factor,
            on_executed=on_executed,
            rx_bytes=rx_bytes,
            queue_lines=queue_lines,
            has_flow_control=has_flow_control,
        )

    def _forget(self) -> None:
        self._heard = b""  # the line that is arriving, as the emergency parser sees it
        self._told_number = 0  # actLineNumber: what was last parsed, and what an ok bears
        self._garbage = -1  # waitingForResend
        self._again_at = math.inf
        self._fatal = ""

    def _banner(self, cause: str) -> tuple[str, ...]:
        return ("start", f"Info:{cause}", "Free RAM:4210", "Info:Autoretract:Off")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _overhear(self, data: bytes) -> bytes:
        """The emergency parser, which parses whole lines and so complains of a wrong checksum a first time."""
        self._again_at = math.inf
        *lines, self._heard = (self._heard + data.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            if not self._is_intact(line):
                continue
            code, _ = split_command(bare(line.decode("latin-1").strip()).upper())
            if code == "M112":
                self._kill("")
                return b""
            if code == "M108":
                self.machine.is_released = True
        return data

    def _is_intact(self, line: bytes) -> bool:
        text = line.decode("latin-1")
        star = text.find("*")
        if star < 0 or leading_int(text[star + 1 :]) & 255 == checksum(text[:star]):
            return True
        self._say("Error:Wrong checksum")
        return False

    def _read_ring(self) -> None:
        super()._read_ring()
        if self._partial or self._garbage >= 0:
            self._again_at = self.now + AGAIN_S * self.factor

    def _take_line(self, text: str) -> None:
        if self._echo:
            self._say(f"Got:{text}")
        intact = self._is_intact(text.encode("latin-1"))
        number = number_of(text)
        if number is not None:
            self._told_number = number
        if not intact:
            self._refuse()
            return
        command = bare(text)
        code, _ = split_command(command)
        if code == "M110":
            self.last_number, self._garbage = self._told_number, -1
            self._ok("ok")
        elif number is None or (self.last_number + 1) & 0xFFFF == number & 0xFFFF:
            self._push(number, command, code)
        elif (self.last_number - number) & 0xFFFF < SKIPPED_BACK or self._garbage >= 0:
            if (self.last_number - number) & 0xFFFF >= SKIPPED_BACK:
                self._garbage -= 1
            self._say(f"skip {number}")
            self._ok("ok")
        else:
            self._say(f"Error:expected line {self.last_number + 1} got {number}")
            self._refuse()

    def _push(self, number: int | None, command: str, code: str) -> None:
        if number is not None:
            self.last_number = number
        if self._fatal and code != "M999":
            self._say(self._fatal)
        else:
            self._queue.append((number, command))
        self._ok(f"ok {self._told_number}")
        self._garbage, self._again_at = -1, math.inf

    def _refuse(self) -> None:
        self._ring.clear()
        self._partial.clear()
        self._garbage = GARBAGE_LINES
        self._again_at = self.now + AGAIN_S * self.factor
        self._ask_again("", f"Resend:{self.last_number + 1}")

    def _due_at(self) -> float:
        return self._again_at

    def _fall_due(self) -> None:
        """A line was begun and not gone on with, or the one asked for has not come."""
        if self._has_room():
            self._refuse()
        else:
            self._again_at = self.now + AGAIN_S * self.factor

    # --- executing ----------------------------------------------------------------------------------------------------

    def _run(self, text: str) -> Iterator[Wait]:
        if text.startswith("M999"):
            self._fatal, self.is_killed = "", False
            self._say("info:Continue from fatal state")
            return iter(())
        return self.machine.run(text)

    def _done(self, _number: int | None, _text: str) -> None:
        """The ok went out when the line came in."""

    def _kill(self, why: str) -> None:
        if why:
            self._go_fatal(why)
        else:
            self.reset(self.now)

    def _stop_by(self, fault: str, _heater: str) -> None:
        self._go_fatal(_FATAL[fault])

    def _go_fatal(self, why: str) -> None:
        self._fatal = (
            f"fatal:{why} - Printer stopped and heaters disabled due to this error. "
            "Fix error and restart with M999."
        )
        self._say(self._fatal)
        self._go_safe()
