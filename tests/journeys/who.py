"""J1: who is at the screen: pictures, a blocked badge, one session at a time, a stronger proof, a security key."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from provisioning.sim.running import process_name
from tests.journeys.house import House
from tests.journeys.residents import sign_in
from tests.journeys.walker import Walker, at_desk, at_kiosk

PICTURES = (4, 9, 2)
KEY_PIN = "73052"
PRINTING_RULE = "printing-for-all"
STICK_LEVEL = "1"


def _touch_pictures(walker: Walker) -> None:
    for number in PICTURES:
        walker.press(f"[data-number='{number}']")


def _at_step(walker: Walker, step: str) -> None:
    expect(walker.page.locator("[name=step]")).to_have_value(step)


@pytest.mark.parametrize("name", ["Wout", "كريم"])
def test_somebody_changes_a_number_for_three_pictures_and_signs_in_with_them(
    name: str, house: House, chromium: Browser
) -> None:
    with at_kiosk(chromium, house, "kiosk-a", "pictures") as walker:
        sign_in(walker, house, name)
        walker.go("a[href='/my-code/']")
        walker.go("[name=what][value=other]")
        _at_step(walker, "old")
        walker.type_pin(house.pin(name))
        _at_step(walker, "new")
        _touch_pictures(walker)
        walker.look("chosen", again=False)
        walker.go("[data-done]")
        _at_step(walker, "again")
        _touch_pictures(walker)
        walker.sees(".touch a, .touch h1")
        walker.look("done")
        house.hardware.lift("kiosk-a")
        walker.sees_nobody(name)
        house.hardware.touch("kiosk-a", house.badge(name))
        expect(walker.page.locator(".picture")).to_have_count(12)
        walker.press("[data-number='1']")
        walker.press("[data-number='2']")
        walker.look("pad", again=False)
        walker.press("[data-number='3']")
        walker.sees("[role=alert]")
        expect(walker.page.locator("[role=alert]")).to_contain_text("4")
        walker.look("wrong", again=False)
        _touch_pictures(walker)
        walker.sees(".tiles")
        expect(walker.page.locator(".top__greeting")).to_contain_text(name)


@pytest.mark.parametrize("name", ["Hugo", "أحمد"])
def test_a_lost_badge_is_blocked_in_two_taps_and_opens_nothing(
    name: str, house: House, chromium: Browser
) -> None:
    with at_desk(chromium, house, "hub", "nadia", "blocked-desk") as walker:
        walker.page.goto(house.url("hub", f"/people/{house.resident_id(name)}"))
        walker.press(walker.page.locator("a[data-dialog^='block-']").first)
        walker.sees("dialog[open]")
        walker.look("why")
        walker.go("dialog[open] form:has([value=lost]) button")
        walker.look("blocked")
    with at_kiosk(chromium, house, "kiosk-b", "blocked") as walker:
        house.hardware.touch("kiosk-b", house.badge(name))
        walker.sees(".failure__contact")
        walker.look("refused")
    assert len(house.recorded("hub", house.resident_id(name), "badge_blocked")) == 1
    found = house.officer("marc").get("/incidents/?kind=found").text
    assert name in found  # lost, and seen again: the security officer reads where
    assert "Kiosk B" in found


@pytest.mark.parametrize("name", ["Ruben", "ليلى"])
def test_whoever_signs_in_twice_is_at_one_screen_only(name: str, house: House, chromium: Browser) -> None:
    claimed = len(house.recorded("hub", "", "session_claimed"))
    with (
        at_kiosk(chromium, house, "kiosk-a", "first-screen") as there,
        at_kiosk(chromium, house, "kiosk-b", "second-screen") as here,
    ):
        sign_in(there, house, name)
        house.hardware.touch("kiosk-b", house.badge(name))
        here.sees("[data-keypad]")
        with house.held_up(process_name("kiosk-a", "passage-kiosk")):
            here.type_pin(house.pin(name))
            expect(here.sees("[data-waits=elsewhere] h1")).to_contain_text("Kiosk A")
            here.look("still-signed-in-there")
        here.sees(".tiles")
        expect(here.page.locator(".top__greeting")).to_contain_text(name)
        there.sees(".failure__contact")
        there.sees_nobody(name)
        there.look("closed-here")
    assert len(house.recorded("hub", "", "session_claimed")) == claimed + 1


def test_a_stronger_proof_leads_to_the_service_that_asked_for_it(house: House, chromium: Browser) -> None:
    _officers_ask_for_a_stick(house, chromium)
    try:
        for name in ("Cédric", "محمود"):
            with at_kiosk(chromium, house, "kiosk-a", "stronger") as walker:
                _steps_up(walker, house, name)
    finally:
        _printing_asks_for(house, "0")
    with at_kiosk(chromium, house, "kiosk-a", "stronger-no-more") as walker:
        sign_in(walker, house, "Cédric")
        walker.sees("a.tile[href^='/printing']")


def _steps_up(walker: Walker, house: House, name: str) -> None:
    sign_in(walker, house, name)
    walker.look("menu")
    walker.go("a.tile--closed[href='/why/printing']")
    walker.look("why")
    walker.go("form[action='/more/printing'] button")
    walker.look("put-it-in")
    house.hardware.plug("kiosk-a", house.stick(name))
    walker.sees("[data-keypad]")
    walker.look("pad", again=False)
    walker.type_pin(house.pin(name))
    walker.sees(".offers")
    walker.look("printing")
    walker.go(".foot a.button--secondary")
    walker.look("menu-open")


def _officers_ask_for_a_stick(house: House, chromium: Browser) -> None:
    """Two officers bring a rule in force: whoever prints has shown a stick or a key."""
    with at_desk(chromium, house, "hub", "marc", "rules") as walker:
        walker.page.goto(house.url("hub", "/rules/"))
        walker.go("form[action='/rules/draft'] button")
        walker.go(f"a[href$='/rules/{PRINTING_RULE}']")
        walker.page.select_option("[name=level]", STICK_LEVEL)
        walker.go("button[form=rule]")
        walker.go("a[href='/rules/draft/preview']")
        walker.go("form[action='/rules/draft/propose'] button")
        walker.look("proposed")
    with at_desk(chromium, house, "hub", "paul", "rules-second") as walker:
        walker.page.goto(house.url("hub", "/rules/draft/preview"))
        walker.press("a[data-dialog=approve]")
        walker.sees("dialog[open]")
        walker.look("approve")
        walker.go("dialog[open] button[type=submit]")
        walker.look("in-force")


def _printing_asks_for(house: House, level: str) -> None:
    """The same without a browser."""
    marc, paul = house.officer("marc"), house.officer("paul")
    marc.send(marc.get("/rules/").form("/rules/draft"))
    rule = marc.get(f"/rules/draft/rules/{PRINTING_RULE}").form(f"/rules/{PRINTING_RULE}")
    marc.send(rule, level=level)
    marc.send(marc.get("/rules/draft/preview").form("/propose"))
    paul.send(paul.get("/rules/draft/preview").form("/approve"))


@pytest.mark.parametrize("name", ["Daniel", "حسن"])
def test_a_security_key_is_made_at_the_kiosk_and_opens_it(name: str, house: House, chromium: Browser) -> None:
    _order(house, name, "key", "kiosk-a")
    with at_kiosk(chromium, house, "kiosk-a", "key") as walker:
        _choose_language(walker, house, name)
        house.hardware.plug_key("kiosk-a", house.key(name))
        walker.sees("[data-keypad]")
        walker.look("choose-a-code", again=False)
        walker.type_pin(KEY_PIN)
        expect(walker.page.locator(".keypad__entry")).to_have_value("")  # the same code once more
        walker.type_pin(KEY_PIN)
        walker.sees("[data-making=touch]")
        walker.look("touch-to-make", again=False)
        house.hardware.touch_key("kiosk-a")
        walker.sees("[data-making=done]")
        walker.look("made", again=False)
        house.hardware.pull_key("kiosk-a")
        walker.sees(".touch__languages")
        _signs_in_with_key(walker, house, name)
    assert len(house.recorded("hub", house.resident_id(name), "credential_issued")) == 1


def _choose_language(walker: Walker, house: House, name: str) -> None:
    """A key says whose it is only after the touch: until then the screen speaks what was chosen."""
    language = house.residents[name]["language"]
    walker.go(f"button[name=language][value={language}]")
    walker.sees(f"[value={language}][aria-current]")


def _signs_in_with_key(walker: Walker, house: House, name: str) -> None:
    _choose_language(walker, house, name)
    house.hardware.plug_key("kiosk-a", house.key(name))
    walker.sees("[data-keypad]")
    walker.look("pad", again=False)
    walker.type_pin(KEY_PIN)
    walker.sees("[data-waits=key]")
    walker.look("touch-it")
    house.hardware.touch_key("kiosk-a")
    walker.sees(".tiles")
    expect(walker.page.locator(".top__greeting")).to_contain_text(name)
    house.hardware.pull_key("kiosk-a")
    walker.sees_nobody(name)


def _order(house: House, name: str, what: str, kiosk: str) -> None:
    """Two officers give something out, each at their own desk."""
    nadia, marc = house.officer("nadia"), house.officer("marc")
    form = nadia.get(f"/people/{house.resident_id(name)}/give-out").form("/give-out")
    page = nadia.send(form, what=what, kiosk=kiosk, signer="desk")
    number = page.url.rsplit("/", 1)[-1]
    marc.send(marc.get(f"/issues/{number}").form(f"/issues/{number}/sign"))
