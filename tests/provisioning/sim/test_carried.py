"""What the demo's people carry: signed by the demo's hub, kept once made, copied byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.config import load_node
from provisioning.identity import NodeKey
from provisioning.identity.stick import blind_holder, holder_key, newest, read_header
from provisioning.identity.volume import pieces
from provisioning.readers.stick.door import StickDoor
from provisioning.sim.carried import FIRST_COUNTER, Drawer
from provisioning.sim.demo_site import DemoSite, make_site
from provisioning.sim.people import KEY_HOLDERS, demo_residents


@pytest.fixture
def site(tmp_path: Path) -> DemoSite:
    return make_site(tmp_path / "demo", 8400)


def test_a_residents_stick_is_the_hubs_for_this_holder_with_the_ticket_that_the_import_expects(
    site: DemoSite,
) -> None:
    who = demo_residents()[4]
    key = NodeKey.load(load_node(site.nodes["hub"].config)).key.public_key()
    with StickDoor(Drawer(site).stick(who.stick_uid)) as door:
        sight = door.look()
    header = read_header(sight.header, key, "demo")
    pepper = (site.nodes["hub"].folder / "credentials" / "pepper").read_bytes()
    assert (header.stick_id, header.holder) == (
        who.stick_uid,
        blind_holder(who.resident_id, holder_key(pepper)),
    )
    found = newest(sight.slots, header, key)
    assert found is not None
    assert (found.ticket.counter, found.write_next) == (FIRST_COUNTER, 1)


def test_a_stick_once_made_is_kept_over_a_restart(site: DemoSite) -> None:
    uid = demo_residents()[0].stick_uid
    first = Drawer(site).stick(uid).read_bytes()
    assert Drawer(site).stick(uid).read_bytes() == first


def test_nothing_is_made_before_somebody_takes_it_out(site: DemoSite) -> None:
    drawer = Drawer(site)
    assert len(drawer.sticks()) == 42
    assert {one.name for one in drawer.security_keys()} == {*KEY_HOLDERS, "new-key"}
    assert not (site.base / "carried").exists()


def test_copies_are_counted_and_a_copy_of_a_copy_is_one_of_the_first(site: DemoSite) -> None:
    drawer, uid = Drawer(site), demo_residents()[0].stick_uid
    assert drawer.copy(uid) == f"{uid}-copy-1"
    assert drawer.copy(f"{uid}-copy-1") == f"{uid}-copy-2"
    copies = [one for one in drawer.sticks() if one.kind == "copy"]
    assert [(one.whose, one.number) for one in copies] == [("Bram", 1), ("Bram", 2)]
    assert drawer.stick(f"{uid}-copy-2").read_bytes() == drawer.stick(uid).read_bytes()
    assert drawer.stick_of(str(drawer.stick(uid))) == drawer.sticks()[0]


def test_a_blank_that_was_issued_is_blank_no_more_and_the_next_one_lies_ready(site: DemoSite) -> None:
    drawer, uid = Drawer(site), demo_residents()[0].stick_uid
    with StickDoor(drawer.stick(uid)) as own:
        sight = own.look()
    with StickDoor(drawer.stick("blank-1")) as blank:
        assert blank.look().state == "blank"
        blank.format(pieces(sight.header, sight.slots[0]))
    assert [(one.name, one.kind) for one in drawer.sticks()[40:]] == [
        ("blank-1", "made"),
        ("blank-2", "blank"),
        ("shop", "shop"),
    ]
    with StickDoor(drawer.stick("shop")) as shop:
        assert shop.look().state == "foreign"


@pytest.mark.parametrize("name", ["5A00000099", "../people", "blank-7", ""])
def test_what_nobody_carries_cannot_be_taken_out(site: DemoSite, name: str) -> None:
    drawer = Drawer(site)
    for take in (drawer.stick, drawer.key, drawer.copy):
        with pytest.raises(KeyError):
            take(name)
