"""What a storm prints, and what is said of one schedule of it."""

from __future__ import annotations

import msgspec

from farm.link.events import Event, InDoubt, PortGone, PrinterHalted, PrinterReset, PrinterSilent

FIRST = 100
MOVES = tuple(f"G1 X{i} Y{i % 7} E{i / 10} F3000" for i in range(40))
COMMANDS = ("G28", *MOVES)
LAST = FIRST + len(COMMANDS) - 1
ENDS: tuple[type[Event], ...] = (PrinterHalted, PrinterReset, PrinterSilent, InDoubt, PortGone)
READY_S, PRINT_S = 120.0, 3600.0  # of the printer's time


class Verdict(msgspec.Struct, frozen=True):
    """What became of one schedule."""

    is_in_order: bool
    is_whole: bool  # the print came to its end
    is_guarded: bool  # the board executed nothing unchecked; for the record, both promises hold all the same
    must_be_whole: bool
    is_bared: bool = False  # a line lost its checksum, and the firmware does not insist on one
    ended_by: str = ""
    resent: int = 0
    overruns: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether both promises were."""
        return (self.is_in_order or self.is_bared) and (
            self.is_whole or (bool(self.ended_by) and not self.must_be_whole)
        )
