"""A person reads at the kiosk who looked at their file: role, moment and purpose, never a name; and only theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kiosk.terminal.app import make_app
from kiosk.terminal.session import Credential
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock, iso_after
from provisioning.contracts import Contract, FileLooks, Look, MyFile
from provisioning.errors import Refused
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import AMIRAS, PINS, YUSUFS, Visitor, hub_sim, make_nodes, terminal_of
from tests.web.browser import picture, serious_faults, serving, small_targets, small_texts, sticks_out

CLOCK = SystemClock()
PURPOSE = "Incident op de binnenplaats"


def look(ago_s: float, role: str, purpose: str = "") -> Look:
    what = "log" if purpose else "page"
    return Look(at_utc=iso_after(CLOCK, -ago_s), by_role=role, what=what, purpose=purpose)


LOOKS = (
    look(4000 * 86_400, "security", PURPOSE),
    look(4001 * 86_400, "landing"),
    look(4001 * 86_400, "landing"),
    look(4001 * 86_400, "landing"),
    look(4002 * 86_400, "somebody new"),
)


@dataclass
class House:
    hub: HubSim
    terminal: Terminal
    looks: tuple[Look, ...]
    asked: list[str]

    def answer(self, _sender: str, question: Contract) -> Contract:
        assert isinstance(question, MyFile)
        self.asked.append(question.session_id)
        return FileLooks(looks=self.looks)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, CLOCK) as hub, terminal_of(kiosk_node, CLOCK) as terminal:
        made = House(hub, terminal, LOOKS, [])
        hub.receiver.on_call(MyFile, made.answer)
        with hub.on_air():
            terminal.hub.refresh()
            yield made


def lines(page: str) -> list[str]:
    """Each line's words."""
    return [part.split("</li>")[0] for part in page.split('<li class="entry entry--still">')[1:]]


def test_a_person_reads_role_kind_and_purpose_and_looks_of_one_day_stand_together(house: House) -> None:
    visitor = Visitor(house.terminal)
    menu = visitor.signs_in(AMIRAS)
    assert 'href="/my-file/"' in menu
    security, landing, somebody = lines(visitor.sees("/my-file/"))
    assert "Security officer" in security
    assert f"<bdi>{PURPOSE}</bdi>" in security
    assert "Officer on your landing" in landing
    assert 'opened your page <bdi class="num">3×</bdi>' in landing
    assert "An officer" in somebody


def test_a_file_nobody_looked_at_says_so(house: House) -> None:
    house.looks = ()
    visitor = Visitor(house.terminal)
    visitor.signs_in(AMIRAS)
    assert "Nobody has looked at your file." in visitor.sees("/my-file/")


def test_words_of_an_officer_stay_words(house: House) -> None:
    house.looks = (look(10, "security", "<script>alert(1)</script>"),)
    visitor = Visitor(house.terminal)
    visitor.signs_in(AMIRAS)
    assert "<script>alert" not in visitor.sees("/my-file/")


def test_nobody_signed_in_asks_for_no_file(house: House) -> None:
    visitor = Visitor(house.terminal)
    answer = visitor.get("/my-file/")
    assert answer.status_code == 409
    assert PURPOSE not in answer.get_data(as_text=True)
    assert house.asked == []


def test_the_kiosk_asks_for_the_session_at_hand(house: House) -> None:
    visitor = Visitor(house.terminal)
    visitor.signs_in(AMIRAS)
    visitor.sees("/my-file/")
    person = house.terminal.visitor
    assert person is not None
    assert house.asked == [person.session_id]


def test_a_session_that_the_hub_ended_reads_no_file(house: House) -> None:
    visitor = Visitor(house.terminal)
    visitor.signs_in(AMIRAS)

    def over(_sender: str, _question: Contract) -> Contract:
        raise Refused("session_ended", why="hub")

    house.hub.receiver.on_call(MyFile, over)
    page = visitor.sees("/my-file/")
    assert PURPOSE not in page
    assert "ended your visit" in page


def test_a_hub_that_is_away_is_not_a_file_that_nobody_looked_at(tmp_path: Path) -> None:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, CLOCK) as hub, terminal_of(kiosk_node, CLOCK) as terminal:
        visitor = Visitor(terminal)
        with hub.on_air():
            terminal.hub.refresh()
            assert 'href="/my-file/"' in visitor.signs_in(AMIRAS)
        answer = visitor.get("/my-file/")
        assert answer.status_code == 503
        assert "The central computer does not answer." in answer.get_data(as_text=True)


@pytest.mark.web
@pytest.mark.parametrize(("credential", "language"), [(AMIRAS, "en"), (YUSUFS, "ar")])
def test_the_screen_is_fit_to_read(
    house: House, kiosk_page: Page, credential: Credential, language: str
) -> None:
    page = kiosk_page
    with serving(make_app(house.terminal)) as url:
        house.terminal.arrivals.saw(credential)
        page.goto(url)
        for digit in PINS[credential.uid]:
            page.tap(f"[data-digit='{digit}']")
        with page.expect_navigation():
            page.tap(".keypad__key--done")
        expect(page.locator("[href='/my-file/']")).to_be_visible()
        check(page, f"menu-{language}")
        with page.expect_navigation():
            page.tap("[href='/my-file/']")
        expect(page.locator("main li")).to_have_count(3)
        check(page, f"looks-{language}")


def check(page: Page, name: str) -> None:
    """Keep the picture, and hold the screen to the rules of every kiosk screen."""
    picture(page, f"kiosk-file-{name}")
    assert serious_faults(page) == [], name
    assert small_targets(page) == [], name
    assert small_texts(page) == [], name
    assert sticks_out(page) <= 0, name
    if name.endswith("-ar"):
        assert page.locator("html").get_attribute("dir") == "rtl"
