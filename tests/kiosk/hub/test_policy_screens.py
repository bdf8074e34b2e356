"""The back office's pages about policy in a real Chromium: reachable, readable, nothing sticks out; pictures kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from kiosk.services import hub_services
from provisioning.clock import SystemClock
from provisioning.config import Node
from tests.kiosk.hub.hub_kit import PASSWORD, app_of, people_in, start_hub
from tests.kiosk.hub.screens_kit import check, enter
from tests.web.browser import serving

pytestmark = pytest.mark.web


@pytest.fixture
def site(nodes: dict[str, Node]) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], SystemClock(), hub_services())
    people_in(made)
    yield made
    made.store.close()


def test_a_security_officer_suspends_a_service_and_changes_a_regime(site: Hub, office_page: Page) -> None:
    page = office_page
    with serving(app_of(site)) as url:
        enter(page, url, "security")
        page.goto(f"{url}/people/r-bram")
        page.locator("a[data-dialog=suspend]").click()
        page.select_option("dialog[open] select[name=service]", "printing")
        page.fill("dialog[open] textarea[name=reason]", "Gooide met een onderdeel.")
        check(page, "suspend-dialog")
        page.locator("dialog[open] button[type=submit]").click()
        expect(page.get_by_text("Gooide met een onderdeel.")).to_be_visible()
        page.locator("a[data-dialog=change-regime]").click()
        page.fill("dialog[open] input[name=regime]", "closed")
        page.fill("dialog[open] input[name=groups]", "school, choir")
        page.fill("dialog[open] input[name=decision]", "2026/114")
        check(page, "regime-dialog")
        page.locator("#change-regime button[type=submit]").click()
        page.fill("#second_name", "director")
        page.fill("#second_password", PASSWORD)
        check(page, "regime-second-person")
        with page.expect_navigation():
            page.locator("#second-person button[type=submit]").click()
        expect(page.locator("dd", has_text="closed")).to_be_visible()
        check(page, "person-suspended")


def test_two_officers_bring_new_rules_in_force(site: Hub, office_page: Page) -> None:
    page = office_page
    site.people.place_resident("r-bram", "closed", ("school",))
    site.people.place_resident("r-amira", "open", ("choir",))
    with serving(app_of(site)) as url:
        enter(page, url, "security")
        page.goto(f"{url}/rules/")
        check(page, "rules")
        page.locator("form[action='/rules/draft'] button").click()
        check(page, "rules-draft")
        page.locator("a[href='/rules/draft/preview']").click()
        check(page, "rules-preview-empty")
        page.goto(f"{url}/rules/draft/rules/new")
        page.fill("[name=id]", "no-printing-in-the-closed-regime")
        page.locator("label.choice:has(input[name=effect][value=deny])").click()
        page.locator("label.choice:has(input[name=services][value=printing])").click()
        page.select_option("[name=because]", "not_in_your_regime")
        page.locator("label.choice:has(input[name=regimes][value=closed])").click()
        page.locator("label.choice:has(input[name=days][value=sat])").click()
        page.fill("[name=note]", "Decision 2026/12")
        check(page, "rules-form")
        page.fill("[name=hours]", "8-20")
        page.locator("button[form=rule]").click()
        expect(page.locator(".notice")).to_be_visible()
        check(page, "rules-form-refused")
        page.fill("[name=hours]", "08:00-20:00")
        page.locator("button[form=rule]").click()
        expect(page.get_by_text("Decision 2026/12")).to_be_visible()
        page.goto(f"{url}/rules/draft/preview")
        page.locator("form[action='/rules/draft/propose'] button").click()
        check(page, "rules-preview-writer")
        enter(page, url, "director")
        page.goto(f"{url}/rules/draft/preview")
        page.locator("a[data-dialog=approve]").click()
        check(page, "rules-approve")
        page.locator("dialog[open] button[type=submit]").click()
        expect(page.get_by_text("no-printing-in-the-closed-regime").first).to_be_visible()
        check(page, "rules-after")
