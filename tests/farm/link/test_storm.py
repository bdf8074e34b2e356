"""A share of the storm and of the noise; `make storm` and `make fuzz` bring all of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.farm.link import fuzz, storm

WINDOWS = [(dialect, window) for dialect in storm.DIALECTS for window in storm.windows_of(dialect)]
SCHEDULES = 60
REPLIES = 3_000
SEEDS = st.integers(10_000, 2**32)  # beyond those of `make storm`


@pytest.mark.parametrize(("dialect", "window"), WINDOWS)
def test_no_trouble_repeats_skips_or_reorders_a_line_and_what_can_be_survived_is(
    dialect: str, window: int
) -> None:
    verdicts = {seed: storm.endure(dialect, window, seed) for seed in range(SCHEDULES)}
    assert {seed: one for seed, one in verdicts.items() if not one.is_kept} == {}
    assert any(one.is_whole for one in verdicts.values())


@settings(max_examples=60)
@given(st.sampled_from(WINDOWS), SEEDS)
def test_nor_does_trouble_that_nobody_has_seen_yet(case: tuple[str, int], seed: int) -> None:
    assert storm.endure(*case, seed).is_kept


@pytest.mark.parametrize("dialect", fuzz.PROFILES)
def test_noise_raises_nothing_keeps_nothing_and_acknowledges_nothing_that_was_not_sent(dialect: str) -> None:
    assert fuzz.hear(dialect, seed=0, replies=REPLIES) == ""


@settings(max_examples=10)
@given(st.sampled_from(tuple(fuzz.PROFILES)), SEEDS)
def test_nor_does_noise_that_nobody_has_heard_yet(dialect: str, seed: int) -> None:
    assert fuzz.hear(dialect, seed=seed, replies=300) == ""
