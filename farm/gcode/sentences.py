"""What a person reads when a G-code file is refused: one sentence per code, English, the msgids of the catalogues.

Plain data, because this package knows no web: ``farm.desk`` registers it. Values are filled by
``GcodeRefused.detail``; names ending in ``_mm`` and ``_c`` are written with their unit by the web layer.
"""

SENTENCES: dict[str, str] = {
    "file_empty": "This file is empty.",
    "file_too_large": "This file is too large: %(value_mb)s MB. At most %(limit_mb)s MB are taken.",
    "file_too_complex": "This file is too much to read here. Slice the model again with fewer details.",
    "not_text": "This is not a G-code file (line %(line)s). Nothing was kept.",
    "malformed_line": "Line %(line)s is not clear G-code: “%(command)s”.",
    "line_too_long": "Line %(line)s is too long for the printer.",
    "nothing_to_print": "This file prints nothing: no line lays plastic.",
    "takes_too_long": "This file prints for %(value_s)s. At most %(limit_s)s is allowed.",
    "command_not_listed": "Line %(line)s uses %(command)s, which may not run here.",
    "letter_not_listed": "Line %(line)s uses %(command)s with %(axis)s, which may not run here.",
    "value_too_far": "Line %(line)s sets %(command)s %(axis)s to %(value)s. The limit is %(limit)s.",
    "no_such_tool": "Line %(line)s asks for a tool that this printer does not have.",
    "off_the_bed": "Line %(line)s leaves the bed: %(axis)s moves to %(value_mm)s, the limit is %(limit_mm)s.",
    "nozzle_too_hot": "Line %(line)s heats the nozzle to %(value_c)s. At most %(limit_c)s is allowed.",
    "bed_too_hot": "Line %(line)s heats the bed to %(value_c)s. At most %(limit_c)s is allowed.",
    "cold_extrusion": "Line %(line)s pushes plastic before the nozzle is hot (at least %(limit_c)s).",
    "not_homed": "Line %(line)s moves %(axis)s before the printer has found its zero (G28).",
    "position_unknown": "Line %(line)s moves %(axis)s from a place that nobody can know.",
    "arc_impossible": "Line %(line)s draws an arc that does not exist.",
    "not_the_approved_file": "This is not the file that was approved. It was not printed.",
    "intake_failed": "The file could not be read just now. Please try again.",
    "spool_corrupt": "The prepared print is damaged. It will be prepared again.",
}

# Why a listed command is refused, in the words of ``farm.gcode.rules.REASONS``, stands in ``detail["why"]``: for
# engineers and, translated, for the desk's small print.
