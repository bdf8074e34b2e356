"""Every kiosk screen in a real Chromium, in Dutch and in Arabic: sizes, contrast, direction, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

from kiosk.terminal.app import make_app
from kiosk.terminal.session import Credential, CredentialGone, SignedIn
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock, iso_after
from provisioning.contracts import Notice, RequestStep, RequestView, Suspension
from tests.kiosk.sticks import Stick
from tests.kiosk.terminal.hub_sim import GAUGE, HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRAS,
    BRAMS,
    PINS,
    YUSUFS,
    hub_sim,
    make_nodes,
    stick_of,
    terminal_of,
)
from tests.support import wait_until
from tests.web.browser import (
    go_back,
    picture,
    serious_faults,
    serving,
    small_targets,
    small_texts,
    sticks_out,
)

pytestmark = pytest.mark.web
CLOCK = SystemClock()
URGENT = Notice(
    notice_id="n-water",
    title={
        "nl": "Geen warm water tot 14 uur",
        "ar": "لا ماء ساخن حتى الساعة 14",
        "en": "No hot water until 14:00",
    },
    body={
        "nl": "De boiler wordt hersteld. Nergens is er warm water.\n\nDe douches zijn om 15 uur weer open.",
        "ar": "يجري إصلاح السخّان. لا يوجد ماء ساخن في كل الأجنحة.\n\nتُفتح الحمّامات من جديد في الساعة 15.",
        "en": "The boiler is being repaired.",
    },
    urgent=True,
    from_utc="2026-01-01T08:00:00.000Z",
    until_utc="2099-01-01T08:00:00.000Z",
)
LIBRARY = msgspec.structs.replace(
    URGENT,
    notice_id="n-library",
    urgent=False,
    title={
        "nl": "Bibliotheek open op woensdag",
        "ar": "المكتبة مفتوحة يوم الأربعاء",
        "en": "Library open on Wednesday",
    },
)


def _view(key: str, number: str, states: list[str], **more: object) -> RequestView:
    steps = tuple(
        RequestStep(state=state, at_utc=iso_after(CLOCK, -3600 * (len(states) - place)))  # type: ignore[arg-type]
        for place, state in enumerate(states)
    )
    plain = {
        "request_key": key,
        "number": number,
        "service": "printing",
        "title": "Trapmaatje",
        "state": states[-1],
        "model_id": "step-gauge",
        "colour": "blue",
        "price_cents": 120,
        "steps": [msgspec.to_builtins(step) for step in steps],
        **more,
    }
    return msgspec.convert(plain, RequestView)


NO_IN = {
    "nl": "We weten niet waarvoor u dit onderdeel nodig hebt. Vertel het ons.",
    "ar": "لا نعرف لماذا تحتاج هذه القطعة. أخبرنا من فضلك.",
}
ASK_IN = {"nl": "Vraag het aan de werkmeester.", "ar": "اسأل مسؤول الورشة."}
TITLE_IN = {"nl": "Trapmaatje", "ar": "مقياس متدرج"}


def requests_in(language: str) -> list[RequestView]:
    ask, title = ASK_IN[language], TITLE_IN[language]
    return [
        _view("1" * 32, "R-7K3M9Q", ["received", "approved", "queued", "printing"], progress_percent=42,
              left_s=1500, ask_whom=ask, title=title),
        _view("2" * 32, "R-4ACDEF", ["received", "refused"], reason=NO_IN[language], ask_whom=ask, may_object=True,
              title=title),
        _view("3" * 32, "R-96GHJK", ["received", "approved", "queued", "printing", "cooling", "printed", "ready"],
              ask_whom=ask, title=title),
    ]  # fmt: skip


@dataclass
class House:
    hub: HubSim
    terminal: Terminal
    url: str


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, CLOCK) as hub, terminal_of(kiosk_node, CLOCK) as terminal:
        hub.notices = (URGENT, LIBRARY)
        hub.models = (*hub.models, *(msgspec.structs.replace(GAUGE, model_id=f"gauge-{n}") for n in range(4)))
        terminal.reader_driver = lambda: "virtual"
        with hub.on_air(), serving(make_app(terminal)) as url:
            terminal.hub.refresh()
            yield House(hub, terminal, url)


def check(page: Page, name: str) -> None:
    """Keep the picture, and hold the screen to the rules of every kiosk screen."""
    expect(page.locator("body.kiosk")).to_be_visible()
    picture(page, f"kiosk-{name}")
    assert small_targets(page) == [], name
    assert small_texts(page) == [], name
    assert sticks_out(page) <= 0, name
    assert hidden_below(page) <= 0, name
    if name.endswith(
        "-ar"
    ):  # the same templates in another language: one of them is enough for axe, which is slow
        assert serious_faults(page) == [], name


def hidden_below(page: Page) -> int:
    """How many pixels of the screen can only be seen by scrolling."""
    return int(page.evaluate("(m => m.scrollHeight - m.clientHeight)(document.getElementById('main'))"))


def sign_in(page: Page, house: House, credential: Credential, stick: Stick | None = None) -> None:
    page.goto(house.url)
    arrivals = house.terminal.arrivals
    if stick is not None:
        house.terminal.entrance.reader = stick
    arrivals.saw(credential if stick is None else arrivals._tickets.credential_of(stick.seen()))
    expect(page.locator("[data-keypad]")).to_be_visible()
    for digit in PINS[credential.uid]:
        page.locator(f"[data-digit='{digit}']").tap()
    page.locator(".keypad__key--done").tap()
    expect(page.locator(".tiles")).to_be_visible()


def lift(house: House) -> None:
    for kind in ("badge", "stick"):
        house.terminal.keeper.feed(CredentialGone(kind))


@pytest.mark.parametrize(("language", "credential"), [("nl", BRAMS), ("ar", YUSUFS)])
def test_every_screen_is_right_in_dutch_and_in_arabic(
    house: House, kiosk_page: Page, language: str, credential: Credential
) -> None:
    page, name = kiosk_page, lambda screen: f"{screen}-{language}"
    house.hub.requests = requests_in(language)
    page.goto(house.url)
    check(page, name("idle"))
    page.locator(f"button[value='{language}']").tap()
    expect(page.locator("html")).to_have_attribute("lang", language)
    check(page, name("idle-chosen"))
    page.locator(".foot a").tap()
    check(page, name("notices"))
    page.locator(".entry").first.tap()
    check(page, name("notice"))
    page.locator(".button--speak").tap()
    check(page, name("speak"))
    house.terminal.arrivals.saw(credential)
    expect(page.locator("[data-keypad]")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == language
    check(page, name("pin"))
    for _ in range(4):
        page.locator("[data-digit='9']").tap()
    page.locator(".keypad__key--done").tap()
    expect(page.locator("[role=alert]")).to_be_visible()
    check(page, name("pin-wrong"))
    for digit in PINS[credential.uid]:
        page.locator(f"[data-digit='{digit}']").tap()
    page.locator(".keypad__key--done").tap()
    expect(page.locator(".tiles")).to_be_visible()
    check(page, name("menu"))
    asks_and_reads(page, name)
    lift(house)
    expect(page.locator("use[href$='#door-exit']")).to_be_visible()
    check(page, name("leaving"))


def asks_and_reads(page: Page, name: Callable[[str], str]) -> None:
    """From the menu: ask for a print, and read every kind of answer."""
    page.locator(".tile").nth(0).tap()
    check(page, name("models"))
    page.locator(".offer").first.tap()
    page.locator("button[value=more]").tap()
    expect(page.locator("output")).to_have_text("2")
    page.locator(".choice").nth(1).tap()
    check(page, name("choose"))
    page.locator("[form=ask]").tap()
    expect(page.locator(".receipt__number")).to_be_visible()
    check(page, name("receipt"))
    page.locator(".foot .button--primary").tap()
    check(page, name("requests"))
    for number, screen in (
        ("R-7K3M9Q", "request-printing"),
        ("R-96GHJK", "request-ready"),
        ("R-4ACDEF", "request-no"),
    ):
        page.locator(".entry", has_text=number).tap()
        check(page, name(screen))
        if screen != "request-no":
            page.locator(".foot a").first.tap()
    page.locator("a", has=page.locator("use[href$='#gavel']")).tap()
    check(page, name("disagree"))


def test_without_the_hub_the_screens_say_so_and_keep_the_request(
    house: House, kiosk_page: Page, tmp_path: Path
) -> None:
    page = kiosk_page
    hub_node, kiosk_node = make_nodes(tmp_path / "second")
    with hub_sim(hub_node, CLOCK) as hub, terminal_of(kiosk_node, CLOCK) as terminal:
        terminal.reader_driver = lambda: "virtual"
        with serving(make_app(terminal)) as url:
            alone = House(hub, terminal, url)
            with hub.on_air():
                terminal.hub.refresh()
                stick = stick_of(hub, YUSUFS)
                sign_in(page, alone, YUSUFS, stick)
                lift(alone)
                terminal.errands.join()
            terminal.hub.refresh()
            terminal.own_word._heard_s -= kiosk_node.site.alone_after_s  # as if that long had passed
            expect(page.locator("use[href$='#id-badge-2']").first).to_be_visible(timeout=10_000)
            page.goto(url)
            check(page, "away-idle-nl")
            sign_in(page, alone, YUSUFS, stick)
            check(page, "away-menu-ar")
            page.goto(url + "/printing/hook")
            page.locator("[form=ask]").tap()
            expect(page.locator(".receipt__number")).to_be_visible()
            check(page, "away-receipt-ar")
            page.locator(".foot .button--primary").tap()
            check(page, "away-requests-ar")
            lift(alone)
            terminal.arrivals.saw(AMIRAS)
            page.goto(url)
            for digit in PINS[AMIRAS.uid]:
                page.locator(f"[data-digit='{digit}']").tap()
            page.locator(".keypad__key--done").tap()
            expect(page.locator(".failure")).to_be_visible()
            check(page, "away-refused-nl")


def test_the_badge_away_blanks_the_screen_within_two_seconds_and_back_shows_nothing(
    house: House, kiosk_page: Page
) -> None:
    page = kiosk_page
    house.hub.requests = requests_in("nl")
    sign_in(page, house, BRAMS)
    page.locator(".tile").nth(1).tap()
    expect(page.get_by_text("R-7K3M9Q")).to_be_visible()
    lift(house)
    expect(page.get_by_text("R-7K3M9Q")).to_be_hidden()
    for _ in range(4):
        go_back(page)
        assert "R-7K3M9Q" not in page.content()
        assert "Bram" not in page.content()


def test_the_idle_warning_counts_down_and_a_press_keeps_the_session(house: House, kiosk_page: Page) -> None:
    page = kiosk_page
    sign_in(page, house, BRAMS)
    now_s = house.terminal.keeper.now_s
    state = house.terminal.keeper.state
    assert isinstance(state, SignedIn)
    house.terminal.keeper._state = replace(state, until_s=now_s + 14)
    expect(page.locator("#idle")).to_be_visible()
    check(page, "warning-nl")
    page.locator("#idle button").tap()
    expect(page.locator("#idle")).to_be_hidden()
    wait_until(
        lambda: house.terminal.keeper.state.until_s > now_s + 60
    )  # hidden before the kiosk has heard it


CLOSED = """
schema = 1
title = "For this test"
[[rule]]
id = "all"
effect = "allow"
services = ["*"]
[[rule]]
id = "no-printing-in-the-closed-regime"
effect = "deny"
services = ["printing"]
regimes = ["closed"]
because = "not_in_your_regime"
"""


@pytest.mark.parametrize(("language", "credential"), [("nl", BRAMS), ("ar", YUSUFS)])
def test_a_closed_tile_is_grey_and_pressing_it_says_why_and_whom_to_ask(
    house: House, kiosk_page: Page, language: str, credential: Credential
) -> None:
    page = kiosk_page
    house.hub.policy, house.hub.regime = house.hub.sign(CLOSED), "closed"
    house.hub.suspensions = (
        Suspension(
            suspension_id="S-7K3M9Q",
            service="notices",
            from_utc="2026-01-01T08:00:00.000Z",
            until_utc=iso_after(CLOCK, 5 * 86400),
            reason="Beschadigde het bord met berichten.",
        ),
    )
    sign_in(page, house, credential)
    expect(page.locator(".tile--closed")).to_have_count(2)
    check(page, f"menu-closed-{language}")
    page.locator(".tile--closed").first.tap()
    expect(page.locator(".failure__contact")).to_be_visible()
    check(page, f"why-regime-{language}")
    page.locator(".foot .button--primary").tap()
    page.locator(".tile--closed").last.tap()
    expect(page.get_by_text("Beschadigde het bord")).to_be_visible()
    check(page, f"why-suspended-{language}")
