"""What a link tells its shell: things that have happened, never things to do."""

from __future__ import annotations

import msgspec

from farm.link.identity import Firmware


class _Happened(msgspec.Struct, frozen=True, gc=False):
    """An event."""


class Ready(_Happened, frozen=True):
    """The firmware answered and is what the profile says; commands and prints may begin."""

    firmware: Firmware


class Quarantined(_Happened, frozen=True):
    """The firmware is not what the profile says; ``reason`` is a sentence that names the difference."""

    firmware: Firmware
    reason: str


class Settled(_Happened, frozen=True):
    """Every submitted command has been taken and executed, by the firmware's own line number."""


class Held(_Happened, frozen=True):
    """The print is held: every line below ``next_line`` was taken, none from it on."""

    next_line: int


class SourceDone(_Happened, frozen=True):
    """The firmware has taken the source's last line, ``line``."""

    line: int


class Resent(_Happened, frozen=True):
    """The firmware asked for ``line`` again."""

    line: int


class Temperatures(_Happened, frozen=True):
    """A temperature report, °C; a heater that the firmware did not name keeps ``None``."""

    nozzle_c: float | None = None
    nozzle_target_c: float | None = None
    bed_c: float | None = None
    bed_target_c: float | None = None


class Position(_Happened, frozen=True):
    """Where the planner's queue ends, mm (M114)."""

    x_mm: float
    y_mm: float
    z_mm: float
    e_mm: float


class Busy(_Happened, frozen=True):
    """The firmware works, or waits for ``what`` (``processing``, ``paused for user``, ``paused for input``)."""

    what: str


class HostAction(_Happened, frozen=True):
    """``//action:`` with its name and the rest."""

    name: str
    text: str = ""


class ColdExtrusion(_Happened, frozen=True):
    """The firmware prints on without plastic."""


class PrinterReset(_Happened, frozen=True):
    """The firmware started anew and forgot everything; ``cause`` as it said."""

    cause: str


class Found(_Happened, frozen=True):
    """After a host's death: the print stands at line ``last``, all before is done; ``None``: not within the print."""

    last: int | None


class InDoubt(_Happened, frozen=True):
    """Lines may or may not have been taken, and nobody can tell: the print cannot go on. ``reason`` is a sentence."""

    reason: str


class CommandRefused(_Happened, frozen=True):
    """The firmware did not obey a command of the print, for the reason it gave, and goes on."""

    reason: str


class PrinterHalted(_Happened, frozen=True):
    """The firmware stopped for good, ``reason`` as it said; only a reset or its power brings it back."""

    reason: str
    is_confirmed: bool = True  # false: M112 was sent and the firmware never said that it obeyed


class PrinterSilent(_Happened, frozen=True):
    """Nobody answers."""


class PortGone(_Happened, frozen=True):
    """The port has vanished: unplugged or without power."""


class Said(_Happened, frozen=True):
    """Any other line, cut to a bounded length."""

    text: str


Event = (
    Ready
    | Quarantined
    | Settled
    | Held
    | SourceDone
    | Resent
    | Temperatures
    | Position
    | Busy
    | HostAction
    | ColdExtrusion
    | PrinterReset
    | Found
    | InDoubt
    | CommandRefused
    | PrinterHalted
    | PrinterSilent
    | PortGone
    | Said
)
