"""Grams, seconds and layers: held against what the slicer itself says at the end of its files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.gcode.comments import Claims, Kind, kind_of, parse_duration, starts_layer
from farm.gcode.estimate import Estimate, Figures
from farm.gcode.limits import PrinterLimits
from farm.gcode.motion import Move
from farm.gcode.pace import Pace, trapezoid_s
from farm.gcode.policy import Policy
from farm.gcode.tokens import read_lines
from farm.sim.models import demo_models

START = "G28\nG90\nM82\nM109 S200\nG92 E0\n"


def figures(text: str, limits: PrinterLimits | None = None) -> Figures:
    limits = limits or PrinterLimits()
    policy, estimate = Policy(limits), Estimate(limits, density_g_cm3=1.24)
    for line in read_lines(BytesIO(text.encode())):
        estimate.add(line, policy.judge(line), line.number)
    return estimate.figures()


def claims_of(path: Path) -> Claims:
    claims = Claims()
    for line in path.read_text().splitlines():
        if line.startswith(";"):
            claims.take(line[1:])
    return claims


@pytest.mark.parametrize("model", demo_models(), ids=lambda model: model.id)
def test_our_grams_and_minutes_agree_with_the_slicers(model):
    said = claims_of(model.gcode_path)
    found = figures(model.gcode_path.read_text())
    assert said.grams is not None
    assert said.filament_mm is not None
    assert said.seconds is not None
    assert found.grams == pytest.approx(said.grams, rel=0.01)
    assert found.filament_mm == pytest.approx(said.filament_mm, rel=0.001)
    assert found.own_seconds == pytest.approx(said.seconds, rel=0.05)
    assert found.seconds == said.seconds
    assert found.layer_height_mm == 0.25
    assert found.layers == model.gcode_path.read_text().count(";LAYER_CHANGE")


def test_pulling_back_and_feeding_again_counts_once():
    found = figures(START + "G1 X10 E10\nG1 E8\nG1 X20\nG1 E10\nG1 X30 E20\nG1 E15\n")
    assert found.filament_mm == 20.0


def test_relative_and_absolute_e_weigh_the_same():
    absolute = figures(START + "G1 X10 E1\nG92 E0\nG1 X20 E1\n")
    relative = figures(START + "M83\nG1 X10 E1\nG1 X20 E1\n")
    assert absolute.grams == relative.grams == pytest.approx(2 * 2.405 * 1.24 / 1000, abs=1e-3)


def test_flow_counts_in_grams():
    assert figures(START + "M221 S110\nG1 X100 E100\n").filament_mm == 110.0


def test_a_slicers_time_that_ours_contradicts_is_not_believed():
    moves = "".join(f"G1 X{10 + 100 * (n % 2)} E{n + 1} F1200\n" for n in range(100))
    honest = figures(START + moves)
    assert honest.seconds == honest.own_seconds == pytest.approx(500, rel=0.05)
    lying = figures(START + moves + "; estimated printing time (normal mode) = 5s\n")
    assert (lying.seconds, lying.slicer_seconds) == (lying.own_seconds, 5)


def test_layers_are_found_without_comments():
    text = START + "".join(f"G1 Z{0.2 * n:.1f}\nG1 X10 E{2 * n}\nG1 X20 E{2 * n + 1}\n" for n in range(1, 6))
    found = figures(text)
    assert (found.layers, found.layer_height_mm) == (5, 0.2)


def test_a_skirt_is_no_part_of_the_part():
    text = (
        START
        + ";TYPE:Skirt/Brim\nG1 X5 Y5 E1\nG1 X200 E2\n;TYPE:External perimeter\nG1 X100 Y100\nG1 X120 E3\n"
    )
    found = figures(text)
    assert (found.low_mm[0], found.high_mm[0]) == (100.0, 120.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("56m 50s", 3410),
        ("1h 3m 42s", 3822),
        ("1d 2h 3m 4s", 93784),
        ("3410", 3410),
        ("12s", 12),
        ("", None),
        ("soon", None),
        ("5x", None),
    ],
)
def test_durations_are_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("comment", "kind"),
    [
        ("TYPE:External perimeter", Kind.OUTER),
        ("TYPE:WALL-OUTER", Kind.OUTER),
        (" FEATURE: Outer wall", Kind.OUTER),
        ("TYPE:Internal infill", Kind.INFILL),
        ("TYPE:Solid infill", Kind.SOLID),
        ("TYPE:SUPPORT-INTERFACE", Kind.SUPPORT),
        ("TYPE:Skirt/Brim", Kind.SKIRT),
        ("TYPE:something new", Kind.OTHER),
        ("WIDTH:0.45", None),
    ],
)
def test_three_slicers_words_for_what_is_drawn_are_known(comment, kind):
    assert kind_of(comment) == kind


@pytest.mark.parametrize("comment", ["LAYER_CHANGE", "LAYER:12", "LAYER:-2", " CHANGE_LAYER"])
def test_three_slicers_words_for_a_layer_are_known(comment):
    assert starts_layer(comment)
    assert not starts_layer(comment + " of nothing")


@given(st.text(max_size=80))
def test_no_comment_breaks_the_reader(comment):
    Claims().take(comment)
    kind_of(comment)
    starts_layer(comment)


def _straight(length: float, feed: float) -> Move:
    return Move(0, 0, 0, length, 0, 0, 0.0, feed, length, True)


@given(st.lists(st.tuples(st.floats(0.01, 200), st.floats(1, 300)), min_size=1, max_size=600))
def test_time_lies_between_the_speed_asked_for_and_stopping_at_each_corner(moves):
    pace = Pace(1500.0)
    for length, feed in moves:
        pace.add(_straight(length, feed))
    fastest = sum(length / feed for length, feed in moves)
    slowest = sum(trapezoid_s(length, 0.0, feed, 0.0, 1500.0) for length, feed in moves)
    assert fastest * 0.999 <= pace.finish() <= slowest * 1.001 + 1e-6


def test_a_single_move_takes_what_physics_says():
    assert trapezoid_s(100, 0, 50, 0, 1000) == pytest.approx(2.05)
    assert trapezoid_s(1, 0, 1000, 0, 1000) == pytest.approx(2 * (1 / 1000) ** 0.5)
