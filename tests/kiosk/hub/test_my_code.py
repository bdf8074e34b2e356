"""A person changes the own code and the emergency code; with the emergency code everything only seems to happen."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.contracts import ChangeSecret, CodeKind, Done, Lease, MyCode
from provisioning.contracts.base import encode
from provisioning.errors import Refused
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, Peer, people_in, stick_of

OWN, HELP = "1234", "9071"


def change(peer: Peer, lease: Lease, old: str = OWN, **more: object) -> Done:
    done = peer.ask(
        ChangeSecret(kiosk_id=peer.node.node_id, session_id=lease.session_id, old=old, **more)  # type: ignore[arg-type]
    )
    assert isinstance(done, Done)
    return done


def refused(peer: Peer, lease: Lease, old: str = OWN, **more: object) -> str:
    with pytest.raises(Refused) as caught:
        change(peer, lease, old, **more)
    return caught.value.reason


def factor(peer: Peer, lease: Lease) -> str:
    kind = peer.ask(MyCode(session_id=lease.session_id))
    assert isinstance(kind, CodeKind)
    return kind.factor


def opens(peer: Peer, secret: str, uid: str = AMIRA) -> bool:
    """Whether a secret opens a session."""
    try:
        peer.leave(peer.sign_in(uid, secret))
    except Refused:
        return False
    return True


def held(hub: Hub, lease: Lease) -> bool:
    fact = hub.sessions.fact(lease.session_id)
    assert fact is not None
    return fact.is_held


def test_a_new_pin_opens_and_the_old_one_does_not(kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, new="6283")
    kiosk_a.leave(lease)
    assert (opens(kiosk_a, OWN), opens(kiosk_a, "6283")) == (False, True)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"new": "0000"}, "secret_trivial"),
        ({"new": "12"}, "secret_unfit"),
        ({"new": "1-2-3"}, "secret_unfit"),
        ({"new": "6283", "factor": "pictures"}, "secret_unfit"),
        ({"new": OWN}, "secret_trivial"),
        ({"emergency": "1235"}, "secret_near"),
        ({"emergency": "1324"}, "secret_near"),
        ({"emergency": "4-7-9"}, "secret_unfit"),
        ({"new": "6283", "emergency": "6238"}, "secret_near"),
    ],
)
def test_what_may_not_be_chosen_is_refused_and_nothing_changes(
    hub: Hub, kiosk_a: Peer, wish: dict[str, str], code: str
) -> None:
    before = hub.people.resident("r-amira")
    lease = kiosk_a.sign_in(AMIRA)
    assert refused(kiosk_a, lease, **wish) == code
    assert hub.people.resident("r-amira") == before


def test_a_wrong_old_code_counts_as_a_try(kiosk_a: Peer, clock: FakeClock) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    codes = [refused(kiosk_a, lease, "5555", new="6283") for _ in range(6)]
    assert codes == ["pin_wrong"] * 4 + ["pin_locked"] * 2
    assert refused(kiosk_a, lease, new="6283") == "pin_locked"  # the right one as well
    clock.advance(301)
    change(kiosk_a, lease, new="6283")


def test_three_pictures_take_the_place_of_the_pin_and_the_emergency_code_ends(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    assert factor(kiosk_a, lease) == "pin"
    change(kiosk_a, lease, factor="pictures", new="3-7-11")
    assert factor(kiosk_a, lease) == "pictures"
    person = hub.people.resident("r-amira")
    assert person is not None
    assert person.duress_hash == ""  # digits could not be given on the pictures' pad
    kiosk_a.leave(lease)
    assert [opens(kiosk_a, one) for one in (OWN, HELP, "3-11-7", "3-7-11")] == [False, False, False, True]
    assert hub.incidents.latest() == []


def test_the_emergency_code_opens_and_the_security_officer_knows(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    kiosk_a.leave(lease)
    quiet = kiosk_a.sign_in(AMIRA)
    assert not held(hub, quiet)
    kiosk_a.leave(quiet)
    called = kiosk_a.sign_in(AMIRA, HELP)
    assert held(hub, called)
    assert [(one.kind, one.resident_id, one.kiosk_id) for one in hub.incidents.latest()] == [
        ("duress", "r-amira", "kiosk-a")
    ]


def test_another_own_code_leaves_the_emergency_code_as_it_is_and_never_becomes_it(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    assert refused(kiosk_a, lease, new=HELP) == "secret_near"
    change(kiosk_a, lease, new="6283")
    kiosk_a.leave(lease)
    assert held(hub, kiosk_a.sign_in(AMIRA, HELP))


def test_the_emergency_code_can_be_taken_away(kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    change(kiosk_a, lease, no_emergency=True)
    kiosk_a.leave(lease)
    assert (opens(kiosk_a, HELP), opens(kiosk_a, OWN)) == (False, True)


def test_in_a_held_session_every_change_seems_to_happen_and_none_does(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    kiosk_a.leave(lease)
    before = hub.people.resident("r-amira")
    lease = kiosk_a.sign_in(AMIRA, HELP)
    assert refused(kiosk_a, lease, "5555", new="6283") == "pin_wrong"
    assert refused(kiosk_a, lease, HELP, new="0000") == "secret_trivial"
    change(kiosk_a, lease, HELP, factor="pictures", new="3-7-11")
    assert factor(kiosk_a, lease) == "pictures"
    assert (
        refused(kiosk_a, lease, HELP, factor="pictures", new="3-7-12") == "pin_wrong"
    )  # it seems to be gone
    change(kiosk_a, lease, "3-7-11", no_emergency=True, factor="pictures")
    kiosk_a.leave(lease)
    assert hub.people.resident("r-amira") == before
    assert (opens(kiosk_a, "3-7-11"), opens(kiosk_a, OWN)) == (False, True)


def test_who_is_made_to_change_the_code_may_type_the_emergency_code_as_the_old_one(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    before = hub.people.resident("r-amira")
    assert not held(hub, lease)
    change(kiosk_a, lease, HELP, new="6283")
    assert held(hub, lease)
    assert [one.kind for one in hub.incidents.latest()] == ["duress"]
    assert hub.people.resident("r-amira") == before


def test_the_record_of_a_change_does_not_tell_an_emergency_code_from_an_own_one(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    change(kiosk_a, lease, emergency=HELP)
    change(kiosk_a, lease, new="6283")
    change(kiosk_a, lease, "6283", no_emergency=True)
    kept = hub.trail.latest(10, action="secret_changed")
    assert len({(one.actor, one.subject, str(one.detail)) for one in kept}) == 1


def test_leases_with_and_without_an_emergency_code_are_alike(hub: Hub, kiosk_a: Peer) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    without = kiosk_a.enter(stick)
    change(kiosk_a, without, emergency=HELP)
    kiosk_a.leave(without)
    with_one = kiosk_a.enter(stick)
    assert with_one.pass_stamp == without.pass_stamp
    kiosk_a.leave(with_one)
    helped, quiet = encode(kiosk_a.enter(stick, HELP)), encode(with_one)
    differ = {name for name in quiet if quiet[name] != helped.get(name)}
    # What a kiosk needs to go on without the hub, and never shows: a held session does not.
    assert differ == {"session_id", "may_offline", "counter"}


def test_a_session_of_another_kiosk_changes_nothing(kiosk_a: Peer, kiosk_b: Peer) -> None:
    lease = kiosk_a.sign_in(BRAM)
    assert refused(kiosk_b, lease, new="6283") == "session_ended"
    kiosk_a.leave(lease)
    assert refused(kiosk_a, lease, new="6283") == "session_ended"


def test_a_people_file_that_is_brought_in_again_gives_nobody_the_old_code_back(
    hub: Hub, kiosk_a: Peer
) -> None:
    """Whoever keeps the file knows the codes in it; and digits open nothing for somebody who chose pictures."""
    lease = kiosk_a.sign_in(AMIRA)
    kiosk_a.ask(
        ChangeSecret(
            kiosk_id="kiosk-a", session_id=lease.session_id, old="1234", factor="pictures", new="1-5-9"
        )
    )
    kiosk_a.leave(lease)
    before = hub.people.resident("r-amira")
    people_in(hub)
    assert hub.people.resident("r-amira") == before
    with pytest.raises(Refused, match="pin_wrong"):
        kiosk_a.sign_in(AMIRA)
    assert kiosk_a.sign_in(AMIRA, "1-5-9")
