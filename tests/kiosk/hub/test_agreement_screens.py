"""The back office's pages about the agreement in a real Chromium: reachable, readable, nothing sticks out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from provisioning.clock import SystemClock, iso
from provisioning.config import Node
from tests.kiosk.hub.hub_kit import app_of, people_in, start_hub
from tests.kiosk.hub.screens_kit import check, enter
from tests.web.browser import serving

pytestmark = pytest.mark.web
BOOKS = {"nl": "Boeken", "fr": "Livres", "en": "Books", "de": "Bücher", "ar": "الكتب"}
ONE_BOOK = {
    "nl": "U neemt één boek mee.\nU brengt het terug.",
    "fr": "Vous prenez un livre.\nVous le rapportez.",
    "en": "You take one book.\nYou bring it back.",
    "de": "Sie nehmen ein Buch mit.\nSie bringen es zurück.",
    "ar": "تأخذ كتابًا واحدًا.\nثم تعيده.",
}


@pytest.fixture
def site(nodes: dict[str, Node]) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], SystemClock())
    people_in(made)
    yield made
    made.store.close()


def test_two_officers_write_preview_and_approve_a_new_version(site: Hub, office_page: Page) -> None:
    page = office_page
    with serving(app_of(site)) as url:
        enter(page, url, "security")
        page.locator("a[href='/agreement/']").click()
        check(page, "agreement")
        page.locator("form[action='/agreement/draft'] button").click()
        page.fill("[name=title]", "About the books")
        page.locator("form[action='/agreement/draft/title'] button").click()
        page.locator("a[href='/agreement/draft/sections/new']").click()
        for code in ("nl", "fr", "en", "de"):
            page.fill(f"[name=title-{code}]", BOOKS[code])
            page.fill(f"[name=text-{code}]", ONE_BOOK[code])
        page.locator("label.choice:has(input[value=book])").click()
        page.locator("button[form=section]").click()
        expect(page.get_by_text("The text is missing.")).to_be_visible()
        check(page, "agreement-draft-incomplete")
        page.locator("a[href='/agreement/draft/sections/9']").click()
        check(page, "agreement-section")
        page.fill("[name=title-ar]", BOOKS["ar"])
        page.fill("[name=text-ar]", ONE_BOOK["ar"])
        page.locator("button[form=section]").click()
        expect(page.get_by_text("The text is missing.")).to_have_count(0)
        page.locator("a[href='/agreement/draft/preview']").click()
        check(page, "agreement-preview")
        page.locator("a[href='?lang=ar']").click()
        expect(page.get_by_text("تأخذ كتابًا واحدًا.")).to_be_visible()
        check(page, "agreement-preview-ar")
        page.goto(f"{url}/agreement/versions/2/screens/9?lang=ar")
        check(page, "agreement-screen-ar")
        page.goto(f"{url}/agreement/draft/preview")
        page.locator("form[action='/agreement/draft/propose'] button").click()
        expect(page.get_by_text("You wrote at this draft.")).to_be_visible()
        enter(page, url, "director")
        page.locator("a[href='/agreement/draft/preview']").first.click()
        page.locator("a[data-dialog=approve]").click()
        check(page, "agreement-approve")
        page.locator("dialog[open] button[type=submit]").click()
        expect(page.get_by_text("About the books").first).to_be_visible()
        check(page, "agreement-in-force")
    assert site.agreements.in_force(None).version == 2
    assert site.agreements.in_force().effective_utc <= iso(site.clock.now_utc())


def test_who_has_not_signed_stands_on_a_list_and_on_the_persons_page(site: Hub, office_page: Page) -> None:
    page = office_page
    with serving(app_of(site)) as url:
        enter(page, url, "landing")
        page.goto(f"{url}/agreement/unsigned?wing=A")
        check(page, "agreement-unsigned")
        page.get_by_role("link", name="Amira").click()
        expect(page.get_by_text("Version 1 is not signed yet")).to_be_visible()
        check(page, "agreement-person")
        page.goto(f"{url}/agreement/versions/1?lang=de")
        check(page, "agreement-version")
