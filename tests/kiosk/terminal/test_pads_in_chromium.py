"""The pads and "my code" in a real Chromium with a finger, in Dutch and in Arabic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kiosk.terminal.app import make_app
from kiosk.terminal.pictures import PICTURES
from provisioning.clock import SystemClock
from provisioning.speech import Speaker
from tests.kiosk.terminal.house_kit import BADGE, House, open_house
from tests.web.browser import picture, serious_faults, serving, small_targets, small_texts, sticks_out

pytestmark = pytest.mark.web
SECRET = (3, 7, 11)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[House, str]]:
    with open_house(tmp_path, SystemClock()) as house, serving(make_app(house.terminal)) as address:
        yield house, address


def speaks(house: House, language: str) -> None:
    """Amira reads another language from now on."""
    house.hub.store.run("UPDATE resident SET language = ? WHERE resident_id = 'r-amira'", (language,))


def has_pictures(house: House) -> None:
    """Amira signs in with pictures."""
    made = house.hub.signing_in.checker.made("-".join(map(str, SECRET)))
    house.hub.people.set_secret("r-amira", "pictures", made, "")


def touch(page: Page, *numbers: int) -> None:
    for number in numbers:
        page.locator(f"[data-number='{number}']").tap()


def type_in(page: Page, digits: str) -> None:
    for digit in digits:
        page.locator(f"[data-digit='{digit}']").tap()
    page.locator(".keypad__key--done").tap()


def is_sound(page: Page) -> None:
    """Targets, texts, contrast; nothing hidden below or beside."""
    assert small_targets(page) == []
    assert small_texts(page) == []
    assert serious_faults(page) == []
    assert sticks_out(page) <= 0
    assert (
        page.evaluate(
            "(() => { const s = document.querySelector('main'); return s.scrollHeight - s.clientHeight })()"
        )
        <= 1
    )


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_three_touches_sign_in(served: tuple[House, str], kiosk_page: Page, language: str) -> None:
    house, address = served
    speaks(house, language)
    has_pictures(house)
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    expect(kiosk_page.locator(".picture")).to_have_count(12)
    assert small_targets(kiosk_page, 64) == []
    boxes = [one.bounding_box() for one in kiosk_page.locator(".picture").all()]
    assert all(box and min(box["width"], box["height"]) >= 120 for box in boxes)
    touch(kiosk_page, 3, 3, 5)  # the same twice counts once
    expect(kiosk_page.locator(".slot--full")).to_have_count(2)
    kiosk_page.locator("[data-erase]").tap()
    expect(kiosk_page.locator(".slot--full")).to_have_count(1)
    is_sound(kiosk_page)
    picture(kiosk_page, f"kiosk-pictures-{language}")
    touch(kiosk_page, 7, 11)
    expect(kiosk_page.locator(".tiles")).to_be_visible()
    picture(kiosk_page, f"kiosk-menu-my-code-{language}")


def test_wrong_pictures_say_so_and_how_many_tries_are_left(
    served: tuple[House, str], kiosk_page: Page
) -> None:
    house, address = served
    speaks(house, "nl")
    has_pictures(house)
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    touch(kiosk_page, 1, 2, 3)
    expect(kiosk_page.locator("[role=alert]")).to_be_visible()
    expect(kiosk_page.locator(".slot--full")).to_have_count(0)
    is_sound(kiosk_page)
    picture(kiosk_page, "kiosk-pictures-wrong-nl")


def test_in_grey_every_picture_looks_different(served: tuple[House, str], kiosk_page: Page) -> None:
    house, address = served
    has_pictures(house)
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    inks = kiosk_page.evaluate(
        "[...document.querySelectorAll('.picture .icon')].map((one) => getComputedStyle(one).stroke)"
    )
    assert len(set(inks)) == 1  # one ink: colour says nothing
    kiosk_page.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    shots = {kiosk_page.locator(f"[data-number='{one.number}']").screenshot() for one in PICTURES}
    assert len(shots) == len(PICTURES)
    picture(kiosk_page, "kiosk-pictures-grey")


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_from_a_number_to_pictures_and_an_emergency_code(
    served: tuple[House, str], kiosk_page: Page, language: str
) -> None:
    house, address = served
    speaks(house, language)
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    is_sound(kiosk_page)
    picture(kiosk_page, f"kiosk-pad-{language}")
    type_in(kiosk_page, "1234")
    kiosk_page.locator("a[href='/my-code/']").tap()
    expect(kiosk_page.locator("[value=other]")).to_be_visible()
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-{language}")
    kiosk_page.locator("[value=other]").tap()
    expect(kiosk_page.locator("[name=step]")).to_have_value("old")
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-old-{language}")
    type_in(kiosk_page, "1234")
    expect(kiosk_page.locator("[name=step]")).to_have_value("new")
    touch(kiosk_page, 3, 7)
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-choose-pictures-{language}")
    touch(kiosk_page, 11)
    kiosk_page.locator("[data-done]").tap()
    expect(kiosk_page.locator("[name=step]")).to_have_value("again")
    touch(kiosk_page, *SECRET)
    expect(kiosk_page.locator(".touch__picture")).to_be_visible()
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-done-{language}")
    kiosk_page.goto(address + "/my-code/emergency")
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-emergency-{language}")
    kiosk_page.locator("form:has([value=emergency]) button").tap()
    expect(kiosk_page.locator("[name=step]")).to_have_value("old")
    touch(kiosk_page, *SECRET)
    expect(kiosk_page.locator("[name=step]")).to_have_value("new")
    touch(kiosk_page, 3, 7, 12)
    kiosk_page.locator("[data-done]").tap()
    expect(kiosk_page.locator("[role=alert]")).to_be_visible()  # one picture away from the own code
    is_sound(kiosk_page)
    picture(kiosk_page, f"my-code-too-near-{language}")


def test_who_had_it_read_aloud_hears_how_many_and_never_which(
    served: tuple[House, str], kiosk_page: Page
) -> None:
    house, address = served
    if not Speaker().can("nl"):
        pytest.skip("this machine has no voice: espeak-ng is not installed")
    speaks(house, "nl")
    has_pictures(house)
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    asked: list[str] = []
    kiosk_page.on("request", lambda request: asked.append(request.url) if ".wav" in request.url else None)
    touch(kiosk_page, 5)
    assert asked == []  # nobody asked for a voice
    with kiosk_page.expect_response("**/pad/aloud/nl/0.wav") as instruction:
        kiosk_page.locator("[data-speak-play]").tap()
    assert instruction.value.ok
    with kiosk_page.expect_response("**/pad/aloud/nl/2.wav") as two:
        touch(kiosk_page, 6)
    assert two.value.ok
    assert [url.rsplit("/", 1)[1] for url in asked] == ["0.wav", "2.wav"]


def test_the_first_screen_after_an_envelope(served: tuple[House, str], kiosk_page: Page) -> None:
    house, address = served
    speaks(house, "nl")
    envelopes = house.hub.envelopes
    pin = envelopes.make(envelopes.order("r-amira", "o-landing"), "r-amira", "o-landing")
    house.terminal.arrivals.saw(BADGE)
    kiosk_page.goto(address)
    type_in(kiosk_page, pin)
    expect(kiosk_page.locator("[value=other]")).to_be_visible()
    is_sound(kiosk_page)
    picture(kiosk_page, "my-code-first-nl")
