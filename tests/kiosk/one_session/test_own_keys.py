"""A security key at its owner's home kiosk while the hub is away: checked there, and a copy found there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.terminal.session import Credential, CredentialGone, Refused, SignedIn, State
from provisioning.contracts import CopyFound
from provisioning.sim.security_key import VirtualKey
from tests.kiosk.keys import PIN, KeyInReader, key_of
from tests.kiosk.one_session.world import PERSON, Place, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, seed=1)
    made.pass_time(12)
    yield made
    made.close()


def come(world: World, place: Place, key: VirtualKey) -> State:
    """The key is put in, its code typed, a finger laid on it; the screen then."""
    terminal = place.terminal
    assert terminal is not None
    terminal.keeper.feed(CredentialGone("key"))
    terminal.entrance.reader = KeyInReader(key, place.node.site.site_id)
    terminal.arrivals.saw(Credential("key", ""))
    terminal.entrance.sign_in(PIN)
    world.look()
    state = terminal.keeper.state
    terminal.keeper.feed(CredentialGone("key"))
    world.pass_time(2)
    return state


def code(state: State) -> str:
    assert isinstance(state, Refused), state
    return state.code


def test_at_home_a_key_opens_the_offline_set_and_a_copy_of_it_is_found_there(world: World) -> None:
    assert world.hub is not None
    key, home = key_of(world.hub, PERSON), world.places["kiosk-a"]
    clone = key.copy()
    online = come(world, home, key)
    assert isinstance(online, SignedIn)
    assert (online.is_offline, online.person.standing.level) == (False, 2)
    home.wire.how = "cut"
    world.pass_time(32)
    alone = come(world, home, key)
    assert isinstance(alone, SignedIn)
    assert alone.is_offline
    assert code(come(world, home, clone)) == "stick_copied"
    assert (
        code(come(world, home, key)) == "offline_no_pass"
    )  # neither opens anything until an officer has looked
    home.wire.how = "fine"
    world.pass_time(12)
    assert home.terminal is not None
    assert not [one for one in home.terminal.outbox.waiting("hub") if isinstance(one.contract, CopyFound)]
    (incident,) = [one for one in world.hub.incidents.latest() if one.kind == "copy"]
    assert (incident.credential_kind, incident.kiosk_id) == ("key", "kiosk-a")
    assert code(come(world, home, key)) == "badge_blocked"


def test_a_key_that_never_signed_in_here_has_no_pass(world: World) -> None:
    assert world.hub is not None
    key, home = key_of(world.hub, PERSON), world.places["kiosk-a"]
    home.wire.how = "cut"
    world.pass_time(32)
    assert code(come(world, home, key)) == "offline_no_pass"
