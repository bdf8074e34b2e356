"""Hub, two kiosks and their readers as the bench starts them: sticks that sign in, are torn out, and are copied."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.audit import AuditRecord, read_trail
from provisioning.config import load_node
from provisioning.identity import NodeKey
from provisioning.identity.stick import newest, read_header
from provisioning.readers.stick.door import StickDoor
from provisioning.sim.demo import PORTS
from provisioning.sim.demo_site import make_site
from provisioning.sim.running import RunningSite
from provisioning.sim.visitor import Page, Visitor
from tests.support import free_port, is_listening, short_dir, wait_until

READY_S = 120.0
MENU = "/printing/"


def free_ports() -> int:
    while True:
        first = free_port()
        if not any(is_listening(one) for one in range(first, first + PORTS)):
            return first


class Corridor:
    """The running nodes and what people carry past them."""

    def __init__(self, base: Path) -> None:
        self.site = make_site(base / "demo", free_ports())
        people = self.site.base / "people.json"
        self.residents: list[dict[str, Any]] = json.loads(people.read_text())["residents"]
        self.residents = [one for one in self.residents if one["language"] == "en"]
        binaries = Path(sys.executable).parent
        command = [str(binaries / "passage-hub"), "people", "import", str(people)]
        subprocess.run(
            [*command, "--config", str(self.site.nodes["hub"].config)], check=True, capture_output=True
        )
        self.running = RunningSite(self.site, binaries)
        self.hardware, self.carried = self.running.hardware, self.running.carried
        self.hub_key = NodeKey.load(load_node(self.site.nodes["hub"].config)).key.public_key()

    def start(self) -> None:
        names = [one for one in self.running.supervisor.names() if one.startswith(("hub", "kiosk"))]
        self.running.supervisor.start_all(names)
        self.hardware.start()
        assert self.running.supervisor.wait_ready(names, READY_S) == []
        for kiosk in ("kiosk-a", "kiosk-b"):
            log = self.site.base / "log" / f"{kiosk}-pages.log"
            wait_until(
                lambda one=log: "public copy" in one.read_text(), 60, what=f"{kiosk} has heard the hub"
            )

    def counter(self, stick: str) -> int:
        """The newest ticket on a stick."""
        with StickDoor(self.carried.stick(stick)) as door:
            sight = door.look()
        found = newest(sight.slots, read_header(sight.header, self.hub_key, "demo"), self.hub_key)
        assert found is not None
        return found.ticket.counter

    def trail(self) -> list[AuditRecord]:
        """What the hub has written down."""
        return list(read_trail(self.site.nodes["hub"].folder / "state" / "hub.sqlite"))

    def come(self, kiosk: str, stick: str, pin: str, tear_after_bytes: int | None = None) -> Visitor:
        """Plug a stick in and type the PIN."""
        visitor = Visitor(self.site.nodes[kiosk].url, "en")
        self.hardware.plug(kiosk, self.carried.stick(stick))
        if tear_after_bytes is not None:
            self.hardware.tear(kiosk, tear_after_bytes)
        pad = wait_until(lambda: _pad(visitor), 20, what="the pad")
        visitor.send(pad.form("/pin"), pin=pin)
        return visitor

    def leave(self, kiosk: str, visitor: Visitor) -> None:
        """Pull the stick out and wait until the screen is blank."""
        self.hardware.pull(kiosk)
        wait_until(lambda: not _is_menu(visitor), 20, what="a blank screen")


def _pad(visitor: Visitor) -> Page | None:
    page = visitor.get("/")
    return page if any("/pin" in form.action for form in page.forms) else None


def _is_menu(visitor: Visitor) -> bool:
    return any(address.endswith(MENU) for address, _words in visitor.get("/").links)


@pytest.fixture(scope="module")
def corridor() -> Iterator[Corridor]:
    with short_dir() as base:
        made = Corridor(base)
        try:
            made.start()
            yield made
        finally:
            made.running.stop()


def test_a_stick_signs_in_and_leaves_with_the_next_ticket(corridor: Corridor) -> None:
    who = corridor.residents[0]
    for counter in (2, 3):
        visitor = corridor.come("kiosk-a", who["stick_uid"], who["pin"])
        wait_until(lambda one=visitor: _is_menu(one), 20, what="the menu")
        assert corridor.counter(who["stick_uid"]) == counter
        corridor.leave("kiosk-a", visitor)


def test_a_stick_torn_out_in_mid_write_opens_nothing_and_signs_in_the_next_time(corridor: Corridor) -> None:
    who = corridor.residents[1]
    visitor = corridor.come("kiosk-a", who["stick_uid"], who["pin"], tear_after_bytes=256)
    wait_until(lambda: not corridor.hardware.bench.readers["kiosk-a"].stick, 20, what="the stick is out")
    wait_until(lambda: not _pad(visitor), 20, what="an answer")
    assert not _is_menu(visitor)
    assert corridor.counter(who["stick_uid"]) == 1
    visitor = corridor.come("kiosk-a", who["stick_uid"], who["pin"])
    wait_until(lambda: _is_menu(visitor), 20, what="the menu")
    assert corridor.counter(who["stick_uid"]) > 1
    corridor.leave("kiosk-a", visitor)


def test_a_copied_stick_is_found_at_the_second_use_of_either_and_both_are_blocked(corridor: Corridor) -> None:
    who = corridor.residents[2]
    original = who["stick_uid"]
    copy = corridor.carried.copy(original)
    visitor = corridor.come("kiosk-a", copy, who["pin"])
    wait_until(lambda: _is_menu(visitor), 20, what="the menu: nobody can tell the first use of a copy")
    corridor.leave("kiosk-a", visitor)
    for kiosk, stick in (("kiosk-b", original), ("kiosk-a", copy)):
        corridor.hardware.plug(kiosk, corridor.carried.stick(stick))
        visitor = Visitor(corridor.site.nodes[kiosk].url, "en")
        wait_until(
            lambda one=visitor: one.get_json("/-/pulse/any")["screen"] == "Refused",
            20,
            what=f"{stick} is refused",
        )
        corridor.leave(kiosk, visitor)
    said = [one for one in corridor.trail() if one.subject == who["resident_id"] and "refused" in one.action]
    assert [one.detail["code"] for one in said] == ["stick_copied", "badge_blocked"]
    assert [one.action for one in corridor.trail()].count("copy_found") == 1
