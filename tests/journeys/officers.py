"""J2: officers at the back office and at the workshop's desk, from the queue to the part in its owner's hands."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from provisioning.sim.demo_site import CELL
from tests.journeys.house import SPEED, House
from tests.journeys.walker import Walker, at_desk
from tests.support import wait_until

WATCHED_SPEED = 80.0  # slow enough to be looked at
MODEL_MASS_G, SHOWN = 8.4, "8,4"  # step-gauge, as a Dutch officer reads it


def drawn(page: Page, css: str) -> int:
    """How many pictures are really there, not only asked for."""
    return int(
        page.evaluate(
            "css => [...document.querySelectorAll(css)].filter((one) => one.complete && one.naturalWidth > 0).length",
            css,
        )
    )


def test_an_officer_decides_a_request_and_cannot_refuse_without_a_reason(
    house: House, chromium: Browser
) -> None:
    name = house.resident_of("nl", skip=3)
    number = house.ask(name, "bag-clip", "blue", "kiosk-a")
    with at_desk(chromium, house, "hub", "els", "j2-decide") as walker:
        walker.look("queue")
        walker.go(f"a:has-text('{number}') >> nth=0")
        walker.look("review")
        assert drawn(walker.page, ".review__views img") == 2
        _cannot_refuse_without_a_reason(walker)
        walker.page.select_option("[name=reason]", "lesson_first")
        walker.page.fill("[name=words]", "Kom donderdag naar de les.")
        walker.go("form[action$='/refuse'] button")
        walker.look("refuse-asks")
        walker.go("a.button:not(.button--danger) >> nth=-1")
        walker.go("form[action$='/approve'] button")
        walker.sees(".decided")
        walker.look("approved")
        walker.page.goto(house.url("hub", f"/people/{house.residents[name]['resident_id']}"))
        walker.look("person")
        assert walker.page.locator("td", has_text=number).count() == 2  # one request, one debit


@pytest.mark.parametrize("officer", ["paul", "ines", "nadia"])
def test_every_page_of_an_officers_menu_is_fit_to_read(officer: str, house: House, chromium: Browser) -> None:
    with at_desk(chromium, house, "hub", officer, f"j2-office-{officer}") as walker:
        walker.look("first-page")
        menu = walker.page.locator("nav.side li a")
        for number in range(1, menu.count()):
            walker.go(menu.nth(number))
            walker.look(urlsplit(walker.page.url).path.strip("/").replace("/", "-"))


def _cannot_refuse_without_a_reason(walker: Walker) -> None:
    walker.press("form[action$='/refuse'] button")
    assert walker.page.locator("[name=reason]:invalid").count() == 1
    walker.page.evaluate("document.querySelector('[name=reason]').required = false")
    walker.go("form[action$='/refuse'] button")  # a browser without the rule: the server has it too
    walker.sees(".field__error")
    walker.look("refuse-without-reason", status=409)


def test_a_first_time_model_takes_two_different_officers(house: House, chromium: Browser) -> None:
    with at_desk(chromium, house, "hub", "els", "j2-model") as walker:
        walker.page.goto(house.url("hub", "/printing/models"))
        walker.go("a:has-text('plant-label')")
        sheet = walker.page.url
        walker.look("model")
        assert walker.page.locator("form[action*='/sign/security']").count() == 0
        walker.go("form[action*='/sign/workshop'] button")
        walker.sees(".slot--filled")
        walker.look("first-signature")
        assert walker.page.locator(".slot--filled").count() == 1
    with at_desk(chromium, house, "hub", "marc", "j2-model-security") as walker:
        walker.look("queue")
        walker.page.goto(sheet)
        walker.go("form[action*='/sign/security'] button")
        expect(walker.page.locator(".slot--filled")).to_have_count(2)
        walker.look("second-signature")


def reset_cell(walker: Walker) -> None:
    """Give the cell power by hand, when it is off."""
    if walker.page.locator(f"a[data-dialog='reset-{CELL}']").count():
        walker.press(f"a[data-dialog='reset-{CELL}']")
        walker.go(f"form[action$='/cells/{CELL}/reset'] button")
    walker.sees(f"#cell-{CELL} .tone-good")


def test_a_part_is_printed_weighed_labelled_and_handed_over(house: House, chromium: Browser) -> None:
    name = house.resident_of("fr", skip=1)
    number = house.ask(name, "step-gauge", "white", "kiosk-a")
    house.hardware.set_speed(WATCHED_SPEED)
    house.approve(number)
    with at_desk(chromium, house, "farm", "els", "j2-farm") as walker:
        page = walker.page
        walker.look("farm-off")
        if page.locator(f"a[data-dialog='reset-{CELL}']").count():
            walker.press(f"a[data-dialog='reset-{CELL}']")
            walker.look("reset-asks")
            page.keyboard.press("Escape")
        reset_cell(walker)
        expect(page.locator(".printer", has_text=number)).to_be_visible(timeout=60_000)
        expect(page.locator(".printer", has_text=number).locator("progress")).not_to_have_attribute(
            "value", "0", timeout=60_000
        )
        walker.look("farm-printing")
        for path in (
            "/printers/printer-1",
            "/queue/",
            "/models/",
            "/models/step-gauge",
            "/reels/",
            "/audit/",
        ):
            page.goto(house.url("farm", path))
            walker.look(path.strip("/").replace("/", "-"))
        house.hardware.set_speed(SPEED)
        page.goto(house.url("farm", "/parts/"))
        _weigh_and_hand_over(walker, house, name, number)
    wait_until(lambda: house.recorded("hub", number, "request_progressed handed_over"), 20)
    assert (
        len(house.recorded("hub", number, "request_decided")) == 1
    )  # although every button was pressed twice


def _weigh_and_hand_over(walker: Walker, house: House, name: str, number: str) -> None:
    page = walker.page
    house.hardware.weigh(MODEL_MASS_G)
    farm = house.officer("els", "farm")
    wait_until(lambda: number in farm.get("/parts/").text, 90, what="a printed part")
    page.reload()
    walker.look("part-on-the-bed")
    form = page.locator(".waiting--weigh", has_text=number)
    expect(page.locator("[data-scale-reading]")).to_have_attribute("data-scale-reading", SHOWN)
    form.locator("[name=grams]").fill("")
    walker.press("[data-take-scale]")
    expect(form.locator("[name=grams]")).to_have_value(SHOWN)
    walker.go(form.locator("button"))
    walker.sees(".label")
    assert drawn(page, ".label img") == 1
    walker.look("part")
    part = page.url
    walker.go("a[href$='/label']")
    walker.look("label")
    page.goto(part)
    house.hardware.touch("farm", house.badge(name))
    walker.sees(".ways .tone-good")
    walker.look("badge-touched")
    walker.go(".ways form:has([value=badge]) button")
    house.hardware.lift("farm")
    walker.sees(".notice.tone-good")
    walker.look("handed-over")
    page.goto(house.url("farm", "/parts/"))
    walker.look("parts-gone")
