"""A resident's security key at two kiosks: signs in with level 2; its copy is found out, even at the same moment."""

from __future__ import annotations

import threading

import pytest

from kiosk.hub.node import Hub
from provisioning.contracts import Lease, SignIn, Welcome, WhoComes
from provisioning.errors import Refused
from provisioning.readers.keys import Keys
from provisioning.sim.security_key import VirtualKey
from tests.kiosk.hub.hub_kit import Peer
from tests.kiosk.keys import key_of
from tests.provisioning.fido.kit import PIN, nobody_waits


@pytest.fixture
def key(hub: Hub) -> VirtualKey:
    """A key that two officers gave to Amira."""
    return key_of(hub, "r-amira")


def answer(kiosk: Peer, key: VirtualKey) -> SignIn:
    welcome = kiosk.ask(WhoComes(kiosk_id=kiosk.node.node_id, credential="key"))
    assert isinstance(welcome, Welcome)
    signed = Keys(kiosk.hub.node.site.site_id).sign(key.plug(), welcome.options, PIN, nobody_waits)
    return SignIn(kiosk_id=kiosk.node.node_id, credential="key", assertion=signed)


def said(kiosk: Peer, asked: SignIn) -> str:
    try:
        return type(kiosk.ask(asked)).__name__
    except Refused as refusal:
        return refusal.reason


def test_a_key_signs_in_without_a_name_at_the_highest_level(hub: Hub, kiosk_a: Peer, key: VirtualKey) -> None:
    lease = kiosk_a.ask(answer(kiosk_a, key))
    assert isinstance(lease, Lease)
    assert lease.standing.level == 2
    kept = hub.credentials.of("r-amira")
    (mine,) = [one for one in kept if one.kind == "key"]
    assert (mine.counter, mine.last_kiosk) == (key.memory.counter, "kiosk-a")


def test_an_answer_serves_once_and_at_its_own_kiosk(kiosk_a: Peer, kiosk_b: Peer, key: VirtualKey) -> None:
    first = answer(kiosk_a, key)
    elsewhere = SignIn(kiosk_id="kiosk-b", credential="key", assertion=answer(kiosk_a, key).assertion)
    assert said(kiosk_a, first) == "key_stale"  # the screen asked again since
    assert said(kiosk_b, elsewhere) == "key_stale"
    good = answer(kiosk_a, key)
    assert said(kiosk_a, good) == "Lease"
    assert said(kiosk_a, good) == "key_stale"


def test_a_copied_key_is_found_at_the_first_use_of_the_other_and_both_are_blocked(
    kiosk_a: Peer, kiosk_b: Peer, key: VirtualKey
) -> None:
    clone = key.copy()
    lease = kiosk_a.ask(answer(kiosk_a, key))
    assert isinstance(lease, Lease)
    kiosk_a.leave(lease)
    assert said(kiosk_b, answer(kiosk_b, clone)) in {"stick_copied", "key_copied"}
    assert said(kiosk_a, answer(kiosk_a, key)) == "badge_blocked"


def test_of_a_key_and_its_copy_at_the_same_moment_one_is_found_out(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, key: VirtualKey
) -> None:
    asked = [(kiosk_a, answer(kiosk_a, key.copy())), (kiosk_b, answer(kiosk_b, key.copy()))]
    start, got = threading.Barrier(2), list[str]()

    def use(kiosk: Peer, one: SignIn) -> None:
        start.wait()
        got.append(said(kiosk, one))

    threads = [threading.Thread(target=use, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one in {"stick_copied", "key_copied"}]) == 1, got
    (mine,) = [one for one in hub.credentials.of("r-amira") if one.kind == "key"]
    assert mine.blocked


def test_a_count_is_kept_only_when_it_grows(hub: Hub, key: VirtualKey) -> None:
    (mine,) = [one for one in hub.credentials.of("r-amira") if one.kind == "key"]
    assert hub.credentials.counted(mine.uid, mine.counter + 2, "kiosk-a")
    for behind in (mine.counter + 2, mine.counter + 1, 0):
        assert not hub.credentials.counted(mine.uid, behind, "kiosk-b")
    found = hub.credentials.find("key", mine.uid)
    assert found is not None
    assert (found.counter, found.last_kiosk) == (mine.counter + 2, "kiosk-a")
