"""Lines of G-code: whatever the bytes, words or one refusal."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.gcode.refusal import GcodeRefused
from farm.gcode.tokens import LINE_MAX_BYTES, parse_line, read_lines

ALMOST_GCODE = st.text(alphabet='GMTXYZEFSNPIJR0123456789.-+*;() \t"\\/é\r\n_', max_size=60)


@given(st.binary(max_size=400))
def test_any_bytes_give_lines_or_a_refusal_with_its_line(data):
    read, refusal = 0, None
    try:
        for line in read_lines(BytesIO(data)):
            read = line.number
    except GcodeRefused as refused:
        refusal = refused.refusal
    if refusal is None:
        assert read == len(data.split(b"\n")) - (data == b"" or data.endswith(b"\n"))
    else:
        assert refusal.code in {"not_text", "malformed_line", "line_too_long"}
        assert refusal.line == read + 1


@given(ALMOST_GCODE)
def test_what_goes_to_a_printer_is_one_plain_ascii_command(text):
    try:
        lines = list(read_lines(BytesIO(text.encode())))
    except GcodeRefused:
        return
    for line in lines:
        assert line.body.isascii()
        assert not set(line.body) & set(";\r\n")
        assert bool(line.body) == bool(line.command)
        if line.words:
            again = parse_line(line.body.encode(), line.number)
            assert (again.command, again.words, again.body) == (line.command, line.words, line.body)


def test_a_move_is_its_letters_and_numbers():
    line = parse_line(b"G1 X61.668 Y-.5 E1.00854 F1800\r\n", 7)
    assert (line.number, line.command) == (7, "G1")
    assert line.words == {"X": 61.668, "Y": -0.5, "E": 1.00854, "F": 1800.0}
    assert line.body == "G1 X61.668 Y-.5 E1.00854 F1800"


@pytest.mark.parametrize(
    ("raw", "command", "words", "body", "comment"),
    [
        (b"G28 ; home all axes\n", "G28", {}, "G28", " home all axes"),
        (b"G28 X Y\n", "G28", {"X": None, "Y": None}, "G28 X Y", ""),
        (b"  M104 S210;x\n", "M104", {"S": 210.0}, "M104 S210", "x"),
        (b"G01 X1\n", "G1", {"X": 1.0}, "G1 X1", ""),
        (b"G1X10Y+2\n", "G1", {"X": 10.0, "Y": 2.0}, "G1X10Y+2", ""),
        (b"G92.1\n", "G92.1", {}, "G92.1", ""),
        (b"M117 Printing 50%\n", "M117", {}, "M117 Printing 50%", ""),
        (b"START_PRINT BED=60\n", "START_PRINT", {}, "START_PRINT BED=60", ""),
        (b"T0\n", "T0", {}, "T0", ""),
        (";Gruß\n".encode(), "", {}, "", "GruÃ\x9f"),
        (b"\n", "", {}, "", ""),
        (b"", "", {}, "", ""),
    ],
)
def test_each_shape_of_line_is_read(raw, command, words, body, comment):
    line = parse_line(raw, 1)
    assert (line.command, line.words, line.body, line.comment) == (command, words, body, comment)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"G1 X10 X900\n", "malformed_line"),  # firmwares differ in which of the two they take
        (b"G1 X1 G1 Y900\n", "malformed_line"),
        (b"G1 X1 M303\n", "malformed_line"),
        (b"G1 X1E5\n", "malformed_line"),  # X100000, or X1 and E5?
        (b"N5 G1 X1*22\n", "malformed_line"),
        (b"G1 X1*22\n", "malformed_line"),
        (b"G1 X--1\n", "malformed_line"),
        (b"G1 X1e3\n", "malformed_line"),
        (b"G1 Xnan\n", "malformed_line"),
        (b"G1 (comment) X1\n", "malformed_line"),
        (b"g1 x1\n", "malformed_line"),  # a lower-case line is a shell command on Smoothieware
        (b"%\n", "malformed_line"),
        (b"G\n", "malformed_line"),
        (b"G1 X1\rM303 E0 S200\n", "not_text"),  # Marlin ends a line at CR as well
        (b"; harmless\rM303\n", "not_text"),
        (b"G1 X1\x00\n", "not_text"),
        ("G1 X１\n".encode(), "not_text"),
        (b"G1 " + b"X1 " * 100, "line_too_long"),
        (b";" + b"x" * LINE_MAX_BYTES, "line_too_long"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(raw, code):
    with pytest.raises(GcodeRefused) as refused:
        parse_line(raw, 12)
    assert (refused.value.reason, refused.value.refusal.line) == (code, 12)


def test_a_mark_of_byte_order_is_no_part_of_the_first_command():
    (line,) = read_lines(BytesIO(b"\xef\xbb\xbfG28\n"))
    assert line.command == "G28"


def test_a_line_without_end_is_refused_before_it_is_held():
    class Endless:
        taken = 0

        def readline(self, limit, /):
            self.taken += limit
            return b"x" * limit

    source = Endless()
    with pytest.raises(GcodeRefused, match="line_too_long"):
        list(read_lines(source))
    assert source.taken <= LINE_MAX_BYTES + 1
