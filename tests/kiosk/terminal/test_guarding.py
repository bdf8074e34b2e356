"""An officer's badge at a kiosk blocks somebody's badge or stick right there, with the hub or without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.terminal.session import (
    CredentialSeen,
    Idle,
    OfficerHere,
    Person,
    PinEntry,
    PinGiven,
    Refused,
    SignedIn,
    SignInGranted,
    Welcomed,
)
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock
from provisioning.contracts import BlockHere
from provisioning.errors import Unavailable
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRAS,
    BRAMS,
    Visitor,
    hidden,
    hub_sim,
    make_nodes,
    stick_of,
    terminal_of,
)
from tests.support import wait_until

NADIAS = AMIRAS.__class__("badge", "0FF1CE")  # the officer's badge that HubSim tells of


@pytest.fixture
def house(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[HubSim, Terminal]]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        hub.officers.add(NADIAS.uid)
        terminal.hub.refresh()
        terminal.hub.promise()
        yield hub, terminal


def cut(hub: HubSim, clock: FakeClock) -> None:
    """From now on the hub is away, for long enough to do without it."""
    hub.refuse_with = Unavailable("peer_away")
    clock.advance(31)


@pytest.mark.parametrize("away", [False, True])
def test_two_touches_block_a_stick_here_and_the_hub_hears_of_it(
    house: tuple[HubSim, Terminal], clock: FakeClock, away: bool
) -> None:
    hub, terminal = house
    visitor, stick = Visitor(terminal), stick_of(hub, AMIRAS)
    assert "Hello Amira" in visitor.signs_in(stick)
    visitor.leaves()
    terminal.errands.join()
    if away:
        cut(hub, clock)
    visitor.puts_down(NADIAS)
    assert isinstance(terminal.keeper.state, OfficerHere)
    visitor.leaves()  # the officer takes the badge away; the screen waits for what they mean
    page = visitor.puts_down(stick)
    state = terminal.keeper.state
    assert isinstance(state, OfficerHere)
    assert state.chosen is not None
    assert state.chosen.uid == stick.stick_id
    visitor.press(page, "/officer/block")
    state = terminal.keeper.state
    assert isinstance(state, OfficerHere)
    assert state.is_done
    wait_until(lambda: hub.heard_of(BlockHere), what="the hub hears of it")
    told = hub.heard_of(BlockHere)[0]
    assert isinstance(told, BlockHere)
    assert (told.officer_id, told.uid) == ("o-nadia", stick.stick_id)
    assert terminal.trail.latest()[0].action == "badge_blocked"


def test_blocked_here_it_opens_nothing_while_the_hub_is_away(
    house: tuple[HubSim, Terminal], clock: FakeClock
) -> None:
    hub, terminal = house
    visitor, stick = Visitor(terminal), stick_of(hub, AMIRAS)
    visitor.signs_in(stick)
    visitor.leaves()
    terminal.errands.join()
    cut(hub, clock)
    visitor.puts_down(NADIAS)
    visitor.press(visitor.sees("/"), "/officer/last")  # Amira was here a moment ago
    visitor.press(visitor.sees("/"), "/officer/block")
    visitor.press(visitor.sees("/"), "/stop")
    assert isinstance(terminal.keeper.state, Idle)
    visitor.puts_down(stick)
    state = terminal.keeper.state
    assert isinstance(state, Refused)
    assert state.code == "badge_blocked"


def test_the_hubs_word_holds_once_it_has_heard_of_the_block(house: tuple[HubSim, Terminal]) -> None:
    hub, terminal = house
    visitor, stick = Visitor(terminal), stick_of(hub, AMIRAS)
    visitor.puts_down(NADIAS)
    visitor.press(visitor.puts_down(stick), "/officer/block")
    visitor.press(visitor.sees("/"), "/stop")
    wait_until(lambda: hub.heard_of(BlockHere) and not terminal.outbox.count_waiting())
    visitor.puts_down(stick)  # an officer has let it work again: the simulated hub never closed it
    assert isinstance(terminal.keeper.state, PinEntry)


def test_a_page_drawn_for_another_choice_blocks_nothing(house: tuple[HubSim, Terminal]) -> None:
    hub, terminal = house
    visitor, stick = Visitor(terminal), stick_of(hub, AMIRAS)
    visitor.puts_down(NADIAS)
    old = visitor.puts_down(AMIRAS)
    terminal.arrivals.saw(terminal.arrivals._tickets.credential_of(stick.seen()))
    visitor.browser.post("/officer/block", data=hidden(old))
    state = terminal.keeper.state
    assert isinstance(state, OfficerHere)
    assert not state.is_done
    assert not hub.heard_of(BlockHere)


def test_who_comes_after_the_officer_has_blocked_comes_for_themselves(house: tuple[HubSim, Terminal]) -> None:
    _hub, terminal = house
    visitor = Visitor(terminal)
    visitor.puts_down(NADIAS)
    visitor.press(visitor.puts_down(AMIRAS), "/officer/block")
    assert isinstance(terminal.keeper.state, OfficerHere)
    visitor.puts_down(BRAMS)
    assert isinstance(terminal.keeper.state, PinEntry)


def test_whoever_was_here_before_the_last_is_not_the_one_who_was_here(
    house: tuple[HubSim, Terminal],
) -> None:
    """Who left a moment ago signed in with a key, which has no number on the reader: nobody else stands in for them."""
    _hub, terminal = house
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    visitor.leaves()
    assert terminal.was_here is not None
    arrived = terminal.keeper.feed(CredentialSeen(AMIRAS.__class__("key", "")))
    terminal.keeper.feed(Welcomed(arrived.visit))
    asking = terminal.keeper.feed(PinGiven())
    bram = Person("r-bram", "Bram", "nl", "A", "session-of-bram")
    terminal.own_word.let_in(SignInGranted(asking.visit, bram), lambda: None)
    assert isinstance(terminal.keeper.state, SignedIn)
    visitor.press(visitor.sees("/"), "/stop")
    assert terminal.was_here is None
    assert "Amira" not in visitor.puts_down(NADIAS)


def test_an_officers_badge_opens_nothing_else(house: tuple[HubSim, Terminal]) -> None:
    _hub, terminal = house
    visitor = Visitor(terminal)
    visitor.puts_down(NADIAS)
    assert not isinstance(terminal.keeper.state, SignedIn)
    assert visitor.get("/printing/").request.path == "/"
