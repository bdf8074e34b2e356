"""Held orders in a real Chromium: in the security officer's queue at once, settled with a colleague; pictures kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from kiosk.services import hub_services
from kiosk.services.printing.service import PrintingService
from provisioning.clock import SystemClock, iso
from provisioning.config import Node
from provisioning.contracts import ChangeSecret, Objection, PrintRequest
from provisioning.ids import new_key
from tests.kiosk.hub.hub_kit import AMIRA, PASSWORD, Peer, app_of, people_in, start_hub
from tests.kiosk.hub.test_policy_screens import check, enter
from tests.kiosk.services.printing.kit import GCODE, sheet
from tests.web.browser import serving

pytestmark = pytest.mark.web
CLOCK = SystemClock()
HELP = "9071"


@pytest.fixture
def site(nodes: dict[str, Node]) -> Iterator[Hub]:
    """A hub where Amira was forced to order twice and to object once."""
    made = start_hub(nodes["hub"], CLOCK, hub_services())
    people_in(made)
    service = next(one for one in made.services if one.tile.name == "printing")
    printing, kiosk = cast(PrintingService, service), Peer(nodes["kiosk-a"], made, CLOCK)
    printing.models.take_sheet("farm", sheet(added_by="o-teacher"))
    for slot, officer_id in (("workshop", "o-workshop"), ("security", "o-security")):
        card = made.people.officer(officer_id)
        assert card
        printing.models.sign(1, slot, card)  # type: ignore[arg-type]
    lease = kiosk.sign_in(AMIRA)
    kiosk.ask(ChangeSecret(kiosk_id="kiosk-a", session_id=lease.session_id, old="1234", emergency=HELP))
    key = asks(kiosk, lease.session_id)
    workshop = made.people.officer("o-workshop")
    assert workshop
    printing.deciding.refuse(key, workshop, "purpose_unclear")
    kiosk.leave(lease)
    forced = kiosk.sign_in(AMIRA, HELP).session_id
    for _ in range(2):
        asks(kiosk, forced)
    kiosk.tell(
        Objection(
            request_key=key,
            resident_id="r-amira",
            session_id=forced,
            why="want_to_talk",
            at_utc=iso(CLOCK.now_utc()),
        )
    )
    yield made
    made.store.close()


def asks(kiosk: Peer, session_id: str) -> str:
    key = new_key()
    kiosk.tell(
        PrintRequest(
            request_key=key,
            resident_id="r-amira",
            session_id=session_id,
            kiosk_id="kiosk-a",
            model_id="m-hook",
            gcode_sha256=GCODE,
            colour="white",
            copies=1,
            at_utc=iso(CLOCK.now_utc()),
        )
    )
    return key


def test_the_security_officer_releases_one_and_drops_one(site: Hub, office_page: Page) -> None:
    page = office_page
    with serving(app_of(site)) as url:
        enter(page, url, "security")
        page.goto(url)
        check(page, "work-held")
        page.locator("a[href='/held/']").first.click()
        expect(page.locator("tbody tr")).to_have_count(3)
        check(page, "held")
        page.locator("a[data-dialog^=release-]").first.click()
        check(page, "held-release")
        page.locator("dialog[open] button[type=submit]").click()
        page.fill("#second_name", "director")
        page.fill("#second_password", PASSWORD)
        with page.expect_navigation():
            page.locator("#second-person button[type=submit]").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        page.locator("a[data-dialog^=drop-]").first.click()
        page.locator("dialog[open] button[type=submit]").click()
        page.fill("#second_name", "director")
        page.fill("#second_password", PASSWORD)
        with page.expect_navigation():
            page.locator("#second-person button[type=submit]").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.locator("main a[href^='/incidents/I-']").click()
        expect(page.locator("main a[href='/held/']")).to_be_visible()
        check(page, "incident-duress")
