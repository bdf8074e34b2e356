"""Weighing: how far a mass may be from what was expected, and what must then be said. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from provisioning.errors import Refused

Verdict = Literal["green", "amber", "red"]

# Issue 2 and workshop.md 5.5: a piece more than 3 % off is looked at; below a gram the scale itself is the doubt.
GREEN_G = 1.0
GREEN_SHARE = 0.03
AMBER_SHARE = 0.10
LARGEST_G = 5000.0  # the reel scale's load cell; a part is far below


class WeighingRefused(Refused):
    """This weighing is not taken down."""

    code = "weighing_refused"


@dataclass(frozen=True)
class Weighing:
    """A measured mass beside the expected one, in grams."""

    expected_g: float
    measured_g: float

    @property
    def difference_g(self) -> float:
        """Measured minus expected."""
        return round(self.measured_g - self.expected_g, 2)

    @property
    def verdict(self) -> Verdict:
        """Green within max(1 g, 3 %), amber within 10 %, red beyond."""
        off_g = abs(self.difference_g)
        if off_g <= max(GREEN_G, self.expected_g * GREEN_SHARE):
            return "green"
        return "amber" if off_g <= self.expected_g * AMBER_SHARE else "red"


def check_weighing(weighing: Weighing, note: str) -> Verdict:
    """The verdict, when it may be taken down.

    Raises:
        WeighingRefused: ``weight_impossible`` (nothing, or more than the scale carries) or ``note_missing`` (red
            without a word of explanation).
    """
    if not 0 < weighing.measured_g <= LARGEST_G:
        raise WeighingRefused("weight_impossible")
    if weighing.verdict == "red" and not note.strip():
        raise WeighingRefused("note_missing", expected_g=weighing.expected_g, measured_g=weighing.measured_g)
    return weighing.verdict


def check_hand_over(part_owner: str, touched: str) -> None:
    """A part goes to the person it was made for.

    Raises:
        WeighingRefused: ``part_of_another``.
    """
    if part_owner != touched:
        raise WeighingRefused("part_of_another")
