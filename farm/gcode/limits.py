"""What one kind of printer can take: the numbers a G-code file is held against. A firmware profile fills them in."""

from __future__ import annotations

from typing import Literal

import msgspec

from farm.profiles import Profile

Dialect = Literal["marlin", "prusa", "reprapfirmware", "repetier", "smoothieware", "klipper"]


class PrinterLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The box a nozzle may be in, the heat it may ask for, the words its firmware knows.

    The defaults are those of a common 220 x 220 x 250 mm printer with a PTFE-lined nozzle; a profile states its own.
    Bed and z are the last reachable nozzle positions; ``*_min_mm`` may be negative where a wiper sits beside the bed.
    """

    dialect: Dialect = "marlin"
    bed_x_mm: float = 220.0
    bed_y_mm: float = 220.0
    z_max_mm: float = 250.0
    x_min_mm: float = 0.0
    y_min_mm: float = 0.0
    z_min_mm: float = 0.0
    home_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # where G28 leaves the nozzle
    nozzle_max_c: float = 245.0
    bed_max_c: float = 90.0
    extrude_min_c: float = 170.0  # EXTRUDE_MINTEMP, Marlin 2.1 Configuration.h
    filament_diameter_mm: float = 1.75
    acceleration_mm_s2: float = 1500.0  # what our own time estimate assumes until the file says otherwise
    acceleration_max_mm_s2: float = 10_000.0  # the most that M201/M204 may set
    feed_max_mm_s: float = 500.0  # the most that M203 may set
    dwell_max_s: float = 600.0
    print_max_s: float = 7 * 86_400.0  # nothing prints for more than a week
    tools: int = 1
    line_max_bytes: int = 96  # MAX_CMD_SIZE, Marlin 2.1 Configuration_adv.h: number and checksum included
    file_max_bytes: int = 50_000_000
    # listed by the profile beside the dialect's own list, e.g. "G20"
    extra_commands: frozenset[str] = frozenset()

    def range_mm(self, axis: int) -> tuple[float, float]:
        """Lowest and highest allowed nozzle position of axis 0 (x), 1 (y) or 2 (z)."""
        lowest = (self.x_min_mm, self.y_min_mm, self.z_min_mm)
        highest = (self.bed_x_mm, self.bed_y_mm, self.z_max_mm)
        return lowest[axis], highest[axis]


def limits_of(profile: Profile) -> PrinterLimits:
    """What a G-code file is held against on printers of this profile."""
    return PrinterLimits(
        dialect=profile.dialect,
        line_max_bytes=profile.link.line_max_bytes,
        **msgspec.structs.asdict(profile.limits),
    )
