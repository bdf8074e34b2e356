"""Reading the trail: each question has one right answer, and none reads five years of records to find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.audit import AUDIT, AuditRecord, Trail
from provisioning.clock import FakeClock, iso
from provisioning.identity import NodeKey
from provisioning.store import Store, open_store

ACTIONS, NAMES = ("signed_in", "person_viewed", "log_read"), ("o-1", "r-1", "r-2", "s-1")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(tmp_path_factory.mktemp("trail") / "hub.sqlite", [AUDIT])
    yield made
    made.close()


@pytest.fixture(scope="module")
def trail(store: Store) -> Trail:
    """Every action by and about everybody, an hour apart, three times."""
    clock = FakeClock()
    made = Trail(store, NodeKey("hub", Ed25519PrivateKey.generate()), clock)
    for _, action, actor, subject in product(range(3), ACTIONS, NAMES, NAMES):
        made.record(actor, action, subject)
        clock.advance(3600)
    return made


def everything(trail: Trail) -> list[AuditRecord]:
    return trail.latest(10_000)


@pytest.mark.parametrize("about", ["", "r-1", "s-1", "nobody"])
@pytest.mark.parametrize("action", ["", "log_read", "never"])
@pytest.mark.parametrize(("limit", "before"), [(10_000, None), (5, None), (5, 60), (1, 1), (5, 10**18)])
def test_the_newest_are_the_newest_of_those_that_fit(
    trail: Trail, about: str, action: str, limit: int, before: int | None
) -> None:
    fits = [
        one
        for one in everything(trail)
        if (before is None or one.seq < before)
        and action in {"", one.action}
        and about in {"", one.actor, one.subject}
    ]
    assert trail.latest(limit, before, action=action, about=about) == fits[:limit]


@pytest.mark.parametrize("names", [(), ("r-1",), ("r-1", "s-1"), ("nobody",)])
@pytest.mark.parametrize("action", ["", "log_read", "never"])
def test_a_period_holds_what_happened_in_it(trail: Trail, names: tuple[str, ...], action: str) -> None:
    clock = FakeClock()
    clock.advance(20 * 3600)
    from_utc = iso(clock.now_utc())
    clock.advance(90 * 3600)
    before_utc = iso(clock.now_utc())
    fits = [
        one
        for one in everything(trail)
        if from_utc <= one.at_utc < before_utc
        and action in {"", one.action}
        and (not names or {one.actor, one.subject} & set(names))
    ]
    assert trail.between(from_utc, before_utc, names=names, action=action) == fits
    assert trail.between(from_utc, before_utc, names=names, action=action, limit=3) == fits[:3]


def test_every_action_that_happened_is_named_once(trail: Trail) -> None:
    assert trail.actions() == sorted(ACTIONS)


def test_a_new_trail_has_no_actions(tmp_path: Path) -> None:
    made = open_store(tmp_path / "hub.sqlite", [AUDIT])
    assert Trail(made, NodeKey("hub", Ed25519PrivateKey.generate()), FakeClock()).actions() == []
    made.close()


QUESTIONS: dict[str, Callable[[Trail], object]] = {
    "the newest": lambda trail: trail.latest(),
    "the newest of a kind": lambda trail: trail.latest(action="log_read"),
    "the newest about somebody": lambda trail: trail.latest(about="r-1"),
    "the looks at somebody": lambda trail: trail.latest(action="log_read", about="r-1"),
    "a week of a kind": lambda trail: trail.between("2026", "2027", action="log_read"),
    "a week of somebody": lambda trail: trail.between("2026", "2027", names=("r-1", "s-1")),
    "a week of somebody, of a kind": lambda trail: trail.between("2026", "2027", names=("r-1",), action="x"),
    "the kinds": lambda trail: trail.actions(),
    "all about somebody": lambda trail: trail.about("r-1"),
    "the head": lambda trail: trail.head(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_the_whole_trail(store: Store, trail: Trail, question: str) -> None:
    """The whole site waits while it does: one person at a kiosk may ask who looked at them as often as they like."""
    asked: list[str] = []
    store.db.conn.set_trace_callback(asked.append)
    QUESTIONS[question](trail)
    store.db.conn.set_trace_callback(None)
    (sql,) = asked
    steps = [row["detail"] for row in store.rows(f"EXPLAIN QUERY PLAN {sql}")]
    looks = [step for step in steps if "audit" in step]
    assert looks, steps
    if question != "the head":  # SQLite calls one step from the end a scan
        assert not [step for step in looks if step.startswith("SCAN")], steps
    if "somebody" in question:
        assert not [step for step in looks if "audit_action" in step or "audit_at" in step], steps
