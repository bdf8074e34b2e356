"""The hub away and back: offline passes, what waits, and what lies on the disk meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from kiosk.terminal.session import (
    CredentialSeen,
    Person,
    PinGiven,
    Refused,
    SignedIn,
    SignInGranted,
    Welcomed,
)
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.contracts import Contract, CopyFound, EndSession, PassesStanding, PrintRequest, TakeUp
from provisioning.readers.words import StickGone
from tests.kiosk.sticks import Stick
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRA,
    AMIRAS,
    BRAM,
    BRAMS,
    PINS,
    YUSUF,
    Visitor,
    alone,
    hidden,
    hub_sim,
    make_nodes,
    stick_of,
    terminal_of,
)
from tests.support import wait_until

BETWEEN_S = 0.3  # longer than an answer takes


@dataclass
class Place:
    hub: HubSim
    kiosk: Node
    clock: FakeClock
    stick: Stick
    brams: Stick


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Iterator[Place]:
    """A kiosk where Amira signed in once while the hub was there; now it is away."""
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub:
        stick, brams = stick_of(hub, AMIRAS), stick_of(hub, BRAMS)
        with hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
            terminal.hub.refresh()
            visitor = Visitor(terminal)
            visitor.signs_in(stick)
            visitor.leaves()
            wait_until(lambda: hub.heard_of(EndSession) and not terminal.outbox.count_waiting())
        yield Place(hub, kiosk_node, clock, stick, brams)


def test_at_home_the_pin_opens_the_offline_set_while_the_hub_is_away(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        menu = visitor.signs_in(place.stick)
        assert "Hello Amira" in menu
        assert "does not answer" in menu
        state = terminal.keeper.state
        assert isinstance(state, SignedIn)
        assert state.is_offline
        assert terminal.trail.latest()[0].action == "signed_in_offline"
        visitor.leaves()
        assert terminal.outbox.count_waiting() == 0, "the hub never knew of this session"


def test_without_a_pass_the_screen_says_that_the_hub_is_away(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        assert "centrale computer antwoordt niet" in Visitor(terminal).signs_in(place.brams)


def test_a_pass_is_good_for_seventy_two_hours(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        place.clock.advance(72 * 3600 - 30)
        visitor = Visitor(terminal)
        assert "Hello Amira" in visitor.signs_in(place.stick)
        visitor.leaves()
        place.clock.advance(1)
        assert "central computer does not answer" in visitor.signs_in(place.stick)


def test_a_pass_made_in_the_future_opens_nothing(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        place.clock.advance(-3600)
        terminal.own_word._heard_s -= 3600  # only the wall clock was wrong
        assert "central computer does not answer" in Visitor(terminal).signs_in(place.stick)


def test_wrong_codes_lead_to_growing_pauses_that_a_restart_does_not_shorten(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        for left in (4, 3, 2):
            assert f"{left} more times" in visitor.signs_in(place.stick, "9999")
        assert "one more time" in visitor.signs_in(place.stick, "9999")
        assert "Too many wrong codes" in visitor.signs_in(place.stick, "9999")
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        place.clock.advance(299 - 30)
        assert "Too many wrong codes" in visitor.signs_in(place.stick), (
            "the right code, but the pause is running"
        )
        place.clock.advance(1)
        for _ in range(4):
            visitor.signs_in(place.stick, "9999")
        assert "Too many wrong codes" in visitor.signs_in(place.stick, "9999")
        place.clock.advance(599)
        assert "Too many wrong codes" in visitor.signs_in(place.stick), "the second pause is twice as long"
        place.clock.advance(1)
        assert "Hello Amira" in visitor.signs_in(place.stick)


def test_an_older_ticket_than_was_seen_here_is_a_copys_even_without_the_hub(place: Place) -> None:
    clone = place.stick.copy()
    with place.hub.on_air(), terminal_of(place.kiosk, place.clock) as terminal:
        Visitor(terminal).signs_in(place.stick)
        terminal.errands.join()
        Visitor(terminal).leaves()
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        assert "There is a copy of your stick or key." in visitor.signs_in(clone)
        visitor.leaves()
        assert "blocked" in visitor.puts_down(place.stick), (
            "both are closed here, until the hub says otherwise"
        )
        visitor.leaves()
        with place.hub.on_air():
            terminal.hub.drain.nudge()
            wait_until(lambda: place.hub.heard_of(CopyFound), what="the hub hears of the copy")
        told = place.hub.heard_of(CopyFound)[0]
        assert isinstance(told, CopyFound)
        assert (told.uid, told.counter) == (place.stick.stick_id, 2)


def test_a_person_who_lives_elsewhere_leaves_no_pass(place: Place) -> None:
    place.hub.may_offline = False
    with place.hub.on_air(), alone(place.kiosk, place.clock) as terminal:
        Visitor(terminal).signs_in(place.stick)
        assert terminal.db.row("SELECT count(*) AS n FROM offline_pass") == {"n": 0}


def test_a_badge_that_the_hub_no_longer_knows_loses_its_pass(place: Place) -> None:
    del place.hub.people[AMIRAS.uid]
    with place.hub.on_air(), alone(place.kiosk, place.clock) as terminal:
        Visitor(terminal).signs_in(place.stick, "1234")
        assert terminal.db.row("SELECT count(*) AS n FROM offline_pass") == {"n": 0}


def ask(visitor: Visitor) -> str:
    """Ask for a blue gauge; the request's key."""
    page = visitor.sees("/printing/step-gauge")
    receipt = visitor.press(page, "/printing/step-gauge", colour="blue", copies="1", do="ask")
    assert "Your request is kept here." in receipt.get_data(as_text=True)
    return hidden(page)["form_key"]


