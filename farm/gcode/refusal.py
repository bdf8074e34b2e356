"""Why a G-code file may not print here: one value per refusal, one exception that carries it."""

from __future__ import annotations

import msgspec

from provisioning.errors import Refused


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stood in the way. ``code`` picks the sentence (``farm.gcode.sentences``), the rest fills it.

    ``line`` counts from 1 as an editor does; 0 means the file as a whole. ``value`` and ``limit`` share the unit
    that ``code`` implies: millimetres, degrees Celsius, seconds or bytes. ``command`` is what the line asked for.
    """

    code: str
    line: int = 0
    command: str = ""
    axis: str = ""
    value: float = 0.0
    limit: float = 0.0
    why: str = ""

    def filling(self) -> dict[str, str | int | float]:
        """The fields that a sentence may name, zeros and empties included."""
        return {field: getattr(self, field) for field in self.__struct_fields__ if field != "code"}


class GcodeRefused(Refused):
    """A G-code file was refused: nothing was kept of it, the person who brought it is told the line."""

    code = "gcode_refused"

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code, **refusal.filling())


def refuse(code: str, line: int, **filling: str | float) -> GcodeRefused:
    """A ``GcodeRefused`` ready to raise; ``filling`` holds fields of :class:`Refusal`."""
    return GcodeRefused(msgspec.convert({"code": code, "line": line, **filling}, Refusal))
