"""J1: somebody's first sign-in, the agreement read from the first screen to the last, and never asked again."""

import pytest
from playwright.sync_api import Browser, expect

from provisioning.sim.people import NEWCOMERS
from tests.journeys.house import House
from tests.journeys.residents import sign_in
from tests.journeys.walker import Walker, at_kiosk


def _newcomer(house: House, language: str) -> str:
    """The one who has not signed yet and reads this language."""
    return next(name for name in NEWCOMERS if house.residents[name]["language"] == language)


def _come(walker: Walker, house: House, name: str) -> None:
    """Badge and PIN, until the agreement stands there."""
    house.hardware.touch("kiosk-b", house.badge(name))
    walker.sees("[data-keypad]")
    walker.type_pin(house.pin(name))
    walker.sees(".told")


def _read(walker: Walker, *, looks: bool = False) -> None:
    """Every section in its order; each is another one. Ends at the question."""
    seen: set[str] = set()
    while walker.page.locator(".told-answers").count() == 0:
        title = walker.sees("h1").inner_text()
        assert title not in seen
        seen.add(title)
        if looks and len(seen) in {1, 4}:
            walker.look(f"section-{len(seen)}")
            _has_it_read_aloud(walker)
        walker.go(".foot .button--primary")
    assert len(seen) > 3


def _has_it_read_aloud(walker: Walker) -> None:
    """The button speaks, and falls silent when it is pressed again."""
    walker.press("[data-speak-play]")
    walker.press(walker.sees("[data-speak-stop]"))
    walker.sees("[data-speak-play]")


@pytest.mark.parametrize("language", ["nl", "ar"])
def test_a_newcomer_signs_the_agreement_once_and_leaves_the_officers_list(
    language: str, house: House, chromium: Browser
) -> None:
    name = _newcomer(house, language)
    with at_kiosk(chromium, house, "kiosk-b", "newcomer") as walker:
        _come(walker, house, name)
        _read(walker, looks=True)
        walker.look("question")
        walker.go("form[action='/agreement/decline'] button")
        expect(walker.page.locator(".told")).to_have_count(0)
        walker.look("declined")
        house.hardware.lift("kiosk-b")
        _come(walker, house, name)
        _read(walker)
        walker.go("form[action='/agreement/sign'] button")
        walker.sees(".tiles")
        walker.look("signed")
        house.hardware.lift("kiosk-b")
        walker.sees_nobody(name)
    with at_kiosk(chromium, house, "kiosk-a", "newcomer-again") as walker:
        sign_in(walker, house, name)
        house.hardware.lift("kiosk-a")
    assert name not in house.officer("paul").get("/agreement/unsigned").text
