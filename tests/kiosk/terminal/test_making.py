"""A kiosk makes badges, sticks and keys that two officers ordered: real hub, real envelopes, real volumes and keys."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.issuing.issuing import wanted
from kiosk.hub.issuing.rules import Issue
from kiosk.hub.node import Hub
from kiosk.terminal.app import make_app
from kiosk.terminal.readerport import ReaderPort
from kiosk.terminal.session import BeingMade, PinEntry, SignedIn, State
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.config import Node, load_node
from provisioning.contracts import Contract, PlugReport, WhoComes
from provisioning.errors import PassageError
from provisioning.identity.volume import pieces
from provisioning.readers.keys import Keys, KeyTrouble
from provisioning.readers.stick.door import StickDoor
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    Did,
    EnrolKey,
    FormatStick,
    KeyGone,
    KeySeen,
    Order,
    Plug,
    PlugKey,
    Pull,
    PullKey,
    SignWithKey,
    StickGone,
    StickSeen,
    TouchKey,
    WriteSlot,
)
from provisioning.sim.security_key import VirtualKey
from provisioning.sim.stick import make_blank, make_foreign
from tests.kiosk.hub.hub_kit import app_of, people_in, start_hub, stick_of
from tests.kiosk.terminal.reader_kit import agent, bench, turning
from tests.provisioning.node_kit import make_site
from tests.support import free_port, wait_until
from tests.web.browser import picture, serious_faults, serving, small_targets, small_texts, sticks_out

CLOCK = SystemClock()
NEW = "04D1D2D3"
PIN = "7302"


def make_nodes(base: Path) -> dict[str, Node]:
    """A hub and two kiosks of its people."""
    port = free_port()
    peer = f'[[peers]]\nnode_id = "hub"\nurl = "http://127.0.0.1:{port}"\n'
    kiosk = '[kiosk]\nwing = "{wing}"\nname = "Kiosk {wing}"\nhome_of = ["{wing}"]\n'
    kiosk += 'reader = "virtual"\nstick_port = "virtual"\nkeys = "virtual"\n'
    kinds = {"hub": "hub", "kiosk-a": "kiosk", "kiosk-b": "kiosk"}
    sections = {f"kiosk-{wing.lower()}": kiosk.format(wing=wing) + peer for wing in "AB"}
    made = make_site(base, kinds, sections)
    file = base / "hub" / "node.toml"
    file.write_text(file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
    return {**made, "hub": load_node(made["hub"].path)}


@dataclass
class Bench:
    """A reader with whatever lies on it: the door and the key's own code, without the process around them."""

    image: Path | None = None
    key: VirtualKey | None = None
    orders: list[Order] = field(default_factory=list)
    before: Callable[[Order], None] = lambda order: None

    def seen(self) -> StickSeen:
        """What the agent says about the stick."""
        assert self.image is not None
        with StickDoor(self.image) as door:
            sight = door.look()
        return StickSeen(sight.state, sight.header, sight.slots)

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Carry out one order."""
        assert timeout_s > 0
        self.orders.append(order)
        self.before(order)
        try:
            return Did(order.order, data=self._done(order))
        except KeyTrouble as trouble:
            return Did(order.order, trouble.reason)
        except PassageError as error:
            return Did(order.order, error.reason)

    def cancel(self, order_id: str) -> None:
        """Nothing here waits."""

    def _done(self, order: Order) -> bytes:
        match order:
            case FormatStick():
                assert self.image is not None
                with StickDoor(self.image) as door:
                    door.format(pieces(order.header, order.ticket), erase=order.erase)
            case WriteSlot():
                assert self.image is not None
                with StickDoor(self.image) as door:
                    door.look()
                    door.write_slot(order.index, order.sector)
            case EnrolKey():
                assert self.key is not None
                return Keys("test").enrol(self.key.plug(), order.options, order.pin, lambda: None)
            case SignWithKey():
                assert self.key is not None
                return Keys("test").sign(self.key.plug(), order.options, order.pin, lambda: None)
        return b""


@dataclass
class House:
    """A hub on air and one kiosk."""

    hub: Hub
    nodes: dict[str, Node]
    terminal: Terminal
    bench: Bench

    @property
    def state(self) -> State:
        return self.terminal.keeper.state

    def until(self, is_so: Callable[[State], bool]) -> State:
        """Wait until the screen is so."""
        wait_until(lambda: is_so(self.state), 20)
        return self.state

    def stage(self, *wanted_ones: str) -> BeingMade:
        """Wait until what is being made has come so far."""
        found = self.until(lambda state: isinstance(state, BeingMade) and state.stage in wanted_ones)
        assert isinstance(found, BeingMade)
        return found


@pytest.fixture
def house(run_dir: Path) -> Iterator[House]:
    nodes = make_nodes(run_dir)
    hub = start_hub(nodes["hub"], CLOCK)
    people_in(hub)
    from provisioning.web.serve import Server

    server = Server(app_of(hub), nodes["hub"].listen)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    terminal, bench = Terminal(nodes["kiosk-a"], CLOCK), Bench()
    terminal.entrance.reader = terminal.making.reader = bench
    try:
        yield House(hub, nodes, terminal, bench)
    finally:
        terminal.close()
        server.stop()
        thread.join(5)
        hub.store.close()


def order(
    hub: Hub, kind: str, who: str = "r-amira", *, erase: bool = False, second: str = "o-security"
) -> Issue:
    """What the person carried is lost; two officers give them another at kiosk A."""
    for one in hub.credentials.of(who):
        if one.kind == kind and one.state == "active":
            hub.issuing.blocking.block(one, "lost", "o-landing")
    new = wanted(kind, who, "kiosk-a", "o-landing", second=second, erase=erase)  # type: ignore[arg-type]
    return hub.issuing.order(new)


def stage_of(hub: Hub, one: Issue) -> tuple[str, str]:
    found = hub.issuing.issues.find(one.issue_id)
    assert found is not None
    return found.state, found.problem


# --- each kind, to its first sign-in -----------------------------------------------------------------------------


def test_a_badge_is_somebodys_as_soon_as_it_was_laid_down(house: House) -> None:
    one = order(house.hub, "badge")
    house.terminal.arrivals.hear(BadgeSeen(NEW))
    house.stage("done")
    assert stage_of(house.hub, one) == ("done", "")
    house.terminal.arrivals.hear(BadgeGone())
    house.terminal.arrivals.hear(BadgeSeen(NEW))
    house.until(lambda state: isinstance(state, PinEntry))
    house.terminal.arrivals.try_secret("1234")
    house.until(lambda state: isinstance(state, SignedIn))
    assert [one.level for one in house.hub.sessions.all_open()] == [0]


def test_an_empty_stick_becomes_one_that_signs_in(house: House, tmp_path: Path) -> None:
    house.bench.image = make_blank(tmp_path / "stick.img")
    one = order(house.hub, "stick")
    house.terminal.arrivals.hear(house.bench.seen())
    house.stage("done")
    assert stage_of(house.hub, one) == ("done", "")
    assert house.bench.seen().state == "ours"
    house.terminal.arrivals.hear(StickGone())
    house.terminal.arrivals.hear(house.bench.seen())
    pad = house.until(lambda state: isinstance(state, PinEntry))
    assert isinstance(pad, PinEntry)
    kept = house.hub.credentials.find("stick", pad.credential.uid)
    assert kept is not None
    assert (kept.resident_id, kept.issued_by, kept.issued_with) == ("r-amira", "o-landing", "o-security")
    house.terminal.arrivals.try_secret("1234")
    house.until(lambda state: isinstance(state, SignedIn))
    assert house.hub.sessions.of_resident("r-amira")


def test_a_new_key_takes_the_code_that_was_typed_twice_and_signs_in_with_it(house: House) -> None:
    house.bench.key = VirtualKey()
    one = order(house.hub, "key")
    house.terminal.arrivals.hear(KeySeen())
    house.stage("pin")
    house.terminal.making.typed(PIN)
    house.stage("pin_again")
    house.terminal.making.typed("9999")
    assert house.stage("pin").code == "pins_differ"
    assert not house.bench.orders
    house.terminal.making.typed(PIN)
    house.terminal.making.typed(PIN)
    house.stage("done")
    assert stage_of(house.hub, one) == ("done", "")
    house.terminal.arrivals.hear(KeyGone())
    house.terminal.arrivals.hear(KeySeen())
    house.until(lambda state: isinstance(state, PinEntry))
    house.terminal.arrivals.try_secret(PIN)
    house.until(lambda state: isinstance(state, SignedIn))
    (session,) = house.hub.sessions.all_open()
    assert session.level == 2


def test_a_code_that_was_typed_once_is_forgotten_when_the_key_is_taken_away(house: House) -> None:
    order(house.hub, "key")
    house.terminal.arrivals.hear(KeySeen())
    house.stage("pin")
    house.terminal.making.typed(PIN)
    browser = make_app(house.terminal).test_client()
    browser.get("/-/pulse/any")
    assert PIN in house.terminal.making._typed, "its own screen goes on"
    house.terminal.arrivals.hear(KeyGone())
    browser.get("/-/pulse/any")  # of the page that is open
    assert PIN not in house.terminal.making._typed


def test_a_used_key_says_that_it_has_another_code(house: House) -> None:
    house.bench.key = VirtualKey()
    order(house.hub, "key")
    house.terminal.arrivals.hear(KeySeen())
    for pin in (PIN, PIN):
        house.stage("pin", "pin_again")
        house.terminal.making.typed(pin)
    house.stage("done")
    house.terminal.arrivals.hear(KeyGone())
    order(house.hub, "key", "r-bram")
    house.terminal.arrivals.hear(KeySeen())
    house.stage("pin")
    house.terminal.making.typed("1357")
    house.terminal.making.typed("1357")
    assert house.stage("pin").code == "key_pin_wrong"


def test_a_stick_and_a_key_made_through_the_readers_own_agent_sign_in(house: House, run_dir: Path) -> None:
    """Nothing of the way is left out: port, agent, the child behind its wall, the key's wire, the hub over HTTP."""
    node, terminal = house.nodes["kiosk-a"], house.terminal
    stick, key = make_blank(run_dir / "stick.img"), run_dir / "key.json"
    node.run_dir.mkdir(exist_ok=True)
    port = ReaderPort(node.run_dir / "reader.sock", terminal.arrivals.hear, terminal.keeper)
    terminal.entrance.reader = terminal.making.reader = port
    with turning(port.run, port.stop), agent(node):
        wait_until(lambda: port.driver is not None, 20, what="the agent")
        order(house.hub, "stick")
        bench(node, Plug(str(stick)))
        house.stage("done")
        bench(node, Pull(), Plug(str(stick)))
        house.until(lambda state: isinstance(state, PinEntry))
        terminal.arrivals.try_secret("1234")
        house.until(lambda state: isinstance(state, SignedIn))
        bench(node, Pull())
        house.until(lambda state: not isinstance(state, SignedIn))
        order(house.hub, "key")
        bench(node, PlugKey(str(key)), TouchKey(touched=True))
        for asked in ("pin", "pin_again"):
            house.stage(asked)
            terminal.making.typed(PIN)
        house.stage("done")
        bench(node, PullKey(), PlugKey(str(key)), TouchKey(touched=True))
        house.until(lambda state: isinstance(state, PinEntry))
        terminal.arrivals.try_secret(PIN)
        house.until(lambda state: isinstance(state, SignedIn))
    assert {one.level for one in house.hub.sessions.latest_of("r-amira")} == {1, 2}


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_nothing_is_made_of_what_nobody_ordered(house: House, tmp_path: Path) -> None:
    house.bench.image = make_blank(tmp_path / "stick.img")
    house.terminal.arrivals.hear(BadgeSeen(NEW))
    house.until(lambda state: isinstance(state, PinEntry))
    house.terminal.arrivals.hear(BadgeGone())
    house.terminal.arrivals.hear(house.bench.seen())
    house.until(lambda state: isinstance(state, PinEntry))
    assert not house.bench.orders
    assert house.bench.seen().state == "blank"


