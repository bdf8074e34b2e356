"""What may run here: every command, every bound, every way to say where to move."""

from __future__ import annotations

import math
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from farm.gcode import sentences
from farm.gcode.limits import PrinterLimits
from farm.gcode.motion import arc_box, make_arc
from farm.gcode.policy import Policy
from farm.gcode.refusal import GcodeRefused, Refusal
from farm.gcode.rules import ALLOWED, DROPPED, REASONS
from farm.gcode.sentences import SENTENCES
from farm.gcode.tokens import read_lines

LIMITS = PrinterLimits()
HOMED = "G28\nG90\n"
HOT = HOMED + "M109 S200\n"


def judge(text: str, limits: PrinterLimits = LIMITS) -> Refusal | None:
    """The refusal of the first line that may not run, else None."""
    policy = Policy(limits)
    try:
        for line in read_lines(BytesIO(text.encode())):
            policy.judge(line)
    except GcodeRefused as refused:
        return refused.refusal
    return None


def code_of(text: str, limits: PrinterLimits = LIMITS) -> str | None:
    refusal = judge(text, limits)
    return refusal.code if refusal is not None else None


@pytest.mark.parametrize("command", sorted(REASONS))
def test_every_command_with_a_reason_is_refused_and_says_it(command):
    refusal = judge(f"G28\n{command}\n")
    assert refusal == Refusal("command_not_listed", line=2, command=command, why=REASONS[command])


@pytest.mark.parametrize(
    "line", ["M303 E0 S200 C8", "M502", "M28 evil.gco", "M500", "M997", "M112", "START_PRINT", "D3"]
)
def test_dangerous_and_unknown_commands_name_their_line(line):
    refusal = judge(f"; hello\nG28\n{line}\n")
    assert refusal is not None
    assert (refusal.code, refusal.line) == ("command_not_listed", 3)


def test_no_command_is_both_listed_and_refused():
    assert not set(ALLOWED) & set(REASONS)
    assert not set(DROPPED) & (set(ALLOWED) | set(REASONS))


@pytest.mark.parametrize(
    "line",
    ["M413 S0 ; power loss recovery", "M486 S0", 'M486 A"Lid (1)"', "M486 T3", "M412 S1", "M31"],
)
def test_what_ordinary_slicers_add_for_a_print_from_the_card_is_left_out_not_refused(line):
    (read,) = read_lines(BytesIO(line.encode()))
    policy = Policy(LIMITS)
    assert policy.judge(read) is None
    assert not policy.sends(read)


@pytest.mark.parametrize(
    "line", ["M420 S1 Z10 V1", "M205 J0.013", "M106 P0 S127.5", "M201 X500 Y500 Z100 E5000"]
)
def test_the_start_scripts_of_ordinary_slicers_pass(line):
    assert code_of(line) is None


def test_what_is_for_the_display_is_left_out_not_refused():
    policy = Policy(LIMITS)
    for line in read_lines(BytesIO(b"M117 M303\nM73 P10 R5\nM105\n;x\n")):
        assert policy.judge(line) is None
        assert not policy.sends(line)


@pytest.mark.parametrize(
    ("text", "code", "axis"),
    [
        ("G1 X900", "off_the_bed", "X"),
        ("G1 X220.002", "off_the_bed", "X"),
        ("G1 X220", None, ""),
        ("G0 Y-0.5", "off_the_bed", "Y"),
        ("G1 Z251", "off_the_bed", "Z"),
        ("G1 Z-0.1", "off_the_bed", "Z"),
        ("G1 X200\nG91\nG1 X30", "off_the_bed", "X"),
        ("G1 X200\nG91\nG1 X10\nG1 X10\nG1 X0.1", "off_the_bed", "X"),
        ("G1 X200\nG91\nG1 X20\nG1 X-220\nG1 X220", None, ""),
        ("G91\nG1 Z-1", "off_the_bed", "Z"),
        ("G1 X200\nG92 X0\nG1 X30", "off_the_bed", "X"),
        ("G1 X200\nG92 X0\nG1 X20\nG1 X-200", None, ""),
        ("G1 X100\nG92\nG1 X121", "off_the_bed", "X"),
        ("G1 X200\nG92 X0\nG28\nG1 X30", None, ""),  # homing forgets the offset
        ("G92 Z10\nG1 Z5", "off_the_bed", "Z"),
        ("G1 X10 Y110\nG2 X10 Y110 I50 J0", None, ""),
        ("G1 X10 Y110\nG2 X10 Y110 I-10 J0", "off_the_bed", "X"),
        ("G1 X180 Y10\nG3 X180 Y90 I0 J40", None, ""),  # bulges to x 220
        ("G1 X190 Y10\nG3 X190 Y90 I0 J40", "off_the_bed", "X"),
        ("G1 X190 Y10\nG2 X190 Y90 I0 J40", None, ""),  # the other way round: to x 150
        ("G1 X190 Y10\nG3 X190 Y90 R40", "off_the_bed", "X"),
        ("G1 X190 Y10\nG2 X190 Y90 R40", None, ""),
        ("G1 X10 Y10\nG2 X90 Y10 R20", "arc_impossible", ""),
        ("G1 X10 Y10\nG2 X20 Y10", "arc_impossible", ""),
        ("G1 X10 Y10\nG2 X20 Y10 I5 P3", "letter_not_listed", "P"),
        ("G1 H1 X10", "letter_not_listed", "H"),  # RepRapFirmware: no end stops
        ("G1 X", "malformed_line", ""),
        ("G1 X10 F0", "malformed_line", ""),
        ("M84\nG1 X10", "not_homed", "X"),
        ("M84 S30\nG1 X10", None, ""),
        ("M84 E\nG1 X10", None, ""),
        ("G29\nG91\nG1 X10", "position_unknown", "X"),
        ("G29\nG1 X10 Y10 Z5\nG91\nG1 X10", None, ""),
        ("G20\nG1 X9", "command_not_listed", ""),
    ],
)
def test_every_way_of_moving_stays_on_the_bed(text, code, axis):
    refusal = judge(HOMED + text)
    assert (refusal.code if refusal else None, refusal.axis if refusal else "") == (code, axis)


