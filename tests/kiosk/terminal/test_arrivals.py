"""One press, one try; and what comes out of the reader too early is told, not swallowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.terminal.session import CredentialGone
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.readers.words import Did, Order
from tests.kiosk.sticks import Stick
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import AMIRAS, PINS, Visitor, hub_sim, make_nodes, stick_of, terminal_of


@dataclass
class Meanwhile:
    """A reader that lets something happen while a ticket is written, once."""

    stick: Stick
    terminal: Terminal
    what: str = ""

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Carry it out; before that, what happens meanwhile."""
        what, self.what = self.what, ""
        if what == "pressed":
            self.terminal.arrivals.try_secret(PINS[AMIRAS.uid])
        elif what == "pulled":
            self.terminal.keeper.feed(CredentialGone("stick"))
            return Did(order.order, "stick_gone")
        return self.stick.ask(order, timeout_s)

    def cancel(self, order_id: str) -> None:
        """Nothing here takes long."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[HubSim, Terminal]]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    clock = SystemClock()
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        yield hub, terminal


def signs_in(place: tuple[HubSim, Terminal], what: str) -> str:
    """Amira's stick and code; the page after, with this happening while her ticket is written."""
    hub, terminal = place
    stick, visitor = stick_of(hub, AMIRAS), Visitor(terminal)
    pad = visitor.puts_down(stick)
    terminal.entrance.reader = Meanwhile(stick, terminal, what)
    return visitor.press(pad, "/pin", pin=PINS[AMIRAS.uid]).get_data(as_text=True)


def test_the_check_mark_pressed_twice_is_one_try_and_one_session(place: tuple[HubSim, Terminal]) -> None:
    hub, _terminal = place
    page = signs_in(place, "pressed")
    assert "Hello Amira" in page
    assert (hub.sign_ins, len(hub.sessions)) == (1, 1)


def test_a_stick_pulled_while_it_is_written_is_told_so(place: tuple[HubSim, Terminal]) -> None:
    hub, _terminal = place
    page = signs_in(place, "pulled")
    assert "Your stick was pulled out too early." in page
    assert not hub.sessions
