"""One press, one try; and what comes out of the reader too early is told, not swallowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.terminal.session import CredentialGone, PinEntry
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.contracts import Contract, SignIn
from provisioning.readers.words import Did, Order, StickGone
from tests.kiosk.sticks import Stick
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRAS,
    BRAMS,
    PINS,
    Visitor,
    hub_sim,
    make_nodes,
    stick_of,
    terminal_of,
)
from tests.support import wait_until


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
        elif what == "in again":
            self.terminal.arrivals.hear(StickGone())
            self.terminal.arrivals.hear(self.stick.seen())
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


def swapped(place: tuple[HubSim, Terminal], first: Stick, then: Stick) -> Visitor:
    """While the hub looks at Amira's code, her stick is pulled and this one is plugged in; the visitor at its pad."""
    hub, terminal = place
    visitor = Visitor(terminal)

    def slow(sender: str, asked: Contract) -> Contract:
        hub.receiver.on_call(SignIn, hub._sign_in)
        terminal.arrivals.hear(StickGone())
        terminal.entrance.reader = then
        terminal.arrivals.hear(then.seen())
        return hub._sign_in(sender, asked)

    hub.receiver.on_call(SignIn, slow)
    visitor.press(visitor.puts_down(first), "/pin", pin=PINS[AMIRAS.uid])
    wait_until(terminal.errands.join, what="the hub's answer to the first try")
    assert isinstance(terminal.keeper.state, PinEntry)
    return visitor


def test_a_stick_out_and_in_again_while_the_hub_looks_at_the_code_is_no_copy(
    place: tuple[HubSim, Terminal],
) -> None:
    """What lies on it was read when it came back: were a ticket written after that, it would show a used one."""
    hub, _terminal = place
    stick = stick_of(hub, AMIRAS)
    visitor = swapped(place, stick, stick)
    page = visitor.press(visitor.sees("/"), "/pin", pin=PINS[AMIRAS.uid]).get_data(as_text=True)
    assert "Hello Amira" in page


def test_nobodys_ticket_is_written_to_the_stick_of_whoever_comes_next(place: tuple[HubSim, Terminal]) -> None:
    hub, _terminal = place
    amiras, brams = stick_of(hub, AMIRAS), stick_of(hub, BRAMS)
    before = brams.slots
    visitor = swapped(place, amiras, brams)
    assert brams.slots == before
    assert not hub.sessions
    page = visitor.press(visitor.sees("/"), "/pin", pin=PINS[BRAMS.uid]).get_data(as_text=True)
    assert "Bram" in page
    visitor.leaves()
    assert "Hello Amira" in visitor.signs_in(amiras), "her own ticket was not used up"


def test_a_stick_out_and_in_again_just_before_it_is_written_is_no_copy(
    place: tuple[HubSim, Terminal],
) -> None:
    hub, terminal = place
    stick, visitor = stick_of(hub, AMIRAS), Visitor(terminal)
    pad = visitor.puts_down(stick)
    terminal.entrance.reader = Meanwhile(stick, terminal, "in again")
    visitor.press(pad, "/pin", pin=PINS[AMIRAS.uid])
    wait_until(terminal.errands.join, what="the end of the first try")
    assert stick.newest().ticket.counter == 2
    page = visitor.press(visitor.sees("/"), "/pin", pin=PINS[AMIRAS.uid]).get_data(as_text=True)
    assert "Hello Amira" in page
