"""What a person decides on: the measured facts of one G-code file."""

from __future__ import annotations

import msgspec

from farm.gcode.comments import Claims
from farm.gcode.estimate import Figures

BEAD_MM = 0.45  # a part is one bead wider than the path of the nozzle's middle
LONG_MM, LONG_RATIO = 90.0, 8.0  # the workshop's rule: largest / smallest side > 8 and > 90 mm
TALL_RATIO = 5.0
TINY_G = 0.5
SUPPORT_SHARE = 0.3
CLAIM_SLACK = 0.02


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One file, read to its end. Millimetres, grams, seconds, degrees Celsius.

    ``grams`` and ``filament_mm`` are counted by us, never taken from the slicer's word. ``seconds`` leaves heating out.
    ``low_mm`` and ``high_mm`` bound the middle of the part's lines on the bed; ``size_mm`` is the part itself.
    ``flags`` are advice for people, codes only: ``long_thin``, ``tall_thin``, ``tiny``, ``much_support``,
    ``slicer_figures_differ``. They come from sizes alone; whether something is sharp or key-like is for eyes to judge.
    """

    sha256: str
    lines: int
    filament_mm: float
    grams: float
    seconds: int
    own_seconds: int
    slicer_seconds: int | None
    layers: int
    layer_height_mm: float
    low_mm: tuple[float, float, float]
    high_mm: tuple[float, float, float]
    size_mm: tuple[float, float, float]
    nozzle_max_c: float
    bed_max_c: float
    material: str  # the slicer's word, "" when it says nothing
    commands: dict[str, int]
    flags: tuple[str, ...]


def size_of(figures: Figures) -> tuple[float, float, float]:
    """Width, depth and height of the part in mm; the height counts from the bed."""
    low, high = figures.low_mm, figures.high_mm
    return (round(high[0] - low[0] + BEAD_MM, 1), round(high[1] - low[1] + BEAD_MM, 1), round(high[2], 1))


def flags_of(figures: Figures, claims: Claims) -> tuple[str, ...]:
    """Advice from sizes and sums; an empty tuple says only that none of these few rules spoke."""
    wide, deep, high = size = size_of(figures)
    longest, smallest = max(size), max(min(size), 0.1)
    found = {
        "long_thin": longest > LONG_MM and longest / smallest > LONG_RATIO,
        "tall_thin": high / max(min(wide, deep), 0.1) > TALL_RATIO,
        "tiny": figures.grams < TINY_G,
        "much_support": figures.support_share > SUPPORT_SHARE,
        "slicer_figures_differ": _differs(figures, claims),
    }
    return tuple(code for code, is_so in found.items() if is_so)


def _differs(figures: Figures, claims: Claims) -> bool:
    """The slicer's closing comment and the lines themselves tell two stories: was the file changed afterwards?"""
    if (
        claims.filament_mm
        and abs(claims.filament_mm - figures.filament_mm) > CLAIM_SLACK * claims.filament_mm
    ):
        return True
    return figures.slicer_seconds is not None and figures.seconds != figures.slicer_seconds
