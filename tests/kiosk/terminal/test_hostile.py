"""A hub that hangs, a full disk, a badge swapped in mid-word, a request nobody wanted: what the kiosk then shows."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from kiosk.terminal.app import make_app
from kiosk.terminal.hubside import PICTURES_S
from kiosk.terminal.session import PinEntry, SignedIn
from kiosk.terminal.session import Refused as RefusedScreen
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock
from provisioning.contracts import MyRequests, Picture, PictureBytes, PrintRequest
from provisioning.contracts.base import Contract
from provisioning.errors import Refused, Unavailable
from tests.kiosk.terminal.hub_sim import GAUGE, HubSim, png_of
from tests.kiosk.terminal.kiosk_kit import AMIRAS, BRAMS, Visitor, hub_sim, make_nodes, stick_of, terminal_of
from tests.support import wait_until

SLOW_S = 0.9  # a picture from a hub that has much to do


@pytest.fixture
def hub_and_terminal(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[HubSim, Terminal]]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        terminal.hub.refresh()
        yield hub, terminal


@pytest.fixture
def hub(hub_and_terminal: tuple[HubSim, Terminal]) -> HubSim:
    return hub_and_terminal[0]


@pytest.fixture
def terminal(hub_and_terminal: tuple[HubSim, Terminal]) -> Terminal:
    return hub_and_terminal[1]


@contextmanager
def hanging(hub: HubSim) -> Iterator[threading.Event]:
    """The hub takes questions and gives no answer; yields what is set when one has come."""
    asked, release = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        release.wait(20)

    hub.app.before_request_funcs.setdefault(None, []).append(wait)
    try:
        yield asked
    finally:
        hub.app.before_request_funcs[None].remove(wait)
        release.set()


def test_a_hub_that_hangs_holds_up_one_page_and_never_the_pulse(hub: HubSim, terminal: Terminal) -> None:
    app = make_app(terminal)
    visitor = Visitor(terminal, app)
    visitor.signs_in(AMIRAS)
    with hanging(hub) as asked, ThreadPoolExecutor(4) as taps:
        drawn = [taps.submit(terminal.asked) for _ in range(4)]
        assert asked.wait(5)
        wait_until(lambda: sum(one.done() for one in drawn) >= 2, 2, what="the third and fourth tap")
        assert visitor.browser.get("/-/pulse/any").get_json()["screen"] == "SignedIn"
        assert not any(one.result(10).is_fresh for one in drawn)
        asked.clear()
        assert terminal.asked().is_fresh is False
        assert not asked.is_set(), "the hub is known to hang: nobody waits for it again"
        assert "The central computer does not answer." in visitor.sees("/")
    terminal.hub.refresh()
    assert terminal.asked().is_fresh


def test_a_page_drawn_for_somebody_who_left_meanwhile_is_shown_to_nobody(
    hub: HubSim, terminal: Terminal
) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    with hanging(hub) as asked, ThreadPoolExecutor(1) as taps:
        page = taps.submit(visitor.browser.get, "/requests/")
        assert asked.wait(5)
        visitor.leaves()
        answer = page.result(10)
    assert answer.status_code == 303
    assert "Amira" not in answer.get_data(as_text=True)


def test_a_second_press_of_ok_costs_no_second_try(hub: HubSim, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    terminal.arrivals.saw(AMIRAS)
    pad = visitor.sees("/")
    cookie = visitor.browser.get_cookie("passage-kiosk-1")
    assert cookie is not None
    visitor.press(pad, "/pin", pin="9999")
    visitor.browser.set_cookie(
        "passage-kiosk-1", cookie.value
    )  # the second press left with the first one's cookie
    again = visitor.press(pad, "/pin", pin="9999")
    assert again.status_code == 200
    assert hub.sign_ins == 1


def test_a_code_typed_for_one_badge_is_not_tried_for_the_next(hub: HubSim, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    terminal.arrivals.saw(AMIRAS)
    pad = visitor.sees("/")
    terminal.arrivals.saw(BRAMS)
    visitor.press(pad, "/pin", pin="3456")
    assert hub.sign_ins == 0
    assert isinstance(terminal.keeper.state, PinEntry)


@contextmanager
def read_only(terminal: Terminal) -> Iterator[None]:
    terminal.db.db.conn.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        terminal.db.db.conn.execute("PRAGMA query_only = OFF")


def test_a_disk_that_takes_nothing_leaves_a_clear_no_to_a_wrong_code(hub: HubSim, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    with read_only(terminal):
        assert "This code is not right." in visitor.signs_in(AMIRAS, "9999")
    assert isinstance(terminal.keeper.state, PinEntry)


def test_without_hub_and_disk_nobody_signs_in_and_the_screen_says_why(
    hub: HubSim, terminal: Terminal, clock: FakeClock
) -> None:
    visitor, stick = Visitor(terminal), stick_of(hub, AMIRAS)
    visitor.signs_in(stick)
    visitor.leaves()
    terminal.errands.join()
    hub.refuse_with = Unavailable("peer_away")
    clock.advance(31)
    with read_only(terminal):
        page = visitor.signs_in(stick)
    assert isinstance(terminal.keeper.state, RefusedScreen)
    assert "This screen cannot save anything now. Nobody can sign in here." in page


@pytest.mark.parametrize("code", ["store_full", "store_read_only", "store_locked"])
def test_a_hub_that_cannot_save_is_not_taken_for_a_broken_screen(
    hub: HubSim, terminal: Terminal, code: str
) -> None:
    hub.refuse_with = Unavailable(code)
    page = Visitor(terminal).signs_in(AMIRAS)
    assert isinstance(terminal.keeper.state, RefusedScreen)
    assert "De centrale computer kan nu niets bewaren. Er is niets verloren gegaan." in page
    assert "Dit scherm kan" not in page
    assert not terminal.hub.is_away


def test_a_request_that_the_hub_would_not_take_does_not_vanish(hub: HubSim, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    state = terminal.keeper.state
    assert isinstance(state, SignedIn)
    wish = PrintRequest(
        request_key="0" * 32,
        resident_id="r-amira",
        session_id=state.person.session_id,
        kiosk_id="kiosk-1",
        model_id=GAUGE.model_id,
        gcode_sha256=GAUGE.gcode_sha256,
        colour="blue",
        copies=1,
        at_utc="2026-11-22T08:00:00.000Z",
    )
    message_id = terminal.outbox.put("hub", wish, terminal.letters.subject("r-amira"))
    terminal.outbox.refused(message_id, "message_foreign")
    assert "This request could not be sent." in visitor.sees("/requests/")
    assert "This request could not be sent." in visitor.sees(f"/printing/sent/{wish.request_key}")
    visitor.leaves()
    visitor.signs_in(BRAMS)
    assert "could not be sent" not in visitor.sees("/requests/")


def test_a_question_refused_for_a_moment_is_no_end_of_the_visit(hub: HubSim, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)

    def no(_sender: str, _question: Contract) -> Contract:
        raise Refused("call_repeated")

    hub.receiver.on_call(MyRequests, no)
    assert "Amira" in visitor.sees("/")


def test_a_pass_that_fell_at_the_hub_opens_nothing_when_the_hub_is_away_later(
    hub: HubSim, terminal: Terminal, clock: FakeClock
) -> None:
    visitor, amiras, brams = Visitor(terminal), stick_of(hub, AMIRAS), stick_of(hub, BRAMS)
    for who in (amiras, brams):
        visitor.signs_in(who)
        visitor.leaves()
    hub.fallen.add("stamp-r-amira")
    terminal.errands.join()
    terminal.hub.promise()
    hub.refuse_with = Unavailable("peer_away")
    clock.advance(31)
    visitor.signs_in(amiras)
    assert isinstance(terminal.keeper.state, RefusedScreen)
    visitor.leaves()
    visitor.signs_in(brams)
    assert isinstance(terminal.keeper.state, SignedIn)


def test_a_hub_that_is_slow_with_pictures_keeps_no_session_waiting_for_its_word(
    hub: HubSim, terminal: Terminal, clock: FakeClock
) -> None:
    """The thread that fetches them renews leases too, hears of a take-over, and promises to let nobody in alone."""
    pictures = {hashlib.sha256(png).hexdigest(): png for png in map(png_of, range(6))}
    hub.models = tuple(
        msgspec.structs.replace(GAUGE, model_id=name[:8], picture_sha256=name) for name in pictures
    )
    hub.etag = "many"

    def slow(_sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, Picture)
        clock.advance(SLOW_S)
        return PictureBytes(sha256=asked.sha256, png=pictures[asked.sha256])

    hub.receiver.on_call(Picture, slow)
    begun_s = clock.monotonic_s()
    terminal.hub.refresh()
    assert clock.monotonic_s() - begun_s < PICTURES_S + SLOW_S
    assert terminal.hub._wake.is_set(), "the others come at the next turn, not in a quarter of a minute"
    for _ in pictures:
        terminal.hub.refresh()
    assert terminal.store.pictures() == set(pictures)
    terminal.hub._wake.clear()
    terminal.hub.refresh()
    assert not terminal.hub._wake.is_set()
