"""Virtual RepRapFirmware 3.5 on USB.

Source: RepRapFirmware ``GCodes/GCodeBuffer/StringParser.cpp`` (Put, LineFinished), ``GCodes/GCodes.cpp``
(HandleReplyPreserveResult in Marlin's manner, GenerateTemperatureReport, CheckReportDue, DoEmergencyStop),
``GCodes/GCodes2.cpp`` (M110, M112, M115, M409), ``GCodes/GCodeBuffer/GCodeBuffer.cpp`` (inputs[] of the object model),
``Config/Configuration.h`` (UnsolicitedStatusReportInterval), ``Storage/CRC16.cpp``. A line with a wrong checksum is
dropped without a word; numbers are not compared; ``*`` counts only in a numbered line; one command at a time, ok when
it is done. ``inputs[].lineNumber`` is set at the line's *end*, before the checksum is looked at: it tells what has
arrived, not what was taken, and an unnumbered line, M409 itself too, adds one.
"""

from __future__ import annotations

import json
import re
from binascii import crc_hqx
from collections.abc import Iterator

from farm.sim.board import Executed, VirtualBoard
from farm.sim.lines import checksum
from farm.sim.machine import MOVING, Machine, Wait, split_command
from farm.sim.motion import EMode

RX_BYTES = 256  # GCodeInputBufferSize; USB is flow controlled
LINE_MAX_BYTES = 256  # MaxGCodeLength
REPORT_S = 2.0  # UnsolicitedStatusReportInterval
_HEATING = frozenset({"M104", "M109", "M140", "M190"})
CHANNELS = (
    "HTTP",
    "Telnet",
    "File",
    "USB",
    "Aux",
    "Trigger",
    "Queue",
    "LCD",
    "SBC",
    "Daemon",
    "Aux2",
    "Autopause",
)
_NUMBERED = re.compile(r"[Nn]([0-9]*)[ \t]*")
_SUM = re.compile(r"[0-9]*")
_KEY = re.compile(r'K"([^"]*)"')
_FAULTS = {
    "mintemp": "temperature reading fault: sensor open circuit",
    "maxtemp": "temperature excursion exceeded 15.0°C",
    "malfunction": "temperature excursion exceeded 15.0°C",
    "heating_failed": "temperature rising too slowly: expected 2.70°C/sec measured 0.00°C/sec",
    "runaway": "temperature excursion exceeded 15.0°C",
}


class RepRapMachine(Machine):
    """What RepRapFirmware tells in other words than Marlin."""

    run_out_line = "Filament error on extruder 0: no filament"
    e_mode = EMode.STAYS
    identity = (
        "FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.5.4 "
        "ELECTRONICS: Duet WiFi 1.02 or later FIRMWARE_DATE: 2024-11-24"
    )
    cold = ""
    silent = Machine.silent - {"M113", "M155", "M410", "M420", "M205", "M900"}  # it knows none of these
    planner_blocks = 39  # 40 movements, one being executed
    open_c = 2000.0

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.busy_s = REPORT_S
        self.is_watched = False  # M105 was asked once: a long command tells temperatures from then on
        self._homed_axes = ""

    def temperatures(self) -> str:
        now, nozzle, bed = self.now, self.nozzle, self.bed
        hot = f"{nozzle.read_c(now):.1f} /{nozzle.target_c:.1f}"
        return f"T:{hot} T0:{hot} B:{bed.read_c(now):.1f} /{bed.target_c:.1f}"

    def heat_lines(self) -> tuple[str, ...]:
        return ()

    def report_lines(self) -> tuple[str, ...]:
        return ()

    def busy_lines(self) -> tuple[str, ...]:
        return (self.temperatures(),) if self.is_watched else ()

    def position(self) -> str:
        x, y, z, e = self.motion.at
        return (
            f"X:{x:.3f} Y:{y:.3f} Z:{z:.3f} E:{e:.3f} E0:{e:.1f} "
            f"Count {x * 80:.0f} {y * 80:.0f} {z * 400:.0f} Machine {x:.3f} {y:.3f} {z:.3f} Bed comp 0.000"
        )

    def _move(self, code: str, words: dict[str, float]) -> Iterator[Wait]:
        if any(axis in words and axis not in self._homed_axes for axis in "XYZ"):
            self._say(f"Error: {code}: insufficient axes homed")
        else:
            yield from super()._move(code, words)

    def _homed(self) -> None:
        self._homed_axes = "XYZ"

    def _tell(self, code: str, text: str) -> None:
        if not code:
            self._say(f"Error: Bad command: {text}")
        elif code in {"M112", "M114", "M115", "M118", "M119"}:
            super()._tell(code, text)
        elif code not in {"M105", "M108", "M409", "M999"}:
            self._say(f"Warning: {code}: Command is not supported")

    def _identify(self) -> None:
        self._say(self.identity)


