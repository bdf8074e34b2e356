"""Money: entries add up to nothing, no purse falls below zero, each key counts once, whatever happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kiosk.money import rules
from kiosk.money.rules import NotEnoughMoney, purse
from kiosk.money.store import MONEY, Ledger
from provisioning.clock import FakeClock
from provisioning.store import Store, open_store
from tests.support import short_dir


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "money.sqlite", [MONEY])
    yield made
    made.close()


@pytest.fixture
def ledger(store: Store, clock: FakeClock) -> Ledger:
    made = Ledger(store, clock)
    made.open_purse("amira", 1000)
    return made


def test_a_debit_takes_once_per_key(ledger: Ledger) -> None:
    assert ledger.debit("amira", 300, "k1", "hook")
    assert not ledger.debit("amira", 300, "k1", "hook")
    assert ledger.balance_cents("amira") == 700


def test_too_little_money_writes_nothing_and_says_how_much_is_missing(ledger: Ledger) -> None:
    with pytest.raises(NotEnoughMoney) as caught:
        ledger.debit("amira", 1001, "k1", "hook")
    assert caught.value.detail == {"short_cents": 1, "balance_cents": 1000}
    assert ledger.balance_cents("amira") == 1000
    assert ledger.debit("amira", 1000, "k1", "hook")


def test_a_refund_gives_back_once_and_only_what_was_paid(ledger: Ledger) -> None:
    assert not ledger.refund("k1", "failed")
    ledger.debit("amira", 300, "k1", "hook")
    assert ledger.refund("k1", "failed")
    assert not ledger.refund("k1", "failed")
    assert ledger.balance_cents("amira") == 1000


def test_a_price_of_nothing_writes_nothing(ledger: Ledger) -> None:
    assert not ledger.debit("amira", 0, "k1", "free")
    assert len(ledger.statement("amira")) == 1


def test_a_debit_belongs_to_the_callers_transaction(ledger: Ledger, store: Store) -> None:
    def decide() -> None:
        with store.atomic():
            ledger.debit("amira", 300, "k1", "hook")
            raise RuntimeError("the decision could not be written")

    with pytest.raises(RuntimeError, match="decision"):
        decide()
    assert ledger.balance_cents("amira") == 1000
    assert ledger.debit("amira", 300, "k1", "hook")


def test_the_statement_runs_backwards_with_the_balance_after_each_line(
    ledger: Ledger, clock: FakeClock
) -> None:
    for number in (1, 2):
        clock.advance(60)
        ledger.debit("amira", 100 * number, f"k{number}", f"part {number}")
    lines = ledger.statement("amira")
    assert [(one.kind, one.text, one.cents, one.after_cents) for one in lines] == [
        ("debit", "part 2", -200, 700),
        ("debit", "part 1", -100, 900),
        ("opening", "", 1000, 1000),
    ]
    assert [one.after_cents for one in ledger.statement("amira", limit=1)] == [700]


def test_the_database_refuses_a_purse_below_zero_and_a_changed_entry(ledger: Ledger, store: Store) -> None:
    for statement in (
        f"UPDATE account SET balance_cents = -1 WHERE account_id = '{purse('amira')}'",
        "UPDATE entry SET cents = 1",
        "DELETE FROM entry",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            store.run(statement)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_payment_is_balanced_or_refused(balance_cents: int, amount_cents: int) -> None:
    try:
        move = rules.payment(balance_cents, "r", amount_cents, "k", "")
    except NotEnoughMoney:
        assert amount_cents > balance_cents
        return
    back = rules.giving_back(move, "k", "")
    assert sum(leg.cents for leg in (*move.legs, *back.legs)) == 0
    assert {leg.account_id for leg in move.legs} == {purse("r"), rules.WORKSHOP}


PEOPLE = st.sampled_from(["amira", "bram", "chloe"])
KEYS = st.sampled_from([f"k{number}" for number in range(12)])


class Purses(RuleBasedStateMachine):
    """Any order of openings, debits and refunds against a plain dictionary that says what must be."""

    @initialize()
    def open(self) -> None:
        self.folder = short_dir()
        self.store = open_store(Path(self.folder.__enter__()) / "m.sqlite", [MONEY])
        self.store.rows("PRAGMA synchronous=OFF")  # this is about sums, not about power cuts
        self.ledger = Ledger(self.store, FakeClock())
        self.balances: dict[str, int] = {}
        self.paid: dict[str, tuple[str, int]] = {}
        self.given_back: set[str] = set()

    @rule(who=PEOPLE, cents=st.integers(0, 2000))
    def open_purse(self, who: str, cents: int) -> None:
        self.ledger.open_purse(who, cents)
        self.balances.setdefault(who, cents)

    @rule(who=PEOPLE, cents=st.integers(0, 1500), key=KEYS)
    def debit(self, who: str, cents: int, key: str) -> None:
        has = self.balances.get(who, 0)
        try:
            took = self.ledger.debit(who, cents, key, "")
        except NotEnoughMoney:
            assert cents > has
            assert key not in self.paid
            return
        assert took == (cents > 0 and key not in self.paid)
        if took:
            self.paid[key] = (who, cents)
            self.balances[who] = has - cents

    @rule(key=KEYS)
    def refund(self, key: str) -> None:
        gave = self.ledger.refund(key, "")
        assert gave == (key in self.paid and key not in self.given_back)
        if gave:
            who, cents = self.paid[key]
            self.given_back.add(key)
            self.balances[who] += cents

    @invariant()
    def every_cent_is_accounted_for(self) -> None:
        if not hasattr(self, "ledger"):
            return
        assert self.ledger.is_sound()
        for who, cents in self.balances.items():
            assert self.ledger.balance_cents(who) == cents >= 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.__exit__(None, None, None)


TestPurses = Purses.TestCase
TestPurses.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
