"""Virtual Prusa-Firmware 3.14 (MK3S).

Source: Prusa-Firmware ``Firmware/cmdqueue.cpp`` (get_command, cmdqueue_could_enqueue_back), ``Marlin_main.cpp``
(FlushSerialRequestResend, kill, ThermalStop, M105, M110, wait_for_heater, host_keepalive, serialecho_temperatures),
``temperature.cpp`` (temp_runaway_stop, temp_error_messagepgm). Unlike Marlin 2.1: a repeated line is refused, a
checksum without a number is refused, the queue is measured in bytes, a half line is dropped after 2 s, a full ring is
emptied aloud, bytes above 127 are ignored, ``M110 N`` sets the counter once more when it is *executed*, a comment takes
the following line along, a thermal error leaves it stopped and dropping lines uncounted, and kill restarts the board.
"""

from __future__ import annotations

import math

from farm.sim.board import QUEUE_LINES, RX_BYTES, Executed, VirtualBoard
from farm.sim.lines import bare, checksum, leading_int
from farm.sim.machine import Machine, split_command
from farm.sim.meatpack import Unpacker
from farm.sim.motion import EMode

RX_TIMEOUT_S = 2.0  # serialTimeoutTimer
LINE_MAX_BYTES = 96  # MAX_CMD_SIZE
COMMAND_BYTES = 4  # CMDHDRSIZE 3 and the zero behind each queued command
QUEUE_BYTES = 4 * (LINE_MAX_BYTES + 1)  # BUFSIZE * (MAX_CMD_SIZE + 1), the reserve at the front aside
_HIGH_BYTES = bytes(range(128, 256))
_RUNAWAY = {
    ("heating_failed", "nozzle"): " THERMAL RUNAWAY (PREHEAT HOTEND)",
    ("heating_failed", "bed"): " THERMAL RUNAWAY (PREHEAT HEATBED)",
    ("runaway", "nozzle"): " HOTEND THERMAL RUNAWAY",
    ("runaway", "bed"): " HEATBED THERMAL RUNAWAY",
    ("malfunction", "nozzle"): " HOTEND THERMAL RUNAWAY",
    ("mintemp", "nozzle"): "0: Heaters switched off. MINTEMP triggered!",
    ("mintemp", "bed"): "Heaters switched off. MINTEMP BED triggered!",
    ("maxtemp", "nozzle"): "0: Heaters switched off. MAXTEMP triggered!",
    ("maxtemp", "bed"): "Heaters switched off. MAXTEMP BED triggered!",
}


class PrusaMachine(Machine):
    """What the MK3S tells in other words than Marlin."""

    run_out_line = "//action:pause"
    e_mode = EMode.STAYS
    identity = (
        "FIRMWARE_NAME:Prusa-Firmware 3.14.1+8237_0c9bf5d45 based on Marlin FIRMWARE_URL:"
        "https://github.com/prusa3d/Prusa-Firmware PROTOCOL_VERSION:1.0 MACHINE_TYPE:Prusa i3 MK3S EXTRUDER_COUNT:1 "
        "UUID:00000000-0000-0000-0000-000000000000"
    )
    # no M108 and no M410: only the knob ends a wait for heat
    silent = Machine.silent - {"M108", "M410"}

    def temperatures(self) -> str:
        now, nozzle, bed = self.now, self.nozzle, self.bed
        hot = f"{nozzle.read_c(now):.1f} /{nozzle.target_c:.1f}"
        return f"T:{hot} B:{bed.read_c(now):.1f} /{bed.target_c:.1f} T0:{hot} @:0 B@:0 P:24.0 A:26.0"

    def heat_lines(self) -> tuple[str, ...]:
        if self._heats == "nozzle":
            return (f"T:{self.nozzle.read_c(self.now):.1f} E:0 W:?",)
        return (f"T:{self.nozzle.read_c(self.now):.2f} E:0 B:{self.bed.read_c(self.now):.1f}",)

    def report_lines(self) -> tuple[str, ...]:
        return () if self.is_heat_waiting else (self.temperatures(),)

    def _homed(self) -> None:
        """It says nothing."""

    def _tell(self, code: str, text: str) -> None:
        if code[:1] in {"G", "M"} and code not in {"M105", "M112", "M114", "M115", "M118", "M119"}:
            self._say(f"Unknown {code[0]} code: {text}")
        elif code:
            super()._tell(code, text)
        else:
            self._say(f'echo:Unknown command: "{text}"(2)')

    def _identify(self) -> None:
        self._say(self.identity)
        for name in (
            "AUTOREPORT_TEMP",
            "AUTOREPORT_FANS",
            "AUTOREPORT_POSITION",
            "EXTENDED_M20",
            "PRUSA_MMU2",
        ):
            self._say(f"Cap:{name}:1")


