"""Every component and sample screen in a real browser: accessible, large enough, self-contained."""

import pytest
from playwright.sync_api import Page, expect

from provisioning.web.patterns import SCREENS
from tests.web.browser import picture, serious_faults, small_targets, small_texts, sticks_out

pytestmark = pytest.mark.web
CASES = [(ui, screen) for ui, screens in SCREENS.items() for screen in screens]
HIDDEN_BELOW = (
    "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector('main'))"
)


def page_for(ui: str, kiosk_page: Page, office_page: Page) -> Page:
    return kiosk_page if ui == "kiosk" else office_page


@pytest.mark.parametrize(("ui", "screen"), CASES)
def test_axe_finds_nothing_serious_on_any_sample_screen(ui, screen, kiosk_page, office_page, patterns_url):
    page = page_for(ui, kiosk_page, office_page)
    page.goto(f"{patterns_url}?ui={ui}&screen={screen}&lang=nl")
    picture(page, f"patterns-{ui}-{screen}-nl", full=screen == "parts")
    assert serious_faults(page) == []


@pytest.mark.parametrize("ui", SCREENS)
def test_all_components_are_accessible_from_right_to_left(ui, kiosk_page, office_page, patterns_url):
    page = page_for(ui, kiosk_page, office_page)
    page.goto(f"{patterns_url}?ui={ui}&screen=parts&lang=ar")
    expect(page.locator("html[lang=ar]")).to_have_attribute("dir", "rtl")
    assert sticks_out(page) <= 0
    assert serious_faults(page) == []


@pytest.mark.parametrize("screen", SCREENS["kiosk"])
def test_every_kiosk_target_measures_64_pixels_every_text_20_and_a_screen_needs_no_scrolling(
    screen, kiosk_page, patterns_url
):
    for code in ("de", "fr", "ar"):
        kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen={screen}&lang={code}")
        picture(kiosk_page, f"patterns-kiosk-{screen}-{code}")
        assert small_targets(kiosk_page) == []
        assert small_texts(kiosk_page) == []
        assert sticks_out(kiosk_page) <= 0
        if screen != "parts":
            assert kiosk_page.evaluate(HIDDEN_BELOW) <= 0, code


def test_stop_stands_in_the_same_place_on_every_screen(kiosk_page, patterns_url):
    places = set()
    for screen in ("menu", "choose", "confirm", "requests", "status", "failure"):
        kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen={screen}&lang=fr")
        box = kiosk_page.locator(".button--stop").bounding_box()
        places.add((round(box["x"]), round(box["y"])))
    assert len(places) == 1


def test_the_keypad_stays_left_to_right_in_arabic(kiosk_page, patterns_url):
    kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen=pin&lang=ar")
    keys = kiosk_page.locator("[data-digit]")
    first, second = keys.nth(0).bounding_box(), keys.nth(1).bounding_box()
    assert first["x"] < second["x"]
    for _ in range(2):
        keys.nth(0).tap()
    keys.nth(1).tap()
    kiosk_page.locator("[data-erase]").tap()
    expect(kiosk_page.locator("#pin")).to_have_value("44")


def test_a_code_can_be_sent_once_it_has_four_digits(kiosk_page, patterns_url):
    kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen=pin&lang=nl")
    done = kiosk_page.locator("[data-done]")
    kiosk_page.keyboard.type("123")
    expect(done).to_be_disabled()
    kiosk_page.keyboard.press("Enter")
    kiosk_page.keyboard.press("4")
    expect(done).to_be_enabled()
    kiosk_page.keyboard.press("Backspace")
    expect(done).to_be_disabled()
    expect(kiosk_page.locator("#pin")).to_have_value("123")


def test_digits_also_come_from_a_keyboard_once_each(kiosk_page, patterns_url):
    kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen=pin&lang=nl")
    kiosk_page.keyboard.type("1234")
    kiosk_page.keyboard.press("Backspace")
    expect(kiosk_page.locator("#pin")).to_have_value("123")


def test_amounts_stay_left_to_right_with_latin_digits_in_arabic(kiosk_page, patterns_url):
    kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen=confirm&lang=ar")
    amounts = kiosk_page.locator("bdi.num").all_inner_texts()
    assert any("1.20" in text for text in amounts)
    assert all(part.get_attribute("dir") == "ltr" for part in kiosk_page.locator("bdi.num").all())


def test_a_question_opens_as_a_dialog_and_closes_again(office_page, patterns_url):
    office_page.goto(f"{patterns_url}?ui=office&screen=parts&lang=en")
    office_page.get_by_role("link", name="Cancel this print").click()
    expect(office_page.get_by_role("dialog", name="Cancel this print?")).to_be_visible()
    assert serious_faults(office_page) == []
    office_page.get_by_role("link", name="No, go back").click()
    expect(office_page.get_by_role("dialog")).to_have_count(0)


def test_a_question_can_be_asked_without_script(chromium, patterns_url):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{patterns_url}?ui=office&screen=parts&lang=en")
    page.get_by_role("link", name="Cancel this print").click()
    expect(page.locator("#cancel-print")).to_be_visible()
    context.close()


def test_a_table_sorts_by_value_and_searches(office_page, patterns_url):
    office_page.goto(f"{patterns_url}?ui=office&screen=queue&lang=en")
    office_page.get_by_role("button", name="Weight").click()
    weights = [
        float(cell.get_attribute("data-sort"))
        for cell in office_page.locator("tbody tr td:nth-child(5)").all()
    ]
    assert weights == sorted(weights)
    office_page.get_by_label("Search in this table").fill("yusuf")
    expect(office_page.locator("tbody tr:visible")).to_have_count(1)
    office_page.get_by_label("Search in this table").fill("nobody at all")
    expect(office_page.get_by_text("Nothing matches your search.")).to_be_visible()


def test_a_chart_is_drawn_from_its_data(office_page, patterns_url):
    office_page.goto(f"{patterns_url}?ui=office&screen=desk&lang=en")
    expect(office_page.locator(".chart__plot canvas")).to_be_visible()
    picture(office_page, "patterns-office-desk-en")


def test_the_checks_themselves_see_a_fault_when_there_is_one(kiosk_page, patterns_url):
    kiosk_page.goto(f"{patterns_url}?ui=kiosk&screen=menu&lang=nl")
    kiosk_page.evaluate(
        "document.querySelector('main').innerHTML = '<img src=\"/static/favicon.svg\"><a href=\"#\">x</a>'"
    )
    assert any("image-alt" in fault for fault in serious_faults(kiosk_page))
    assert small_targets(kiosk_page) != []
