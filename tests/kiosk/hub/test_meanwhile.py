"""What changes while somebody's code is still being checked counts before their session begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from kiosk.hub.node import Hub
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.signing_in import SigningIn
from provisioning.clock import FakeClock, iso
from provisioning.contracts import SignIn
from provisioning.errors import Refused
from provisioning.identity.pins import which_secret
from tests.kiosk.hub.hub_kit import AMIRA, PEPPER, Peer, stick_of


def while_checking(hub: Hub, happens: Callable[[], object]) -> SigningIn:
    """Sign-in where something happens while a code is being checked."""

    def which(secret: str, phc: str, duress: str, pepper: bytes) -> Literal["own", "duress", ""]:
        happens()
        return which_secret(secret, phc, duress, pepper)

    checker = Checker(PEPPER, which=which)
    prover = replace(hub.signing_in.prover, checker=checker)
    return replace(hub.signing_in, prover=prover, checker=checker)


def ask(uid: str = AMIRA, **more: object) -> SignIn:
    return SignIn(kiosk_id="kiosk-a", credential="badge", uid=uid, pin="1234", **more)  # type: ignore[arg-type]


def block(hub: Hub) -> bool:
    found = hub.credentials.find("badge", AMIRA)
    assert found is not None
    return hub.issuing.blocking.block(found, "stolen", "o-landing")


def test_a_badge_that_is_blocked_while_its_code_is_checked_opens_nothing(hub: Hub) -> None:
    with pytest.raises(Refused, match="badge_blocked"):
        while_checking(hub, lambda: block(hub)).resident(ask())
    assert hub.sessions.all_open() == []


def test_a_temporary_badge_that_ends_while_its_code_is_checked_opens_nothing(
    hub: Hub, clock: FakeClock
) -> None:
    until_utc = iso(clock.now_utc() + timedelta(seconds=1))
    hub.store.run("UPDATE credential SET until_utc = ? WHERE uid = ?", (until_utc, AMIRA))
    with pytest.raises(Refused, match="badge_expired"):
        while_checking(hub, lambda: clock.advance(2)).resident(ask())
    assert hub.sessions.all_open() == []


def test_a_badge_that_is_blocked_while_its_person_waits_for_another_kiosk_opens_nothing(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    pending = kiosk_b.claim(AMIRA)
    block(hub)
    kiosk_a.leave(lease, "taken_over")
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_b.take_up(pending)
    assert hub.sessions.all_open() == []


def test_a_copy_that_is_used_while_the_code_of_the_other_is_checked_gets_no_new_ticket(
    hub: Hub, kiosk_b: Peer
) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    copy = stick.copy()
    used: list[Peer] = []

    def other() -> None:
        if not used:
            used.append(kiosk_b)
            kiosk_b.leave(kiosk_b.enter(copy))

    question = SignIn(
        kiosk_id="kiosk-a", credential="stick", uid=stick.stick_id, pin="1234", ticket=stick.shown()
    )
    with pytest.raises(Refused, match="stick_copied"):
        while_checking(hub, other).resident(question)
    assert [one.kind for one in hub.incidents.unsettled()] == ["copy"]
    kept = hub.credentials.find("stick", stick.stick_id)
    assert kept is not None
    assert (kept.state, kept.why) == ("blocked", "copied")


def test_a_copy_that_is_blocked_as_lost_while_its_code_is_checked_stays_blocked_as_a_copy(
    hub: Hub, kiosk_b: Peer
) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    copy = stick.copy()
    kiosk_b.leave(kiosk_b.enter(stick))

    def lose() -> None:
        found = hub.credentials.find("stick", stick.stick_id)
        assert found is not None
        hub.issuing.blocking.block(found, "lost", "o-landing")

    question = SignIn(
        kiosk_id="kiosk-a", credential="stick", uid=copy.stick_id, pin="1234", ticket=copy.shown()
    )
    with pytest.raises(Refused, match="stick_copied"):
        while_checking(hub, lose).resident(question)
    kept = hub.credentials.find("stick", stick.stick_id)
    assert kept is not None
    assert (kept.state, kept.why) == ("blocked", "copied")
