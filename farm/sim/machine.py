"""What a virtual printer does with each command: heats, moves, tells, in Marlin 2.1's words.

Other firmwares' words are in ``boards``; numbers and checksums are the board's.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from farm.sim.motion import PLANNER_BLOCKS, EMode, Motion
from farm.sim.thermal import Heater

HOMING_S = 9.0
EXTRUDE_MIN_C = 170.0  # EXTRUDE_MINTEMP, Marlin 2.1 Configuration.h
IDENTITY = (
    "FIRMWARE_NAME:Marlin 2.1.2.5 (Nov 22 2026 08:00:00) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin "
    "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Virtual 220 KINEMATICS:Cartesian EXTRUDER_COUNT:1 AXIS_COUNT:3 "
    "UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff"
)
CAPABILITIES = {
    "SERIAL_XON_XOFF": 0, "BINARY_FILE_TRANSFER": 0, "EEPROM": 1, "VOLUMETRIC": 1, "AUTOREPORT_POS": 0,
    "AUTOREPORT_TEMP": 1, "PROGRESS": 0, "PRINT_JOB": 1, "AUTOLEVEL": 0, "RUNOUT": 0, "Z_PROBE": 0, "BUILD_PERCENT": 1,
    "SOFTWARE_POWER": 0, "EMERGENCY_PARSER": 0, "HOST_ACTION_COMMANDS": 1, "PROMPT_SUPPORT": 0, "SDCARD": 0,
    "THERMAL_PROTECTION": 1, "MOTION_MODES": 0, "ARCS": 1, "BABYSTEPPING": 0, "MEATPACK": 0,
}  # fmt: skip
MOVING = frozenset({"G0", "G1", "G2", "G3", "G28", "G92"})  # the commands that count as motion
_G_SILENT = (21, 90, 91, 92)
_M_SILENT = (
    *(17, 18, 73, 75, 76, 77, 82, 83, 84, 104, 106, 107, 108, 110, 113, 117, 140, 155),
    *(201, 203, 204, 205, 211, 220, 221, 300, 410, 420, 486, 500, 900, 999),
)
# answered by ok alone
_SILENT = frozenset({"T0", *(f"G{n}" for n in _G_SILENT), *(f"M{n}" for n in _M_SILENT)})
_NO_FAULT = (math.inf, "", "")
_CODE = re.compile(r"([GMT])(\d+)")
_WORD = re.compile(r"([A-Z])\s*(-?\d*\.?\d+)?")

Wait = Callable[[], float]  # when the handler may go on, asked again and again


def split_command(text: str) -> tuple[str, dict[str, float]]:
    """``G1 X5 Y`` as ``("G1", {"X": 5.0, "Y": 0.0})``; an unknown form has an empty code."""
    match = _CODE.match(text)
    if match is None:
        return "", {}
    words = {name: float(value) if value else 0.0 for name, value in _WORD.findall(text[match.end() :])}
    return f"{match[1]}{int(match[2])}", words


def motion_digest(commands: Iterable[str]) -> str:
    """What a machine's ``motion_sha256`` must be in hexadecimal after exactly these commands."""
    digest = hashlib.sha256()
    for text in commands:
        if split_command(text)[0] in MOVING:
            digest.update(text.encode() + b"\n")
    return digest.hexdigest()