class VirtualRepRap(VirtualBoard):
    """A Duet. ``queue_lines`` means nothing to it: it reads a line when the one before is done."""

    line_max_bytes = LINE_MAX_BYTES
    machine_class = RepRapMachine

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = RX_BYTES,
        queue_lines: int = 1,
        has_flow_control: bool = True,
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
        self._is_stopped = False  # by M112: until a reset nothing moves

    def _banner(self, _cause: str) -> tuple[str, ...]:
        return ()

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read_line(self, line: bytes) -> None:
        self._take_line(line.decode("latin-1"))

    def _take_line(self, text: str) -> None:
        """As StringParser: the number, then the command up to ``*`` or ``;``, then judge."""
        match = _NUMBERED.match(text)
        number = int(match[1] or 0) if match else None
        self.last_number = self.last_number + 1 if number is None else number
        if "\x7f" in text:  # what the receiver stores for an overrun
            return
        rest = text[match.end() :] if match else text.lstrip(" \t")
        star = _star(rest) if match else -1
        command = (rest if star < 0 else rest[:star]).split(";")[0].strip()
        if not command:
            return
        if star >= 0 and not _agrees(text[: len(text) - len(rest) + star], rest[star + 1 :]):
            return
        self._queue.append((number, command))

    # --- executing ----------------------------------------------------------------------------------------------------

    def _run(self, text: str) -> Iterator[Wait]:
        code, _ = split_command(text)
        machine = self.machine
        if code == "M105" and isinstance(machine, RepRapMachine):
            machine.is_watched = True
        elif code == "M409":
            self._say(self._model(text))
        elif (self.is_killed and code in _HEATING) or (self._is_stopped and code in MOVING):
            return iter(())  # acknowledged, and nothing happens
        return machine.run(text)

    def _model(self, text: str) -> str:
        """The object model's answer to M409; of it, this printer knows ``inputs`` and ``state``."""
        match = _KEY.search(text)
        key = match[1] if match else ""
        is_usb = {"USB": True}
        inputs = [
            {"name": name, "lineNumber": self.last_number if is_usb.get(name) else 0, "stackDepth": 0,
             "state": "executing" if is_usb.get(name) else "idle"}
            for name in CHANNELS
        ]  # fmt: skip
        known: dict[str, object] = {
            "inputs": inputs,
            "state": {"status": "halted" if self.is_killed else "idle"},
        }
        answer = {"key": key, "flags": "", "result": known.get(key)}
        return json.dumps(answer, separators=(",", ":"))

    def _done(self, _number: int | None, text: str) -> None:
        code, _ = split_command(text)
        if code == "M999":
            self.reset(self.now, "Software Reset")
        else:
            self._ok(f"ok {self.machine.temperatures()}" if code == "M105" else "ok")

    def _kill(self, why: str) -> None:
        if why:
            self._say(f"Error: {why}")
        self._say("Emergency Stop! Reset the controller to continue.")
        self.machine.turn_off()
        self.is_killed = self._is_stopped = True

    def _stop_by(self, fault: str, heater: str) -> None:
        """A heater's fault turns that heater off; who streams over USB is told and goes on."""
        which = 1 if heater == "nozzle" else 0
        self._say(f"Error: Heater {which} fault: {_FAULTS[fault]}")
        (self.machine.nozzle if heater == "nozzle" else self.machine.bed).set_target(0.0, self.now)
        self.is_killed = True


def _star(rest: str) -> int:
    """Where the checksum begins: the first star outside quotes and braces, before any comment; -1 when nowhere."""
    quoted, depth = False, 0
    for at, char in enumerate(rest):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char == "{":
            depth += 1
        elif char == "}":
            depth = max(0, depth - 1)
        elif char == ";":
            return -1
        elif char == "*" and depth == 0:
            return at
    return -1


def _agrees(said: str, tail: str) -> bool:
    """One to three digits are the XOR, five are CRC-16 (CCITT, from 0), any other count is wrong."""
    match = _SUM.match(tail)
    digits = match[0] if match else ""
    if 1 <= len(digits) <= 3:
        return int(digits) == checksum(said)
    return len(digits) == 5 and int(digits) == crc_hqx(said.encode("latin-1"), 0)
