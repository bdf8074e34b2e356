"""A kiosk and its hub in a folder, and a visitor with a browser's cookies: what the kiosk's tests lean on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.terminal.app import make_app
from kiosk.terminal.session import Credential, CredentialGone
from kiosk.terminal.terminal import Terminal
from provisioning.clock import Clock, FakeClock
from provisioning.config import Node
from provisioning.contracts import CredentialKind, ResidentCard
from provisioning.identity import NodeKey
from tests.kiosk.sticks import Stick
from tests.kiosk.terminal.hub_sim import STICK_MARK, HubSim
from tests.provisioning.node_kit import make_site
from tests.support import free_port

AMIRA = ResidentCard(resident_id="r-amira", first_name="Amira", language="en", wing="A")
YUSUF = ResidentCard(resident_id="r-yusuf", first_name="يوسف", language="ar", wing="A")
BRAM = ResidentCard(resident_id="r-bram", first_name="Bram", language="nl", wing="A")
BADGES = {"04A1B2C3": ("1234", AMIRA), "04B2C3D4": ("2345", YUSUF), "04C3D4E5": ("3456", BRAM)}
AMIRAS, YUSUFS, BRAMS = (Credential("badge", uid) for uid in BADGES)
PINS = {uid: pin for uid, (pin, _card) in BADGES.items()}


def stick_of(hub: HubSim, badge: Credential) -> Stick:
    """The stick of whoever carries this badge."""
    key = NodeKey.load(hub.node)
    return Stick.made(key, hub.node.site.site_id, STICK_MARK + badge.uid, "0" * 32)


@contextmanager
def alone(node: Node, clock: FakeClock) -> Iterator[Terminal]:
    """A kiosk that has heard nothing from its hub for long enough to act by its own word."""
    with terminal_of(node, clock) as terminal:
        clock.advance(node.site.alone_after_s)
        terminal.own_word.look()
        yield terminal


def make_nodes(base: Path) -> tuple[Node, Node]:
    """The hub's and the kiosk's node; the kiosk knows where the hub will listen."""
    port = free_port()
    sections = {
        "kiosk-1": '[kiosk]\nwing = "A"\nname = "Kiosk A"\nhome_of = ["A"]\n'
        f'[[peers]]\nnode_id = "hub"\nurl = "http://127.0.0.1:{port}"\n'
    }
    nodes = make_site(base, {"hub": "hub", "kiosk-1": "kiosk"}, sections)
    for name, listen in (("hub", port), ("kiosk-1", free_port())):
        file = base / name / "node.toml"
        file.write_text(file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{listen}"))
    from provisioning.config import load_node

    return load_node(nodes["hub"].path), load_node(nodes["kiosk-1"].path)


@contextmanager
def hub_sim(node: Node, clock: Clock) -> Iterator[HubSim]:
    """A hub that is not on air yet."""
    hub = HubSim(node, clock, dict(BADGES))
    try:
        yield hub
    finally:
        hub.close()


@contextmanager
def terminal_of(node: Node, clock: Clock) -> Iterator[Terminal]:
    """A kiosk in this process: no reader thread and no hub thread, only the outbox's."""
    terminal = Terminal(node, clock)
    terminal.hub.drain.start()
    try:
        yield terminal
    finally:
        terminal.close()


class Visitor:
    """Somebody in front of the screen."""

    def __init__(self, terminal: Terminal, app: Flask | None = None) -> None:
        self.terminal = terminal
        self.browser: FlaskClient = (app or make_app(terminal)).test_client()
        self.lies: CredentialKind = "badge"

    def sees(self, path: str = "/") -> str:
        """The page, redirects followed."""
        return self.get(path).get_data(as_text=True)

    def get(self, path: str) -> TestResponse:
        """The answer, redirects followed."""
        return self.browser.get(path, follow_redirects=True)

    def press(self, page: str, action: str, **fields: str) -> TestResponse:
        """Send the form of a drawn page to ``action``, with the token and key that stand in the page."""
        return self.browser.post(action, data={**hidden(page), **fields}, follow_redirects=True)

    def signs_in(self, shown: Credential | Stick, pin: str = "") -> str:
        """Badge or stick, pad, code; the page after it."""
        pad = self.puts_down(shown)
        uid = shown.stick_id.removeprefix(STICK_MARK) if isinstance(shown, Stick) else shown.uid
        return self.press(pad, "/pin", pin=pin or PINS[uid]).get_data(as_text=True)

    def puts_down(self, shown: Credential | Stick) -> str:
        """Lays a badge on the reader, or plugs a stick in; the page then."""
        if isinstance(shown, Stick):
            self.terminal.entrance.reader = shown
            shown = self.terminal.arrivals._tickets.credential_of(shown.seen())
        self.terminal.arrivals.saw(shown)
        self.lies = shown.kind
        return self.sees("/")

    def leaves(self) -> None:
        """Takes the badge or the stick away."""
        self.terminal.keeper.feed(CredentialGone(self.lies))

    def epoch(self) -> str:
        """What the pulse says."""
        answer = self.browser.get("/-/pulse/any").get_json()
        return str(answer["epoch"])


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms: the token, and the key of the last form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
