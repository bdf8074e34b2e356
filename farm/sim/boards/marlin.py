"""Virtual Marlin 2.1 and 1.1.

Source: Marlin 2.1 ``gcode/queue.cpp`` (get_serial_commands, gcode_line_error, ok_to_send), ``feature/e_parser.h``,
``HAL/AVR/MarlinSerial.cpp`` (store_rxd_char), ``MarlinCore.cpp`` (kill); Marlin 1.1.9 ``Marlin_main.cpp``; transcripts
of both. A refused line empties the ring, is told when it is *read* and so before the oks of the lines queued ahead of
it; 2.1 drops a repeated line without a word; a queue of four in which the executing command keeps its place; an ok when
a command is done or planned; ``kill``, which nothing but a reset ends.
"""

from __future__ import annotations

import re
from typing import ClassVar

from farm.sim.board import QUEUE_LINES, RX_BYTES, Executed, VirtualBoard
from farm.sim.lines import bare, checksum, leading_int
from farm.sim.machine import Machine
from farm.sim.meatpack import Unpacker
from farm.sim.motion import EMode

HEEDED = {"M108", "M112", "M410"}
NO_TIMEOUTS_S = 1.0  # NO_TIMEOUTS 1000, Configuration_adv.h
_EARLY = re.compile(rb"[ ]*(?:N[-0-9 ]*)?(M108|M112|M410)")
_EARLY_BYTES = 32  # more than a number and a code need
_WORDS = {
    "mintemp": ("MINTEMP triggered", "Err: MINTEMP"),
    "maxtemp": ("MAXTEMP triggered", "Err: MAXTEMP"),
    "heating_failed": ("Heating failed", "Heating Failed"),
    "runaway": ("Thermal Runaway", "THERMAL RUNAWAY"),
    "malfunction": ("Thermal Malfunction", "THERMAL MALFUNCTION"),
}


class VirtualMarlin(VirtualBoard):
    """Marlin 2.1 with the options that change what a host sees."""

    drops_repeats: ClassVar[bool] = True  # 2.1: "we got two - oops!"
    tells_kill_reason: ClassVar[bool] = True
    version: ClassVar[str] = "Marlin 2.1.2.5"

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = QUEUE_LINES,
        has_flow_control: bool = False,
        advanced_ok: bool = False,
        emergency_parser: bool = False,
        no_timeouts: bool = False,
        meatpack: bool = False,
    ) -> None:
        """The last four are ADVANCED_OK, EMERGENCY_PARSER, NO_TIMEOUTS and MEATPACK of Configuration_adv.h."""
        self._advanced_ok, self._emergency_parser = advanced_ok, emergency_parser
        self._meatpack = meatpack
        self.wait_s = NO_TIMEOUTS_S if no_timeouts else 0.0
        super().__init__(
            now,
            factor=factor,
            on_executed=on_executed,
            rx_bytes=rx_bytes,
            queue_lines=queue_lines,
            has_flow_control=has_flow_control,
        )

    def _forget(self) -> None:
        self._heard = bytearray()  # the line that is arriving, as the emergency parser sees it
        self._unpacker = Unpacker()
        self.machine.capabilities["EMERGENCY_PARSER"] = int(self._emergency_parser)
        self.machine.capabilities["MEATPACK"] = int(self._meatpack)

    def _banner(self, cause: str) -> tuple[str, ...]:
        return (
            "start",
            f"echo:{cause}",
            self.version,
            "echo: Last Updated: 2026-11-22",
            "echo: Free Memory: 3120  PlannerBufferBytes: 1152",
            "echo:No EEPROM, hardcoded defaults",
        )

    # --- reading ------------------------------------------------------------------------------------------------------

    def _overhear(self, data: bytes) -> bytes:
        """The emergency parser hears the wire itself; the ring gets what packed bytes stand for."""
        if self._emergency_parser:
            self._parse_early(data)
        if not self._meatpack:
            return data
        text, answers = self._unpacker.take(data)
        for answer in answers:
            self._say(answer)
        return text

    def _parse_early(self, data: bytes) -> None:
        """In the receive interrupt, even with a full ring, but only from a line's start."""
        *lines, rest = (bytes(self._heard) + data.replace(b"\r", b"\n")).split(b"\n")
        self._heard = bytearray(rest[:_EARLY_BYTES])
        for line in lines:
            if match := _EARLY.match(line):
                self._heed(match[1].decode())

    def _take_line(self, text: str) -> None:
        number = None
        if text.startswith("N"):
            is_setting = "M110" in text
            told = max(0, text.find("N", 4)) if is_setting else 0  # of two numbers the second counts
            number = leading_int(text[told + 1 :])
            if number != self.last_number + 1 and not is_setting:
                if not (self.drops_repeats and number in {self.last_number - 1, self.last_number}):
                    self._refuse("Line Number is not Last Line Number+1")
                return
            star = text.rfind("*")
            if star < 0:
                self._refuse("No Checksum with line number")
                return
            if leading_int(text[star + 1 :]) != checksum(text[:star]):
                self._refuse("checksum mismatch")
                return
            self.last_number = number
        elif not self._emergency_parser and text[:4] in HEEDED:
            self._heed(text[:4])
        if not self.is_killed:
            self._queue.append((number, bare(text)))

    def _refuse(self, why: str) -> None:
        self._ring.clear()
        self._ask_again(f"Error:{why}, Last Line: {self.last_number}", f"Resend: {self.last_number + 1}")

    def _heed(self, command: str) -> None:
        if self.is_killed:
            return
        if command == "M108":
            self.machine.is_released = True
        elif command == "M112":
            self._kill("")
        else:
            self.machine.motion.quick_stop()

    # --- answering ----------------------------------------------------------------------------------------------------

    def _done(self, number: int | None, text: str) -> None:
        if text.startswith("M105"):
            self._ok(f"ok {self.machine.temperatures()}")
        elif self._advanced_ok:
            told = "" if number is None else f" N{number}"
            free = self.machine.motion.free_blocks(self.now)
            self._ok(f"ok{told} P{free} B{self.queue_lines - len(self._queue) - 1}")
        else:
            self._ok("ok")

    def _kill(self, why: str, shown: str = "") -> None:
        """Heaters off, one last word, deaf until a reset; ``shown`` is what the printer's own screen says."""
        if why:
            self._say(f"Error:{why}")
            self._say("")
        elif self.tells_kill_reason:
            shown = "M112 Shutdown"
        if shown:
            self._say(f"echo:{shown}")
        self._say("Error:Printer halted. kill() called!")
        self._go_dead()

    def _stop_by(self, fault: str, heater: str) -> None:
        said, shown = _WORDS[fault]
        which = "E0" if heater == "nozzle" else "bed"
        self._kill(f"{said}, system stopped! Heater_ID: {which}", shown)


class OldMachine(Machine):
    """What Marlin 1.1 tells in other words."""

    e_mode = EMode.EITHER
    identity = (
        "FIRMWARE_NAME:Marlin 1.1.9 (Github) SOURCE_CODE_URL:https://github.com/MarlinFirmware/Marlin "
        "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Virtual 220 EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff"
    )


class VirtualMarlin1(VirtualMarlin):
    """Marlin 1.1.9: a repeated line is refused like any other wrong number, and kill gives no reason."""

    drops_repeats = False
    tells_kill_reason = False
    version = "Marlin 1.1.9"
    machine_class = OldMachine