class Machine:
    """Heaters, motion and settings of one virtual printer. ``now`` is set by the board before each call."""

    unknown: ClassVar[str] = 'echo:Unknown command: "{}"'
    cold: ClassVar[str] = "echo: cold extrusion prevented"
    identity: ClassVar[str] = IDENTITY
    silent: ClassVar[frozenset[str]] = _SILENT  # answered by ok alone
    planner_blocks: ClassVar[int] = PLANNER_BLOCKS
    planner_s: ClassVar[float] = math.inf
    e_mode: ClassVar[EMode] = EMode.FOLLOWS
    watch_s: ClassVar[tuple[float, float]] = (40.0, 60.0)  # WATCH_TEMP_PERIOD, WATCH_BED_TEMP_PERIOD
    run_out_line: ClassVar[str] = "//action:out_of_filament T0"  # what an empty reel makes it say
    open_c: ClassVar[float] = -15.0  # what a broken sensor wire reads like

    def __init__(self, now: float, say: Callable[[str], None], kill: Callable[[str], None]) -> None:
        self.now = now
        # rise and time constant of a common 220 mm printer; 275 and 150 are HEATER_0_MAXTEMP and BED_MAXTEMP of Marlin
        nozzle_watch_s, bed_watch_s = self.watch_s
        open_c = self.open_c
        self.nozzle = Heater(rise_c=380.0, tau_s=150.0, watch_s=nozzle_watch_s, max_c=275.0, open_c=open_c)
        self.bed = Heater(rise_c=110.0, tau_s=300.0, watch_s=bed_watch_s, max_c=150.0, open_c=open_c)
        self.motion = Motion(self.planner_blocks, self.planner_s, self.e_mode)
        self.capabilities = dict(CAPABILITIES)
        self.report_s = 0.0  # M155 S
        self.busy_s = 2.0  # M113 S
        self.is_heat_waiting = False
        self.is_released = False  # M108
        self.motion_lines = 0
        self.motion_sha256 = hashlib.sha256()
        self._say, self._kill = say, kill
        self._heats = "nozzle"  # which of them is waited for

    # --- what happens to it -------------------------------------------------------------------------------------------

    def inherit(self, old: Machine, now: float) -> None:
        """After a reset: as warm, as slow and as broken as before."""
        self.nozzle.inherit(old.nozzle, now)
        self.bed.inherit(old.bed, now)
        self.motion.slowness = old.motion.slowness

    def set_power(self, has_power: bool, now: float) -> None:
        """The mains come or go."""
        self.nozzle.set_power(has_power, now)
        self.bed.set_power(has_power, now)

    def turn_off(self) -> None:
        """Heaters off, nothing moves any more."""
        self.nozzle.set_target(0.0, self.now)
        self.bed.set_target(0.0, self.now)
        self.motion.quick_stop()
        self.is_heat_waiting = False

    def fault_at(self) -> tuple[float, str, str]:
        """When a heater's fault is noticed, which fault, ``nozzle`` or ``bed``; infinity when all is well."""
        if not self.nozzle.is_spoiled and not self.bed.is_spoiled:
            return _NO_FAULT
        nozzle, bed = self.nozzle.fault_at(), self.bed.fault_at()
        return (*nozzle, "nozzle") if nozzle[0] <= bed[0] else (*bed, "bed")

    # --- what it tells ------------------------------------------------------------------------------------------------

    def temperatures(self) -> str:
        """The text of M105 and of the automatic report."""
        now = self.now
        return (
            f"T:{self.nozzle.read_c(now):.2f} /{self.nozzle.target_c:.2f} "
            f"B:{self.bed.read_c(now):.2f} /{self.bed.target_c:.2f} @:0 B@:0"
        )

    def heat_lines(self) -> tuple[str, ...]:
        """What is told each second while a heater is waited for."""
        return (f" {self.temperatures()} W:?",)

    def report_lines(self) -> tuple[str, ...]:
        """What M155 makes it tell; Marlin keeps quiet while it waits for heat."""
        return () if self.is_heat_waiting else (f" {self.temperatures()}",)

    def busy_lines(self) -> tuple[str, ...]:
        """What a command at work makes it tell."""
        return () if self.is_heat_waiting else ("echo:busy: processing",)

    def position(self) -> str:
        """The text of M114."""
        x, y, z, e = self.motion.at
        return f"X:{x:.2f} Y:{y:.2f} Z:{z:.2f} E:{e:.2f} Count X:{x * 80:.0f} Y:{y * 80:.0f} Z:{z * 400:.0f}"

    # --- commands -----------------------------------------------------------------------------------------------------

    def run(self, text: str) -> Iterator[Wait]:
        """Carry out one command; each yield is a wait, the end is when it is done.

        The answer to M105 is the board's; ``text`` has neither number nor checksum.
        """
        code, words = split_command(text)
        if code in MOVING:
            self.motion_lines += 1
            self.motion_sha256.update(text.encode() + b"\n")
        if code in {"G0", "G1", "G2", "G3"}:
            yield from self._move(code, words)
        elif code in {"G4", "G28", "M109", "M190", "M400"}:
            yield from self._wait(code, words)
        elif code in self.silent:
            self._set(code, words)
        else:
            self._tell(code, text)

    def _move(self, code: str, words: dict[str, float]) -> Iterator[Wait]:
        if self.motion.room_at(self.now) > self.now:
            yield lambda: self.motion.room_at(self.now)
        can_extrude = self.nozzle.true_c(self.now) >= EXTRUDE_MIN_C
        if "E" in words and not can_extrude and self.cold:
            self._say(self.cold)
        length = (
            math.hypot(words.get("I", 0.0), words.get("J", 0.0)) * math.pi if code in {"G2", "G3"} else None
        )
        self.motion.go(words, self.now, can_extrude=can_extrude, length_mm=length)

    def _wait(self, code: str, words: dict[str, float]) -> Iterator[Wait]:
        if code in {"M109", "M190"}:
            yield from self._heat("nozzle" if code == "M109" else "bed", words)
            return
        if self.motion.idle_at(self.now) > self.now:
            yield lambda: self.motion.idle_at(self.now)
        end = self.now + self._seconds(code, words)
        if end > self.now:
            yield lambda: end
        if code == "G28":
            self.motion.home("".join(axis for axis in "XYZ" if axis in words) or "XYZ")
            self._homed()

    def _seconds(self, code: str, words: dict[str, float]) -> float:
        if code == "G28":
            return HOMING_S * self.motion.slowness
        return words.get("P", 0.0) / 1000 + words.get("S", 0.0) if code == "G4" else 0.0

    def _homed(self) -> None:
        self._say(self.position())

    def _heat(self, name: str, words: dict[str, float]) -> Iterator[Wait]:
        heater = self.nozzle if name == "nozzle" else self.bed
        heater.set_target(words.get("S", words.get("R", heater.target_c)), self.now)
        self.is_heat_waiting, self.is_released, self._heats = True, False, name
        yield lambda: self.now if self.is_released else heater.reached_at()
        self.is_heat_waiting = False

    def _set(self, code: str, words: dict[str, float]) -> None:
        if code in {"M104", "M140"} and "S" in words:
            (self.nozzle if code == "M104" else self.bed).set_target(words["S"], self.now)
        elif code in {"G90", "G91"}:
            self.motion.set_relative(is_relative=code == "G91")
        elif code in {"M82", "M83"}:
            self.motion.is_e_relative = code == "M83"
        elif code == "G92":
            self.motion.set_position(words)
        elif code == "M155":
            self.report_s = words.get("S", self.report_s)
        elif code == "M113":
            self.busy_s = words.get("S", self.busy_s)
        elif code == "M410":
            self.motion.quick_stop()

    def _tell(self, code: str, text: str) -> None:
        if code == "M114":
            self._say(self.position())
        elif code == "M115":
            self._identify()
        elif code == "M118":
            self._say(text[4:].strip())
        elif code == "M119":
            self._say("Reporting endstop status")
        elif code == "M112":
            self._kill("")
        elif code != "M105":
            self._say(self.unknown.format(text))

    def _identify(self) -> None:
        self._say(self.identity)
        for name, value in self.capabilities.items():
            self._say(f"Cap:{name}:{value}")
