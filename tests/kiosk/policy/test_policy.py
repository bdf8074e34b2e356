"""Policy: default deny, every answer explained; and promises in working days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.policy import NotAllowed, add_working_days, judge, require
from kiosk.policy.roles import ALL, TABLE
from provisioning.contracts.farm import OfficerRole


def test_an_action_nobody_wrote_down_is_denied_to_everyone() -> None:
    assert not judge("rocket_launched", ALL).allowed
    with pytest.raises(NotAllowed, match="not_allowed"):
        require("rocket_launched", ALL)


def test_every_no_names_its_rule_and_who_may() -> None:
    with pytest.raises(NotAllowed) as caught:
        require("audit_viewed", {"landing"})
    assert caught.value.detail == {"rule": "officer.audit_viewed", "roles": "director security"}


@given(st.sampled_from(sorted(TABLE)), st.sets(st.sampled_from(sorted(ALL))))
def test_more_roles_never_allow_less(action: str, roles: set[OfficerRole]) -> None:
    for role in roles:
        assert judge(action, roles).allowed >= judge(action, {role}).allowed


def test_any_officer_blocks_a_lost_badge_but_only_security_gives_it_back() -> None:
    assert all(judge("badge_blocked", {role}).allowed for role in ALL)
    assert [role for role in sorted(ALL) if judge("badge_unblocked", {role}).allowed] == ["security"]


def test_the_director_sees_everything_and_decides_only_where_a_second_pair_of_eyes_may_be_missing() -> None:
    for action in ("person_viewed", "devices_viewed", "audit_viewed", "request_viewed", "model_viewed"):
        assert judge(action, {"director"}).allowed
    assert judge(
        "request_decided", {"director"}
    ).allowed  # one workshop officer cannot answer the objection too
    for action in ("model_signed_workshop", "session_ended", "badge_unblocked"):
        assert not judge(action, {"director"}).allowed


def test_a_request_on_friday_is_promised_for_tuesday_at_four_in_the_afternoon() -> None:
    friday = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert add_working_days(friday, 2, "Europe/Brussels") == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def test_a_closed_day_moves_the_promise_and_summer_time_does_not() -> None:
    monday = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)  # the clocks change on Sunday the 29th
    assert add_working_days(monday, 1, "Europe/Brussels") == datetime(2026, 3, 30, 14, 0, tzinfo=UTC)
    closed = frozenset({date(2026, 3, 30)})
    assert add_working_days(monday, 1, "Europe/Brussels", closed) == datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
