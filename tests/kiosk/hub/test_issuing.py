"""Giving out badges, sticks and keys: two officers, one kiosk, ten minutes; nothing opens before it is made."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from kiosk.hub.issuing.issuing import wanted
from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.contracts import (
    Issued,
    IssueFailed,
    Lease,
    PlugReport,
    Welcome,
    WhoComes,
    WhoseBadge,
)
from provisioning.errors import Corrupt, Refused
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, Peer, stick_of
from tests.kiosk.hub.issuing_kit import NEW, A, B, a_stick, hand_in, lays, made, order, stage


@pytest.fixture(autouse=True)
def _quick(hub: Hub) -> None:
    """The PIN's hash is proven elsewhere."""
    hub.signing_in.checker._which = lambda secret, _phc, _duress, _pepper: "own" if secret == "1234" else ""


# --- a badge -------------------------------------------------------------------------------------------------


def test_a_badge_works_from_the_moment_the_kiosk_has_it_and_names_both_officers(
    hub: Hub, kiosk_a: Peer
) -> None:
    hand_in(hub, "badge")
    one = order(hub)
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.sign_in(NEW)
    answer = lays(kiosk_a, uid=NEW)
    assert stage(hub, one) == "writing"
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.sign_in(NEW)
    assert hub.credentials.blocked_residents() == {"r-amira"}
    made(kiosk_a, answer)
    assert hub.credentials.blocked_residents() == frozenset()  # the new one has taken its place
    assert kiosk_a.sign_in(NEW).resident.resident_id == "r-amira"
    kept = hub.credentials.find("badge", NEW)
    assert kept is not None
    assert (kept.origin, kept.issued_by, kept.issued_with) == ("issued", "o-landing", "o-security")
    given = [note for note in hub.trail.about("r-amira") if note.action == "credential_issued"]
    assert [(note.actor, note.detail["second"]) for note in given] == [("o-landing", "o-security")]


def test_a_kiosk_that_says_twice_that_it_was_made_changes_nothing(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "badge")
    order(hub)
    answer = lays(kiosk_a, uid=NEW)
    made(kiosk_a, answer)
    made(kiosk_a, answer)
    assert [note.action for note in hub.trail.about("r-amira")].count("credential_issued") == 1


def test_a_badge_of_somebody_else_is_not_given_out(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "badge")
    one = order(hub)
    for uid in (BRAM, AMIRA, "0F0"):  # another's, a lost one, an officer's
        with pytest.raises(Refused, match="credential_known"):
            lays(kiosk_a, uid=uid)
    assert stage(hub, one) == "open"


def test_a_badge_that_was_handed_in_may_be_given_to_another_person(hub: Hub, kiosk_a: Peer) -> None:
    theirs = hub.credentials.find("badge", BRAM)
    assert theirs is not None
    hub.issuing.blocking.block(theirs, "returned", "o-landing")
    hand_in(hub, "badge")
    order(hub)
    welcome = kiosk_a.ask(WhoComes(kiosk_id=A, credential="badge", uid=BRAM))
    assert welcome == Welcome(to_issue=True)
    made(kiosk_a, lays(kiosk_a, uid=BRAM))
    assert kiosk_a.sign_in(BRAM).resident.resident_id == "r-amira"


def test_a_temporary_badge_ends_by_itself_after_48_hours_and_opens_level_0(
    hub: Hub, kiosk_a: Peer, farm: Peer, clock: FakeClock
) -> None:
    hand_in(hub, "badge")
    order(hub, temporary=True)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    lease = kiosk_a.sign_in(NEW)
    assert lease.standing.level == 0
    kiosk_a.leave(lease)
    clock.advance(48 * 3600 - 1)
    kiosk_a.leave(kiosk_a.sign_in(NEW))
    clock.advance(1)
    with pytest.raises(Refused, match="badge_expired"):
        kiosk_a.sign_in(NEW)
    with pytest.raises(Refused, match="badge_expired"):
        farm.ask(WhoseBadge(uid=NEW))  # and no part is handed over by it


def test_the_real_badge_takes_the_temporary_ones_place(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "badge")
    order(hub, temporary=True)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid="04E1E2E3"))
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.sign_in(NEW)
    assert kiosk_a.sign_in("04E1E2E3")


