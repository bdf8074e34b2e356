"""The two pictures: the part where it is, what is hidden hidden."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from farm.gcode.comments import Kind
from farm.gcode.limits import PrinterLimits
from farm.gcode.motion import Motion
from farm.gcode.preview import ABOVE, ANGLED, PALETTE, draw
from farm.gcode.sketch import Sketch
from farm.gcode.tokens import read_lines

LIMITS = PrinterLimits()


def sketch_of(text: str, kind: Kind = Kind.OUTER, into: Sketch | None = None) -> Sketch:
    sketch, motion = Sketch() if into is None else into, Motion(LIMITS)
    for line in read_lines(BytesIO(("G28\nG90\nM83\n" + text).encode())):
        move = motion.apply(line)
        if move is not None:
            sketch.add(move, kind)
    return sketch


def plate(z: float, x0: int = 100, x1: int = 120) -> str:
    """A square of strokes at one height."""
    strokes = "".join(f"G0 X{x0} Y{y / 2}\nG1 X{x1} Y{y / 2} E1\n" for y in range(200, 240))
    return f"G0 Z{z}\n{strokes}"


def pixel(png: bytes, x: float, y: float) -> tuple[int, int, int]:
    with Image.open(BytesIO(png)) as picture:
        red, green, blue = picture.convert("RGB").getpixel(
            (round(x * picture.width), round(y * picture.height))
        )
        return red, green, blue


def is_near(colour: tuple[int, int, int], kind: Kind) -> bool:
    return sum(abs(a - b) for a, b in zip(colour, PALETTE[kind], strict=True)) < 110


@pytest.mark.parametrize("view", [ABOVE, ANGLED], ids=["above", "angled"])
def test_the_part_stands_in_the_middle_on_a_light_ground(view):
    png = draw(sketch_of(plate(0.2)), LIMITS, view)
    assert is_near(pixel(png, 0.5, 0.46), Kind.OUTER)
    assert min(pixel(png, 0.5, 0.02)) > 200


@pytest.mark.parametrize("order", ["bottom first", "top first"])
@pytest.mark.parametrize("view", [ABOVE, ANGLED], ids=["above", "angled"])
def test_what_lies_higher_hides_what_lies_lower(order, view):
    layers = [(0.2, Kind.INFILL), (0.4, Kind.SOLID)]
    sketch = Sketch()
    for z, kind in layers if order == "bottom first" else reversed(layers):
        sketch_of(plate(z), kind, sketch)
    assert is_near(pixel(draw(sketch, LIMITS, view), 0.5, 0.46), Kind.SOLID)


def test_a_full_circle_is_drawn_as_a_circle():
    sketch = sketch_of("G0 X130 Y110 Z.2\nG3 X130 Y110 I-20 J0 E5\n")
    low, high = sketch.box()
    assert low[:2] == pytest.approx([90, 90], abs=0.05)
    assert high[:2] == pytest.approx([130, 130], abs=0.05)
    assert len(sketch) > 100


def test_travel_and_retraction_leave_no_stroke():
    assert len(sketch_of("G0 X10 Y10\nG1 X20\nG1 E-1\nG1 E1\nG1 X30 E-.1\n")) == 0


def test_nothing_to_draw_still_gives_a_picture_of_the_bed():
    with Image.open(BytesIO(draw(Sketch(), LIMITS, ANGLED))) as picture:
        assert picture.size == (720, 540)


def test_a_skirt_alone_is_shown_rather_than_nothing():
    low, high = sketch_of(plate(0.2), Kind.SKIRT).box()
    assert (low[0], high[0]) == (100, 120)
