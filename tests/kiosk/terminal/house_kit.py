"""A kiosk that asks the whole hub over loopback, and somebody in front of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from kiosk.hub.agreement.store import ON_PAPER, Signature
from kiosk.hub.node import Hub
from kiosk.services import hub_services
from kiosk.terminal.session import Credential, SignedIn
from kiosk.terminal.terminal import Terminal
from provisioning.clock import Clock, iso
from provisioning.config import Node, load_node
from provisioning.web.node_api import node_api
from provisioning.web.serve import Server
from tests.kiosk.hub.hub_kit import AMIRA, people_in, start_hub
from tests.kiosk.services.printing.kit import sheet
from tests.kiosk.terminal.kiosk_kit import Visitor, terminal_of
from tests.provisioning.node_kit import make_site
from tests.support import free_port

HELP = "9071"
BADGE = Credential("badge", AMIRA)


def make_nodes(base: Path) -> tuple[Node, Node]:
    """The whole hub, and the kiosk on wing A that asks it."""
    port = free_port()
    make_site(
        base,
        {"hub": "hub", "kiosk-a": "kiosk", "farm": "kiosk"},
        {
            "hub": '[hub]\n[[peers]]\nnode_id = "farm"\nurl = "http://127.0.0.1:9"\n',
            "kiosk-a": '[kiosk]\nwing = "A"\nname = "Kiosk A"\nhome_of = ["A"]\n'
            f'[[peers]]\nnode_id = "hub"\nurl = "http://127.0.0.1:{port}"\n',
        },
    )
    file = base / "hub" / "node.toml"
    file.write_text(file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
    return load_node(file), load_node(base / "kiosk-a" / "node.toml")


@contextmanager
def on_air(hub: Hub) -> Iterator[None]:
    """The hub reachable for its kiosk."""
    app = Flask("hub")
    app.register_blueprint(node_api(hub.receiver))
    server = Server(app, hub.node.listen, threads=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()


@dataclass
class House:
    """One hub, one kiosk, somebody in front of it."""

    hub: Hub
    terminal: Terminal
    visitor: Visitor

    def gives(self, secret: str) -> str:
        """A code at the pad, or at a step of "my code"; the page after it."""
        page = self.visitor.sees("/my-code/step") if self._is_in else self.visitor.sees("/")
        step = re.search(r'name="step" value="(\w+)"', page)
        action = "/my-code/step" if step else "/pin"
        more = {"step": step[1]} if step else {}
        return self.visitor.press(page, action, pin=secret, **more).get_data(as_text=True)

    @property
    def badge(self) -> Credential:
        """Amira's."""
        return BADGE

    @property
    def _is_in(self) -> bool:
        return isinstance(self.terminal.keeper.state, SignedIn)

    def begins(self, what: str) -> str:
        return self.visitor.press(self.visitor.sees("/my-code/"), "/my-code/begin", what=what).get_data(True)

    def comes(self, secret: str) -> str:
        """Badge, language, code."""
        self.visitor.puts_down(BADGE)
        self.visitor.press(self.visitor.sees("/"), "/language", language="en")
        page = self.gives(secret)
        if self._is_in:
            page = self.visitor.press(page, "/language", language="en").get_data(as_text=True)
        return page

    def goes(self) -> None:
        """Takes the badge away, and the hub has heard it."""
        self.visitor.leaves()
        self.terminal.hub.drain.nudge()


@contextmanager
def open_house(base: Path, clock: Clock) -> Iterator[House]:
    """The house of a folder, with one model on offer; everybody has signed the agreement."""
    hub_node, kiosk_node = make_nodes(base)
    with ExitStack() as stack:
        hub = start_hub(hub_node, clock, hub_services())
        stack.callback(hub.store.close)
        people_in(hub)
        version = hub.agreements.in_force().version
        for one in hub.people.find_residents():
            now = iso(clock.now_utc())
            hub.agreements.store.sign(Signature(one.resident_id, version, "nl", False, 9, now, ON_PAPER))
        printing = next(one for one in hub.services if one.tile.name == "printing")
        printing.models.take_sheet("farm", sheet(added_by="o-teacher"))  # type: ignore[attr-defined]
        for slot, officer_id in (("workshop", "o-workshop"), ("security", "o-security")):
            printing.models.sign(1, slot, hub.people.officer(officer_id))  # type: ignore[attr-defined]
        stack.enter_context(on_air(hub))
        terminal = stack.enter_context(terminal_of(kiosk_node, clock))
        terminal.hub.refresh()
        yield House(hub, terminal, Visitor(terminal))
