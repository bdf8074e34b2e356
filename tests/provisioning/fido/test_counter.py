"""The counter rule, and what it is for: two keys with one secret are found out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.identity.fido import KeyRefused, counter_verdict
from provisioning.sim.security_key import VirtualKey
from tests.provisioning.fido.kit import Site

COUNT = st.integers(min_value=0, max_value=2**32 - 1)  # WebAuthn L2 §6.1: 32-bit unsigned


@given(stored=COUNT, seen=COUNT)
def test_the_rule_is_the_standards(stored: int, seen: int) -> None:
    """WebAuthn L2 §7.2, step 21, as it stands there."""
    counts = seen != 0 or stored != 0
    assert counter_verdict(stored, seen) == ("copied" if counts and not seen > stored else "fine")


@given(st.lists(st.integers(min_value=1, max_value=1000), max_size=50), COUNT)
def test_a_key_that_counts_up_is_never_doubted(steps: list[int], start: int) -> None:
    count = start
    for step in steps:
        assert counter_verdict(count, count + step) == "fine"
        count += step


@given(stored=COUNT.filter(bool), back=st.integers(min_value=0))
def test_a_count_that_stands_still_or_goes_back_is_a_copy(stored: int, back: int) -> None:
    assert counter_verdict(stored, max(0, stored - back)) == "copied"


def test_a_key_that_does_not_count_is_let_be_until_it_counts() -> None:
    assert counter_verdict(0, 0) == "fine"
    assert counter_verdict(0, 1) == "fine"
    assert counter_verdict(1, 0) == "copied"


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(min_value=1, max_value=2**20))
def test_of_two_that_count_from_the_same_start_the_later_is_found_at_its_first_use(
    uses: list[bool], start: int
) -> None:
    """Whichever of the two is used first, and however often: the other's first count is behind by then."""
    stored, counts = start, {True: start, False: start}
    first = uses[0]
    for who in uses:
        counts[who] += 1
        verdict = counter_verdict(stored, counts[who])
        if who != first:
            assert verdict == "copied"
            return
        assert verdict == "fine"
        stored = counts[who]


@pytest.mark.parametrize("clone_first", [False, True])
def test_a_copied_key_is_caught_a_hundred_times_of_a_hundred(clone_first: bool) -> None:
    dice, caught = random.Random(42), 0
    site, key = Site(), VirtualKey()
    site.enrol(key)
    for _ in range(100):
        clone = key.copy()
        first, second = (clone, key) if clone_first else (key, clone)
        for _ in range(dice.randint(1, 2)):
            site.sign_in(first)
        with pytest.raises(KeyRefused) as no:
            site.sign_in(second)
        caught += no.value.reason == "key_copied"
        assert no.value.detail["seen"] <= no.value.detail["stored"]  # type: ignore[operator]
        key = first  # the one that was caught is thrown away
    assert caught == 100


def test_a_refused_copy_does_not_move_the_count() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    clone = key.copy()
    site.sign_in(key)
    before = site.known[made.credential_id].sign_count
    with pytest.raises(KeyRefused):
        site.sign_in(clone)
    assert site.known[made.credential_id].sign_count == before
