"""The commands with which a run moves the printer itself: away from the part, back to it, off for good."""

from __future__ import annotations

from farm.link.events import Position
from farm.profiles import Profile
from farm.run.modes import Job, Modes, modes_before

HEATERS_OFF = ("M104 S0", "M140 S0", "M107")
ASK_PLACE = ("M400", "M114")
# as every firmware starts (Klipper's and Repetier's defaults too), for the next job may rely on it; in this order, for
# some firmwares set the filament's mode with G90: see farm.run.modes
MODES_AT_START = Modes().commands()


def park(profile: Profile, at: Position, seen: Position) -> tuple[str, ...]:
    """Away from ``at``, where the print was held; ``seen`` is where the head is.

    The two differ after a worker died on its way there or back: the filament is drawn back only by what is missing.
    The filament's mode is said, whatever the job had: G91 leaves it alone on half of the firmwares.
    """
    park, limits = profile.park, profile.limits
    up_mm = min(at.z_mm + park.lift_mm, limits.z_max_mm)
    filament_mm = round(at.e_mm - park.retract_mm - seen.e_mm, 3) + 0.0  # never 1e-17, never -0
    return (
        "M83",
        f"G1 E{filament_mm:g} F{park.retract_mm_min:g}",
        "G90",
        f"G1 Z{up_mm:.3f} F{park.lift_mm_min:g}",
        f"G1 X{park.x_mm:g} Y{park.y_mm:g} F{park.travel_mm_min:g}",
        "M400",
    )


def unpark(profile: Profile, at: Position, job: Job, line: int) -> tuple[str, ...]:
    """Back to ``at`` from the parking place, with the modes in which ``line`` wants to be sent."""
    park = profile.park
    return (
        "G90",
        f"G1 X{at.x_mm:.3f} Y{at.y_mm:.3f} F{park.travel_mm_min:g}",
        f"G1 Z{at.z_mm:.3f} F{park.lift_mm_min:g}",
        "M83",
        f"G1 E{park.retract_mm:g} F{park.retract_mm_min:g}",
        f"G92 E{at.e_mm:.5f}",
        *modes_before(job, line).commands(),
    )


def leave(profile: Profile, *, lifts: bool) -> tuple[str, ...]:
    """Heaters off first; then up, never down, and the motors free. The modes are what a printer starts with."""
    park = profile.park
    lift = ("G91", f"G1 Z{park.lift_mm:g} F{park.lift_mm_min:g}") if lifts else ()
    return (*HEATERS_OFF, *lift, *MODES_AT_START, "M84")