def test_a_request_made_without_the_hub_is_shown_as_waiting_and_delivered_once_after_a_restart(
    place: Place,
) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        visitor.signs_in(place.stick)
        key = ask(visitor)
        assert "Waiting to be sent" in visitor.sees("/requests/")
        visitor.leaves()
    assert place.hub.heard_of(PrintRequest) == []
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        visitor.signs_in(place.stick)
        assert "Waiting to be sent" in visitor.sees("/requests/"), "it survived the restart"
        visitor.leaves()
        with place.hub.on_air():
            terminal.hub.refresh()
            wait_until(lambda: terminal.outbox.count_waiting() == 0, what="the outbox is empty")
            visitor.signs_in(place.stick)
            assert "Waiting to be sent" not in visitor.sees("/requests/")
            assert "R-000000" in visitor.sees("/requests/")
    assert [wish.request_key for wish in place.hub.heard_of(PrintRequest)] == [key]  # type: ignore[attr-defined]


def test_nobody_sees_what_waits_of_somebody_else(place: Place) -> None:
    with place.hub.on_air(), alone(place.kiosk, place.clock) as terminal:
        Visitor(terminal).signs_in(place.brams)
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        visitor.signs_in(place.stick)
        ask(visitor)
        visitor.leaves()
        visitor.signs_in(place.brams)
        assert "Waiting to be sent" not in visitor.sees("/requests/")
        assert "Wacht op verzending" not in visitor.sees("/requests/")
        assert "entry--still" not in visitor.sees("/requests/")


def test_the_hub_away_in_the_middle_of_a_session_says_so_and_keeps_the_request(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        with place.hub.on_air():
            visitor.signs_in(place.stick)
            assert "does not answer" not in visitor.sees("/")
        visitor.sees("/")
        assert "does not answer" in visitor.sees("/")
        ask(visitor)
        visitor.leaves()
        assert terminal.outbox.count_waiting() == 2, "the request and the end of the session"


def test_a_session_that_a_crash_cut_off_is_ended_at_the_next_start(place: Place) -> None:
    with place.hub.on_air():
        terminal = Terminal(place.kiosk, place.clock)
        Visitor(terminal).signs_in(place.stick)
        terminal.errands.join()
        terminal.db.close()  # as SIGKILL would: nothing is said to anybody
        with alone(place.kiosk, place.clock) as again:
            assert "Amira" not in Visitor(again).sees("/")
            last = again.trail.latest()[0]
            assert (last.action, last.detail) == ("session_ended", {"why": "restart"})
            wait_until(lambda: "restart" in place.hub.ended.values(), what="the hub hears of it")
        with alone(place.kiosk, place.clock) as third:
            assert third.trail.latest()[0] == last, "ended once"


def test_nothing_on_the_disk_names_a_person_a_badge_a_code_or_a_wish(place: Place) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        with place.hub.on_air():
            visitor.signs_in(place.brams)
            visitor.leaves()
        visitor.signs_in(place.stick)
        ask(visitor)
        disk = b"".join(file.read_bytes() for file in place.kiosk.state_dir.iterdir() if file.is_file())
    assert b"signed_in" in disk, "the trail is there to be read"
    names = [card.first_name.encode() for card in (AMIRA, BRAM, YUSUF)]
    badges = [uid.encode() for uid in PINS]
    for secret in [*names, *badges, b'"colour"', b'"pin"', b'request_key":']:
        assert secret not in disk


def test_no_answer_comes_between_a_menu_and_its_pass(tmp_path: Path, clock: FakeClock) -> None:
    """Whoever leaves at once may be elsewhere by then, and the hub would take their pass for paused."""
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock), terminal_of(kiosk_node, clock) as terminal:
        own_word = terminal.own_word
        answer = PassesStanding(stamps=(), as_of="late")
        comes = Thread(target=own_word.take, args=(own_word.question(), answer))

        def keep_pass() -> None:
            comes.start()
            comes.join(BETWEEN_S)
            terminal.store.keep_pass("lookup", b"", b"", "", "stamp", b"")

        keeper = terminal.keeper
        keeper.feed(Welcomed(keeper.feed(CredentialSeen(AMIRAS)).visit))
        person = Person("r-1", "Amira", "ar", "A", "session", 500, may_offline=True)
        own_word.let_in(SignInGranted(keeper.feed(PinGiven()).visit, person), keep_pass)
        comes.join()
        assert own_word.question().as_of == ""


