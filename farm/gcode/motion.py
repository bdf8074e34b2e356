"""Where the nozzle is after each line: units, absolute and relative, offsets, homing, arcs. A pure machine.

Positions are the machine's own millimetres, whatever the file calls them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused, refuse
from farm.gcode.tokens import Line

AXES = "XYZ"
MM_PER_INCH = 25.4
FULL_TURN = 2 * math.pi
MOVES = frozenset({"G0", "G1", "G2", "G3"})
_ARCS = frozenset({"G2", "G3"})

Point = tuple[float, float, float]

# what G90 and G91 do to E: set it too (Marlin 2 gcode.h set_relative_mode; Smoothieware Extruder.cpp), or make it
# relative together with M83 (Repetier gcode.cpp; Klipper gcode_move.py); elsewhere they leave it alone
SETS_E_TOO = frozenset({"marlin", "smoothieware"})
EITHER_IS_RELATIVE = frozenset({"repetier", "klipper"})


class Arc(msgspec.Struct, frozen=True, gc=False):
    """Centre and radius in mm, start angle and signed sweep in radians (positive = counter-clockwise, G3)."""

    x: float
    y: float
    radius: float
    start: float
    sweep: float


class Move(msgspec.Struct, frozen=True, gc=False):
    """One straight or arched move in machine millimetres; ``e`` is the filament fed, negative when it pulls back.

    ``length`` is that of the whole way. ``bulge`` bounds an arc's way, which reaches beyond its ends.
    """

    x0: float
    y0: float
    z0: float
    x: float
    y: float
    z: float
    e: float
    feed_mm_s: float
    length: float
    moves_axes: bool
    arc: Arc | None = None
    bulge: tuple[Point, Point] | None = None

    def box(self) -> tuple[Point, Point]:
        """Lowest and highest x, y, z on the whole way, in mm."""
        if self.bulge is not None:
            return self.bulge
        low = (min(self.x0, self.x), min(self.y0, self.y), min(self.z0, self.z))
        return low, (max(self.x0, self.x), max(self.y0, self.y), max(self.z0, self.z))

    def is_within(self, low: Sequence[float], high: Sequence[float]) -> bool:
        """Whether a straight move stays in a box; false for any arc, whose :meth:`box` says more."""
        return (
            self.arc is None
            and low[0] <= self.x <= high[0]
            and low[1] <= self.y <= high[1]
            and low[2] <= self.z <= high[2]
            and low[0] <= self.x0 <= high[0]
            and low[1] <= self.y0 <= high[1]
            and low[2] <= self.z0 <= high[2]
        )


class Motion:
    """The modal state of one file. ``apply`` each line in order."""

    def __init__(self, limits: PrinterLimits) -> None:
        self._limits = limits
        self._at = [0.0, 0.0, 0.0]
        self._known = [False, False, False]  # homed
        self._certain = [False, False, False]  # homed, and nothing of the firmware's own has moved it since
        self._offset = [0.0, 0.0, 0.0]  # machine position of the file's zero
        self._e = 0.0  # as the file counts it
        self._unit = 1.0
        self._relative = False
        self._e_relative = False
        self._feed_mm_s = 25.0
        self._flow = 1.0
        self._speed = 1.0

    def apply(self, line: Line) -> Move | None:
        """What ``line`` moves, ``None`` when nothing.

        Raises:
            GcodeRefused: ``not_homed``, ``position_unknown``, ``malformed_line``, ``arc_impossible``.
        """
        if line.command in MOVES:
            return self._move(line)
        handler = _STATES.get(line.command)
        if handler is not None:
            handler(self, line)
        return None

    # --- moves --------------------------------------------------------------------------------------------------------

    def _move(self, line: Line) -> Move | None:
        start, target, e = self._at, self._at.copy(), 0.0
        turn: dict[str, float] = {}
        for letter, value in line.words.items():
            if value is None:
                raise _lonely(line, letter)
            axis = AXES.find(letter)
            if axis >= 0:
                target[axis] = self._target(axis, value, line)
            elif letter == "E":
                e = self._feed_filament(value)
            elif letter == "F":
                self._feed_mm_s = self._checked_feed(value, line)
            elif letter in "IJR" and line.command in _ARCS:
                turn[letter] = value * self._unit
            else:
                raise refuse("letter_not_listed", line.number, command=line.command, axis=letter)
        if line.command in _ARCS:
            return self._arc(line, turn, (start[0], start[1], start[2]), target, e)
        if e == 0.0 and target == start:
            return None
        self._at = target
        return _straight(start, target, e, self._feed_mm_s * self._speed)

    def _checked_feed(self, feed: float, line: Line) -> float:
        if feed <= 0:
            raise refuse("malformed_line", line.number, command=line.command, why="F must be above zero")
        return feed * self._unit / 60

    def _target(self, axis: int, value: float, line: Line) -> float:
        if not self._certain[axis]:
            self._become_certain(axis, line)
        value *= self._unit
        return self._at[axis] + value if self._relative else value + self._offset[axis]

    def _become_certain(self, axis: int, line: Line) -> None:
        if not self._known[axis]:
            raise refuse("not_homed", line.number, command=line.command, axis=AXES[axis])
        if self._relative:
            raise refuse("position_unknown", line.number, command=line.command, axis=AXES[axis])
        self._certain[axis] = True

    def _feed_filament(self, value: float) -> float:
        value *= self._unit
        if self._is_e_relative():
            fed = value
            self._e += value
        else:
            fed = value - self._e
            self._e = value
        return fed * self._flow

    def _is_e_relative(self) -> bool:
        if self._limits.dialect in EITHER_IS_RELATIVE:
            return self._e_relative or self._relative
        return self._e_relative

    def _arc(
        self,
        line: Line,
        turn: dict[str, float],
        start: Point,
        target: list[float],
        e: float,
    ) -> Move:
        for axis in (0, 1):
            if not self._certain[axis]:
                raise refuse("position_unknown", line.number, command=line.command, axis=AXES[axis])
        arc = make_arc(start, target, turn, clockwise=line.command == "G2")
        if arc is None:
            raise refuse("arc_impossible", line.number, command=line.command)
        self._at = target
        return _arched(start, target, e, self._feed_mm_s * self._speed, arc)

    # --- state --------------------------------------------------------------------------------------------------------

    def _home(self, line: Line) -> None:
        named = [axis for axis in range(3) if AXES[axis] in line.words]
        for axis in named or range(3):
            self._at[axis] = self._limits.home_mm[axis]
            self._known[axis] = self._certain[axis] = True
            self._offset[axis] = (
                0.0  # position_shift is cleared by homing (Marlin motion.cpp set_axis_is_at_home)
            )

    def _probe(self, line: Line) -> None:
        """G29 moves where it likes and leaves the head there: relative moves after it cannot be bounded."""
        if not all(self._known):
            raise refuse("not_homed", line.number, command=line.command, axis="X")
        self._certain = [False, False, False]

    def _set_position(self, line: Line) -> None:
        for letter, given in (line.words or dict.fromkeys("XYZE", 0.0)).items():
            value = (given or 0.0) * self._unit
            if letter == "E":
                self._e = value
            elif letter in AXES:
                axis = AXES.index(letter)
                if not self._certain[axis]:
                    raise refuse("position_unknown", line.number, command=line.command, axis=letter)
                self._offset[axis] = self._at[axis] - value

    def _release(self, line: Line) -> None:
        """Motors off: a hand may move the axes, only homing makes them known again."""
        if "S" in line.words:
            return  # a time-out, not an order
        named = [axis for axis in range(3) if AXES[axis] in line.words]
        for axis in named or ([] if "E" in line.words else range(3)):
            self._known[axis] = self._certain[axis] = False

    def _mode(self, line: Line) -> None:
        self._relative = line.command == "G91"
        if self._limits.dialect in SETS_E_TOO:
            self._e_relative = self._relative

    def _e_mode(self, line: Line) -> None:
        self._e_relative = line.command == "M83"

    def _units(self, line: Line) -> None:
        self._unit = MM_PER_INCH if line.command == "G20" else 1.0

    def _set_flow(self, line: Line) -> None:
        self._flow = (line.words.get("S") or 100.0) / 100

    def _set_speed(self, line: Line) -> None:
        self._speed = (line.words.get("S") or 100.0) / 100


_STATES = {  # command -> what it changes
    "G28": Motion._home,
    "G29": Motion._probe,
    "G80": Motion._probe,
    "G92": Motion._set_position,
    "M18": Motion._release,
    "M84": Motion._release,
    "G90": Motion._mode,
    "G91": Motion._mode,
    "M82": Motion._e_mode,
    "M83": Motion._e_mode,
    "G20": Motion._units,
    "G21": Motion._units,
    "M220": Motion._set_speed,
    "M221": Motion._set_flow,
}


def _lonely(line: Line, letter: str) -> GcodeRefused:
    return refuse("malformed_line", line.number, command=line.body[:40], why=f"{letter} has no number")


def _straight(start: list[float], target: list[float], e: float, feed_mm_s: float) -> Move:
    x0, y0, z0 = start
    x, y, z = target
    length = math.hypot(x - x0, y - y0, z - z0)
    return Move(x0, y0, z0, x, y, z, e, feed_mm_s, length, length > 0.0)


def _arched(start: Point, target: list[float], e: float, feed_mm_s: float, arc: Arc) -> Move:
    x0, y0, z0 = start
    x, y, z = target
    lows, highs = arc_box(arc)
    low = (min(lows[0], x0, x), min(lows[1], y0, y), min(z0, z))
    high = (max(highs[0], x0, x), max(highs[1], y0, y), max(z0, z))
    length = math.hypot(abs(arc.sweep) * arc.radius, z - z0)
    return Move(x0, y0, z0, x, y, z, e, feed_mm_s, length, True, arc, (low, high))


def make_arc(start: Point, target: list[float], words: dict[str, float], *, clockwise: bool) -> Arc | None:
    """The arc that G2/G3 asks for: I, J from the start to the centre, or R (negative = the long way round).

    ``None`` when no such circle exists. Equal ends with I, J are a full circle (Marlin G2_G3.cpp).
    """
    centre = _centre(start, target, words, clockwise=clockwise)
    if centre is None:
        return None
    cx, cy = centre
    radius = max(math.hypot(start[0] - cx, start[1] - cy), math.hypot(target[0] - cx, target[1] - cy))
    if radius == 0.0 or not math.isfinite(radius):
        return None
    begin = math.atan2(start[1] - cy, start[0] - cx)
    sweep = (math.atan2(target[1] - cy, target[0] - cx) - begin) % FULL_TURN
    if math.hypot(target[0] - start[0], target[1] - start[1]) < 1e-6:
        sweep = FULL_TURN if not clockwise else 0.0
    if clockwise:
        sweep -= FULL_TURN
    return Arc(cx, cy, radius, begin, sweep)


def _centre(
    start: Point, target: list[float], words: dict[str, float], *, clockwise: bool
) -> tuple[float, float] | None:
    if "R" not in words:
        return (start[0] + words.get("I", 0.0), start[1] + words.get("J", 0.0)) if words else None
    if len(words) > 1:
        return None
    radius = words["R"]
    dx, dy = target[0] - start[0], target[1] - start[1]
    chord = math.hypot(dx, dy)
    if chord < 1e-6 or abs(radius) < chord / 2 - 1e-6:
        return None
    away = math.sqrt(max(0.0, radius * radius - chord * chord / 4))
    side = -1.0 if clockwise == (radius > 0) else 1.0
    return start[0] + dx / 2 - side * dy / chord * away, start[1] + dy / 2 + side * dx / chord * away


def arc_box(arc: Arc) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lowest and highest x, y on the arc: its ends and every quarter direction that it sweeps over."""
    angles = [arc.start, arc.start + arc.sweep]
    first, last = min(angles), max(angles)
    quarter = math.ceil(first / (math.pi / 2))
    while quarter * math.pi / 2 <= last:
        angles.append(quarter * math.pi / 2)
        quarter += 1
    xs = [arc.x + arc.radius * math.cos(angle) for angle in angles]
    ys = [arc.y + arc.radius * math.sin(angle) for angle in angles]
    return (min(xs), min(ys)), (max(xs), max(ys))