def test_a_stick_with_something_on_it_stays_as_it_is_until_an_officer_says_so(
    house: House, tmp_path: Path
) -> None:
    house.bench.image = make_foreign(tmp_path / "stick.img")
    before = house.bench.image.read_bytes()[:512]
    one = order(house.hub, "stick")
    house.terminal.arrivals.hear(house.bench.seen())
    assert house.stage("failed").code == "stick_not_blank"
    assert stage_of(house.hub, one) == ("open", "stick_not_blank")
    assert house.bench.image.read_bytes()[:512] == before
    house.hub.issuing.let_erase(one.issue_id, "o-landing")
    house.terminal.arrivals.hear(StickGone())
    house.terminal.arrivals.hear(house.bench.seen())
    house.stage("done")
    assert house.bench.seen().state == "ours"


def test_a_stick_pulled_while_it_is_made_says_so_on_both_screens_and_works_the_next_time(
    house: House, tmp_path: Path
) -> None:
    house.bench.image = make_blank(tmp_path / "stick.img")
    one = order(house.hub, "stick")

    def pulled(order: Order) -> None:
        house.bench.before = lambda order: None
        assert house.bench.image is not None
        house.bench.image.rename(tmp_path / "away.img")

    seen = house.bench.seen()
    house.bench.before = pulled
    house.terminal.arrivals.hear(seen)
    house.stage("failed")
    assert stage_of(house.hub, one)[0] == "open"
    assert stage_of(house.hub, one)[1].startswith("stick_")
    (tmp_path / "away.img").rename(house.bench.image)
    house.terminal.arrivals.hear(StickGone())
    house.terminal.arrivals.hear(house.bench.seen())
    house.stage("done")