class VirtualPrusa(VirtualBoard):
    """An MK3S' board. ``queue_lines`` means nothing to it: its queue is as long as its bytes allow."""

    machine_class = PrusaMachine
    boot_s = 1.0

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = QUEUE_LINES,
        has_flow_control: bool = False,
        meatpack: bool = True,
    ) -> None:
        """``meatpack`` is ENABLE_MEATPACK of Configuration.h, which no capability tells of."""
        self._meatpack = meatpack
        super().__init__(
            now,
            factor=factor,
            on_executed=on_executed,
            rx_bytes=rx_bytes,
            queue_lines=queue_lines,
            has_flow_control=has_flow_control,
        )

    def _forget(self) -> None:
        self._unpacker = Unpacker()
        self._is_comment = False
        self._half_at = math.inf  # when the half line that lies there will be dropped
        self._stopped_said_at = math.inf

    def _banner(self, cause: str) -> tuple[str, ...]:
        return (
            "start",
            "echo: 3.14.1-8237",
            cause,
            "echo: Last Updated: Nov 22 2026 08:00:00 | Author: (none, default config)",
            "echo: Free Memory: 1913  PlannerBufferBytes: 1760",
            "echo:Hardcoded Default Settings Loaded",
        )

    # --- reading ------------------------------------------------------------------------------------------------------

    def _overhear(self, data: bytes) -> bytes:
        """The ring gets what packed bytes stand for."""
        if not self._meatpack:
            return data
        text, answers = self._unpacker.take(data)
        for answer in answers:
            self._say(f" {answer}")
        return text

    def _has_room(self) -> bool:
        """cmdqueue_could_enqueue_back: room for the longest line."""
        used = sum(len(text) + COMMAND_BYTES for _, text in self._queue)
        if self._current is not None:
            used += len(self._current_line[1]) + COMMAND_BYTES
        return used + LINE_MAX_BYTES - 1 + COMMAND_BYTES <= QUEUE_BYTES

    def _read_ring(self) -> None:
        if len(self._ring) >= self._ring_room and self._has_room():
            self._ring.clear()
            self._say("Full RX Buffer")
        super()._read_ring()
        self._half_at = self.now + RX_TIMEOUT_S * self.factor if self._partial else math.inf

    def _read_line(self, line: bytes) -> None:
        line = line.translate(None, _HIGH_BYTES)
        comment = line.find(b";")
        if self._is_comment:
            line, comment = b"", -1
        text = line if comment < 0 else line[:comment]
        if not text:  # "if empty line": only this ends a comment
            self._is_comment = False
        elif comment >= 0:
            self._is_comment = True
        else:
            self._take_line(text[: LINE_MAX_BYTES - 1].decode("latin-1"))

    def _take_line(self, text: str) -> None:
        number, command = None, text.lstrip(" ")
        if text.startswith("N"):
            number = leading_int(text[1:])
            command = text[1:].lstrip("0123456789").lstrip(" ")
            if number != self.last_number + 1 and not command.startswith("M110"):
                self._refuse("Line Number is not Last Line Number+1")
                return
            star = text.find("*")
            if star < 0:
                self._refuse("No Checksum with line number")
                return
            if leading_int(text[star + 1 :]) != checksum(text[:star]):
                self._refuse("checksum mismatch")
                return
            command = bare(text)
        elif "*" in text:
            self._refuse("No Line Number with checksum")
            return
        if command == "M112":
            self._kill("M112 called. Emergency Stop.")
        elif not self.is_killed:  # stopped: dropped without being counted, so that it will be asked for again
            self._queue.append((number, command))
            if number is not None:
                self.last_number = number

    def _refuse(self, why: str) -> None:
        self._ring.clear()
        self._ask_again(f"Error:{why}, Last Line: {self.last_number}", f"Resend: {self.last_number + 1}")

    # --- its own clock ------------------------------------------------------------------------------------------------

    def _due_at(self) -> float:
        return min(self._half_at, self._stopped_said_at)

    def _fall_due(self) -> None:
        if self._half_at <= self.now:
            self._half_at = math.inf
            self._partial.clear()
            self._is_comment = False
            self._say("RX timeout")
        if self._stopped_said_at <= self.now:
            if not self.mischief.is_silent:
                self._say("echo:busy: paused for user")
            self._stopped_said_at = self.now + max(self.machine.busy_s, 1.0) * self.factor

    # --- answering ----------------------------------------------------------------------------------------------------

    def _done(self, _number: int | None, text: str) -> None:
        code, _ = split_command(text)
        if code == "M110" and "N" in text[4:]:
            self.last_number = leading_int(text[text.index("N", 4) + 1 :])
        self._ok(f"ok {self.machine.temperatures()}" if code == "M105" else "ok")

    def _kill(self, why: str) -> None:
        self._say("Error:Printer halted. kill() called!")
        self._say(f"Error:{why or 'M112 called. Emergency Stop.'}")
        self.reset(self.now, "Software Reset")

    def _stop_by(self, fault: str, heater: str) -> None:
        self._say(f"Error:{_RUNAWAY.get((fault, heater), ' HOTEND THERMAL RUNAWAY')}")
        self._say("Error:Printer stopped due to errors. Supervision required.")
        self._go_safe()
        self._stopped_said_at = self.now + self.machine.busy_s * self.factor
