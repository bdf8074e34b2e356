"""Makes the demo models anew: shapes -> STL -> G-code. Development time only; a node never runs it.

    python -m venv build/shapes && build/shapes/bin/pip install manifold3d
    build/shapes/bin/python farm/sim/models/make_models.py [NAME...]

Shapes are our own (EUPL-1.2), in millimetres, lying as they are printed. Nothing here is key-like, tube-like or sharp:
the thinnest edge is 2 mm and round. PrusaSlicer (Debian) slices them with ``printer.ini`` beside this file.
"""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from manifold3d import (  # type: ignore[import-not-found,unused-ignore]
    CrossSection,
    Manifold,
    set_circular_segments,
)

HERE = Path(__file__).resolve().parent
Shape: TypeAlias = Any  # a manifold3d.Manifold; the library is not installed where types are checked
Flat: TypeAlias = Any  # a manifold3d.CrossSection


def box(x: float, y: float, wide: float, deep: float) -> Flat:
    """A rectangle from its lower left corner."""
    return CrossSection.square((wide, deep)).translate((x, y))


def disc(x: float, y: float, radius: float) -> Flat:
    """A disc about a point."""
    return CrossSection.circle(radius).translate((x, y))


def rounded(flat: Flat, radius: float) -> Flat:
    """The same outline with its outer corners rounded."""
    return flat.offset(-radius).offset(radius).simplify(0.02)


def filleted(flat: Flat, radius: float) -> Flat:
    """The same outline with its inner corners filled in."""
    return flat.offset(radius).offset(-radius).simplify(0.02)


def step_gauge() -> Shape:
    """Eight steps of 10 mm, 3 to 17 mm high, a hole of 8 and a slot of 6 mm: ten things to measure."""
    base = rounded(box(0, 0, 80, 20), 2)
    solid = Manifold()
    for step in range(8):
        solid += (
            (base ^ box(step * 10, 0, 80, 20))
            .extrude(3 + 2 * step if step == 0 else 2)
            .translate((0, 0, 0 if step == 0 else 1 + 2 * step))
        )
    hole = disc(15, 10, 4).extrude(40).translate((0, 0, -1))
    slot = rounded(box(-6, 7, 12, 6), 1).extrude(40).translate((0, 0, -1))
    return solid - hole - slot


def bag_clip() -> Shape:
    """A spring clip in one piece: two arms on a springy bow, a catch at the end."""
    bow = (disc(0, 6.5, 8.5) - disc(0, 6.5, 6)) ^ box(-10, -3, 10, 20)
    lower = box(-0.1, -2, 80, 3.4)
    waves = CrossSection()
    for tooth in range(9):
        waves += disc(14 + 6.5 * tooth, 1.2, 1.6)
    catch = box(76, -2, 3.9, 17) + disc(76, 12.6, 2.4) + box(76, 10.2, 3.9, 4.8)
    upper = (
        (box(-0.1, 12.5, 75, 2.5) + disc(74.9, 13.75, 1.25)).translate((0, -15)).rotate(5).translate((0, 15))
    )
    outline = filleted(rounded(bow + lower + waves + catch + upper, 0.9), 0.9)
    return outline.extrude(11)


def wall_hook() -> Shape:
    """A broad round hook on a plate with two sunk screw holes; printed on its side, for strength."""
    plate = rounded(box(0, 0, 6, 72), 2.4)
    bend = (disc(22, 20, 20) - disc(22, 20, 14)) ^ box(0, -5, 50, 25)
    tip = disc(39, 20, 4) + box(36, 18, 6, 2.1)
    brace = CrossSection([[(4, 10), (14, 6), (4, 44)]])
    outline = filleted(plate + bend + tip + brace, 3)
    solid = outline.extrude(22)
    for height in (50, 64):
        shaft = Manifold.cylinder(20, 2.2, 2.2).rotate((0, 90, 0)).translate((-5, height, 11))
        sink = Manifold.cylinder(2.6, 2.2, 4.6).rotate((0, 90, 0)).translate((3.5, height, 11))
        solid = solid - shaft - sink
    return solid


def door_wedge() -> Shape:
    """A wedge from 3 to 22 mm with a ribbed back and a hole to hang it up."""
    side = rounded(CrossSection([[(0, 0), (86, 0), (86, 22), (80, 22), (0, 3)]]), 1.4)
    ribs = CrossSection()
    for rib in range(9):
        x = 12 + 7 * rib
        ribs += disc(x, 3 + (x / 80) * 19 + 0.7, 1.6)
    solid = (side - ribs).extrude(34).rotate((90, 0, 0)).translate((0, 34, 0))
    plan = rounded(box(0, 0, 86, 34), 6).extrude(30)
    hole = rounded(box(66, 11, 12, 12), 5.9).extrude(40).translate((0, 0, -1))
    return (solid ^ plan) - hole


