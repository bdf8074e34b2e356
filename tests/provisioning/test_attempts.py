"""Wrong PINs and passwords: counted down, paused, each pause twice the one before, an hour at most."""

from __future__ import annotations

from datetime import timedelta

from provisioning.clock import FakeClock
from provisioning.identity.attempts import Attempts, Limit

LIMIT = Limit(tries=5, pause_s=300)


def test_attempts_count_down_and_begin_again_after_a_pause() -> None:
    now = FakeClock().now_utc()
    one = Attempts()
    for left in (4, 3, 2, 1):
        one = one.after_failure(now, LIMIT)
        assert one.tries_left(LIMIT) == left
        assert not one.is_locked(now)
    one = one.after_failure(now, LIMIT)
    assert one.is_locked(now)
    assert one.tries_left(LIMIT) == 5


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    now, one, pauses = FakeClock().now_utc(), Attempts(), []
    for _ in range(7 * LIMIT.tries):
        one = one.after_failure(now, LIMIT)
        if one.locked_until:
            pauses.append(one.locked_until - now)
    assert pauses == [timedelta(seconds=s) for s in (300, 600, 1200, 2400, 3600, 3600, 3600)]
    assert [LIMIT.pause_after(failures) for failures in (0, 1, 4, 5, 6, 10, 5000)] == [
        0,
        0,
        0,
        300,
        0,
        600,
        3600,
    ]


def test_a_limit_that_became_stricter_pauses_at_the_next_failure() -> None:
    now = FakeClock().now_utc()
    assert Attempts(failures=4).after_failure(now, Limit(tries=3, pause_s=60)).is_locked(now)


def test_a_pause_that_a_wrong_clock_set_for_years_is_void_once_the_clock_is_right() -> None:
    wrong = FakeClock("2031-01-01T00:00:00.000Z").now_utc()
    one = Attempts()
    for _ in range(LIMIT.tries):
        one = one.after_failure(wrong, LIMIT)
    assert one.is_locked(wrong)
    assert not one.is_locked(FakeClock().now_utc())
