"""What people and wires do wrong, on every screen: a clear sentence, and nothing lost."""

import random
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, expect

from farm.sim.models import demo_models
from tests.journeys.house import SPEED, House
from tests.journeys.officers import reset_cell
from tests.journeys.residents import choose_and_ask, sign_in
from tests.journeys.walker import Walker, at_desk, at_kiosk
from tests.support import wait_until
from tests.web.browser import OFFICE, fresh_page

STRANGER = "04DEADBEEF"
OUTSIDE = 5000  # the line that leaves the bed
HUGE_BYTES = 60_000_000
WATCHED_SPEED = 120.0


def _good_lines() -> list[str]:
    gauge = next(one for one in demo_models() if one.id == "step-gauge")
    return gauge.gcode_path.read_text().splitlines()


def _with_line(number: int, line: str) -> bytes:
    lines = _good_lines()
    lines[number - 1] = line
    return "\n".join([*lines, ""]).encode()


def _huge() -> bytes:
    line = b"G1 X100 Y100 E1\n"
    return line * (HUGE_BYTES // len(line))


BAD_FILES: dict[str, tuple[Callable[[], bytes], str]] = {  # what is uploaded, what the answer must name
    "random-bytes": (lambda: random.Random(7).randbytes(20_000), ""),
    "nothing": (lambda: b"", ""),
    "leaves-the-bed": (lambda: _with_line(OUTSIDE, "G1 X900 Y100"), "5000"),
    "pid-tuning-M303": (lambda: _with_line(300, "M303 E0 S200 C8"), "M303"),
    "factory-reset-M502": (lambda: _with_line(300, "M502"), "M502"),
    "writes-the-card-M28": (lambda: _with_line(300, "M28 a.gco"), "M28"),
    "sixty-megabytes": (_huge, "Groter dan 58 MB"),
}


def test_a_file_that_may_not_run_is_refused_in_words_and_leaves_nothing_behind(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    with at_desk(chromium, house, "farm", "tom", "bad-file") as walker:
        walker.page.goto(house.url("farm", "/models/new"))
        walker.look("form")
        before = _models(house)
        for name, (make, names) in BAD_FILES.items():
            file = tmp_path / f"{name}.gcode"
            file.write_bytes(make())
            walker.page.goto(house.url("farm", "/models/new"))
            walker.page.fill("[name=title_nl]", "Proefstuk")
            walker.page.locator("[name=gcode]").set_input_files(file)
            walker.go("main form button[type=submit]")
            walker.sees("main [role=alert], .failure")
            said = walker.page.locator("main [role=alert], .failure").first.inner_text()
            assert names.replace("5000", "5.000") in said or names in said, (name, said)
            assert 400 <= walker.status < 500
            walker.look(name, status=walker.status, again=False)
        assert _models(house) == before
        assert list((house.site.nodes["farm"].folder / "state" / "intake").iterdir()) == []


def _models(house: House) -> int:
    return len(house.recorded("farm", "", "model_taken_in"))


def test_an_unknown_badge_is_told_whom_to_ask(house: House, chromium: Browser) -> None:
    with at_kiosk(chromium, house, "kiosk-b", "bad-badge") as walker:
        house.hardware.touch("kiosk-b", STRANGER)
        walker.sees("[data-keypad]")
        walker.type_pin("1234")
        walker.sees(".failure__contact")
        walker.look("unknown")
        walker.go(".foot button")
        walker.sees(".touch")


def test_five_wrong_pins_close_the_badge_and_nobody_elses(house: House, chromium: Browser) -> None:
    name, other = house.resident_of("nl", "C"), house.resident_of("nl", "C", skip=1)
    wrong = f"{(int(house.pin(name)) + 1) % 10_000:04d}"
    with at_kiosk(chromium, house, "kiosk-b", "bad-pin") as walker:
        house.hardware.touch("kiosk-b", house.badge(name))
        walker.sees("[data-keypad]")
        for left in (4, 3, 2, 1):
            walker.type_pin(wrong)
            expect(walker.page.locator("[role=alert]")).to_contain_text(
                "één keer" if left == 1 else str(left)
            )
        walker.look("last-try", again=False)
        walker.type_pin(wrong)
        walker.sees(".failure__contact")
        walker.look("locked", again=False)
        house.hardware.lift("kiosk-b")
        walker.sees(".foot button")
        house.hardware.touch("kiosk-b", house.badge(name))
        walker.sees("[data-keypad]")
        walker.type_pin(house.pin(name))
        walker.sees(".failure__contact")  # the right one does not help before the pause is over
        house.hardware.lift("kiosk-b")
        sign_in(walker, house, other, "kiosk-b")


def test_a_cable_pulled_in_mid_print_costs_one_attempt_and_no_part(house: House, chromium: Browser) -> None:
    name = house.resident_of("de", "A")
    house.hardware.set_speed(WATCHED_SPEED)
    with at_desk(chromium, house, "farm", "els", "bad-cable") as walker:
        reset_cell(walker)
        number = house.ask(name, "bag-clip", "black", "kiosk-a")
        house.approve(number)
        printer = walker.page.locator(".printer", has_text="Printer 3")
        expect(printer).to_contain_text(number, timeout=60_000)
        expect(printer.locator("progress")).not_to_have_attribute("value", "0", timeout=60_000)
        house.hardware.set_cable("printer-3", plugged=False)
        clear = printer.locator("a[data-dialog='clear-printer-3']")
        expect(clear).to_be_visible(timeout=30_000)
        walker.look("pulled")
        walker.page.goto(house.url("farm", "/queue/"))
        walker.look("why-it-waits")
        walker.page.goto(house.url("farm"))
        house.hardware.set_cable("printer-3", plugged=True)
        house.hardware.set_speed(SPEED)
        walker.press(clear)
        walker.page.locator("#grams-printer-3").fill("1,4")
        walker.look("clears-the-bed")
        walker.go("form[action$='/printer-3/clear'] button")
        walker.look("cleared")
    wait_until(lambda: house.recorded("hub", number, "request_progressed printed"), 90)
    assert len(house.recorded("hub", number, "request_progressed printed")) == 1
    assert len(house.recorded("hub", number, "request_decided")) == 1


def test_a_hub_that_cannot_write_says_so_and_loses_no_request(house: House, chromium: Browser) -> None:
    name = house.resident_of("nl", "A", skip=3)
    with at_kiosk(chromium, house, "kiosk-a", "bad-disk") as walker:
        sign_in(walker, house, name)
        with house.hub_without_writing():
            slip = choose_and_ask(walker, "coaster", "white", looks=False)
            assert slip.startswith("W-")
            walker.look("kept", again=False)
            walker.go(".button--stop")
            house.hardware.lift("kiosk-a")
            walker.sees(".touch h1")
            _nobody_signs_in(walker, house)
            _officers_are_told(house, chromium)
        with house.without(house.hub_name):
            status, words = house.start_hub_read_only()
        assert (status, "store_read_only" in words) == (1, True), words
        sign_in(walker, house, name)
        wait_until(lambda: _is_listed(walker), 30, what="the request, delivered")
        walker.look("delivered")
        assert walker.page.locator("a.entry", has_text="Onderzetter").count() == 1


def _nobody_signs_in(walker: Walker, house: House) -> None:
    other = house.resident_of("nl", "A", skip=1)
    house.hardware.touch("kiosk-a", house.badge(other))
    walker.sees("[data-keypad]")
    walker.type_pin(house.pin(other))
    walker.sees(".failure__contact")
    walker.look("nobody-signs-in", again=False)
    house.hardware.lift("kiosk-a")
    walker.go(".foot button")


def _officers_are_told(house: House, chromium: Browser) -> None:
    with fresh_page(chromium, viewport=OFFICE) as page:
        walker = Walker(page, "bad-disk-desk", is_kiosk=False)
        page.goto(house.url("hub"))
        page.fill("#name", "els")
        page.fill("#password", str(house.officers["els"]["secret"]))
        walker.go("form button")
        walker.sees(".failure__contact")
        assert walker.status == 503
        walker.look("told", status=503, again=False)


def _is_listed(walker: Walker) -> bool:
    if walker.page.locator(".tiles").count():
        walker.go("a.tile[href^='/requests']")
    walker.page.reload()
    return walker.page.locator("a.entry").count() > 0