def coaster() -> Shape:
    """A round coaster, 90 mm, with a rim and a rosette pressed into it."""
    solid = disc(0, 0, 45).extrude(3) + (disc(0, 0, 45) - disc(0, 0, 42.4)).extrude(4.5)
    petals = CrossSection()
    for turn in range(12):
        angle = math.radians(turn * 30)
        leaf = disc(0, 15.5, 19) ^ disc(0, -15.5, 19)
        leaf = leaf.scale((0.8, 0.8)).translate((22, 0)) if turn % 2 else leaf.translate((27, 0))
        petals += leaf.rotate(math.degrees(angle)) - leaf.offset(-1.3).rotate(math.degrees(angle))
    heart = disc(0, 0, 8) - disc(0, 0, 6.6) + disc(0, 0, 3)
    ring = disc(0, 0, 40.6) - disc(0, 0, 39.4)
    grooves = ((petals ^ disc(0, 0, 38.4)) + heart + ring).extrude(4).translate((0, 0, 2.25))
    return solid - grooves


def cable_tidy() -> Shape:
    """A block with five round channels that hold cables by a narrow mouth."""
    block = rounded(box(0, 0, 78, 15), 4)
    for channel in range(5):
        x = 11 + 14 * channel
        block = block - disc(x, 8, 3.2) - box(x - 1.9, 8, 3.8, 10)
        block = block - CrossSection([[(x - 4.2, 15.2), (x + 4.2, 15.2), (x + 1.9, 12.2), (x - 1.9, 12.2)]])
    return filleted(rounded(block, 0.8), 0.3).extrude(18)


def plant_label() -> Shape:
    """A label on a round-ended stake, with a leaf to feel."""
    head = rounded(box(-31, 0, 62, 30), 6)
    stake = CrossSection([[(-4.5, -78), (4.5, -78), (8, 2), (-8, 2)]]) + disc(0, -78, 4.5)
    outline = filleted(head + stake, 6)
    leaf = (disc(0, 7, 13) ^ disc(0, -7, 13)).rotate(35).translate((-18, 15))
    rib = box(-11, -0.5, 22, 1).rotate(35).translate((-18, 15))
    lines = rounded(box(-3, 19.2, 28, 1.4) + box(-3, 13.2, 28, 1.4) + box(-3, 7.2, 20, 1.4), 0.6)
    relief = ((leaf - rib) + lines).extrude(0.75).translate((0, 0, 2))
    return (outline.extrude(2.25) + relief.translate((0, 0, 0.25))).rotate((0, 0, 90))


MODELS: dict[str, Callable[[], Shape]] = {
    "step-gauge": step_gauge,
    "bag-clip": bag_clip,
    "wall-hook": wall_hook,
    "door-wedge": door_wedge,
    "coaster": coaster,
    "cable-tidy": cable_tidy,
    "plant-label": plant_label,
}


def write_stl(shape: Shape, path: Path, name: str) -> None:
    """Binary STL, millimetres, normals left to the reader."""
    mesh = shape.to_mesh()
    corners, triangles = mesh.vert_properties[:, :3], mesh.tri_verts
    with path.open("wb") as out:
        out.write(f"passage demo model {name}, EUPL-1.2".encode().ljust(80, b" "))
        out.write(struct.pack("<I", len(triangles)))
        for triangle in triangles:
            points = [float(value) for corner in triangle for value in corners[corner]]
            out.write(struct.pack("<12fH", 0.0, 0.0, 0.0, *points, 0))


def slice_stl(name: str) -> None:
    """Run the slicer as a separate process (it is AGPL, we are not)."""
    command = [
        "prusa-slicer",
        "--export-gcode",
        "--load",
        "printer.ini",
        "--output",
        f"{name}.gcode",
        f"{name}.stl",
    ]
    subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)


def main(names: list[str]) -> None:
    """Make the named models, or all."""
    set_circular_segments(72)
    for name in names or list(MODELS):
        shape = MODELS[name]().simplify(0.02)
        if shape.is_empty():
            raise SystemExit(f"{name}: {shape.status()}")
        write_stl(shape, HERE / f"{name}.stl", name)
        slice_stl(name)
        low_high = [round(value, 1) for value in shape.bounding_box()]
        sys.stdout.write(
            f"{name}: {shape.num_tri()} triangles, box {low_high}, {shape.volume() / 1000:.2f} cm3\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
