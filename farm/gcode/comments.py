"""What slicers say in comments: where a layer begins, what is being drawn, and their own closing figures."""

from __future__ import annotations

import re
from enum import IntEnum

import msgspec


class Kind(IntEnum):
    """What an extrusion is for; the order is that of the palette in ``preview``."""

    OTHER = 0
    OUTER = 1
    INNER = 2
    SOLID = 3
    INFILL = 4
    SUPPORT = 5
    SKIRT = 6


# First match wins. PrusaSlicer/SuperSlicer and OrcaSlicer say ";TYPE:External perimeter" / ";TYPE:Outer wall",
# Cura ";TYPE:WALL-OUTER".
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("support", Kind.SUPPORT),
    ("skirt", Kind.SKIRT),
    ("brim", Kind.SKIRT),
    ("prime", Kind.SKIRT),
    ("wipe tower", Kind.SKIRT),
    ("custom", Kind.OTHER),
    ("external perimeter", Kind.OUTER),
    ("overhang perimeter", Kind.OUTER),
    ("wall-outer", Kind.OUTER),
    ("outer wall", Kind.OUTER),
    ("overhang wall", Kind.OUTER),
    ("perimeter", Kind.INNER),
    ("wall", Kind.INNER),
    ("gap", Kind.INNER),
    ("solid", Kind.SOLID),
    ("top surface", Kind.SOLID),
    ("bottom surface", Kind.SOLID),
    ("skin", Kind.SOLID),
    ("ironing", Kind.SOLID),
    ("bridge", Kind.SOLID),
    ("infill", Kind.INFILL),
    ("fill", Kind.INFILL),
)
_LAYER = re.compile(r"\s?(?:LAYER_CHANGE|CHANGE_LAYER|LAYER:\s?-?\d+)\s*$")


def kind_of(comment: str) -> Kind | None:
    """The kind that a ``TYPE:`` or ``FEATURE:`` comment announces, ``None`` for any other comment."""
    head, _, name = comment.strip().partition(":")
    if head not in {"TYPE", "FEATURE"}:
        return None
    name = name.strip().lower()
    return next((kind for word, kind in _KINDS if word in name), Kind.OTHER)


def starts_layer(comment: str) -> bool:
    """Whether the comment announces a layer (PrusaSlicer, OrcaSlicer, Cura)."""
    return _LAYER.match(comment) is not None


class Claims(msgspec.Struct):
    """What the slicer says of its own work; ``None`` where it says nothing. Believed as far as it can be checked."""

    seconds: int | None = None
    filament_mm: float | None = None
    grams: float | None = None
    layer_height_mm: float | None = None
    material: str = ""

    def take(self, comment: str) -> None:
        """Read one comment (without its ``;``)."""
        key, equals, value = comment.partition("=")
        if not equals:
            key, _, value = comment.partition(":")
        reader = _READERS.get(key.strip().lower())
        if reader is not None:
            reader(self, value.strip())

    def take_minutes_left(self, minutes: float) -> None:
        """The first M73 R of a file is its whole time."""
        if self.seconds is None:
            self.seconds = round(minutes * 60)


_TIME = re.compile(r"(?:(\d{1,3})d\s*)?(?:(\d{1,4})h\s*)?(?:(\d{1,5})m\s*)?(?:(\d{1,6})s)?")


def parse_duration(text: str) -> int | None:
    """Seconds of ``1d 2h 3m 4s`` or plain ``3410``; ``None`` when it is neither."""
    text = text.strip()
    if text.isdigit() and len(text) < 8:
        return int(text)
    match = _TIME.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _number(text: str) -> float | None:
    match = re.match(r"\d{1,9}(?:\.\d{1,9})?", text)
    return float(match[0]) if match is not None else None


def _seconds(claims: Claims, value: str) -> None:
    claims.seconds = parse_duration(value) or claims.seconds


def _orca_seconds(claims: Claims, value: str) -> None:
    """OrcaSlicer: ``; model printing time: 25m 4s; total estimated time: 31m 25s``."""
    claims.seconds = parse_duration(value.rpartition(":")[2]) or claims.seconds


def _filament(claims: Claims, value: str) -> None:
    if value.endswith("m") and not value.endswith("mm"):  # Cura: "Filament used: 1.234m"
        metres = _number(value)
        claims.filament_mm = metres * 1000 if metres is not None else None
    else:
        claims.filament_mm = _number(value)


def _grams(claims: Claims, value: str) -> None:
    claims.grams = _number(value)


def _layer_height(claims: Claims, value: str) -> None:
    claims.layer_height_mm = _number(value)


def _material(claims: Claims, value: str) -> None:
    name = value.split(";", maxsplit=1)[0].strip()
    if re.fullmatch(r"[A-Za-z0-9+-]{2,12}", name):
        claims.material = name.upper()


_READERS = {
    "estimated printing time (normal mode)": _seconds,
    "time": _seconds,
    "model printing time": _orca_seconds,
    "filament used [mm]": _filament,
    "filament used": _filament,
    "total filament used [g]": _grams,
    "filament used [g]": _grams,
    "layer_height": _layer_height,
    "layer height": _layer_height,
    "filament_type": _material,
}
