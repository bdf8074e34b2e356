"""Giving out badges, sticks and keys: two officers, one kiosk, ten minutes; nothing opens before it is made."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from kiosk.hub.issuing.issuing import wanted
from kiosk.hub.issuing.rules import Issue
from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.contracts import (
    BlockHere,
    CopyFound,
    Done,
    Issued,
    IssueFailed,
    Lease,
    PlugReport,
    RenewLease,
    ToIssue,
    Welcome,
    WhoComes,
)
from provisioning.errors import Corrupt, Refused
from provisioning.identity.stick import read_header
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, Peer, stick_of
from tests.kiosk.sticks import Stick

A, B = "kiosk-a", "kiosk-b"
NEW = "04D1D2D3"


def order(hub: Hub, kind: str = "badge", who: str = "r-amira", at: str = A, **more: object) -> Issue:
    """An order of the landing officer, signed by the security officer."""
    second = str(more.pop("second", "o-security"))
    return hub.issuing.order(wanted(kind, who, at, "o-landing", second=second, **more))  # type: ignore[arg-type]


def hand_in(hub: Hub, *kinds: str, who: str = "r-amira") -> None:
    """What the person carries is out of use, so that they may be given another."""
    for one in hub.credentials.of(who):
        if one.kind in (kinds or ("badge", "stick")):
            hub.issuing.blocking.block(one, "lost", "o-landing")


def lays(kiosk: Peer, kind: str = "badge", uid: str = "") -> ToIssue:
    """The kiosk asks what to make of the thing in its hand."""
    answer = kiosk.ask(PlugReport(kiosk_id=kiosk.node.node_id, credential=kind, uid=uid))  # type: ignore[arg-type]
    assert isinstance(answer, ToIssue)
    return answer


def made(kiosk: Peer, answer: ToIssue) -> None:
    """It was made there."""
    assert kiosk.ask(Issued(kiosk_id=kiosk.node.node_id, issue_id=answer.issue_id)) == Done()


def stage(hub: Hub, one: Issue) -> str:
    found = hub.issuing.issues.find(one.issue_id)
    assert found is not None
    return found.state


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
    made(kiosk_a, answer)
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
    hub: Hub, kiosk_a: Peer, clock: FakeClock
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


def test_the_real_badge_takes_the_temporary_ones_place(hub: Hub, kiosk_a: Peer) -> None:
    hand_in(hub, "badge")
    order(hub, temporary=True)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid="04E1E2E3"))
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.sign_in(NEW)
    assert kiosk_a.sign_in("04E1E2E3")


def test_nobody_gets_a_second_one_that_works(hub: Hub) -> None:
    with pytest.raises(Refused, match="issue_carries"):
        order(hub)
    with pytest.raises(Refused, match="issue_carries"):
        order(hub, temporary=True)


# --- a stick -------------------------------------------------------------------------------------------------


def a_stick(hub: Hub, answer: ToIssue) -> Stick:
    """The stick as the kiosk has written it."""
    site_id = hub.node.site.site_id
    header = read_header(answer.header, hub.key.key.public_key(), site_id)
    return Stick(header.stick_id, site_id, hub.key, answer.header, (answer.ticket, bytes(512)))


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


# --- lost and found ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "is_alarm"), [("lost", True), ("stolen", True), ("replaced", True), ("damaged", False)]
)
def test_a_lost_badge_that_is_seen_again_is_an_alarm_with_its_place(
    hub: Hub, kiosk_b: Peer, why: str, is_alarm: bool
) -> None:
    kept = hub.credentials.find("badge", AMIRA)
    assert kept is not None
    hub.issuing.blocking.block(kept, why, "o-landing")  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(Refused, match="badge_blocked"):
            kiosk_b.ask(WhoComes(kiosk_id=B, credential="badge", uid=AMIRA))
    found = [one for one in hub.incidents.unsettled() if one.kind == "found"]
    assert [(one.kiosk_id, one.uid) for one in found] == ([(B, AMIRA)] if is_alarm else [])


def test_a_block_ends_the_session_with_the_kiosks_next_question(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    hand_in(hub, "badge")
    with pytest.raises(Refused, match="session_ended"):
        kiosk_a.ask(RenewLease(session_id=lease.session_id))


# --- what kiosks did by themselves ---------------------------------------------------------------------------------


def test_a_block_by_an_officers_badge_at_a_kiosk_holds_everywhere(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    lease = kiosk_b.sign_in(AMIRA)
    said = BlockHere(
        kiosk_id=A, officer_id="o-landing", credential="badge", uid=AMIRA, at_utc="2026-11-22T08:00:00.000Z"
    )
    kiosk_a.tell(said, "m1")
    kiosk_a.tell(said, "m1")
    kiosk_a.tell(said, "m2")
    with pytest.raises(Refused, match="session_ended"):
        kiosk_b.ask(RenewLease(session_id=lease.session_id))
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_b.sign_in(AMIRA)
    assert [(one.kind, one.kiosk_id, one.detail["officer"]) for one in hub.incidents.unsettled()] == [
        ("blocked_here", A, "o-landing")
    ]


@pytest.mark.parametrize(("officer", "kiosk"), [("o-nobody", A), ("r-bram", A), ("o-landing", B)])
def test_a_block_by_nobodys_badge_or_in_anothers_name_blocks_nothing(
    hub: Hub, kiosk_a: Peer, officer: str, kiosk: str
) -> None:
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_a.tell(BlockHere(kiosk_id=kiosk, officer_id=officer, credential="badge", uid=AMIRA, at_utc=""))
    assert kiosk_a.sign_in(AMIRA)


def test_an_officer_whose_own_badge_is_blocked_blocks_nothing_at_a_kiosk(hub: Hub, kiosk_a: Peer) -> None:
    hub.credentials.set_blocked("badge", "0F0", True, "o-security")
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_a.tell(BlockHere(kiosk_id=A, officer_id="o-landing", credential="badge", uid=AMIRA, at_utc=""))


@pytest.mark.parametrize("was", ["", "lost"])
def test_a_copy_that_a_kiosk_found_alone_is_blocked_for_good(hub: Hub, kiosk_a: Peer, was: str) -> None:
    stick = AMIRA + "99"
    if was:
        hand_in(hub, "stick")
    for message in ("m1", "m1", "m2"):
        kiosk_a.tell(CopyFound(kiosk_id=A, uid=stick, counter=1, at_utc="2026-11-22T08:00:00.000Z"), message)
    kept = hub.credentials.find("stick", stick)
    assert kept is not None
    assert (kept.state, kept.why) == ("blocked", "copied")
    assert [one.kind for one in hub.incidents.unsettled()] == ["copy"]


# --- J4.F10 --------------------------------------------------------------------------------------------------------


def test_a_new_badge_and_another_regime_by_one_officer_in_a_day_is_an_incident(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    hand_in(hub, "badge")
    hub.trail.record("o-security", "regime_changed", "r-amira")
    clock.advance(23 * 3600)
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    hub.issuing.pairs.look("r-amira")
    assert [(one.kind, one.detail["officer"]) for one in hub.incidents.unsettled()] == [
        ("pair", "o-security")
    ]


@pytest.mark.parametrize(
    ("officer", "action", "later_s"),
    [
        ("o-director", "regime_changed", 60),
        ("o-security", "person_viewed", 60),
        ("o-security", "regime_changed", 25 * 3600),
    ],
)
def test_another_officer_another_act_or_another_day_is_none(
    hub: Hub, kiosk_a: Peer, clock: FakeClock, officer: str, action: str, later_s: int
) -> None:
    hand_in(hub, "badge")
    hub.trail.record(officer, action, "r-amira")
    clock.advance(later_s)
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    assert not hub.incidents.unsettled()


def test_a_first_badge_is_no_re_issue(hub: Hub, kiosk_a: Peer) -> None:
    hub.store.run("DELETE FROM credential WHERE resident_id = 'r-amira'")
    hub.trail.record("o-security", "regime_changed", "r-amira")
    order(hub)
    made(kiosk_a, lays(kiosk_a, uid=NEW))
    assert not hub.incidents.unsettled()
