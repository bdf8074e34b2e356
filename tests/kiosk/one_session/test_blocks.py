"""G05: what an officer blocks is out of use at every online kiosk within a minute, whenever in its round it falls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.issuing.issuing import wanted
from kiosk.terminal import hubside
from kiosk.terminal.session import Credential, Refused, SignedIn
from kiosk.terminal.terminal import Terminal
from provisioning.contracts import Issued, PlugReport, ToIssue
from provisioning.errors import Refused as Refusal
from tests.kiosk.one_session.world import PERSON, PROMISE_S, RENEW_S, World

WITHIN_S = 60.0  # targets.md, G05
ROUND_S = 8.0  # a renewal each 3 s, a promise each 5 s: one of each in the worst order
HOME = "kiosk-a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, seed=7)
    yield made
    made.close()


def signed_in(world: World) -> Terminal:
    """The person sits at their home kiosk with a stick, and the kiosk keeps a pass of it."""
    place = world.places[HOME]
    world.pass_time(10)
    while place.terminal is None or not isinstance(place.terminal.keeper.state, SignedIn):
        world._come(place)
        world.pass_time(1)
    assert place.terminal.store.pass_stamps()
    return place.terminal


def test_the_worlds_round_is_the_kiosks_own(world: World) -> None:
    assert hubside.RENEW_S == RENEW_S
    assert world.places[HOME].node.site.alone_after_s / hubside.PROMISES == PROMISE_S


def test_a_block_ends_the_session_and_the_pass_wherever_in_the_round_it_falls(world: World) -> None:
    """25 offsets, 0.2 s apart: the session's end and the pass's fall by the fake clock, the longest of all."""
    hub, longest_s = world.hub, 0.0
    assert hub is not None
    for offset in range(25):
        terminal = signed_in(world)
        world.pass_time(offset / 5)
        (session,) = hub.sessions.of_resident(PERSON)
        state = terminal.keeper.state
        assert isinstance(state, SignedIn)
        stick = hub.credentials.find("stick", state.credential.uid)
        assert stick is not None
        assert hub.issuing.blocking.block(stick, "lost", "o-landing")
        waited_s = 0.0
        while isinstance(terminal.keeper.state, SignedIn) or terminal.store.pass_stamps():
            world.pass_time(0.5)
            waited_s += 0.5
            assert waited_s <= WITHIN_S, offset
        assert isinstance(terminal.keeper.state, Refused)
        longest_s = max(longest_s, waited_s)
        world.pass_time(25)  # the screen is free again, and the hub has heard the end
        assert not hub.sessions.of_resident(PERSON), session
        hub.issuing.blocking.unblock(stick, "o-security")
        for place in world.places.values():
            place.plugged = None
    assert longest_s <= ROUND_S


def test_a_blocked_badge_opens_no_kiosk_in_the_next_moment(world: World) -> None:
    hub = world.hub
    assert hub is not None
    badge = next(one for one in hub.credentials.of(PERSON) if one.kind == "badge")
    hub.issuing.blocking.block(badge, "stolen", "o-landing")
    for place in world.places.values():
        assert place.terminal is not None
        place.terminal.arrivals.saw(Credential("badge", badge.uid))
        assert place.terminal.keeper.state == Refused(
            place.terminal.keeper.state.visit,
            place.terminal.keeper.state.language,
            place.terminal.keeper.state.until_s,  # type: ignore[union-attr]
            "badge_blocked",
            (("kind", "badge"),),
        )
    assert {one.kind for one in hub.incidents.unsettled()} == {"found"}
    (found,) = hub.incidents.unsettled()
    assert found.kiosk_id in world.places


def test_an_order_expires_by_the_hubs_clock_whatever_the_kiosks_shows(world: World) -> None:
    hub, place = world.hub, world.places[HOME]
    assert hub is not None
    assert place.terminal is not None
    for one in hub.credentials.of(PERSON):
        hub.issuing.blocking.block(one, "lost", "o-landing")
    order = hub.issuing.order(wanted("badge", PERSON, HOME, "o-landing", second="o-security"))
    place.clock.advance(25)
    told = place.terminal.hub.ask(PlugReport(kiosk_id=HOME, credential="badge", uid="04D1D2D3"), ToIssue)
    assert told.issue_id.startswith(order.issue_id)
    place.clock.advance(-25)
    world.pass_time(151)
    with pytest.raises(Refusal, match="issue_over"):
        place.terminal.hub.ask(Issued(kiosk_id=HOME, issue_id=told.issue_id), ToIssue)