def test_a_second_temporary_badge_waits_for_the_end_of_the_first(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    hand_in(hub, "badge")
    order(hub, temporary=True)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    with pytest.raises(Refused, match="issue_carries"):
        order(hub, temporary=True)
    clock.advance(48 * 3600)
    assert order(hub, temporary=True)


def test_nobody_gets_a_second_one_that_works(hub: Hub) -> None:
    with pytest.raises(Refused, match="issue_carries"):
        order(hub)
    with pytest.raises(Refused, match="issue_carries"):
        order(hub, temporary=True)


# --- a stick -------------------------------------------------------------------------------------------------


def test_a_stick_opens_when_the_kiosk_has_written_it_and_not_before(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "stick")
    order(hub, "stick")
    answer = lays(kiosk_a, "stick")
    stick = a_stick(hub, answer)
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.prove(stick)
    made(kiosk_a, answer)
    lease = kiosk_a.enter(stick)
    assert isinstance(lease, Lease)
    assert lease.standing.level == 1


def test_a_kiosk_killed_between_the_two_words_leaves_a_stick_that_opens_nothing_and_another_try(
    hub: Hub, kiosk_a: Peer
) -> None:
    hand_in(hub, "stick")
    one = order(hub, "stick")
    half = a_stick(hub, lays(kiosk_a, "stick"))  # and the kiosk was killed here
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.prove(half)
    assert kiosk_a.show(half) == Welcome(to_issue=True)
    answer = lays(kiosk_a, "stick")
    made(kiosk_a, answer)
    assert stage(hub, one) == "done"
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.prove(half)
    assert kiosk_a.enter(a_stick(hub, answer))


def test_two_kiosks_make_two_things_and_neither_takes_the_others(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    hand_in(hub, "stick")
    hand_in(hub, "badge", who="r-bram")
    order(hub, "stick", at=A)
    order(hub, "badge", "r-bram", at=B)
    with pytest.raises(Refused, match="nothing_to_issue"):
        lays(kiosk_b, "stick")
    with pytest.raises(Refused, match="nothing_to_issue"):
        lays(kiosk_a, uid=NEW)
    stick, badge = lays(kiosk_a, "stick"), lays(kiosk_b, uid=NEW)
    with pytest.raises(Refused, match="issue_over"):
        kiosk_b.ask(Issued(kiosk_id=B, issue_id=stick.issue_id))
    made(kiosk_b, badge)
    made(kiosk_a, stick)
    assert kiosk_b.sign_in(NEW).resident.resident_id == "r-bram"


def test_one_kiosk_makes_one_thing_at_a_time(hub: Hub) -> None:
    hand_in(hub, "stick")
    hand_in(hub, "badge", who="r-bram")
    order(hub, "stick")
    with pytest.raises(Refused, match="issue_kiosk_busy"):
        order(hub, "badge", "r-bram")
    waiting = order(hub, "badge", "r-bram", second="")
    with pytest.raises(Refused, match="issue_kiosk_busy"):
        hub.issuing.sign(waiting.issue_id, "o-security")
    assert stage(hub, waiting) == "ordered"


def test_what_failed_says_why_and_may_be_tried_again(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "stick")
    one = order(hub, "stick")
    answer = lays(kiosk_a, "stick")
    assert not answer.erase
    kiosk_a.ask(IssueFailed(kiosk_id=A, issue_id=answer.issue_id, code="stick_not_blank"))
    found = hub.issuing.issues.find(one.issue_id)
    assert found is not None
    assert (found.state, found.problem, found.uid) == ("open", "stick_not_blank", "")
    with pytest.raises(Refused, match="issue_over"):
        made(kiosk_a, answer)
    hub.issuing.let_erase(one.issue_id, "o-landing")
    again = lays(kiosk_a, "stick")
    assert again.erase
    made(kiosk_a, again)


def test_only_the_last_try_counts_whatever_an_earlier_one_says(hub: Hub, kiosk_a: Peer) -> None:
    """A stick pulled and plugged in again: two threads of one kiosk, and the first is slow."""
    hand_in(hub, "stick")
    one = order(hub, "stick")
    first, second = lays(kiosk_a, "stick"), lays(kiosk_a, "stick")
    kiosk_a.ask(IssueFailed(kiosk_id=A, issue_id=first.issue_id, code="stick_gone"))
    assert stage(hub, one) == "writing"
    with pytest.raises(Refused, match="issue_over"):
        made(kiosk_a, first)
    made(kiosk_a, second)
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.prove(a_stick(hub, first))
    assert kiosk_a.enter(a_stick(hub, second))
    with pytest.raises(Refused, match="issue_over"):
        kiosk_a.ask(Issued(kiosk_id=A, issue_id=one.issue_id))


# --- time and second thoughts ----------------------------------------------------------------------------------


def test_what_nobody_makes_in_ten_minutes_is_over(hub: Hub, kiosk_a: Peer, clock: FakeClock) -> None:
    hand_in(hub, "badge")
    one = order(hub)
    clock.advance(599)
    assert hub.issuing.is_awaited(A, "badge")
    clock.advance(1)
    assert not hub.issuing.is_awaited(A, "badge")
    with pytest.raises(Refused, match="nothing_to_issue"):
        lays(kiosk_a, uid=NEW)
    assert order(hub).issue_id != one.issue_id
    assert stage(hub, one) == "expired"


def test_what_comes_too_late_or_after_a_cancel_opens_nothing(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    hand_in(hub, "badge")
    order(hub)
    late = lays(kiosk_a, uid=NEW)
    clock.advance(150)
    with pytest.raises(Refused, match="issue_over"):
        made(kiosk_a, late)
    one = order(hub)
    answer = lays(kiosk_a, uid=NEW)
    hub.issuing.cancel(one.issue_id, "o-landing")
    with pytest.raises(Refused, match="issue_over"):
        made(kiosk_a, answer)
    with pytest.raises(Refused, match="badge_unknown"):
        kiosk_a.sign_in(NEW)


def test_a_colleague_signs_at_a_desk_of_their_own_and_never_the_one_who_ordered(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    hand_in(hub, "badge")
    hand_in(hub, "stick", who="r-chloe")
    one = order(hub, second="")
    assert not hub.issuing.is_awaited(A, "badge")
    with pytest.raises(Refused, match="issue_own"):
        hub.issuing.sign(one.issue_id, "o-landing")
    with pytest.raises(Refused, match="issue_own"):
        hub.issuing.order(wanted("stick", "r-chloe", B, "o-landing", second="o-landing"))
    clock.advance(3600)
    hub.issuing.sign(one.issue_id, "o-security")
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    assert kiosk_a.sign_in(NEW)


def test_a_second_press_begins_nothing(hub: Hub) -> None:
    hand_in(hub, "badge")
    assert order(hub) == order(hub)


def test_of_two_kiosks_that_make_the_same_badge_the_second_is_told_so(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    """The badge was carried from one reader to the other before the first kiosk's word arrived."""
    for who, at in (("r-amira", A), ("r-bram", B)):
        hand_in(hub, "badge", who=who)
        order(hub, who=who, at=at)
    first, second = lays(kiosk_a, uid=NEW), lays(kiosk_b, uid=NEW)
    made(kiosk_a, first)
    with pytest.raises(Refused, match="credential_known"):
        made(kiosk_b, second)
    kept = hub.credentials.find("badge", NEW)
    assert kept is not None
    assert kept.resident_id == "r-amira"
    made(kiosk_b, lays(kiosk_b, uid=NEW + "AA"))


def test_no_kiosk_speaks_for_another(hub: Hub, kiosk_a: Peer, kiosk_b: Peer) -> None:
    hand_in(hub, "badge")
    order(hub)
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_b.ask(PlugReport(kiosk_id=A, credential="badge", uid=NEW))
    answer = lays(kiosk_a, uid=NEW)
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_b.ask(Issued(kiosk_id=A, issue_id=answer.issue_id))


# --- the database's own word -----------------------------------------------------------------------------------


def test_the_database_refuses_an_order_that_one_officer_signed(hub: Hub) -> None:
    hand_in(hub, "badge")
    one = order(hub, second="")
    refused = (
        "UPDATE issue SET signed_by = ordered_by",
        "UPDATE issue SET state = 'open'",
        "UPDATE issue SET state = 'writing'",
        "UPDATE issue SET state = 'done'",
        "UPDATE issue SET signed_by = 'o-nobody', state = 'open'",
        "UPDATE issue SET ordered_by = 'o-security', signed_by = 'o-landing'",
        "UPDATE issue SET resident_id = 'r-bram'",
        "DELETE FROM issue",
    )
    for statement in refused:
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(statement)
    hub.issuing.sign(one.issue_id, "o-security")
    for statement in (
        "UPDATE issue SET signed_by = 'o-director'",
        "UPDATE issue SET signed_by = NULL, state = 'ordered'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(statement)


def test_the_database_refuses_a_credential_of_one_officer_and_a_rewritten_one(
    hub: Hub, kiosk_a: Peer
) -> None:
    hand_in(hub, "badge")
    kept = hub.credentials.find("badge", AMIRA)
    assert kept is not None
    for by, second in (("o-landing", "o-landing"), ("o-landing", ""), ("", "o-security")):
        with pytest.raises(sqlite3.IntegrityError):
            hub.credentials.issue(replace(kept, uid=NEW, issued_by=by, issued_with=second))
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    for column in ("issued_by", "issued_with"):
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(f"UPDATE credential SET {column} = 'o-director' WHERE uid = ?", (NEW,))


@pytest.mark.parametrize(
    "change", ["resident_id = 'r-bram'", "public_key = x'00'", "until_utc = ''", "uid = '04FF'"]
)
def test_the_database_keeps_what_two_officers_gave_out_as_they_gave_it_out(
    hub: Hub, kiosk_a: Peer, change: str
) -> None:
    hand_in(hub, "badge")
    order(hub, temporary=True)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    with pytest.raises(sqlite3.IntegrityError, match="stays"):
        hub.store.run(f"UPDATE credential SET {change} WHERE uid = ?", (NEW,))


def test_a_people_file_gives_nobody_a_badge_that_two_officers_gave_to_somebody_else(
    hub: Hub, kiosk_a: Peer
) -> None:
    hand_in(hub, "badge")
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    hub.credentials.put("badge", NEW, resident_id="r-bram")
    found = hub.credentials.find("badge", NEW)
    assert found is not None
    assert found.resident_id == "r-amira"


def test_the_database_takes_no_security_key_that_nobody_gave_out(hub: Hub) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="two officers"):
        hub.store.run(
            "INSERT INTO credential (kind, uid, resident_id, changed_utc) VALUES ('key', 'abc', 'r-amira', '')"
        )


def test_what_was_copied_is_never_unblocked_by_anybody(hub: Hub, kiosk_a: Peer) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    clone = stick.copy()
    kiosk_a.leave(kiosk_a.enter(stick))
    with pytest.raises(Refused, match="stick_copied"):
        kiosk_a.show(clone)
    with pytest.raises(Refused, match="copy_stays"):
        hub.credentials.set_blocked("stick", stick.stick_id, False, "o-security")
    with pytest.raises(Refused, match="copy_stays"):
        hub.credentials.set_state("stick", stick.stick_id, "returned", "o-security", "returned")
    for statement in (
        "UPDATE credential SET state = 'active' WHERE why = 'copied'",
        "UPDATE credential SET why = 'lost' WHERE why = 'copied'",
        "UPDATE credential SET why = '', state = 'active' WHERE why = 'copied'",
        "DELETE FROM credential WHERE why = 'copied'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(statement)
    order(hub, "stick")
    answer = lays(kiosk_a, "stick")
    made(kiosk_a, answer)
    assert kiosk_a.enter(a_stick(hub, answer))


def test_an_incident_stays_and_is_settled_once(hub: Hub) -> None:
    incident = hub.incidents.open("found", "r-amira", A, "badge", AMIRA)
    assert hub.incidents.close(incident, "o-security", "It lay under the bench.")
    assert not hub.incidents.close(incident, "o-director", "Something else.")
    for statement in (
        "DELETE FROM incident",
        "UPDATE incident SET words = 'no'",
        "UPDATE incident SET closed_utc = ''",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(statement)