def test_inches_are_counted_as_inches_where_the_profile_lists_them():
    inches = PrinterLimits(extra_commands=frozenset({"G20"}))
    assert code_of(HOMED + "G20\nG1 X8.6", inches) is None
    refusal = judge(HOMED + "G20\nG1 X9", inches)
    assert refusal is not None
    assert (refusal.code, refusal.value, refusal.limit) == ("off_the_bed", 228.6, 220.0)
    assert code_of(HOMED + "G20\nG21\nG1 X9", inches) is None


@pytest.mark.parametrize("text", ["G1 X10", "G91\nG1 Z5", "G28 Y\nG1 X10", "G28 X0\nG1 Y5", "G29"])
def test_nothing_moves_before_its_axis_is_homed(text):
    assert code_of(text) == "not_homed"


def test_a_profile_may_let_the_nozzle_out_to_its_wiper():
    assert code_of("G28\nG1 Y-3", PrinterLimits(y_min_mm=-4.0)) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("M104 S246", "nozzle_too_hot"),
        ("M109 R300", "nozzle_too_hot"),
        ("M104 S245", None),
        ("M140 S91", "bed_too_hot"),
        ("M190 R91", "bed_too_hot"),
        ("M104", "malformed_line"),
        ("M104 S", "malformed_line"),
        ("M109 S200 R300", "malformed_line"),
        ("M104 S200 B300", "letter_not_listed"),  # Marlin's autotemp could go up to B
        ("M104 T1 S200", "no_such_tool"),
        ("T1", "no_such_tool"),
        ("T0", None),
        ("M203 X501", "value_too_far"),
        ("M204 P20000", "value_too_far"),
        ("M220 S1000", "value_too_far"),
        ("M221 S0", "value_too_far"),
        ("G4 S86400", "value_too_far"),
        ("G10 P0 X99", "letter_not_listed"),
        ("M106 S300", "value_too_far"),
        ("M106 S255", None),
    ],
)
def test_heat_tools_speeds_and_waits_have_their_ceiling(text, code):
    assert code_of(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("G1 X10 E1", "cold_extrusion"),
        ("M104 S210\nG1 X10 E1", "cold_extrusion"),  # asked for, not waited for
        ("M109 S169\nG1 X10 E1", "cold_extrusion"),
        ("M109 S170\nG1 X10 E1", None),
        ("M109 S210\nM104 S205\nG1 X10 E1", None),
        ("M109 S210\nM104 S0\nG1 X10 E1", "cold_extrusion"),
        ("M109 S210\nM104 S0\nM104 S210\nG1 X10 E1", "cold_extrusion"),
        ("M109 S210\nM104 S0\nG1 E-2", None),  # pulling back is what closing scripts do
        ("M109 S210\nG92 E0\nG1 E5\nM83\nG1 E5\nM104 S0\nM82\nG1 E9", None),  # back to 9 of 10: pulls
        ("M109 S210\nG1 E5\nM104 S0\nG91\nG1 E1", "cold_extrusion"),  # G91 makes E relative in Marlin
    ],
)
def test_nothing_extrudes_cold(text, code):
    assert code_of(HOMED + text) == code


