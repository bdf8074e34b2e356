"""Which codes may be chosen: what everybody guesses first is refused, a slip of the finger is told from a choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.identity.choosing import PICTURES, is_near, is_pictures, is_secret, why_not

PINS = st.text("0123456789", min_size=4, max_size=12)
ROWS = st.permutations(range(1, PICTURES + 1)).map(lambda order: "-".join(map(str, order[:3])))


GUESSED = (
    *("0000", "1234", "4321", "7890", "0123", "1212", "1122", "1987", "2012", "2580", "111111", "123456789"),
    *("24121987", "19871224", "9876543", "121212"),
)


@pytest.mark.parametrize("pin", GUESSED)
def test_what_everybody_would_guess_first_is_refused(pin: str) -> None:
    assert why_not(pin, "pin") == "secret_trivial"


@pytest.mark.parametrize("pin", ["1357", "9041", "6283", "1899", "2030", "31131987", "73519024"])
def test_other_codes_may_be_chosen(pin: str) -> None:
    assert why_not(pin, "pin") is None


def test_of_all_pins_of_four_digits_9655_may_be_chosen() -> None:
    assert sum(why_not(f"{number:04}", "pin") is None for number in range(10_000)) == 9655


def test_there_are_1320_rows_of_three_pictures() -> None:
    every = [f"{a}-{b}-{c}" for a in range(14) for b in range(14) for c in range(14)]
    assert sum(is_pictures(one) for one in every) == 12 * 11 * 10


@pytest.mark.parametrize(
    "text", ["123", "1234567890123", "12a4", "1-2", "1-2-2", "0-1-2", "1-2-13", "١٢٣٤", ""]
)
def test_nothing_else_is_a_code(text: str) -> None:
    assert not is_secret(text)
    assert why_not(text, "pictures") == "secret_unfit"


@given(PINS, st.data())
def test_one_step_changed_added_left_out_or_swapped_is_near(pin: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(pin) - 2))
    digit = data.draw(st.sampled_from("0123456789"))
    for slip in (
        pin[:place] + digit + pin[place + 1 :],
        pin[:place] + pin[place + 1 :],
        pin[:place] + digit + pin[place:],
        pin[:place] + pin[place + 1] + pin[place] + pin[place + 2 :],
    ):
        assert is_near(pin, slip)
        assert is_near(slip, pin)


@given(PINS, PINS)
def test_what_is_near_is_one_slip_away(one: str, other: str) -> None:
    slips = {one}
    for place in range(len(one) + 1):
        slips |= {one[:place] + digit + one[place:] for digit in "0123456789"}
        slips |= {one[:place] + digit + one[place + 1 :] for digit in "0123456789"}
        slips.add(one[:place] + one[place + 1 :])
        if place + 2 <= len(one):
            slips.add(one[:place] + one[place + 1] + one[place] + one[place + 2 :])
    assert is_near(one, other) == (other in slips)


@given(ROWS, ROWS)
def test_rows_are_near_when_one_picture_differs_or_two_neighbours_are_swapped(one: str, other: str) -> None:
    mine, theirs = one.split("-"), other.split("-")
    differ = [place for place in range(3) if mine[place] != theirs[place]]
    swapped = [mine[1], mine[0], mine[2]] == theirs or [mine[0], mine[2], mine[1]] == theirs
    assert is_near(one, other) == (len(differ) <= 1 or swapped)
