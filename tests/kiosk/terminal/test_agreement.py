"""The agreement at a kiosk: nothing else opens before it is signed, a yes is never lost, a no ends the visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.terminal.app import make_app
from kiosk.terminal.session import GuestCame, Refused, SignedIn
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock, iso
from provisioning.config import Node
from provisioning.contracts import AgreementSigned
from provisioning.speech import Speaker
from tests.kiosk.terminal.agreement_kit import SECTIONS, agreement, read_to_the_end, signs
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRAS,
    BRAMS,
    YUSUFS,
    Visitor,
    alone,
    hidden,
    hub_sim,
    make_nodes,
    stick_of,
    terminal_of,
)
from tests.support import wait_until

TITLE = SECTIONS[0].title
SILENT = Speaker(["no-such-program-that-speaks"])


@dataclass
class Place:
    hub: HubSim
    kiosk: Node
    clock: FakeClock


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Iterator[Place]:
    """A kiosk and a hub that has an agreement which nobody signed."""
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub:
        hub.agreement = agreement()
        yield Place(hub, kiosk_node, clock)


@pytest.fixture
def terminal(place: Place) -> Iterator[Terminal]:
    with place.hub.on_air(), terminal_of(place.kiosk, place.clock) as terminal:
        terminal.hub.refresh()
        yield terminal


def signatures(place: Place) -> list[AgreementSigned]:
    return [one for one in place.hub.heard_of(AgreementSigned) if isinstance(one, AgreementSigned)]


def test_a_person_reads_every_section_signs_and_goes_on_to_the_menu(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal, make_app(terminal, SILENT))
    assert TITLE["en"] in visitor.signs_in(AMIRAS)
    end = read_to_the_end(visitor)
    assert "Do you agree?" in end
    menu = visitor.press(end, "/agreement/sign").get_data(as_text=True)
    assert "What would you like to do?" in menu
    assert "My requests" in visitor.sees("/requests/")
    wait_until(lambda: signatures(place), what="the hub has the signature")
    signed = signatures(place)[0]
    assert signed.at_utc == iso(place.clock.now_utc())
    assert (signed.resident_id, signed.version, signed.language) == ("r-amira", 1, "en")
    assert (signed.read_aloud, signed.pages_seen) == (False, len(SECTIONS))
    assert terminal.trail.latest()[0].action == "agreement_signed"


@pytest.mark.parametrize("path", ["/", "/printing/", "/requests/", "/notices/", "/why/printing"])
def test_before_the_signature_every_page_leads_to_the_agreement(terminal: Terminal, path: str) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    assert TITLE["en"] in visitor.sees(path)


def test_before_the_signature_a_form_of_a_service_does_nothing(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    page = visitor.signs_in(AMIRAS)
    answer = visitor.press(page, "/printing/step-gauge", colour="blue", copies="1", do="ask")
    assert TITLE["en"] in answer.get_data(as_text=True)
    assert terminal.outbox.count_waiting() == 0


def test_whoever_has_not_signed_may_ask_leave_and_stay(terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    page = visitor.signs_in(AMIRAS)
    assert "You can always speak to a person" in visitor.sees("/speak")
    assert visitor.browser.get("/-/pulse/any").get_json()["screen"] == "SignedIn"
    assert visitor.press(page, "/stay").status_code == 204
    assert "You are signed out." in visitor.press(page, "/stop").get_data(as_text=True)


def test_nobody_skips_a_section_or_signs_unread(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    page = visitor.signs_in(AMIRAS)
    assert TITLE["en"] in visitor.sees("/agreement/1")
    assert TITLE["en"] in visitor.sees("/agreement/7")
    assert TITLE["en"] in visitor.sees("/agreement/end")
    assert SECTIONS[1].title["en"] in visitor.sees("/agreement/2")
    visitor.sees("/speak")
    assert SECTIONS[1].title["en"] in visitor.sees("/"), "whoever asked somebody goes on where they were"
    visitor.press(page, "/agreement/sign")
    assert "agreement_signed" not in [one.action for one in terminal.trail.latest()]
    assert "What would you like to do?" not in visitor.sees("/")


def test_whoever_reads_on_is_there(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    for number in range(1, 5):
        place.clock.advance(50)  # longer than a screen stays that nobody touches, in all
        assert SECTIONS[number - 1].title["en"] in visitor.sees(f"/agreement/{number}")


def test_whoever_changes_the_language_reads_it_all_in_that_language(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    end = read_to_the_end(visitor)
    arabic = visitor.press(end, "/language", language="ar").get_data(as_text=True)
    assert TITLE["ar"] in arabic
    assert 'dir="rtl"' in arabic
    assert 'lang="ar"' in signs(visitor), "the menu follows in the language that was chosen"
    wait_until(lambda: signatures(place), what="the hub has the signature")
    assert signatures(place)[0].language == "ar"


def test_a_no_ends_the_visit_says_what_remains_and_tells_the_hub_nothing(
    place: Place, terminal: Terminal
) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    page = visitor.press(read_to_the_end(visitor), "/agreement/decline").get_data(as_text=True)
    assert "You can ask for everything on paper." in page
    assert "Ask an officer on your landing." in page
    assert isinstance(terminal.keeper.state, Refused)
    wait_until(lambda: place.hub.ended, what="the hub knows that the session is over")
    assert signatures(place) == []
    actions = [one.action for one in terminal.trail.latest()]
    assert actions[:2] == ["session_ended", "agreement_declined"]
    assert TITLE["en"] in visitor.signs_in(AMIRAS), "the next visit asks again"


def test_the_next_person_begins_at_the_first_section(terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    read_to_the_end(visitor)
    visitor.leaves()
    assert TITLE["ar"] in visitor.signs_in(YUSUFS)
    visitor.leaves()
    assert TITLE["en"] in visitor.signs_in(AMIRAS), "and so does the same person in another visit"


def test_who_signed_is_never_asked_again_while_the_hub_is_away(place: Place) -> None:
    stick = stick_of(place.hub, AMIRAS)
    with place.hub.on_air(), terminal_of(place.kiosk, place.clock) as terminal:
        terminal.hub.refresh()
        visitor = Visitor(terminal)
        assert TITLE["en"] in visitor.signs_in(stick)
        visitor.leaves()  # without signing: the pass that was made says that something is due
        wait_until(lambda: place.hub.ended, what="the hub knows that the session is over")
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        assert TITLE["en"] in visitor.signs_in(stick), "by this kiosk's own word"
        assert "What would you like to do?" in signs(visitor)
        visitor.leaves()
        assert "What would you like to do?" in visitor.signs_in(stick)
        assert "Do you agree?" not in visitor.sees("/agreement/end")
        visitor.leaves()
    with alone(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        assert "What would you like to do?" in visitor.signs_in(stick), "nor after a restart"
        visitor.leaves()
        with place.hub.on_air():
            terminal.hub.refresh()
            assert "What would you like to do?" in visitor.signs_in(stick), "nor when the hub is back"
            wait_until(lambda: signatures(place), what="the hub has the signature")
            assert "What would you like to do?" in visitor.sees("/")
    assert len(signatures(place)) == 1


def test_a_signature_is_delivered_once_although_the_kiosk_was_killed_after_it(place: Place) -> None:
    with place.hub.on_air():
        killed = Terminal(place.kiosk, place.clock)  # its outbox's thread never starts: nothing is delivered
        killed.hub.refresh()
        visitor = Visitor(killed)
        visitor.signs_in(AMIRAS)
        page = read_to_the_end(visitor)
        signing = visitor.press(page, "/agreement/sign").get_data(as_text=True)
        assert "What would you like to do?" in signing
        killed.db.close()  # as SIGKILL would: nothing is said to anybody
        assert signatures(place) == []
        with terminal_of(place.kiosk, place.clock) as again:
            wait_until(lambda: signatures(place), what="the hub has the signature")
            visitor = Visitor(again)
            assert "What would you like to do?" in visitor.signs_in(AMIRAS)
            wait_until(lambda: again.outbox.count_waiting() == 0, what="the outbox is empty")
    assert len(signatures(place)) == 1


def test_pressing_twice_signs_once(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    end = read_to_the_end(visitor)
    visitor.press(end, "/agreement/sign")
    visitor.press(end, "/agreement/sign")
    wait_until(lambda: terminal.outbox.count_waiting() == 0, what="the outbox is empty")
    assert len(signatures(place)) == 1
    assert [one.action for one in terminal.trail.latest()].count("agreement_signed") == 1


def test_a_new_version_is_asked_at_the_next_sign_in_and_not_before(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(AMIRAS)
    signs(visitor)
    place.hub.agreement = agreement(2)
    terminal.hub.refresh()
    terminal._renew()
    assert "What would you like to do?" in visitor.sees("/"), "nobody is interrupted"
    visitor.leaves()
    assert TITLE["en"] in visitor.signs_in(AMIRAS)
    assert "What would you like to do?" in signs(visitor)
    wait_until(lambda: len(signatures(place)) == 2, what="the hub has both signatures")
    assert [one.version for one in signatures(place)] == [1, 2]


def test_a_version_that_the_kiosk_does_not_have_yet_is_fetched_at_the_sign_in(
    place: Place, terminal: Terminal
) -> None:
    place.hub.agreement = agreement(2)
    visitor = Visitor(terminal)
    assert TITLE["en"] in visitor.signs_in(AMIRAS)
    signs(visitor)
    wait_until(lambda: signatures(place), what="the hub has the signature")
    assert signatures(place)[0].text_sha256 == agreement(2).sha256


def test_a_text_that_cannot_be_shown_keeps_nobody_out(place: Place) -> None:
    with place.hub.on_air(), terminal_of(place.kiosk, place.clock) as terminal:
        visitor = Visitor(terminal)
        place.hub.agreement = agreement()
        terminal.arrivals.saw(AMIRAS)
        pad = visitor.sees("/")
        visitor.browser.post("/pin", data={**hidden(pad), "pin": "1234"})  # signed in, no page asked for yet
        state = terminal.keeper.state
        assert isinstance(state, SignedIn)
        assert state.person.agreement_due == 1
        terminal.hub.copy = type(terminal.hub.copy)(etag="1", changed=True, policy=place.hub.policy)
        place.hub.agreement = None
        assert "What would you like to do?" in visitor.sees("/")


def test_nothing_on_the_disk_says_who_signed_what(place: Place, terminal: Terminal) -> None:
    visitor = Visitor(terminal)
    visitor.signs_in(BRAMS)
    signs(visitor)
    wait_until(lambda: terminal.outbox.count_waiting() == 0, what="the outbox is empty")
    rows = terminal.db.rows("SELECT key FROM sent")
    assert rows
    assert all("r-bram" not in row["key"] for row in rows)


def test_a_person_with_nothing_to_sign_never_meets_the_agreement(place: Place, terminal: Terminal) -> None:
    place.hub.agreement = None
    visitor = Visitor(terminal)
    assert "What would you like to do?" in visitor.signs_in(AMIRAS)
    assert "What would you like to do?" in visitor.sees("/agreement/1")
    assert visitor.browser.get("/agreement/aloud/en/1.wav").status_code == 404


def test_a_guest_hears_and_reads_nothing_of_it(terminal: Terminal) -> None:
    terminal.keeper.feed(GuestCame("en"))
    visitor = Visitor(terminal)
    assert visitor.browser.get("/agreement/aloud/en/1.wav").status_code == 404
    assert "Hold your badge" in visitor.sees("/agreement/1")
    assert not terminal.outbox.count_waiting()
    assert not [one for one in terminal.trail.latest() if one.action == "agreement_signed"]


# --- aloud ---


def test_without_the_program_there_is_no_button(terminal: Terminal) -> None:
    visitor = Visitor(terminal, make_app(terminal, SILENT))
    assert "data-speak" not in visitor.signs_in(AMIRAS)


def test_hearing_one_section_is_noted_in_the_signature(place: Place, terminal: Terminal) -> None:
    speaker = Speaker()
    if not speaker.can("en"):
        pytest.skip("Debian's espeak-ng is not installed")
    visitor = Visitor(terminal, make_app(terminal, speaker))
    assert "/agreement/aloud/en/1.wav" in visitor.signs_in(AMIRAS)
    sound = visitor.browser.get("/agreement/aloud/en/1.wav")
    assert (sound.status_code, sound.mimetype) == (200, "audio/wav")
    assert sound.headers["Cache-Control"] == "no-store"
    assert visitor.browser.get("/agreement/aloud/nl/1.wav").status_code == 404, (
        "not the language on the screen"
    )
    assert visitor.browser.get(f"/agreement/aloud/en/{len(SECTIONS) + 2}.wav").status_code == 404
    signs(visitor)
    wait_until(lambda: signatures(place), what="the hub has the signature")
    assert signatures(place)[0].read_aloud
    visitor.leaves()
    visitor.signs_in(BRAMS)
    signs(visitor)
    wait_until(lambda: len(signatures(place)) == 2, what="the hub has both signatures")
    assert not signatures(place)[1].read_aloud, "the next person heard nothing"
