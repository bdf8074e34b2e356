"""The desk in a real browser: reachable, readable, nothing sticks out."""

import pytest
from playwright.sync_api import Page

from tests.kiosk.services.printing.kit import ELS, MARC, TOM, Hub, make_app, sheet
from tests.web.browser import chromium, office_page, serious_faults, serving, sticks_out  # noqa: F401

pytestmark = pytest.mark.web


def test_an_officer_reviews_refuses_and_a_colleague_answers(hub: Hub, office_page: Page) -> None:  # noqa: F811
    hub.offer(flags=("long_thin",))
    hub.ask("r-luc")
    key = hub.ask()
    who = [MARC]
    page = office_page
    with serving(make_app(hub, lambda: who[0])) as address:
        page.goto(f"{address}/printing/requests/{hub.request(key).number}")
        assert serious_faults(page) == []
        assert sticks_out(page) == 0
        page.select_option("select[name=reason]", "unsafe")
        page.fill("textarea[name=words]", "Te scherp.")
        page.locator("form[action$='/refuse'] button").click()
        page.wait_for_selector("[dir=rtl]")
        assert serious_faults(page) == []
        page.locator("form[action$='/refuse'] button").click()
        page.wait_for_selector(".decided")
        hub.object_to(key)
        who[0] = TOM
        page.reload()
        assert page.locator("form[action$='/answer']").count() == 0  # warnings: security or the director only
        for path in ("/printing/requests?state=all", "/printing/models", "/printing/models/1"):
            page.goto(address + path)
            assert serious_faults(page) == []
            assert sticks_out(page) == 0


def test_revoking_asks_for_the_reason_in_a_dialog(hub: Hub, office_page: Page) -> None:  # noqa: F811
    hub.offer()
    hub.service.hear("farm-1", sheet("m-new"))
    with serving(make_app(hub, lambda: ELS)) as address:
        page = office_page
        page.goto(f"{address}/printing/models/1")
        page.locator("a[data-dialog=end]").click()
        page.fill("dialog textarea[name=words]", "Een scherpe rand.")
        page.locator("dialog button[type=submit]").click()
        page.wait_for_selector(".notice")
    assert hub.service.offered_models() == ()
