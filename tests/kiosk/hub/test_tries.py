"""The limits on guessing: counted before the check, bounded per day, and no way to keep somebody else out for long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.hub.credentials.store import Credential
from kiosk.hub.node import Hub
from kiosk.hub.office.proofs import Proofs
from kiosk.hub.office.store import OfficeStore
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.tries import Tries
from provisioning.clock import FakeClock, SystemClock
from provisioning.contracts import Lease
from provisioning.errors import Refused
from provisioning.identity.attempts import Attempts
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, Peer, make_nodes, people_in, start_hub, stick_of

TOP = Path(__file__).parents[3]
KIOSKS = ("kiosk-a", "kiosk-b", "kiosk-c")
BADGE = Credential("badge", AMIRA, resident_id="r-amira")
STICK = Credential("stick", AMIRA + "99", resident_id="r-amira")
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# A guess at a kiosk, and how long the attacker waits before it (seconds).
GUESSES = st.lists(st.tuples(st.sampled_from(KIOSKS[:2]), st.integers(0, 1200)), max_size=40)


def wrong(tries: Tries, kiosk_id: str, credential: Credential | None) -> bool:
    """One wrong code; False when nothing was checked."""
    try:
        tries.may(kiosk_id, credential)
    except Refused:
        return False
    tries.alarm(kiosk_id, credential, tries.count(kiosk_id, credential))
    return True


def is_open(tries: Tries, kiosk_id: str, credential: Credential) -> bool:
    """Whether a right code would open now."""
    try:
        tries.may(kiosk_id, credential)
    except Refused:
        return False
    return True


@pytest.fixture
def anew(hub: Hub, clock: FakeClock) -> Callable[[], Tries]:
    """The limits of a hub that has seen no failure for two days."""

    def make() -> Tries:
        clock.advance(2 * 86_400)
        with hub.store.atomic():
            hub.sessions.keep_attempts("x", Attempts(1))
            hub.sessions.keep_attempts("x", Attempts())
        return hub.signing_in.prover.tries

    return make


@SLOW
@given(schedule=GUESSES)
def test_nobody_is_kept_out_at_another_kiosk(
    anew: Callable[[], Tries], clock: FakeClock, schedule: list[tuple[str, int]]
) -> None:
    tries = anew()
    for kiosk_id, wait_s in schedule:
        clock.advance(wait_s)
        wrong(tries, kiosk_id, BADGE)
        assert is_open(tries, "kiosk-c", BADGE)


@SLOW
@given(schedule=GUESSES)
def test_nobody_with_another_credential_is_kept_out_for_more_than_five_minutes_where_somebody_guesses(
    anew: Callable[[], Tries], clock: FakeClock, schedule: list[tuple[str, int]]
) -> None:
    tries = anew()
    out_s = dict.fromkeys(KIOSKS, 0.0)
    for kiosk_id, wait_s in schedule:
        for step_s in (wait_s / 2, wait_s / 2):
            clock.advance(step_s)
            for one in KIOSKS:
                out_s[one] = 0.0 if is_open(tries, one, STICK) else out_s[one] + step_s
        assert max(out_s.values()) <= rules.KIOSK_LIMIT.longest_pause_s
        wrong(tries, kiosk_id, BADGE)


def test_who_never_stops_guessing_at_a_kiosk_gets_102_answers_in_a_day_and_a_night(
    hub: Hub, clock: FakeClock
) -> None:
    tries, answers, left_s = hub.signing_in.prover.tries, 0, 86_400.0
    while left_s >= 0:
        while wrong(tries, "kiosk-a", BADGE):
            answers += 1
        clock.advance(15)
        left_s -= 15
    assert answers == 102


def test_the_owner_of_a_credential_does_not_give_the_guesser_elsewhere_new_tries(
    hub: Hub, kiosk_b: Peer, clock: FakeClock
) -> None:
    tries = hub.signing_in.prover.tries
    while wrong(tries, "kiosk-a", BADGE):
        pass
    kiosk_b.leave(kiosk_b.sign_in(AMIRA))
    clock.advance(301)
    assert wrong(tries, "kiosk-a", BADGE)
    assert not wrong(tries, "kiosk-a", BADGE)


def test_a_guess_closes_neither_the_stick_nor_other_people(hub: Hub, kiosk_a: Peer) -> None:
    while wrong(hub.signing_in.prover.tries, "kiosk-a", BADGE):
        pass
    assert kiosk_a.enter(stick_of(hub, "r-amira", AMIRA + "99")).standing.level == 1
    assert isinstance(kiosk_a.sign_in(BRAM), Lease)


def test_ten_failures_in_a_row_are_told_to_the_security_officer_once(hub: Hub, clock: FakeClock) -> None:
    tries = hub.signing_in.prover.tries
    for _ in range(12):
        clock.advance(901)
        assert wrong(tries, "kiosk-a", BADGE)
    found = [(one.kind, one.resident_id, one.detail) for one in hub.incidents.latest()]
    assert found == [("guessing", "r-amira", {"failures": rules.GUESSING})]


def test_a_hundred_failures_in_ten_minutes_make_each_failing_kiosk_wait_and_nobody_else(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, clock: FakeClock
) -> None:
    tries = hub.signing_in.prover.tries
    for number in range(rules.SITE_TRIES + 1):
        clock.advance(3)
        assert wrong(tries, f"kiosk-{number % 40}", None)
    assert [one.detail for one in hub.incidents.latest()] == [{"failures": rules.SITE_TRIES + 1}]
    assert wrong(tries, "kiosk-b", None)
    assert not wrong(tries, "kiosk-b", None)  # it waits, but for whom?
    assert isinstance(kiosk_a.sign_in(BRAM), Lease)  # not for somebody at another kiosk
    clock.advance(15)
    assert isinstance(kiosk_b.sign_in(AMIRA), Lease)  # and here for a quarter of a minute
    clock.advance(601)
    assert wrong(tries, "kiosk-b", None)
    assert wrong(tries, "kiosk-b", None)  # the wave is over


def test_the_alert_is_counted_over_ten_minutes_only(hub: Hub, clock: FakeClock) -> None:
    tries = hub.signing_in.prover.tries
    for number in range(3 * rules.SITE_TRIES):
        clock.advance(rules.SITE_WINDOW / timedelta(seconds=1) / rules.SITE_TRIES + 0.1)
        assert wrong(tries, f"kiosk-{number % 40}", None)
    assert hub.incidents.latest() == []


def test_a_try_that_met_a_blocked_badge_is_no_failure(hub: Hub, kiosk_a: Peer) -> None:
    hub.credentials.set_blocked("badge", AMIRA, True, "o-landing")
    for _ in range(30):
        with pytest.raises(Refused, match="badge_blocked"):
            kiosk_a.sign_in(AMIRA)
    assert hub.sessions.failures(rules.SITE_WINDOW) == 0
    assert isinstance(kiosk_a.sign_in(BRAM), Lease)


def test_a_hub_that_is_killed_while_it_checks_has_counted(tmp_path: Path) -> None:
    nodes = make_nodes(tmp_path)
    hub = start_hub(nodes["hub"], SystemClock())
    people_in(hub)
    hub.store.close()
    for turn in range(1, 4):
        command = [sys.executable, "-m", "tests.kiosk.hub.crash_child", "dying", str(nodes["hub"].path)]
        done = subprocess.run(command, cwd=TOP, check=False, timeout=60)
        assert done.returncode == -9
        again = start_hub(nodes["hub"], SystemClock())
        assert again.sessions.attempts("r-amira/badge").failures == turn
        assert again.sessions.attempts("kiosk:kiosk-a").failures == turn
        again.store.close()


def test_failures_of_a_clock_that_ran_ahead_are_not_counted_for_ever(hub: Hub, clock: FakeClock) -> None:
    clock.advance(365 * 86_400)
    for _ in range(3):
        hub.sessions.note_failure(rules.SITE_WINDOW)
    clock.advance(-365 * 86_400)
    assert hub.sessions.note_failure(rules.SITE_WINDOW)[1] == 1


def test_an_officers_password_is_counted_before_it_is_checked(hub: Hub) -> None:
    seen: list[int] = []

    def verify(_secret: str, _phc: str, _pepper: bytes) -> bool:
        seen.append(hub.sessions.attempts("name:security").failures)
        return False

    checker = Checker(b"test pepper", verify=verify)
    watched = replace(hub, signing_in=replace(hub.signing_in, checker=checker))
    proofs = Proofs(watched, OfficeStore(hub.store))
    for _ in range(2):
        with pytest.raises(Refused, match="sign_in_wrong"):
            proofs.by_password("security", "guess")
    assert seen == [1, 2]
