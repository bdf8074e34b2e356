"""J1: a resident at a corridor kiosk, from the badge to the blank screen."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.house import House
from tests.journeys.walker import Walker, at_kiosk
from tests.web.browser import go_back

MODEL = "bag-clip"


def sign_in(
    walker: Walker, house: House, first_name: str, kiosk: str = "kiosk-a", *, looks: bool = False
) -> None:
    """Badge on the reader, PIN by touch, until the menu stands there."""
    house.hardware.touch(kiosk, house.badge(first_name))
    walker.sees("[data-keypad]")
    if looks:
        walker.look("pin")
    walker.type_pin(house.pin(first_name))
    walker.sees(".tiles")


def choose_and_ask(walker: Walker, model_id: str, colour: str, *, looks: bool = True) -> str:
    """From the menu through model, colour and number to the receipt; the number on it."""
    walker.go("a.tile[href^='/printing']")
    walker.sees(".offers")
    if looks:
        walker.look("models")
    walker.go(f"a.offer[href$='/{model_id}']")
    if looks:
        walker.look("choose")
    walker.press(f"label.choice:has(input[value='{colour}'])")
    plus = walker.page.locator("button[name=do][value=more]")
    if plus.count():
        walker.go(plus)
        expect(walker.page.locator(".copies__number")).to_have_text("2")
        expect(walker.page.locator(f"input[value='{colour}']")).to_be_checked()
        if looks:
            walker.look("confirm")
    walker.go("button[form=ask]")
    number = walker.sees(".receipt__number .code").inner_text()
    if looks:
        walker.look("receipt")
    return number


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_resident_goes_from_badge_to_receipt_and_leaves_a_blank_screen(
    language: str, house: House, chromium: Browser
) -> None:
    name = house.resident_of(language)
    with at_kiosk(chromium, house, "kiosk-a", "j1") as walker:
        walker.go(f"button[name=language][value={language}]")
        walker.sees(".touch")
        walker.look("idle")
        sign_in(walker, house, name, looks=True)
        expect(walker.page.locator(".top__greeting")).to_contain_text(name)
        walker.look("menu")
        number = choose_and_ask(walker, MODEL, "blue")
        assert number.startswith("R-")
        walker.go("a[href^='/requests']")
        walker.sees(".entries")
        walker.look("my-requests")
        assert walker.page.get_by_text(number).count() == 1  # although every form was sent twice
        walker.go(f"a.entry:has-text('{number}')")
        walker.sees(".timeline")
        walker.look("one-request")
        walker.go(".foot a")
        walker.go(".foot a.button--secondary")
        walker.go("a.tile[href^='/notices']")
        walker.look("notices")
        walker.go("a.entry >> nth=0")
        walker.look("one-notice")
        walker.go("a.button--speak")
        walker.look("speak")
        _stop_leaves_nothing(walker, name)


def _stop_leaves_nothing(walker: Walker, name: str) -> None:
    walker.go(".button--stop")
    walker.sees_nobody(name)
    walker.look("stopped")
    for _ in range(3):
        go_back(walker.page)
        expect(walker.page.locator("body")).not_to_contain_text(name)
        expect(walker.page.locator(".tiles")).to_have_count(0)


@pytest.mark.parametrize("language", ["fr", "de", "en"])
def test_the_menu_and_the_models_speak_the_residents_language(
    language: str, house: House, chromium: Browser
) -> None:
    name = next(n for n, r in house.residents.items() if r["language"] == language)
    with at_kiosk(chromium, house, "kiosk-a", "j1-brief") as walker:
        sign_in(walker, house, name, looks=True)
        walker.look("menu")
        choose_and_ask(walker, "step-gauge", "white")
        walker.go("a[href^='/requests']")
        walker.look("my-requests")


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_refusal_is_read_with_its_reason_and_answered_once(
    language: str, house: House, chromium: Browser
) -> None:
    name = house.resident_of(language, skip=1)
    number = house.ask(name, "door-wedge", "black", "kiosk-a")
    house.refuse(number, "lesson_first", "Kom donderdag naar de les.")
    with at_kiosk(chromium, house, "kiosk-a", "j1-refused") as walker:
        sign_in(walker, house, name)
        walker.look("menu")
        walker.go("a.tile[href^='/requests']")
        walker.look("my-requests")
        walker.go(f"a.entry:has-text('{number}')")
        walker.look("refused")
        expect(walker.page.locator(".timeline")).to_contain_text("\u2068Kom donderdag naar de les.\u2069")
        walker.go("a[href$='/disagree']")
        walker.look("why-not")
        walker.press("label.choice >> nth=2")
        walker.go("button[form=why]")
        walker.sees(".timeline")
        walker.look("looked-at-again")
        assert walker.page.locator("a[href$='/disagree']").count() == 0
    assert len(house.recorded("hub", number, "request_objected")) == 1


def test_taking_the_badge_away_blanks_the_screen_within_two_seconds(house: House, chromium: Browser) -> None:
    name = house.resident_of("nl", skip=1)
    with at_kiosk(chromium, house, "kiosk-a", "j1-away") as walker:
        sign_in(walker, house, name)
        walker.go("a.tile[href^='/requests']")
        walker.sees(".empty, .entries")
        walker.look("no-requests")
        house.hardware.lift("kiosk-a")
        walker.sees_nobody(name)
        walker.sees(".touch")
        go_back(walker.page)
        expect(walker.page.locator("body")).not_to_contain_text(name)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_wrong_pin_is_told_with_the_tries_that_are_left(
    language: str, house: House, chromium: Browser
) -> None:
    name = house.resident_of(language)
    wrong = f"{(int(house.pin(name)) + 1) % 10_000:04d}"
    with at_kiosk(chromium, house, "kiosk-a", "j1-wrong-pin") as walker:
        walker.go(f"button[name=language][value={language}]")
        house.hardware.touch("kiosk-a", house.badge(name))
        walker.sees("[data-keypad]")
        walker.type_pin(wrong)
        walker.sees("[role=alert]")
        walker.look("wrong", again=False)
        expect(walker.page.locator("[role=alert]")).to_contain_text("4")
        walker.type_pin(house.pin(name))
        walker.sees(".tiles")


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_lone_screen_warns_counts_down_and_closes(language: str, house: House, chromium: Browser) -> None:
    name = house.resident_of(language, "C" if language == "ar" else "B")
    with at_kiosk(chromium, house, "kiosk-b", "j1-idle") as walker:
        sign_in(walker, house, name, "kiosk-b")
        walker.sees("#idle:not([hidden])", within_ms=20_000)
        walker.look("warning")
        walker.press("#idle button")
        expect(walker.page.locator("#idle")).to_be_hidden()
        expect(walker.page.locator(".top__greeting")).to_contain_text(name)


def test_without_the_hub_a_request_waits_and_is_delivered_once(house: House, chromium: Browser) -> None:
    name = house.resident_of("nl", skip=2)
    with at_kiosk(chromium, house, "kiosk-a", "j1-hub-away") as walker:
        sign_in(walker, house, name)
        with house.without(house.hub_name):
            walker.go("a.tile[href^='/requests']")
            walker.sees(".strip")
            walker.look("my-requests-offline")
            walker.go(".foot a.button--secondary")
            walker.look("menu-offline")
            slip = choose_and_ask(walker, "wall-hook", "black")
            assert slip.startswith("W-")
            walker.go("a[href^='/requests']")
            expect(walker.page.get_by_text(slip)).to_be_visible()
            walker.look("waiting")
            walker.go(".foot a.button--secondary")
            walker.go("a.tile[href^='/notices']")
            walker.sees(".entries")
            walker.look("notices-offline")
            walker.go(".button--stop")
            house.hardware.lift("kiosk-a")
            walker.sees(".languages")
            _says_who_can_sign_in(walker, house)
        sign_in(walker, house, name)
        expect(walker.page.locator(".strip")).to_have_count(0, timeout=20_000)
        walker.go("a.tile[href^='/requests']")
        walker.sees("a.entry", within_ms=20_000)
        walker.look("delivered")
        assert walker.page.locator("a.entry").count() == 1
        assert re.search(r"R-\w+", walker.page.locator("a.entry").inner_text())


def _says_who_can_sign_in(walker: Walker, house: House) -> None:
    walker.sees(".strip[role=status]")
    walker.look("idle")
    stranger = house.resident_of("de", "B")
    house.hardware.touch("kiosk-a", house.badge(stranger))
    walker.sees("[data-keypad]")
    walker.type_pin(house.pin(stranger))
    walker.sees(".failure__contact")
    walker.look("no-pass", again=False)
    house.hardware.lift("kiosk-a")
    walker.go(".foot button")
