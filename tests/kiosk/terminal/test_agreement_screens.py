"""The agreement's screens in a real Chromium: sizes, contrast, both directions, and a voice that can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kiosk.terminal.app import make_app
from kiosk.terminal.session import Credential, CredentialGone
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.contracts import AgreementSigned
from provisioning.speech import Speaker
from tests.kiosk.terminal.agreement_kit import SECTIONS, agreement
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import AMIRAS, BRAMS, PINS, YUSUFS, hub_sim, make_nodes, terminal_of
from tests.support import wait_until
from tests.web.browser import picture, serious_faults, serving, small_targets, small_texts, sticks_out

pytestmark = pytest.mark.web
CLOCK = SystemClock()


@dataclass
class House:
    hub: HubSim
    terminal: Terminal
    speaker: Speaker
    url: str


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    speaker = Speaker()
    with hub_sim(hub_node, CLOCK) as hub, terminal_of(kiosk_node, CLOCK) as terminal:
        hub.agreement = agreement()
        with hub.on_air(), serving(make_app(terminal, speaker)) as url:
            terminal.hub.refresh()
            yield House(hub, terminal, speaker, url)


def check(page: Page, name: str) -> None:
    """Keep the picture, and hold the screen to the rules of every kiosk screen."""
    expect(page.locator("body.kiosk")).to_be_visible()
    picture(page, f"kiosk-{name}")
    assert small_targets(page) == [], name
    assert small_texts(page) == [], name
    assert sticks_out(page) <= 0, name
    hidden = page.evaluate("(m => m.scrollHeight - m.clientHeight)(document.getElementById('main'))")
    assert hidden <= 0, f"{name}: {hidden} px can only be seen by scrolling"
    if name.endswith("-ar"):
        assert serious_faults(page) == [], name


def sign_in(page: Page, house: House, credential: Credential) -> None:
    page.goto(house.url)
    house.terminal.arrivals.saw(credential)
    expect(page.locator("[data-keypad]")).to_be_visible()
    for digit in PINS[credential.uid]:
        page.locator(f"[data-digit='{digit}']").tap()
    page.locator(".keypad__key--done").tap()
    expect(page.locator(".told")).to_be_visible()


def seconds_played(page: Page) -> float:
    """Where the voice is; 0 while it is silent."""
    return float(page.evaluate("(a => a.paused ? 0 : a.currentTime)(document.querySelector('audio'))"))


@pytest.mark.parametrize(("language", "credential"), [("nl", BRAMS), ("ar", YUSUFS)])
def test_every_section_fits_its_screen_and_the_last_one_asks(
    house: House, kiosk_page: Page, language: str, credential: Credential
) -> None:
    page = kiosk_page
    sign_in(page, house, credential)
    for number, section in enumerate(SECTIONS, start=1):
        expect(page.locator("h1")).to_have_text(section.title[language])
        check(page, f"agreement-{number}-{language}")
        page.locator(".foot .button--primary").tap()
    expect(page.locator(".told-answers")).to_be_visible()
    check(page, f"agreement-end-{language}")
    page.locator("form[action='/agreement/sign'] button").tap()
    expect(page.locator(".tiles")).to_be_visible()
    wait_until(lambda: house.hub.heard_of(AgreementSigned), what="the hub has the signature")


@pytest.mark.parametrize("language", ["fr", "de"])
def test_every_section_fits_in_the_longer_languages(house: House, kiosk_page: Page, language: str) -> None:
    page = kiosk_page
    sign_in(page, house, AMIRAS)
    page.locator(f".languages [value={language}]").tap()
    for number, section in enumerate(SECTIONS, start=1):
        expect(page.locator("h1")).to_have_text(section.title[language])
        check(page, f"agreement-{number}-{language}")
        page.locator(".foot .button--primary").tap()
    expect(page.locator(".told-answers")).to_be_visible()
    check(page, f"agreement-end-{language}")


def test_a_no_says_what_remains(house: House, kiosk_page: Page) -> None:
    page = kiosk_page
    sign_in(page, house, BRAMS)
    for _section in SECTIONS:
        page.locator(".foot .button--primary").tap()
    page.locator("form[action='/agreement/decline'] button").tap()
    expect(page.locator("#main")).to_contain_text("papier")
    check(page, "agreement-declined-nl")


def test_the_voice_starts_stops_and_begins_at_the_middle_for_the_next_person(
    house: House, kiosk_page: Page
) -> None:
    if not house.speaker.can("en"):
        pytest.skip("Debian's espeak-ng is not installed")
    page = kiosk_page
    sign_in(page, house, AMIRAS)
    page.locator("[data-speak-play]").tap()
    wait_until(lambda: seconds_played(page) > 0, what="the voice speaks")
    expect(page.locator("[data-speak-stop]")).to_be_visible()
    check(page, "agreement-aloud-en")
    page.locator("[data-speak-stop]").tap()
    expect(page.locator("[data-speak-play]")).to_be_visible()
    assert page.evaluate("document.querySelector('audio').paused")
    middle = page.evaluate("document.querySelector('audio').volume")
    page.locator("[data-speak-volume='1']").tap()
    page.locator("[data-speak-volume='1']").tap()
    assert page.evaluate("document.querySelector('audio').volume") == 1
    expect(page.locator("[data-speak-volume='1']")).to_be_disabled()
    page.locator(".foot .button--primary").tap()
    expect(page.locator("h1")).to_have_text(SECTIONS[1].title["en"])
    assert page.evaluate("document.querySelector('audio').volume") == 1, "it holds for the next section"
    page.locator("[data-speak-play]").tap()
    wait_until(lambda: seconds_played(page) > 0, what="the voice speaks")
    house.terminal.keeper.feed(CredentialGone("badge"))
    expect(page.locator("audio")).to_have_count(0)
    sign_in(page, house, BRAMS)
    assert page.evaluate("document.querySelector('audio').volume") == middle
