"""What moves: positions, modes, and a planner's queue of blocks that take the time they really take."""

from __future__ import annotations

import math
from collections import deque
from enum import Enum

PLANNER_BLOCKS = 15  # BLOCK_BUFFER_SIZE 16 of Marlin 2.1, of which one stays empty (planner.h moves_free)
ACCELERATION_MM_S2 = 1000.0  # DEFAULT_ACCELERATION of common 220 mm printers
FEED_MAX_MM_S = (300.0, 300.0, 10.0, 60.0)  # DEFAULT_MAX_FEEDRATE of the same: X Y Z E
AXES = "XYZE"


class EMode(Enum):
    """What G90 and G91 have to do with the filament's mode, which M82 and M83 set."""

    FOLLOWS = "follows"  # they set it too: Marlin 2 (gcode.h set_relative_mode), Smoothieware (Robot.cpp, cases 90, 91)
    # they leave it alone: Prusa-Firmware (Marlin_main.cpp, G90, G91), RepRapFirmware (GCodes2.cpp, case 91)
    STAYS = "stays"
    # they leave it alone, and G91 makes filament relative while it lasts: Marlin 1.1 (gcode_get_destination),
    # Repetier-Firmware (Printer.cpp setDestinationStepsFromGCode), Klipper (gcode_move.py cmd_G1)
    EITHER = "either"


class Motion:
    """Position of the queue's end and the blocks on their way; times are the printer's own seconds."""

    def __init__(
        self, blocks: int = PLANNER_BLOCKS, ahead_s: float = math.inf, e_mode: EMode = EMode.FOLLOWS
    ) -> None:
        """There is room for ``blocks``, and for none that would begin later than ``ahead_s`` from now."""
        self._blocks, self._ahead_s, self._e_mode = blocks, ahead_s, e_mode
        self.slowness = 1.0  # each move takes so many times longer
        self.at = [0.0, 0.0, 0.0, 0.0]  # logical position, what M114 tells
        self.extruded_mm = 0.0  # filament really pushed, retractions taken off
        self.feed_mm_s = 25.0
        self.is_relative = False
        self.is_e_relative = False
        self._ends: deque[float] = deque()
        self._heading = (0.0, 0.0, 0.0)

    def idle_at(self, now: float) -> float:
        """When the last block will be done."""
        return max(now, self._ends[-1]) if self._ends else now

    def room_at(self, now: float) -> float:
        """When there is room for one more block."""
        ends = self._ends
        while ends and ends[0] <= now:
            ends.popleft()
        if not ends:
            return now
        at = ends[-1] - self._ahead_s
        if len(ends) >= self._blocks:
            at = max(at, ends[len(ends) - self._blocks])
        return max(now, at)

    def free_blocks(self, now: float) -> int:
        """How many blocks more there is room for."""
        self.room_at(now)
        return max(0, self._blocks - len(self._ends))

    def go(
        self, words: dict[str, float], now: float, *, can_extrude: bool, length_mm: float | None = None
    ) -> None:
        """Put one block into the queue; ``length_mm`` is the way along an arc."""
        if "F" in words and words["F"] > 0:
            self.feed_mm_s = words["F"] / 60
        delta = [self._way(axis, name, words) for axis, name in enumerate(AXES)]
        for axis in range(4):
            self.at[axis] += delta[axis]
        if can_extrude:
            self.extruded_mm += delta[3]
        seconds = self._seconds(delta, length_mm)
        if seconds > 0:
            self._ends.append(self.idle_at(now) + seconds * self.slowness)

    def set_relative(self, *, is_relative: bool) -> None:
        """G91, G90."""
        self.is_relative = is_relative
        if self._e_mode is EMode.FOLLOWS:
            self.is_e_relative = is_relative

    def _way(self, axis: int, name: str, words: dict[str, float]) -> float:
        if name not in words:
            return 0.0
        relative = self.is_relative
        if axis == 3:
            relative = self.is_e_relative or (relative and self._e_mode is EMode.EITHER)
        return words[name] if relative else words[name] - self.at[axis]

    def _seconds(self, delta: list[float], length_mm: float | None) -> float:
        """Way by speed, slowed to the slowest axis, and what changing direction costs in braking and starting."""
        x, y, z, e = delta
        way = length_mm or math.sqrt(x * x + y * y + z * z) or abs(e)
        if way == 0:
            return 0.0
        speed = self.feed_mm_s
        for axis, most in enumerate(FEED_MAX_MM_S):
            if delta[axis]:
                speed = min(speed, most * way / abs(delta[axis]))
        heading = (x / way, y / way, z / way)
        along = sum(a * b for a, b in zip(heading, self._heading, strict=True))
        self._heading = heading
        return way / speed + (1 - max(-1.0, min(1.0, along))) * speed / (2 * ACCELERATION_MM_S2)

    def home(self, axes: str) -> None:
        """The named axes are at zero."""
        for name in axes:
            self.at[AXES.index(name)] = 0.0

    def set_position(self, words: dict[str, float]) -> None:
        """G92."""
        for axis, name in enumerate(AXES):
            if name in words:
                self.at[axis] = words[name]

    def quick_stop(self) -> None:
        """M410: what was planned is forgotten."""
        self._ends.clear()