def test_a_stick_plugged_in_after_the_one_that_was_ordered_keeps_what_lies_on_it(
    house: House, tmp_path: Path
) -> None:
    """An officer let whatever lies on the first one go. While the hub is asked, somebody swaps it for Bram's own."""
    hub, arrivals = house.hub, house.terminal.arrivals
    hub.credentials.put("stick", "5AB0", resident_id="r-bram")
    brams, kept = stick_of(hub, "r-bram", "5AB0"), make_blank(tmp_path / "brams.img")
    with StickDoor(kept) as door:
        door.format(pieces(brams.header, brams.slots[0]))
    one = order(hub, "stick", erase=True)

    def slow(sender: str, asked: Contract) -> Contract:
        arrivals.hear(StickGone())
        house.bench.image = kept
        arrivals.hear(house.bench.seen())
        return hub.issuing.report(sender, asked)

    house.bench.image = make_foreign(tmp_path / "stick.img")
    hub.receiver.on_call(PlugReport, slow)
    arrivals.hear(house.bench.seen())
    wait_until(house.terminal.errands.join, what="the end of the making")
    assert not house.bench.orders
    assert house.bench.seen().header == brams.header
    assert stage_of(hub, one) == ("open", "stick_gone")


def test_a_badge_laid_down_twice_is_made_once(house: House) -> None:
    """Readers that type like a keyboard tell each touch, and nobody counts how often a hand goes there."""
    hub, reports = house.hub, []

    def again(sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, WhoComes)
        if house.terminal.keeper.state.visit == 1:
            house.terminal.arrivals.hear(BadgeSeen(NEW))
        return hub.signing_in.prover.welcome(asked)

    def counted(sender: str, asked: Contract) -> Contract:
        reports.append(asked)
        return hub.issuing.report(sender, asked)

    hub.receiver.on_call(WhoComes, again)
    hub.receiver.on_call(PlugReport, counted)
    one = order(hub, "badge")
    house.terminal.arrivals.hear(BadgeSeen(NEW))
    wait_until(house.terminal.errands.join, what="the end of the making")
    assert house.stage("done", "failed").stage == "done"
    assert stage_of(hub, one) == ("done", "")
    assert len(reports) == 1


