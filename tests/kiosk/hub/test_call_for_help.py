"""The emergency code calls for help when it is typed, whether or not a session comes of it."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.contracts import Pending
from provisioning.errors import Refused
from tests.kiosk.hub.hub_kit import AMIRA, Peer, stick_of
from tests.kiosk.sticks import Stick

HELP = "8642"


@pytest.fixture(autouse=True)
def _emergency(hub: Hub) -> None:
    person = hub.people.resident("r-amira")
    assert person is not None
    emergency = hub.signing_in.checker.made(HELP, person.pin_hash)
    hub.people.set_secret("r-amira", "pin", person.pin_hash, emergency)


@pytest.fixture
def stick(hub: Hub) -> Stick:
    return stick_of(hub, "r-amira", AMIRA + "99")


def calls(hub: Hub) -> list[tuple[str, str, dict[str, str | int]]]:
    """Where, with what and in which session, oldest first."""
    return [
        (one.kiosk_id, one.credential_kind, one.detail)
        for one in hub.incidents.unsettled()
        if one.kind == "duress" and one.resident_id == "r-amira"
    ]


def test_a_stick_that_is_pulled_before_it_is_written_has_called(
    hub: Hub, kiosk_a: Peer, stick: Stick
) -> None:
    assert isinstance(kiosk_a.prove(stick, HELP), Pending)
    assert calls(hub) == [("kiosk-a", "stick", {})]
    assert isinstance(kiosk_a.prove(stick, HELP), Pending)  # again, at the same screen
    assert calls(hub) == [("kiosk-a", "stick", {})]


def test_a_session_that_comes_of_it_is_named_in_the_same_incident(
    hub: Hub, kiosk_a: Peer, stick: Stick, clock: FakeClock
) -> None:
    lease = kiosk_a.enter(stick, HELP)
    assert calls(hub) == [("kiosk-a", "stick", {"session": lease.session_id})]
    kiosk_a.leave(lease)
    clock.advance(1)
    again = kiosk_a.sign_in(AMIRA, HELP)
    assert calls(hub)[1:] == [("kiosk-a", "badge", {"session": again.session_id})]


def test_a_call_at_another_kiosk_or_much_later_is_another_one(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick, clock: FakeClock
) -> None:
    kiosk_a.prove(stick, HELP)
    clock.advance(1)
    kiosk_b.prove(stick, HELP)
    clock.advance(3600)
    kiosk_a.prove(stick, HELP)
    assert [where for where, _, _ in calls(hub)] == ["kiosk-a", "kiosk-b", "kiosk-a"]


def test_a_badge_that_is_blocked_calls_too(hub: Hub, kiosk_a: Peer) -> None:
    found = hub.credentials.find("badge", AMIRA)
    assert found is not None
    hub.issuing.blocking.block(found, "damaged", "o-landing")
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.claim(AMIRA, HELP)
    assert calls(hub) == [("kiosk-a", "badge", {})]


def test_whoever_may_not_enter_here_now_calls_too(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick
) -> None:
    kiosk_a.leave(kiosk_a.enter(stick))  # a pass of hers is at home now, and nobody hears of that kiosk
    with pytest.raises(Refused, match="home_kiosk_away"):
        kiosk_b.prove(stick, HELP)
    assert calls(hub) == [("kiosk-b", "stick", {})]


def test_the_own_code_calls_nobody(hub: Hub, kiosk_a: Peer, stick: Stick) -> None:
    kiosk_a.enter(stick)
    with pytest.raises(Refused, match="pin_wrong"):
        kiosk_a.claim(AMIRA, "9753")
    assert calls(hub) == []