@pytest.mark.parametrize("part", ["greeting", "sealed"])
def test_a_pass_that_another_release_made_is_refused_and_ends_nothing(place: Place, part: str) -> None:
    with alone(place.kiosk, place.clock) as terminal:
        passes, row = terminal.passes, terminal.db.row("SELECT * FROM offline_pass")
        assert row is not None
        lookup, strange = row["lookup"].encode(), b'{"person": {"standing": {"nobody_knows_this": 1}}}'
        sealer = passes._greetings if part == "greeting" else passes._sealer(PINS[AMIRAS.uid], row["salt"])
        with terminal.db.atomic():
            terminal.db.run(f"UPDATE offline_pass SET {part} = ?", (sealer.close(strange, lookup),))
        page = Visitor(terminal).signs_in(place.stick)
        if part == "greeting":
            assert "Hello Amira" in page, "it is only met in the site's own language"
        else:
            assert "Hello Amira" not in page
            state = terminal.keeper.state
            assert isinstance(state, Refused)
            assert state.code == "pass_unreadable"


def test_a_lease_for_somebody_who_has_gone_makes_no_pass(place: Place) -> None:
    """By the time it comes they may be elsewhere, and this kiosk may have told the hub that their pass is paused."""
    hub, stamp = place.hub, f"stamp-{AMIRA.resident_id}"
    with terminal_of(place.kiosk, place.clock) as terminal:
        with hub.on_air():

            def late(sender: str, asked: Contract) -> Contract:
                lease = hub._take_up(sender, asked)
                terminal.arrivals.hear(StickGone())
                hub.paused.add(stamp)
                terminal.hub.promise()
                return lease

            hub.receiver.on_call(TakeUp, late)
            visitor = Visitor(terminal)
            visitor.signs_in(place.stick)
            wait_until(terminal.errands.join, what="the lease that came too late")
            assert not isinstance(terminal.keeper.state, SignedIn)
        place.clock.advance(place.kiosk.site.alone_after_s)
        visitor.signs_in(place.stick)
        state = terminal.keeper.state
        assert isinstance(state, Refused)
        assert state.code == "session_elsewhere"


def test_an_answer_that_knew_nothing_of_a_new_pass_is_no_promise_about_it(
    tmp_path: Path, clock: FakeClock
) -> None:
    """The hub believes that whoever is elsewhere is paused here as soon as a question names its answer."""
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        late = terminal.own_word.question()
        visitor = Visitor(terminal)
        visitor.signs_in(stick_of(hub, AMIRAS))
        visitor.leaves()
        terminal.own_word.take(late, PassesStanding(stamps=(), as_of="late"))
        asked = terminal.own_word.question()
        assert asked.stamps
        assert asked.as_of == ""
        terminal.own_word.take(asked, PassesStanding(stamps=asked.stamps, paused=asked.stamps, as_of="next"))
        assert terminal.own_word.question().as_of == "next"
