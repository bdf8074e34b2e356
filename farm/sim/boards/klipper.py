"""Virtual Klipper 0.12 behind its pseudo-terminal, ``/tmp/printer``.

Source: Klipper ``klippy/gcode.py`` (GCodeDispatch, GCodeIO), ``klippy.py``, ``toolhead.py`` (BUFFER_TIME_HIGH),
``extras/heaters.py``, ``extras/error_mcu.py``, ``extras/verify_heater.py``, ``kinematics/cartesian.py``; transcripts.
Numbers and checksums are read over; every line gets an ok, also after ``!!``; a read that is no UTF-8 is lost whole;
M112 is obeyed as it arrives while fewer than twenty lines wait; after a shutdown only FIRMWARE_RESTART helps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from farm.sim.board import Executed, VirtualBoard
from farm.sim.lines import bare, number_of
from farm.sim.machine import EXTRUDE_MIN_C, MOVING, Machine, Wait, split_command
from farm.sim.motion import EMode

PENDING_LINES = 20  # _process_data stops reading
READ_BYTES = 4096  # os.read
BUFFER_TIME_HIGH_S = 2.0
RESTART_S = 2.0  # transcript: Ready about 2 s after Disconnect
_M112 = re.compile(rb"^(?:[nN][0-9]+)?\s*[mM]112(?:\s|$)")
_RESTARTS = frozenset({"FIRMWARE_RESTART", "RESTART"})
_ALWAYS = frozenset({"M105", "M110", "M112", "M114", "M115"})
_SHUTDOWN = (
    'Once the underlying issue is corrected, use the\n"FIRMWARE_RESTART" command to reset the firmware, reload the\n'
    "config, and restart the host software.\nPrinter is shutdown"
)
_STARTUP = "Printer is not ready\nThe klippy host software is attempting to connect.  Please\nretry in a few moments."
_HINT = (
    "See the 'verify_heater' section in docs/Config_Reference.md\nfor the parameters that control this check."
)
_NO_FAULT = (math.inf, "", "")


class KlipperMachine(Machine):
    """What Klipper tells, and which moves it refuses."""

    run_out_line = "// action:paused"
    e_mode = EMode.EITHER
    identity = "FIRMWARE_NAME:Klipper FIRMWARE_VERSION:v0.12.0"
    unknown = '// Unknown command:"{}"'
    silent = frozenset(
        {
            "G21",
            "G90",
            "G91",
            "G92",
            "M18",
            "M82",
            "M83",
            "M84",
            "M104",
            "M106",
            "M107",
            "M110",
            "M117",
            "M140",
        }
        | {"M204", "M220", "M221"}
    )
    planner_blocks = 1_000_000
    planner_s = BUFFER_TIME_HIGH_S
    watch_s = (22.0, 60.0)  # transcript; check_gain_time of heater_bed
    open_c = 466.0  # transcript

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.busy_s = 0.0
        self._homed_axes = ""

    def fault_at(self) -> tuple[float, str, str]:
        """ADC out of range is a shutdown at any time, not only while heating."""
        for name, heater in (("nozzle", self.nozzle), ("bed", self.bed)):
            if heater.is_open:
                return heater.changed_s + 1.0, "mintemp", name
        return super().fault_at()

    def temperatures(self) -> str:
        now, nozzle, bed = self.now, self.nozzle, self.bed
        return (
            f"B:{bed.read_c(now):.1f} /{bed.target_c:.1f} T0:{nozzle.read_c(now):.1f} /{nozzle.target_c:.1f}"
        )

    def heat_lines(self) -> tuple[str, ...]:
        return (self.temperatures(),)

    def position(self) -> str:
        x, y, z, e = self.motion.at
        return f"X:{x:.3f} Y:{y:.3f} Z:{z:.3f} E:{e:.3f}"

    def refuse(self, why: str) -> None:
        """An error: every line of it, and the first once more behind ``!!``."""
        lines = why.split("\n")
        for line in lines if len(lines) > 1 else ():
            self._say(f"// {line}")
        self._say(f"!! {lines[0]}")

    def _move(self, code: str, words: dict[str, float]) -> Iterator[Wait]:
        missing = [axis for axis in "XYZ" if axis in words and axis not in self._homed_axes]
        if missing:
            x, y, z, e = (words.get(axis, at) for axis, at in zip("XYZE", self.motion.at, strict=True))
            self.refuse(f"Must home axis first: {x:.3f} {y:.3f} {z:.3f} [{e:.3f}]")
        elif "E" in words and self.nozzle.true_c(self.now) < EXTRUDE_MIN_C:
            self.refuse("Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details")
        else:
            yield from super()._move(code, words)

    def _homed(self) -> None:
        self._homed_axes = "XYZ"

    def _tell(self, code: str, text: str) -> None:
        if code in {"M114", "M112"}:
            super()._tell(code, text)
        elif code == "M118":
            self._say(f"echo: {text[4:].strip()}")
        elif code not in {"M105", "M115", "M119"}:
            self._say(self.unknown.format(text))


class VirtualKlipper(VirtualBoard):
    """klippy with its microcontroller. A reset that is no power-up is the microcontroller's, and a shutdown."""

    line_max_bytes = READ_BYTES
    machine_class = KlipperMachine

    def __init__(
        self,
        now: float = 0.0,
        *,
        factor: float = 1.0,
        on_executed: Executed | None = None,
        rx_bytes: int = READ_BYTES,
        queue_lines: int = PENDING_LINES,
        has_flow_control: bool = True,
    ) -> None:
        """A pseudo-terminal never overruns: ``has_flow_control`` is taken as true whatever is said."""
        assert has_flow_control in {True, False}
        super().__init__(
            now,
            factor=factor,
            on_executed=on_executed,
            rx_bytes=rx_bytes,
            queue_lines=queue_lines,
            has_flow_control=True,
        )

    def reset(self, now: float, cause: str = "External Reset") -> None:
        if cause == "PowerUp":
            super().reset(now, cause)
        else:
            self.advance(now)
            self._shut_down(f"Lost communication with MCU 'mcu'\n{_SHUTDOWN}")

    def _forget(self) -> None:
        self._state = ""  # why it is not ready
        self._is_cut_short = False  # the command that is executed ends with an error
        self._ready_at = math.inf

    def _banner(self, _cause: str) -> tuple[str, ...]:
        return ("// Klipper state: Ready",)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _overhear(self, data: bytes) -> bytes:
        try:
            data.decode()
        except UnicodeDecodeError:
            return b""
        if len(self._queue) < PENDING_LINES and b"112" in data:
            *lines, _ = (bytes(self._partial + self._ring) + data).split(b"\n")
            for line in lines:
                if _M112.match(line):
                    self._kill("")
        return data

    def _take_line(self, text: str) -> None:
        self._queue.append((number_of(text), bare(text)))

    def _read_line(self, line: bytes) -> None:
        self._take_line(line.decode(errors="replace").partition(";")[0].strip())

    # --- executing ----------------------------------------------------------------------------------------------------

    def _run(self, text: str) -> Iterator[Wait]:
        command = text.upper() if split_command(text.upper())[0] in MOVING else text
        code, _ = split_command(text.upper())
        name = text.upper().split()[0] if text else ""
        if name in _RESTARTS:
            self._restart()
        elif not text:
            pass
        elif name == "STATUS":
            if self._state:
                self._refuse(f"{self._state}\nKlipper state: Not ready")
            else:
                self._say("// Klipper state: Ready")
        elif self._state and code not in _ALWAYS:
            self._refuse(self._state)
        else:
            return self.machine.run(command if code in MOVING else text.upper())
        return iter(())

    def _refuse(self, why: str) -> None:
        machine = self.machine
        assert isinstance(machine, KlipperMachine)
        machine.refuse(why)

    def _done(self, _number: int | None, text: str) -> None:
        code, _ = split_command(text.upper())
        if self._is_cut_short:
            self._is_cut_short = False
            self._refuse(self._state)
        if code == "M105":
            self._ok(f"ok {'T:0' if self._ready_at < math.inf else self.machine.temperatures()}")
        elif code == "M115":
            self._ok(f"ok {self.machine.identity}")
        else:
            self._ok("ok")

    def _restart(self) -> None:
        self.machine.turn_off()
        self._say_at(self.now, "// Klipper state: Disconnect")  # after the ok
        self.is_killed, self._state = True, _STARTUP
        self._ready_at = self.now + RESTART_S

    def _due_at(self) -> float:
        return self._ready_at

    def _fall_due(self) -> None:
        self._ready_at, self._state, self.is_killed = math.inf, "", False
        self._say("// Klipper state: Ready")

    def _kill(self, why: str) -> None:
        self._shut_down(why or f"Shutdown due to M112 command\n{_SHUTDOWN}")

    def _shut_down(self, why: str) -> None:
        if self._state:
            return
        current_is_heat = self.machine.is_heat_waiting
        self.machine.turn_off()
        self.is_killed, self._state = True, why
        self._say("// Klipper state: Shutdown")
        if self._current is not None:  # a wait for heat ends with a mere ok, anything else with the reason
            self._is_cut_short = not current_is_heat and split_command(self._current_line[1])[0] != "M112"
            self._wait = lambda: self.now

    def _stop_by(self, fault: str, heater: str) -> None:
        if fault in {"mintemp", "maxtemp"}:
            self._shut_down(f"MCU 'mcu' shutdown: ADC out of range\n{_SHUTDOWN}")
        else:
            name = "extruder" if heater == "nozzle" else "heater_bed"
            self._shut_down(f"Heater {name} not heating at expected rate\n{_HINT}\n{_SHUTDOWN}")
