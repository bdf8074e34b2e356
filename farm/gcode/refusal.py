"""Why a G-code file may not print here: one value per refusal, one exception that carries it."""

from __future__ import annotations

import msgspec

from provisioning.errors import Refused

UNITS = {
    "off_the_bed": "_mm",
    "nozzle_too_hot": "_c",
    "bed_too_hot": "_c",
    "cold_extrusion": "_c",
    "file_too_large": "_mb",
    "takes_too_long": "_s",
}


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stood in the way. ``code`` picks the sentence (``farm.gcode.sentences``), the rest fills it.

    ``line`` counts from 1 as an editor does; 0 means the file as a whole. ``value`` and ``limit`` share the unit
    that ``code`` implies (``UNITS``), else none or that of the command. ``command`` is what the line asked for.
    """

    code: str
    line: int = 0
    command: str = ""
    axis: str = ""
    value: float = 0.0
    limit: float = 0.0
    why: str = ""

    def filling(self) -> dict[str, str | int | float]:
        """What a sentence may name; value and limit carry their unit in their name (``value_mm``, ``limit_c``)."""
        unit = UNITS.get(self.code, "")
        scale = 1e-6 if unit == "_mb" else 1.0
        return {
            "line": self.line,
            "command": self.command,
            "axis": self.axis,
            "why": self.why,
            f"value{unit}": round(self.value * scale, 3),
            f"limit{unit}": round(self.limit * scale, 3),
        }


class GcodeRefused(Refused):
    """A G-code file was refused: nothing was kept of it, the person who brought it is told the line."""

    code = "gcode_refused"

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code, **refusal.filling())


def refuse(code: str, line: int, **filling: str | float) -> GcodeRefused:
    """A ``GcodeRefused`` ready to raise; ``filling`` holds fields of :class:`Refusal`."""
    return GcodeRefused(msgspec.convert({"code": code, "line": line, **filling}, Refusal))
