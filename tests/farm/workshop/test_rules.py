"""Weighing: green, amber, red, and what red asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.workshop.rules import Weighing, WeighingRefused, check_hand_over, check_weighing


@pytest.mark.parametrize(
    ("expected_g", "measured_g", "verdict"),
    [
        (100.0, 103.0, "green"),
        (100.0, 103.1, "amber"),
        (100.0, 97.0, "green"),
        (100.0, 110.0, "amber"),
        (100.0, 110.1, "red"),
        (100.0, 89.0, "red"),
        (5.0, 6.0, "green"),  # one gram either way whatever the part
        (5.0, 6.2, "red"),  # 10 % of five grams is less than one
        (20.0, 21.5, "amber"),
    ],
)
def test_the_verdict_follows_the_larger_of_a_gram_and_three_percent(
    expected_g: float, measured_g: float, verdict: str
) -> None:
    assert Weighing(expected_g, measured_g).verdict == verdict


def test_red_needs_a_note() -> None:
    with pytest.raises(WeighingRefused, match="note_missing"):
        check_weighing(Weighing(20.0, 12.0), "  ")
    assert check_weighing(Weighing(20.0, 12.0), "broke on the bed") == "red"


@pytest.mark.parametrize("measured_g", [0.0, -1.0, 5000.1, float("nan"), float("inf")])
def test_a_mass_that_cannot_be_is_refused(measured_g: float) -> None:
    with pytest.raises(WeighingRefused, match="weight_impossible"):
        check_weighing(Weighing(20.0, measured_g), "note")


@given(st.floats(0.5, 500), st.floats(0.1, 1000))
def test_the_verdict_never_gets_better_further_away(expected_g: float, measured_g: float) -> None:
    order = ["green", "amber", "red"]
    further = expected_g + (measured_g - expected_g) * 1.5
    near, far = Weighing(expected_g, measured_g).verdict, Weighing(expected_g, further).verdict
    assert order.index(near) <= order.index(far)


def test_a_part_goes_to_the_person_it_was_made_for() -> None:
    check_hand_over("resident-7", "resident-7")
    with pytest.raises(WeighingRefused, match="part_of_another"):
        check_hand_over("resident-7", "resident-8")
