"""Two officers at one draft in the same moment: what is approved is what was read, and nobody's line is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest

from kiosk.hub.agreement.editing import Editing as AgreementEditing
from kiosk.hub.agreement.rules import read_terms
from kiosk.hub.node import Hub
from kiosk.hub.office.agreement_words import PICTURES
from kiosk.hub.policy.editing import Editing
from kiosk.policy import Rule
from provisioning.clock import Clock
from provisioning.errors import Refused

WRITER, READER = "o-security", "o-director"
MOMENT_S = 0.5  # longer than a line takes to be written; whoever must wait is written after


class Meanwhile:
    """A clock: while the time is asked for the first time, somebody else does something."""

    def __init__(self, clock: Clock, happens: Callable[[], object]) -> None:
        self._clock = clock
        self._other = threading.Thread(target=_too_late_or_not, args=(happens,))
        self.over = self._other.join

    def now_utc(self) -> datetime:
        if self._other.ident is None:
            self._other.start()
            self._other.join(MOMENT_S)
        return self._clock.now_utc()

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()


def _too_late_or_not(happens: Callable[[], object]) -> None:
    with suppress(Refused):
        happens()


def rule(name: str) -> Rule:
    return Rule(id=name, effect="allow", services=("notices",), note="opened by one officer alone")


def together(*acts: Iterable[Callable[[], object]]) -> None:
    """Every row of acts in a thread of its own, all at once."""
    start = threading.Barrier(len(acts))

    def run(row: Iterable[Callable[[], object]]) -> None:
        start.wait()
        for act in row:
            act()

    threads = [threading.Thread(target=run, args=(row,)) for row in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


@pytest.fixture
def editing(hub: Hub) -> Editing:
    made = Editing(hub.ruling, hub.trail)
    made.begin(WRITER)
    return made


@pytest.fixture
def terms(hub: Hub) -> AgreementEditing:
    made = AgreementEditing(hub.agreements, hub.node.site.languages, PICTURES)
    made.begin(WRITER)
    return made


def test_rules_that_change_in_the_moment_of_approval_are_not_approved(hub: Hub, editing: Editing) -> None:
    editing.propose(None, WRITER)
    read = editing.draft().sha256
    clock = Meanwhile(hub.clock, lambda: editing.keep("", rule("slipped-in"), WRITER))
    Editing(replace(hub.ruling, clock=clock), hub.trail).approve(read, READER)
    clock.over()
    assert hub.ruling.in_force().sha256 == read
    assert "slipped-in" not in {one.id for one in hub.ruling.book().rules}


def test_an_agreement_that_changes_in_the_moment_of_approval_is_not_approved(
    hub: Hub, terms: AgreementEditing
) -> None:
    terms.propose(None, WRITER)
    read = terms.draft().sha256
    clock = Meanwhile(hub.clock, lambda: terms.remove(1, WRITER))
    replace(terms, agreements=replace(hub.agreements, clock=clock)).approve(read, READER)
    clock.over()
    assert hub.agreements.in_force().sha256 == read


def test_two_officers_who_write_rules_at_once_keep_all_of_them(editing: Editing) -> None:
    names = [f"{who}-{number}" for who in "ab" for number in range(10)]

    def writes(who: str) -> list[Callable[[], object]]:
        return [lambda one=one: editing.keep("", rule(one), WRITER) for one in names if one[0] == who]  # type: ignore[misc]

    together(writes("a"), writes("b"))
    assert set(names) <= {one.id for one in editing.policy().rules}


def test_two_officers_who_write_sections_at_once_keep_all_of_them(terms: AgreementEditing) -> None:
    section = terms.terms().sections[0]
    before = len(terms.terms().sections)
    together(*([lambda: terms.keep(0, section, WRITER)] * 6 for _ in range(2)))
    assert len(read_terms(terms.draft().text).sections) == before + 12