def test_g91_leaves_e_alone_where_the_firmware_does():
    text = HOT + "G1 E5\nM104 S0\nG91\nG1 E1"
    assert code_of(text, PrinterLimits(dialect="marlin")) == "cold_extrusion"
    assert code_of(text, PrinterLimits(dialect="smoothieware")) == "cold_extrusion"
    assert code_of(text, PrinterLimits(dialect="prusa")) is None


def test_a_command_too_long_for_the_printers_buffer_is_refused():
    long = "G1 X100.000000001 Y100.000000001 Z100.000000001 E0.000000001 F1000.00000001"
    assert code_of(HOT + long, PrinterLimits(line_max_bytes=64)) == "line_too_long"


def test_prusas_own_start_script_passes_in_its_dialect():
    script = """M862.3 P "MK3S" ; printer model check
M115 U3.13.2 ; tell printer latest fw version
G90 ; use absolute coordinates
M83 ; extruder relative mode
M104 S215
M140 S60
M190 S60
M109 S215
G28 W ; home all without mesh bed level
G80 ; mesh bed leveling
G1 Y-3.0 F1000 ; go outside print area
G92 E0
G1 X60 E9 F1000 ; intro line
M221 S95
M900 K0.05
"""
    mk3 = PrinterLimits(
        dialect="prusa", bed_x_mm=250, bed_y_mm=210, z_max_mm=210, y_min_mm=-4, nozzle_max_c=290
    )
    assert judge(script, mk3) is None


point = st.tuples(st.floats(0, 200), st.floats(0, 200))


@given(point, point, point, st.booleans())
def test_an_arcs_box_holds_every_point_of_the_arc(start, end, offset, clockwise):
    words = {"I": offset[0] - 100, "J": offset[1] - 100}
    arc = make_arc((*start, 0.0), [*end, 0.0], words, clockwise=clockwise)
    if arc is None:
        return
    low, high = arc_box(arc)
    for part in range(101):
        angle = arc.start + arc.sweep * part / 100
        x, y = arc.x + arc.radius * math.cos(angle), arc.y + arc.radius * math.sin(angle)
        assert low[0] - 1e-6 <= x <= high[0] + 1e-6
        assert low[1] - 1e-6 <= y <= high[1] + 1e-6


steps = st.lists(
    st.one_of(
        st.sampled_from(["G90", "G91", "G92 X0", "G92 X50 Y20", "G28", "G92"]),
        st.builds("G1 X{:.2f} Y{:.2f}".format, st.floats(-300, 300), st.floats(-300, 300)),
    ),
    max_size=30,
)


@given(steps)
def test_no_mixture_of_modes_and_offsets_gets_a_move_off_the_bed(lines):
    """Held against a second, naive reckoning of where the nozzle is."""
    x, offset, relative = 0.0, 0.0, False
    refused_at = None
    for number, line in enumerate(lines, start=2):
        words = {word[0]: float(word[1:]) for word in line.split()[1:]}
        if line.startswith(("G90", "G91")):
            relative = line == "G91"
        elif line == "G28":
            x, offset = 0.0, 0.0
        elif line.startswith("G92"):
            offset = x - words.get("X", 0.0)
        else:
            x = x + words["X"] if relative else words["X"] + offset
            if not -0.001 <= x <= 220.001:
                refused_at = number
                break
    refusal = judge("\n".join(["G28", *lines]), PrinterLimits(y_min_mm=-1e6, bed_y_mm=1e6))
    assert (refusal.line if refusal else None) == refused_at


def test_every_code_of_a_refusal_has_a_sentence_of_at_most_twenty_words():
    said = {
        "file_empty", "file_too_large", "file_too_complex", "not_text", "malformed_line", "line_too_long",
        "nothing_to_print", "command_not_listed", "letter_not_listed", "value_too_far", "no_such_tool", "off_the_bed",
        "nozzle_too_hot", "bed_too_hot", "cold_extrusion", "not_homed", "position_unknown", "arc_impossible",
        "not_the_approved_file", "takes_too_long",
    }  # fmt: skip
    assert said <= set(SENTENCES)
    for code, sentence in SENTENCES.items():
        assert len(sentence.split()) <= 20
        assert sentence % Refusal(code, line=3, command="G1").filling()


@pytest.mark.parametrize("language", ["nl", "fr", "de", "ar"])
def test_every_sentence_speaks_every_language_with_the_same_gaps(language):
    folder = Path(sentences.__file__).parent / "translations"
    with (folder / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    # small print of the desk, which has no Arabic
    reasons = set(REASONS.values()) if language != "ar" else set()
    for msgid in {*SENTENCES.values(), *reasons}:
        message = catalogue.get(msgid)
        assert message is not None
        assert sorted(re.findall(r"%\(\w+\)s", str(message.string))) == sorted(
            re.findall(r"%\(\w+\)s", msgid)
        )
        assert len(str(message.string).split()) <= 20
