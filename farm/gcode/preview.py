"""Draws what a G-code file prints, from above and at an angle, as PNG. Imports Pillow: for short child processes only.

Strokes come bottom up. Seen from above at any angle, a higher stroke that meets a lower one on the picture is always
the nearer one, so drawing in that order hides what is hidden.
"""

from __future__ import annotations

import math
from io import BytesIO

import msgspec
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from farm.gcode.comments import Kind
from farm.gcode.limits import PrinterLimits
from farm.gcode.sketch import Sketch, Stroke

Colour = tuple[int, int, int]

WIDE_PX, HIGH_PX = 720, 540
SUPERSAMPLING = 3
BEAD_MM = 0.5
COLOURS_KEPT = 160  # of the PNG's palette
PAPER: Colour = (255, 255, 255)
BED: Colour = (243, 245, 247)
GRID: Colour = (226, 230, 235)
GRID_STRONG: Colour = (206, 212, 219)
BED_EDGE: Colour = (150, 160, 171)
INK: Colour = (52, 62, 74)
PALETTE: dict[int, Colour] = {
    Kind.OTHER: (120, 131, 143),
    Kind.OUTER: (24, 112, 158),
    Kind.INNER: (44, 132, 176),
    Kind.SOLID: (98, 176, 212),
    Kind.INFILL: (236, 178, 84),
    Kind.SUPPORT: (176, 184, 193),
    Kind.SKIRT: (196, 203, 210),
}
LIGHT = math.radians(250)  # where the light comes from on the bed's plane, for walls
_WALLS = frozenset({int(Kind.OUTER), int(Kind.INNER)})