def test_an_order_given_up_while_it_is_made_opens_nothing(house: House, tmp_path: Path) -> None:
    house.bench.image = make_blank(tmp_path / "stick.img")
    one = order(house.hub, "stick")
    house.bench.before = lambda order: house.hub.issuing.cancel(one.issue_id, "o-landing")
    house.terminal.arrivals.hear(house.bench.seen())
    assert house.stage("failed").code == "issue_over"
    assert not [kept for kept in house.hub.credentials.of("r-amira") if kept.origin == "issued"]


def test_a_kiosk_killed_while_it_makes_a_stick_leaves_nothing_that_opens(
    house: House, tmp_path: Path
) -> None:
    """SIGKILL after the stick was written and before the hub heard so; the next try makes it anew."""
    house.bench.image = make_blank(tmp_path / "stick.img")
    one = order(house.hub, "stick")
    house.terminal.close()
    child = Path(__file__).with_name("making_child.py")
    command = [sys.executable, str(child), str(house.nodes["kiosk-a"].path), str(house.bench.image)]
    ended = subprocess.run(command, cwd=Path(__file__).parents[3], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert house.bench.seen().state == "ours"  # it was written
    assert stage_of(house.hub, one) == ("writing", "")
    assert not [kept for kept in house.hub.credentials.of("r-amira") if kept.origin == "issued"]
    again = Terminal(house.nodes["kiosk-a"], CLOCK)
    house.terminal = again
    again.entrance.reader = again.making.reader = house.bench
    half = house.bench.seen()
    again.arrivals.hear(half)
    house.stage("done")
    assert house.bench.seen().header != half.header
    assert [kept.origin for kept in house.hub.credentials.of("r-amira") if kept.state == "active"].count(
        "issued"
    ) == 1


# --- the screens -----------------------------------------------------------------------------------------------------


@pytest.mark.web
def test_the_screens_of_a_making_in_arabic_and_dutch(house: House, kiosk_page: Page, tmp_path: Path) -> None:
    page, held, going = kiosk_page, threading.Event(), threading.Event()
    house.bench.image = make_blank(tmp_path / "stick.img")
    order(house.hub, "stick")

    def slow(order: Order) -> None:
        going.set()
        held.wait(30)

    house.bench.before = slow
    with serving(make_app(house.terminal)) as url:
        page.goto(url)
        expect(page.locator(".touch")).to_be_visible()
        house.terminal.arrivals.hear(house.bench.seen())
        assert going.wait(20)
        expect(page.locator("[data-making=writing]")).to_be_visible()
        _check(page, "kiosk-making-writing")
        page.get_by_role("button", name=re.compile("العربية")).click()
        expect(page.locator("html[dir=rtl] [data-making=writing]")).to_be_visible()
        _check(page, "kiosk-making-writing-ar")
        held.set()
        expect(page.locator("[data-making=done]")).to_be_visible()
        _check(page, "kiosk-making-done-ar")
        house.terminal.arrivals.hear(StickGone())
        house.bench.image = make_foreign(tmp_path / "foreign.img")
        bad = order(house.hub, "stick", "r-bram")
        house.terminal.arrivals.hear(house.bench.seen())
        expect(page.locator("[data-making=failed]")).to_be_visible()
        _check(page, "kiosk-making-failed")
        house.terminal.arrivals.hear(StickGone())
        page.get_by_role("button").last.click()
        house.hub.issuing.cancel(bad.issue_id, "o-landing")
        house.bench.key = VirtualKey()
        order(house.hub, "key", "r-chloe")
        house.terminal.arrivals.hear(KeySeen())
        expect(page.locator("form.pin")).to_be_visible()
        _check(page, "kiosk-making-pin")


def _check(page: Page, name: str) -> None:
    picture(page, name)
    assert serious_faults(page) == []
    assert small_targets(page) == []
    assert small_texts(page) == []
    assert sticks_out(page) <= 0
