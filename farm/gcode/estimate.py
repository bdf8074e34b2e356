"""How much a file takes: millimetres and grams of filament, seconds, layers, bounds. One pass, bounded memory."""

from __future__ import annotations

from array import array

import msgspec

from farm.gcode.comments import Claims, Kind, kind_of, starts_layer
from farm.gcode.limits import PrinterLimits
from farm.gcode.motion import Move
from farm.gcode.pace import Pace
from farm.gcode.refusal import refuse
from farm.gcode.tokens import Line
from provisioning.units import filament_grams

BELIEVED = 2.0  # a slicer's own time is taken when ours is within this factor of it; otherwise ours stands
Z_STEP_MM = 0.04  # less than the thinnest layer; more than rounding and bed levelling


class Box:
    """The smallest box around what was added, in mm."""

    def __init__(self) -> None:
        self.low = [float("inf")] * 3
        self.high = [float("-inf")] * 3

    def add(self, move: Move) -> None:
        if move.is_within(self.low, self.high):  # nearly always
            return
        low, high = move.box()
        self.low = [min(pair) for pair in zip(self.low, low, strict=True)]
        self.high = [max(pair) for pair in zip(self.high, high, strict=True)]

    @property
    def is_empty(self) -> bool:
        return self.low[0] > self.high[0]


class Layers:
    """Finds where layers begin: by the slicer's comments, else by the height of what is extruded."""

    def __init__(self) -> None:
        self.starts = array("I")  # tag of each layer's first line
        self._said = False
        self._z = float("-inf")
        self._steps: dict[float, int] = {}

    def announce(self, tag: int) -> None:
        """The slicer says that a layer begins; the first such word replaces what was guessed before it."""
        if not self._said:
            self._said = True
            del self.starts[:]
        self.starts.append(tag)

    def extrude(self, z: float, tag: int) -> None:
        """Something was extruded at height ``z``."""
        if z <= self._z + Z_STEP_MM:
            return
        if self._z > 0:
            step = round(z - self._z, 2)
            if step in self._steps or len(self._steps) < 64:
                self._steps[step] = self._steps.get(step, 0) + 1
        self._z = z
        if not self._said:
            self.starts.append(tag)

    @property
    def height_mm(self) -> float:
        """The commonest step from layer to layer; 0 when there is only one."""
        return max(self._steps, key=lambda step: self._steps[step], default=0.0)


class Figures(msgspec.Struct, frozen=True):
    """What a file takes. ``filament_mm`` is what leaves the nozzle: pulling back and feeding again counts once."""

    filament_mm: float
    grams: float
    seconds: int  # heating up left out; the slicer's word where ours agrees with it
    own_seconds: int
    slicer_seconds: int | None
    layers: int
    layer_height_mm: float
    low_mm: tuple[float, float, float]  # of the part's lines: no skirt, no brim, no priming
    high_mm: tuple[float, float, float]
    support_share: float  # of the filament, 0 to 1
    extrusions: int


def check_figures(figures: Figures, limits: PrinterLimits) -> None:
    """Refuse a file as a whole.

    Raises:
        GcodeRefused: ``nothing_to_print`` or ``takes_too_long``.
    """
    if figures.extrusions == 0:
        raise refuse("nothing_to_print", 0)
    if figures.own_seconds > limits.print_max_s:
        raise refuse("takes_too_long", 0, value=figures.own_seconds, limit=limits.print_max_s)


class Estimate:
    """Feed it every line with what the policy made of it."""

    def __init__(self, limits: PrinterLimits, *, density_g_cm3: float) -> None:
        self._limits = limits
        self._density = density_g_cm3
        self.pace = Pace(limits.acceleration_mm_s2)
        self.claims = Claims()
        self.layers = Layers()
        self.kind = Kind.OTHER
        self._kinds_said = False
        self._fed = 0.0
        self._most_fed = 0.0
        self._extrusions = 0
        self._by_kind = [0.0] * len(Kind)
        self._part = Box()
        self._all = Box()

    def add(self, line: Line, move: Move | None, tag: int) -> None:
        """One line; ``tag`` is the number under which it is sent (or its own when nothing is sent)."""
        if line.comment:
            self._read_comment(line.comment, tag)
        if move is not None:
            self._add_move(move, tag)
        elif line.command:
            self._read_command(line)

    def _add_move(self, move: Move, tag: int) -> None:
        self.pace.add(move, tag)
        if move.e == 0.0:
            return
        self._fed += move.e
        if self._fed <= self._most_fed:
            return
        amount = self._fed - self._most_fed
        self._most_fed = self._fed
        self._by_kind[self.kind] += amount
        if not move.moves_axes:
            return
        self._extrusions += 1
        self.layers.extrude(move.z, tag)
        self._all.add(move)
        if self.kind is not Kind.SKIRT and (self.kind is not Kind.OTHER or not self._kinds_said):
            self._part.add(move)

    def _read_comment(self, comment: str, tag: int) -> None:
        if starts_layer(comment):
            self.layers.announce(tag)
            return
        kind = kind_of(comment)
        if kind is None:
            self.claims.take(comment)
            return
        self.kind = kind
        if not self._kinds_said and kind not in {Kind.OTHER, Kind.SKIRT}:
            self._kinds_said = True
            self._part = Box()  # what came before was priming

    def _read_command(self, line: Line) -> None:
        words = line.words
        if line.command == "G4":
            self.pace.pause(words.get("S") or (words.get("P") or 0.0) / 1000)
        elif line.command == "M204":
            self.pace.acceleration_mm_s2 = words.get("P") or words.get("S") or self.pace.acceleration_mm_s2
        elif line.command == "M73" and (minutes := words.get("R")) is not None:
            self.claims.take_minutes_left(minutes)

    def figures(self) -> Figures:
        """Everything counted so far."""
        own = self.pace.finish()
        said = self.claims.seconds
        believed = said is not None and said < own * BELIEVED and own < said * BELIEVED
        box = self._all if self._part.is_empty else self._part
        low, high = ([0.0] * 3, [0.0] * 3) if box.is_empty else (box.low, box.high)
        return Figures(
            filament_mm=round(self._most_fed, 2),
            grams=round(filament_grams(self._most_fed, self._density, self._limits.filament_diameter_mm), 3),
            seconds=said if believed and said is not None else round(own),
            own_seconds=round(own),
            slicer_seconds=said,
            layers=len(self.layers.starts),
            layer_height_mm=self.layers.height_mm,
            low_mm=(round(low[0], 3), round(low[1], 3), round(low[2], 3)),
            high_mm=(round(high[0], 3), round(high[1], 3), round(high[2], 3)),
            support_share=round(self._by_kind[Kind.SUPPORT] / self._most_fed, 3) if self._most_fed else 0.0,
            extrusions=self._extrusions,
        )
