"""The chain: off at rest, absorbing trips, a reset only when everything says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.interlock.chain import BEAT_TIMEOUT_S, HANGUPS_MAX, HANGUPS_S, RESET_ROLES, Chain

CONTACTS = ("door", "emergency_stop", "smoke")
WORKERS = ("printer-1", "printer-2")
ACTS = st.one_of(
    st.tuples(st.just("contact"), st.sampled_from(CONTACTS), st.booleans()),
    st.tuples(st.just("beat"), st.sampled_from(WORKERS), st.just(True)),
    st.tuples(st.just("hung_up"), st.sampled_from(WORKERS), st.just(True)),
    st.tuples(st.just("wait"), st.sampled_from(["1.0", "3.5"]), st.just(True)),
    st.tuples(st.just("reset"), st.sampled_from(["workshop", "landing", "director", ""]), st.just(True)),
)


def closed_chain() -> Chain:
    chain = Chain(CONTACTS)
    for name in CONTACTS:
        chain.contact(name, closed=True)
    return chain


def live_chain() -> Chain:
    chain = closed_chain()
    assert chain.reset("workshop") is None
    return chain


def test_a_cell_is_dead_from_the_start_and_only_a_reset_makes_it_live() -> None:
    chain = closed_chain()
    assert (chain.live, chain.tripped_by) == (False, "start")
    assert chain.reset("workshop") is None
    assert chain.live


@pytest.mark.parametrize("name", CONTACTS)
def test_any_open_contact_kills_and_closing_it_again_does_not_revive(name: str) -> None:
    chain = live_chain()
    assert chain.contact(name, closed=False)
    assert chain.tripped_by == name
    chain.contact(name, closed=True)
    assert not chain.live


def test_who_tripped_first_is_kept() -> None:
    chain = live_chain()
    assert chain.contact("smoke", closed=False)
    assert not chain.contact("door", closed=False)
    assert chain.tripped_by == "smoke"


def test_a_contact_that_was_never_read_counts_as_open() -> None:
    chain = Chain(CONTACTS)
    chain.contact("door", closed=True)
    found = chain.reset("director")
    assert found is not None
    assert (found.code, found.detail) == ("contact_unknown", "emergency_stop,smoke")


@pytest.mark.parametrize("role", ["landing", "teacher", "", "resident"])
def test_a_role_without_the_right_cannot_reset(role: str) -> None:
    found = closed_chain().reset(role)
    assert found is not None
    assert found.code == "role_not_allowed"


def test_a_worker_silent_for_longer_than_the_time_out_trips_and_blocks_the_reset() -> None:
    chain = live_chain()
    chain.beat("printer-1", 10.0)
    assert not chain.check_beats(10.0 + BEAT_TIMEOUT_S)
    assert chain.check_beats(10.1 + BEAT_TIMEOUT_S)
    assert chain.tripped_by == "worker:printer-1"
    found = chain.reset("workshop")
    assert found is not None
    assert found.code == "worker_silent"
    chain.beat("printer-1", 20.0)
    assert chain.reset("workshop") is None


def test_two_workers_silent_at_once_are_both_marked() -> None:
    chain = live_chain()
    for worker in WORKERS:
        chain.beat(worker, 0.0)
    assert chain.check_beats(60.0)
    assert chain.workers == {"printer-1": False, "printer-2": False}


def test_a_worker_that_never_beat_is_not_waited_for() -> None:
    chain = live_chain()
    assert not chain.hung_up("printer-9", 0.0)
    assert not chain.check_beats(BEAT_TIMEOUT_S + 1)
    assert chain.live


def test_a_worker_that_hangs_up_has_as_long_to_come_back_as_one_that_falls_silent() -> None:
    chain = live_chain()
    chain.beat("printer-1", 10.0)
    assert not chain.hung_up("printer-1", 10.5)
    assert not chain.check_beats(10.0 + BEAT_TIMEOUT_S)
    assert chain.check_beats(10.1 + BEAT_TIMEOUT_S)  # from its last beat, not from its hanging up
    assert chain.tripped_by == "worker:printer-1"


def test_a_worker_that_hangs_up_and_beats_again_in_time_keeps_the_power() -> None:
    chain = live_chain()
    chain.beat("printer-1", 10.0)
    chain.hung_up("printer-1", 10.5)
    chain.beat("printer-1", 10.0 + BEAT_TIMEOUT_S)
    assert not chain.check_beats(9.9 + 2 * BEAT_TIMEOUT_S)
    assert chain.live
    assert chain.workers == {"printer-1": True}


def test_a_worker_that_dies_again_and_again_gets_no_further_grace() -> None:
    chain = live_chain()
    for number in range(HANGUPS_MAX):
        chain.beat("printer-1", float(number))
        assert not chain.hung_up("printer-1", float(number))
    chain.beat("printer-1", 10.0)
    assert chain.hung_up("printer-1", 10.0)
    assert chain.tripped_by == "worker:printer-1"


def test_deaths_long_ago_are_forgiven() -> None:
    chain = live_chain()
    for number in range(HANGUPS_MAX * 3):
        chain.beat("printer-1", number * HANGUPS_S)
        assert not chain.hung_up("printer-1", number * HANGUPS_S)
    assert chain.live


def test_names_without_end_on_the_socket_are_not_all_remembered() -> None:
    chain = live_chain()
    accepted = [chain.beat(f"printer-{number}", 0.0) for number in range(100)]
    assert not all(accepted)
    assert len(chain.workers) < 100


def test_a_cell_without_contacts_is_refused() -> None:
    with pytest.raises(ValueError):
        Chain(())


@given(st.lists(ACTS, max_size=40))
def test_whatever_happens_a_live_cell_has_every_contact_closed_and_no_silent_worker(acts: list) -> None:
    chain, now_s = Chain(CONTACTS), 0.0
    for act, name, value in acts:
        was_live, was_by = chain.live, chain.tripped_by
        if act == "contact":
            chain.contact(name, closed=value)
        elif act == "beat":
            chain.beat(name, now_s)
        elif act == "hung_up":
            chain.hung_up(name, now_s)
        elif act == "wait":
            now_s += float(name)
        else:
            obstacle = chain.reset(name)
            assert obstacle is None or chain.live == was_live
            assert obstacle is not None or name in RESET_ROLES
        chain.check_beats(now_s)
        if chain.live:
            assert all(chain.contacts.values())
            assert all(chain.workers.values())
        if not was_live and act != "reset":
            assert chain.tripped_by == was_by


@given(st.lists(ACTS, max_size=40))
def test_from_any_state_closing_everything_and_resetting_makes_the_cell_live(acts: list) -> None:
    chain, now_s = Chain(CONTACTS), 0.0
    for act, name, value in acts:
        if act == "contact":
            chain.contact(name, closed=value)
        elif act == "hung_up":
            chain.hung_up(name, now_s)
        else:
            chain.beat(WORKERS[0], now_s)
    for name in CONTACTS:
        chain.contact(name, closed=True)
    for worker in WORKERS:
        chain.beat(worker, now_s)
    assert chain.reset("technician") is None
    assert chain.live