class View(msgspec.Struct, frozen=True):
    """An orthographic camera: turned about z, raised above the bed (90 degrees = from above)."""

    turn_deg: float
    raise_deg: float
    scale: float = 1.0  # picture points a millimetre
    left: float = 0.0
    top: float = 0.0

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Picture coordinates of a place on the machine."""
        turn, lift = math.radians(self.turn_deg), math.radians(self.raise_deg)
        across = x * math.cos(turn) - y * math.sin(turn)
        away = x * math.sin(turn) + y * math.cos(turn)
        return self.left + across * self.scale, self.top - (
            away * math.sin(lift) + z * math.cos(lift)
        ) * self.scale


ABOVE = View(0.0, 90.0)
ANGLED = View(-32.0, 36.0)


def draw(sketch: Sketch, limits: PrinterLimits, view: View) -> bytes:
    """A PNG of ``WIDE_PX`` x ``HIGH_PX``: the part on its bed, a small map of the bed, a scale bar.

    The part fills the picture; where it lies on the bed is what the small map shows.
    """
    low, high = sketch.box() if len(sketch) else ([0.0] * 3, [limits.bed_x_mm, limits.bed_y_mm, 1.0])
    fitted = _fit(view, low, high)
    canvas = Image.new("RGB", (WIDE_PX * SUPERSAMPLING, HIGH_PX * SUPERSAMPLING), PAPER)
    pen = ImageDraw.Draw(canvas)
    _draw_bed(pen, fitted, limits)
    if view.raise_deg < 90:
        canvas = _shaded(canvas, sketch, fitted)
        pen = ImageDraw.Draw(canvas)
    _draw_strokes(pen, sketch, fitted, high[2])
    picture = canvas.reduce(SUPERSAMPLING)
    picture = _annotated(picture, fitted.scale / SUPERSAMPLING, limits, low, high)
    return _png(picture)


def _fit(view: View, low: list[float], high: list[float]) -> View:
    """The view with the box in the middle of the picture, room for the scale bar left below."""
    corners = [
        view.project(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (0.0, high[2])
    ]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    wide, high_px = max(max(xs) - min(xs), 5.0), max(max(ys) - min(ys), 5.0)
    room_x, room_y = WIDE_PX * 0.86, HIGH_PX * 0.74
    scale = min(room_x / wide, room_y / high_px, 12.0) * SUPERSAMPLING
    middle_x, middle_y = (min(xs) + max(xs)) / 2 * scale, (min(ys) + max(ys)) / 2 * scale
    return View(
        view.turn_deg,
        view.raise_deg,
        scale,
        WIDE_PX * SUPERSAMPLING / 2 - middle_x,
        HIGH_PX * SUPERSAMPLING * 0.46 - middle_y,
    )


def _draw_bed(pen: ImageDraw.ImageDraw, view: View, limits: PrinterLimits) -> None:
    wide, deep = limits.bed_x_mm, limits.bed_y_mm
    corners = [view.project(x, y, 0.0) for x, y in ((0, 0), (wide, 0), (wide, deep), (0, deep))]
    pen.polygon(corners, fill=BED)
    for strong in (False, True):
        for step in range(10, int(max(wide, deep)), 10):
            if (step % 50 == 0) is not strong:
                continue
            colour, width = (GRID_STRONG, 3) if strong else (GRID, 2)
            if step < wide:
                pen.line([view.project(step, 0, 0), view.project(step, deep, 0)], fill=colour, width=width)
            if step < deep:
                pen.line([view.project(0, step, 0), view.project(wide, step, 0)], fill=colour, width=width)
    pen.line([*corners, corners[0]], fill=BED_EDGE, width=2 * SUPERSAMPLING, joint="curve")


def _shaded(canvas: Image.Image, sketch: Sketch, view: View) -> Image.Image:
    """The canvas with the part's soft shadow on the bed, drawn small and enlarged."""
    small = View(view.turn_deg, view.raise_deg, view.scale / 6, view.left / 6, view.top / 6)
    mask = Image.new("L", (canvas.width // 6, canvas.height // 6), 255)
    pen = ImageDraw.Draw(mask)
    width = max(1, round(BEAD_MM * small.scale) + 1)
    for x0, y0, x, y, z, kind in sketch.strokes():
        if kind != Kind.SKIRT:
            slide = z * 0.45
            begin = small.project(x0 + slide, y0 + slide * 0.5, 0)
            pen.line([begin, small.project(x + slide, y + slide * 0.5, 0)], fill=196, width=width)
    soft = mask.filter(ImageFilter.GaussianBlur(3)).resize(canvas.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(canvas, Image.merge("RGB", (soft, soft, soft)))


def _draw_strokes(pen: ImageDraw.ImageDraw, sketch: Sketch, view: View, top_mm: float) -> None:
    turn, lift = math.radians(view.turn_deg), math.radians(view.raise_deg)
    cos_turn, sin_turn = math.cos(turn) * view.scale, math.sin(turn) * view.scale
    sin_lift, up = math.sin(lift), math.cos(lift) * view.scale
    left, top = view.left, view.top
    width = max(1, math.ceil(BEAD_MM * view.scale))
    reach = width * 0.25  # strokes overlap a little, so that corners close
    inks = _Inks(max(top_mm, 0.1))
    for stroke in sketch.strokes():
        x0, y0, x, y, z, _ = stroke
        rise = top - z * up
        ax, ay = left + x0 * cos_turn - y0 * sin_turn, rise - (x0 * sin_turn + y0 * cos_turn) * sin_lift
        bx, by = left + x * cos_turn - y * sin_turn, rise - (x * sin_turn + y * cos_turn) * sin_lift
        dx, dy = bx - ax, by - ay
        length = math.hypot(dx, dy)
        if length > 0:
            dx, dy = dx / length * reach, dy / length * reach
        pen.line((ax - dx, ay - dy, bx + dx, by + dy), fill=inks.of(stroke), width=width)


class _Inks:
    """The colour of a stroke: its kind, the way it faces, its height; every second layer a touch darker."""

    def __init__(self, top_mm: float) -> None:
        self._top_mm = top_mm
        self._known: dict[tuple[int, int, int, bool], Colour] = {}
        self._z = -1.0
        self._odd = False

    def of(self, stroke: Stroke) -> Colour:
        x0, y0, x, y, z, kind = stroke
        if z != self._z:
            self._z, self._odd = z, not self._odd
        facing = round((math.atan2(y - y0, x - x0) % math.pi) / math.pi * 24)
        key = (kind, facing, round(z / self._top_mm * 24), self._odd)
        colour = self._known.get(key)
        if colour is None:
            colour = self._known[key] = _ink(*key)
        return colour


def _ink(kind: int, facing: int, height: int, odd: bool) -> Colour:
    turned = abs(math.cos(facing / 24 * math.pi + math.pi / 2 - LIGHT))
    light = (0.74 + 0.36 * turned) if kind in _WALLS else (0.96 + 0.07 * turned)
    light *= 0.84 + 0.2 * height / 24
    if odd:
        light *= 0.965
    red, green, blue = PALETTE.get(kind, PALETTE[Kind.OTHER])
    return _clip(red * light), _clip(green * light), _clip(blue * light)


def _clip(value: float) -> int:
    return max(0, min(255, round(value)))


def _annotated(
    picture: Image.Image, scale: float, limits: PrinterLimits, low: list[float], high: list[float]
) -> Image.Image:
    """The small map and the scale bar, drawn at twice the size and reduced."""
    bar_mm = next((step for step in (100, 50, 20, 10, 5, 2) if step * scale <= WIDE_PX * 0.24), 1)
    overlay = Image.new("RGBA", (WIDE_PX * 2, HIGH_PX * 2), (255, 255, 255, 0))
    pen = ImageDraw.Draw(overlay)
    _draw_bar(pen, bar_mm, bar_mm * scale * 2)
    _draw_map(pen, limits, low, high)
    small = overlay.reduce(2)
    picture.paste(small, (0, 0), small)
    return picture


def _draw_bar(pen: ImageDraw.ImageDraw, bar_mm: int, length: float) -> None:
    right, base = WIDE_PX * 2 - 44, HIGH_PX * 2 - 40
    font = ImageFont.load_default(size=30)
    text = f"{bar_mm} mm"
    wide = pen.textlength(text, font=font)
    box = (right - max(length, wide) - 22, base - 58, right + 22, base + 22)
    pen.rounded_rectangle(box, radius=16, fill=(255, 255, 255, 225))
    pen.line((right - length, base, right, base), fill=(*INK, 255), width=5)
    for x in (right - length, right):
        pen.line((x, base - 11, x, base + 11), fill=(*INK, 255), width=5)
    pen.text(
        (right - length / 2 if length > wide else right - wide / 2, base - 14), text, INK, font, anchor="ms"
    )


def _draw_map(pen: ImageDraw.ImageDraw, limits: PrinterLimits, low: list[float], high: list[float]) -> None:
    """The whole bed, small, with the part's place on it."""
    side = 116
    scale = side / max(limits.bed_x_mm, limits.bed_y_mm)
    left, base = 30.0, HIGH_PX * 2 - 30.0
    wide, deep = limits.bed_x_mm * scale, limits.bed_y_mm * scale
    box = (left - 8, base - deep - 8, left + wide + 8, base + 8)
    pen.rounded_rectangle(box, radius=16, fill=(255, 255, 255, 225))
    pen.rounded_rectangle((left, base - deep, left + wide, base), radius=6, outline=(*BED_EDGE, 255), width=3)
    part = (left + low[0] * scale, base - high[1] * scale, left + high[0] * scale, base - low[1] * scale)
    pen.rectangle(part, fill=(*PALETTE[Kind.OUTER], 255))


def _png(picture: Image.Image) -> bytes:
    """Small enough to travel in a message: a palette of its own, no dithering."""
    out = BytesIO()
    small = picture.quantize(COLOURS_KEPT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(out, "PNG", optimize=True)
    return out.getvalue()
