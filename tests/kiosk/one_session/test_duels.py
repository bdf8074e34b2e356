"""The moments that matter, one by one: both sticks of one person, and a home kiosk whose line has just broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.terminal.session import CredentialGone, Refused, SignedIn, State, Touched
from tests.kiosk.one_session.world import PIN, Place, World

ALONE_S, SLACK_S = 30, 2  # site.alone_after_s, promises.SLACK_S


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Everybody has heard everybody, and the person's home kiosk holds a pass of the first stick."""
    made = World(tmp_path, seed=1)
    made.pass_time(12)
    here = come(made, home(made), 0)
    assert isinstance(here, SignedIn)
    leave(home(made))
    made.pass_time(12)
    yield made
    made.close()


def home(world: World) -> Place:
    return world.places["kiosk-a"]


def other(world: World) -> Place:
    return world.places["kiosk-b"]


def come(world: World, place: Place, number: int) -> State:
    """One of the two sticks is plugged in there and the code typed; the screen then."""
    assert place.terminal is not None
    stick = world.sticks[number]
    place.terminal.entrance.reader = stick
    place.terminal.arrivals.saw(place.terminal.arrivals._tickets.credential_of(stick.seen()))
    place.terminal.entrance.sign_in(PIN)
    world.look()
    return place.terminal.keeper.state


def leave(place: Place) -> None:
    assert place.terminal is not None
    place.terminal.keeper.feed(CredentialGone("stick"))


def stays(world: World, place: Place, seconds: float) -> State:
    """Somebody goes on touching the screen."""
    assert place.terminal is not None
    while seconds > 0:
        place.terminal.keeper.feed(Touched())
        world.pass_time(min(5.0, seconds))
        seconds -= 5
    return place.terminal.keeper.state


def code(state: State) -> str:
    assert isinstance(state, Refused), state
    return state.code


def test_just_cut_off_the_home_kiosk_waits_while_the_hub_still_counts_on_it(world: World) -> None:
    home(world).wire.how = "cut"
    assert isinstance(come(world, other(world), 1), SignedIn)
    assert code(come(world, home(world), 0)) == "hub_just_left"
    over = stays(world, other(world), ALONE_S)
    assert code(over) == "lease_over"  # the hub could not hear whether the home kiosk still waits
    alone = come(world, home(world), 0)
    assert isinstance(alone, SignedIn)
    assert alone.is_offline
    assert code(come(world, other(world), 1)) == "home_kiosk_away"


def test_told_in_time_the_home_kiosk_lets_nobody_in_however_long_it_is_alone(world: World) -> None:
    assert isinstance(come(world, other(world), 1), SignedIn)
    assert isinstance(
        stays(world, other(world), 15), SignedIn
    )  # two questions of the home kiosk: told, and confirmed
    home(world).wire.how = "cut"
    assert isinstance(stays(world, other(world), 300), SignedIn)
    assert code(come(world, home(world), 0)) == "session_elsewhere"


def test_whoever_is_at_home_by_the_kiosks_own_word_is_nowhere_else_when_the_line_is_back(
    world: World,
) -> None:
    home(world).wire.how = "cut"
    world.pass_time(ALONE_S + 2)
    assert isinstance(come(world, home(world), 0), SignedIn)
    home(world).wire.how = "fine"
    assert isinstance(stays(world, home(world), 20), SignedIn)
    assert code(come(world, other(world), 1)) == "home_kiosk_away"
    leave(home(world))
    world.pass_time(12)
    assert isinstance(come(world, other(world), 1), SignedIn)
