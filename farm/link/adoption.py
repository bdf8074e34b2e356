"""Taking over a print whose host has died: where may the firmware stand, and what does it say? Pure."""

from __future__ import annotations

import msgspec

from farm.link.dialects.base import Standing
from farm.link.events import Found, InDoubt, PrinterReset
from farm.link.tracks import CONTROL_FIRST


class Adoption(msgspec.Struct, frozen=True):
    """A print up to line ``last`` of which ``at_least`` was surely taken."""

    last: int
    at_least: int

    def judge(self, standing: Standing) -> Found | InDoubt | PrinterReset:
        """What it means that the firmware stands there."""
        last = standing.last
        if last is None:
            return InDoubt("the firmware does not count lines")
        if last >= CONTROL_FIRST:
            return Found(None)
        if last > self.last:
            return InDoubt(f"the firmware stands at line {last}, beyond line {self.last}, the print's last")
        if last >= self.at_least:
            return Found(last)
        if last == 0:
            return PrinterReset("the firmware has lost its line number")
        return InDoubt(
            f"the firmware stands at line {last}, behind line {self.at_least} that it acknowledged"
        )
