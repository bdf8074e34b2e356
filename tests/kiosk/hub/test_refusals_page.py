"""The page on which an officer looks up what a person read at a kiosk."""

from __future__ import annotations

import html

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from kiosk.hub.office.refusal_words import MEANINGS
from kiosk.policy.roles import ALL
from kiosk.refusals.rules import ANSWERS, RULES
from tests.kiosk.hub.hub_kit import PASSWORD, app_of, office
from tests.web.browser import picture, serious_faults, serving


def test_every_rule_id_of_a_kiosk_has_its_meaning_and_nothing_more() -> None:
    assert set(MEANINGS) == set(RULES.values()) | set(ANSWERS.values())


@pytest.mark.parametrize("role", sorted(ALL))
def test_whoever_is_asked_finds_every_refusal_in_the_menu(hub: Hub, role: str) -> None:
    officer = office(hub, role)
    assert 'href="/refusals/"' in officer.read("/")
    page = html.unescape(officer.read("/refusals/"))
    for rule, meaning in MEANINGS.items():
        row = page.split(f'<tr id="{rule}">')[1].split("</tr>")[0]
        assert meaning in row
        assert "%(" not in row
    assert "data-search" in page


def test_the_page_says_what_the_person_read_and_names_the_rules_of_the_house(hub: Hub) -> None:
    page = html.unescape(office(hub, "security").read("/refusals/"))
    row = page.split('<tr id="making.key-full">')[1].split("</tr>")[0]
    assert (
        "There is no room left on this key. Take another one." in row
    )  # the kiosk's words, not the office's
    assert "You can try again: …<" in page.split('<tr id="login.pin-locked">')[1]
    assert all(rule.id in page for rule in hub.ruling.book().rules)
    assert "no-rule" in page


@pytest.mark.parametrize(
    ("language", "sentence"), [("nl", "Deze badge"), ("fr", "Ce badge"), ("de", "Diese")]
)
def test_an_officer_reads_the_persons_sentence_in_their_own_language(
    hub: Hub, language: str, sentence: str
) -> None:
    officer = office(hub, "landing")
    hub.store.run("UPDATE officer SET language = ?", (language,))
    row = officer.read("/refusals/").split('<tr id="login.badge-unknown">')[1].split("</tr>")[0]
    assert sentence in row
    assert "Nobody carries" not in row


@pytest.mark.web
def test_an_officer_types_what_stands_on_the_screen_and_one_line_is_left(hub: Hub, office_page: Page) -> None:
    page = office_page
    with serving(app_of(hub)) as url:
        page.goto(f"{url}/sign-in?next=/refusals/")
        page.get_by_label("Name").fill("landing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Refusals", exact=True)).to_be_visible()
        picture(page, "office-refusals")
        assert serious_faults(page) == []
        page.locator("[data-search]").fill("stick.copied")
        expect(page.locator("tr[id]:visible")).to_have_count(1)
        expect(page.locator("tr[id]:visible")).to_contain_text(
            "The security officer settles it", ignore_case=True
        )
        picture(page, "office-refusals-found")
        page.emulate_media(media="print")
        picture(page, "office-refusals-print", full=True)
