"""An officer's browser: sign in, keep a picture, and hold every page to the same rules."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.kiosk.hub.hub_kit import PASSWORD
from tests.web.browser import picture, serious_faults, sticks_out


def check(page: Page, name: str) -> None:
    """Keep the picture, and hold the page to the rules of every office page."""
    picture(page, f"office-{name}", full=True)
    assert serious_faults(page) == [], name
    assert sticks_out(page) <= 0, name


def enter(page: Page, url: str, name: str, then: str = "/") -> None:
    """Sign in as the officer of that role, whoever was there before, and go on to a page."""
    page.context.clear_cookies()
    page.goto(f"{url}/sign-in?next={then}")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.locator("main button[type=submit], form button[type=submit]").last.click()
    expect(page.locator("nav").first).to_be_visible()
