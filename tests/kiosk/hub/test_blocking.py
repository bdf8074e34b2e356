"""Lost and found, blocks and copies that kiosks found alone, and two acts by one officer (J1.F1, J1.F3, J4.F10)."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from provisioning.clock import FakeClock, iso
from provisioning.contracts import (
    BlockHere,
    CopyFound,
    RenewLease,
    WhoComes,
)
from provisioning.errors import Corrupt, Refused
from tests.kiosk.hub.hub_kit import AMIRA, Peer
from tests.kiosk.hub.issuing_kit import NEW, A, B, hand_in, lays, made, order


@pytest.fixture(autouse=True)
def _quick(hub: Hub) -> None:
    """The PIN's hash is proven elsewhere."""
    hub.signing_in.checker._which = lambda secret, _phc, _duress, _pepper: "own" if secret == "1234" else ""


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


@pytest.mark.parametrize("at_utc", ["", "2026-11-22T23:59:59.000Z"])
def test_an_officer_whose_own_badge_is_blocked_blocks_nothing_at_a_kiosk(
    hub: Hub, kiosk_a: Peer, at_utc: str
) -> None:
    hub.credentials.set_blocked("badge", "0F0", True, "o-security")
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_a.tell(
            BlockHere(kiosk_id=A, officer_id="o-landing", credential="badge", uid=AMIRA, at_utc=at_utc)
        )


def test_a_block_holds_though_the_officers_badge_was_lost_before_the_kiosk_was_heard(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    """The kiosk lets go of its own block once the hub has answered."""
    there_utc = iso(clock.now_utc())
    clock.advance(60)
    hub.credentials.set_blocked("badge", "0F0", True, "o-security")
    kiosk_a.tell(
        BlockHere(kiosk_id=A, officer_id="o-landing", credential="badge", uid=AMIRA, at_utc=there_utc)
    )
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.sign_in(AMIRA)


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
    assert [(one.kind, one.detail["officer"]) for one in hub.incidents.unsettled()] == [
        ("pair", "o-security")
    ]
    hub.issuing.pairs.look("r-amira")
    assert len(hub.incidents.unsettled()) == 1


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
