"""Keeps what a file extrudes as plain numbers, 21 bytes a stroke, until it is drawn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

from farm.gcode.comments import Kind
from farm.gcode.motion import Move

CHORD_MM = 0.5  # arcs are drawn as chords of about this length
STROKES_MAX = 4_000_000  # 84 MB; what comes after is left out of the picture, not out of the figures

Stroke = tuple[float, float, float, float, float, int]  # x0, y0, x, y, z in mm, kind


class Sketch:
    """Every extruding move of one file, in the order of printing."""

    def __init__(self) -> None:
        self._xy = array("f")
        self._z = array("f")
        self._kinds = array("B")
        self._sorted = True

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, move: Move, kind: Kind) -> None:
        """One move, if it lays plastic on the way."""
        if move.e <= 0.0 or not move.moves_axes or len(self._kinds) >= STROKES_MAX:
            return
        if move.arc is None:
            self._stroke(move.x0, move.y0, move.x, move.y, move.z, kind)
            return
        arc = move.arc
        chords = max(4, min(360, math.ceil(abs(arc.sweep) * arc.radius / CHORD_MM)))
        x, y = move.x0, move.y0
        for chord in range(1, chords + 1):
            angle = arc.start + arc.sweep * chord / chords
            x1, y1 = arc.x + arc.radius * math.cos(angle), arc.y + arc.radius * math.sin(angle)
            self._stroke(x, y, x1, y1, move.z, kind)
            x, y = x1, y1

    def _stroke(self, x0: float, y0: float, x: float, y: float, z: float, kind: Kind) -> None:
        if self._z and z < self._z[-1]:
            self._sorted = False
        self._xy.extend((x0, y0, x, y))
        self._z.append(z)
        self._kinds.append(kind)

    def strokes(self) -> Iterator[Stroke]:
        """Bottom up, which is painter's order for every view from above; else as printed."""
        xy, heights, kinds = self._xy, self._z, self._kinds
        order = range(len(kinds)) if self._sorted else sorted(range(len(kinds)), key=heights.__getitem__)
        for i in order:
            at = 4 * i
            yield xy[at], xy[at + 1], xy[at + 2], xy[at + 3], heights[i], kinds[i]

    def box(self) -> tuple[list[float], list[float]]:
        """Lowest and highest x, y, z of the part; skirts count only when there is nothing else."""
        low, high = [math.inf] * 3, [-math.inf] * 3
        only_skirt = all(kind == Kind.SKIRT for kind in self._kinds)
        for x0, y0, x, y, z, kind in self.strokes():
            if only_skirt or kind != Kind.SKIRT:
                low = [min(low[0], x0, x), min(low[1], y0, y), min(low[2], z)]
                high = [max(high[0], x0, x), max(high[1], y0, y), max(high[2], z)]
        return low, high
