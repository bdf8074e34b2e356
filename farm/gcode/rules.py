"""The allow-list as data: each command with its letters and bounds; for refused ones the reason a person is told."""

from __future__ import annotations

from typing import Literal

import msgspec

from farm.gcode.limits import Dialect

Bound = tuple[float, float | str]  # lowest, highest; a name means that field of PrinterLimits


class Rule(msgspec.Struct, frozen=True):
    """One command that may run: its letters, bounds per letter, and what it heats if it does."""

    letters: str = ""
    bounds: dict[str, Bound] = {}
    heats: Literal["", "nozzle", "bed"] = ""


_ACCELERATION: Bound = (1.0, "acceleration_max_mm_s2")
_FEED: Bound = (0.1, "feed_max_mm_s")
_JERK: Bound = (0.0, 50.0)

# Sources: Marlin 2.1 gcode documentation; PrusaSlicer 2.5 GCodeWriter.cpp, Cura 5 and OrcaSlicer start scripts for what
# slicers emit. G0-G3 are judged by farm.gcode.motion.
ALLOWED: dict[str, Rule] = {
    "G4": Rule("SP", {"S": (0.0, "dwell_max_s"), "P": (0.0, 600_000.0)}),
    "G10": Rule(),  # firmware retraction; with letters it sets tool offsets on RepRapFirmware
    "G11": Rule(),
    "G17": Rule(),
    "G21": Rule(),
    "G28": Rule("XYZWO"),
    "G29": Rule(),
    "G90": Rule(),
    "G91": Rule(),
    "G92": Rule("XYZE"),
    "M17": Rule("XYZE"),
    "M18": Rule("XYZES", {"S": (0.0, 3600.0)}),
    "M82": Rule(),
    "M83": Rule(),
    "M84": Rule("XYZES", {"S": (0.0, 3600.0)}),
    "M104": Rule("ST", heats="nozzle"),
    "M106": Rule("SP", {"S": (0.0, 255.0)}),
    "M107": Rule("P"),
    "M109": Rule("SRT", heats="nozzle"),
    "M140": Rule("S", heats="bed"),
    "M190": Rule("SR", heats="bed"),
    "M201": Rule("XYZE", dict.fromkeys("XYZE", _ACCELERATION)),
    "M203": Rule("XYZET", dict.fromkeys("XYZE", _FEED)),
    "M204": Rule("PRST", dict.fromkeys("PRST", _ACCELERATION)),
    "M205": Rule("XYZEJST", dict.fromkeys("XYZEJST", _JERK)),
    "M220": Rule("S", {"S": (10.0, 200.0)}),
    "M221": Rule("ST", {"S": (75.0, 125.0)}),
    "M400": Rule(),
    "M420": Rule("SZV", {"S": (0.0, 1.0), "Z": (0.0, 100.0)}),
    "M900": Rule("KT", {"K": (0.0, 10.0)}),
}

# Harmless, and not for the printer: what it shows, what only its host should ask. Left out of the spool file;
# the minutes of M73 live on in its index.
DROPPED: frozenset[str] = frozenset(
    {
        "M73",
        "M75",
        "M76",
        "M77",
        "M78",
        "M105",
        "M113",
        "M114",
        "M115",
        "M117",
        "M119",
        "M154",
        "M155",
        "M300",
        # PrusaSlicer and OrcaSlicer for Marlin: what only a print from the card needs (power-loss recovery, names of
        # objects that can be left out), and the filament sensor, which the printer keeps as its owner set it.
        "M31",
        "M412",
        "M413",
        "M486",
    }
)

# What one firmware family has beside them.
ALLOWED_BY_DIALECT: dict[Dialect, dict[str, Rule]] = {
    "prusa": {"G80": Rule()},  # mesh bed levelling, in every start script of its slicer
}

# Left out as well where the firmware has them: "is this the right printer?" is asked by the profile, not by a file.
SKIPPED_BY_DIALECT: dict[Dialect, frozenset[str]] = {
    "prusa": frozenset({"G80", "M862.1", "M862.2", "M862.3", "M862.4", "M862.5", "M862.6"}) - {"G80"},
}

_CARD = "it uses the printer's memory card, where a file escapes approval"
_STORED = "it changes what the printer keeps in its memory"
_CALIBRATION = "it changes what a millimetre or a degree means to the printer"
_WAITS = "it waits for a hand at the printer"
_HOST = "only the worker may say this"

# Why a refused command is refused; a command in neither list is refused without a reason of its own.
REASONS: dict[str, str] = {
    "M0": _WAITS,
    "M1": _WAITS,
    "M25": _CARD,
    "M600": _WAITS,
    "M601": _WAITS,
    "M602": _WAITS,
    **dict.fromkeys(
        ("M20", "M21", "M22", "M23", "M24", "M26", "M27", "M28", "M29", "M30", "M32", "M33"), _CARD
    ),
    **dict.fromkeys(("M36", "M37", "M38", "M524", "M928"), _CARD),
    **dict.fromkeys(("M500", "M501", "M504", "M505"), _STORED),
    "M502": "it resets the printer to factory settings",
    "M503": _HOST,
    "M303": "it starts an autotune of the heaters",
    **dict.fromkeys(
        ("M301", "M304", "M305", "M306", "M143", "M570", "M307", "M308"), "it changes heater control"
    ),
    **dict.fromkeys(
        ("M92", "M200", "M206", "M218", "M290", "M428", "M665", "M666", "M851", "M350"), _CALIBRATION
    ),
    "M302": "it lets the printer extrude cold",
    "M211": "it switches the printer's own end stops off",
    "M112": _HOST,
    **dict.fromkeys(("M108", "M110", "M111", "M410", "M575", "M876", "M118"), _HOST),
    **dict.fromkeys(("M42", "M43", "M280", "M355", "M80", "M81"), "it drives pins or power beside the print"),
    **dict.fromkeys(("M997", "M998", "M999"), "it replaces or restarts the firmware"),
    **dict.fromkeys(("M141", "M191"), "it heats a chamber that the profile does not have"),
    "G20": "inches: many firmwares are built without them and would read millimetres",
    **dict.fromkeys(("G18", "G19"), "arcs in another plane than the bed's cannot be checked"),
    **dict.fromkeys(("G5", "G6"), "splines and direct stepping cannot be checked against the bed"),
    **dict.fromkeys(
        ("G12", "G26", "G27", "G30", "G32", "G33", "G34", "G38.2", "G53", "G80"), "it moves unchecked"
    ),
    **dict.fromkeys(("G54", "G55", "G56", "G57", "G58", "G59", "G92.1"), "it moves the file's zero unseen"),
}
