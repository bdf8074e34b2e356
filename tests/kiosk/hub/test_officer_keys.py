"""Officers' security keys, in a real Chromium with a virtual key: enrol, sign in, unlock, sign; a copy is caught."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from kiosk.hub.node import Hub
from kiosk.hub.office.proofs import MOST_KEYS
from kiosk.hub.office.store import OfficeStore
from provisioning.clock import FakeClock
from tests.kiosk.hub.hub_kit import PASSWORD, app_of, office
from tests.web.browser import picture, serious_faults, serving

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PERSON = "/people/r-amira"
REGIME = {"regime": "closed", "groups": "school", "decision": "2026/114"}


@pytest.fixture
def url(hub: Hub) -> Iterator[str]:
    """The hub by a name: browsers let keys sign for nothing else."""
    with serving(app_of(hub)) as address:
        yield address.replace("127.0.0.1", "localhost")


class Plugged:
    """Security keys in the browser's USB ports."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable", {"enableUI": False})

    def plug(self, **options: Any) -> str:
        """A new key; its name."""
        made = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {**KEY, **options}})
        return str(made["authenticatorId"])

    def pull(self, key: str) -> None:
        """Take a key away."""
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})

    def secrets(self, key: str) -> list[dict[str, Any]]:
        """What a thief would copy."""
        return self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]

    def write(self, key: str, secret: dict[str, Any]) -> None:
        """Put a copied secret on a key."""
        self._cdp.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": secret})

    def refuse_pin(self, key: str) -> None:
        """Whoever holds the key does not know its PIN."""
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})


@pytest.fixture
def ports(office_page: Page) -> Plugged:
    return Plugged(office_page)


def sign_in(page: Page, url: str, name: str, path: str = "/account/") -> None:
    page.goto(f"{url}/sign-in?next={path}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator(".bar__who")).to_contain_text(name.title())


def enrol(page: Page, name: str = "Blue key", password: str = PASSWORD) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    with page.expect_navigation():
        page.click("[data-key-form] button")
    if page.locator("#second_name").count():
        page.fill("#second_name", "teacher")
        page.fill("#second_password", PASSWORD)
        with page.expect_navigation():
            page.click("#second-form button")


def sign_out(page: Page) -> None:
    page.click(".bar__who form button")
    expect(page.locator("h1")).to_have_text("Sign in")


def actions(hub: Hub) -> list[str]:
    return [one.action for one in reversed(hub.trail.latest(50))]


# --- enrolling and signing in ------------------------------------------------------------------------------------


def test_an_officer_enrols_a_key_and_signs_in_by_touch_without_a_name(
    hub: Hub, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    ports.plug()
    sign_in(page, url, "security")
    expect(page.locator("body")).to_contain_text("No security key yet")
    picture(page, "office-account-empty")
    enrol(page)
    expect(page.locator("table")).to_contain_text("Blue key")
    assert serious_faults(page) == []
    picture(page, "office-account")
    sign_out(page)
    assert serious_faults(page) == []
    picture(page, "office-sign-in-key")
    with page.expect_navigation():
        page.click("[data-key]")
    expect(page.locator(".bar__who")).to_contain_text("Security")
    assert hub.trail.latest(1, action="signed_in")[0].detail["proof"] == "key"
    (key,) = OfficeStore(hub.store).keys("o-security")
    assert (key.officer_id, key.name, bool(key.used_utc)) == ("o-security", "Blue key", True)


def test_a_key_is_not_enrolled_twice_nor_without_the_password(
    hub: Hub, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    ports.plug()
    sign_in(page, url, "security")
    enrol(page, password="wrong")
    expect(page.locator("[role=alert]").first).to_contain_text("not right")
    assert OfficeStore(hub.store).keys() == []
    enrol(page)
    page.fill("#name", "Again")
    page.fill("#password", PASSWORD)
    page.click("[data-key-form] button")
    expect(page.locator("[data-key-form] [data-key-say]")).to_contain_text("The key did not answer")
    assert len(OfficeStore(hub.store).keys()) == 1


def test_a_removed_key_opens_nothing(hub: Hub, office_page: Page, url: str, ports: Plugged) -> None:
    page = office_page
    ports.plug()
    sign_in(page, url, "security")
    enrol(page)
    page.click("[data-dialog=remove-1]")
    with page.expect_navigation():
        page.click("#remove-1 button")
    sign_out(page)
    page.click("[data-key]")
    expect(page.locator("[role=alert]")).to_contain_text("This security key is not known here.")
    assert actions(hub)[-3:] == ["officer_key_removed", "signed_out", "sign_in_refused"]


def test_a_key_without_its_pin_opens_nothing(hub: Hub, office_page: Page, url: str, ports: Plugged) -> None:
    page = office_page
    key = ports.plug()
    sign_in(page, url, "security")
    enrol(page)
    sign_out(page)
    ports.refuse_pin(key)
    page.click("[data-key]")
    expect(page.locator("[data-key-say]")).to_contain_text("The key did not answer")
    assert actions(hub)[-1] == "signed_out"


def test_nobody_removes_a_colleagues_key(hub: Hub, office_page: Page, url: str, ports: Plugged) -> None:
    ports.plug()
    sign_in(office_page, url, "security")
    enrol(office_page)
    (key,) = OfficeStore(hub.store).keys()
    office(hub, "director").form("/account/", f"/account/keys/{key.credential_id}/remove")
    assert OfficeStore(hub.store).keys() == [key]


def test_an_officer_has_at_most_five_keys(hub: Hub, office_page: Page, url: str, ports: Plugged) -> None:
    page = office_page
    sign_in(page, url, "security")
    for number in range(MOST_KEYS):
        key = ports.plug()
        enrol(page, f"Key {number}")
        ports.pull(key)
    expect(page.locator("body")).to_contain_text("as many keys as one officer may have")
    assert page.locator("[data-key-form]").count() == 0


def test_by_an_address_of_digits_keys_are_not_offered_and_the_page_says_why(hub: Hub) -> None:
    officer = office(hub, "security")
    assert "data-key=" in officer.read("/account/")
    page = officer.web.get("/account/", base_url="http://127.0.0.1:8400")
    assert page.status_code == 303  # another host, another cookie
    page = officer.web.get("/sign-in", base_url="http://10.1.2.3").get_data(as_text=True)
    assert "data-key=" not in page


# --- a copy ------------------------------------------------------------------------------------------------------


def test_a_copied_key_is_caught_at_the_second_use_of_either_and_blocked(
    hub: Hub, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    key = ports.plug()
    sign_in(page, url, "security")
    enrol(page)
    (stolen,) = ports.secrets(key)
    sign_out(page)
    with page.expect_navigation():
        page.click("[data-key]")
    sign_out(page)
    ports.pull(key)
    ports.write(ports.plug(), stolen)
    with page.expect_navigation():
        page.click("[data-key]")
    expect(page.locator("[role=alert]")).to_contain_text("counted backwards")
    assert actions(hub)[-2:] == ["officer_key_copied", "sign_in_refused"]
    (record,) = hub.trail.latest(1, action="officer_key_copied")
    assert record.subject == "o-security"
    assert record.detail["seen"] <= record.detail["stored"]
    for _ in range(2):  # it counts on, but it stays blocked
        with page.expect_navigation():
            page.click("[data-key]")
        expect(page.locator("[role=alert]")).to_contain_text("blocked")
    sign_in(page, url, "security")
    expect(page.locator("body")).to_contain_text("somebody may hold a copy")
    picture(page, "office-account-copied")


# --- what a touch is worth ---------------------------------------------------------------------------------------


def change_regime(page: Page, regime: str = "closed") -> None:
    page.click("[data-dialog=change-regime]")
    for name, value in (REGIME | {"regime": regime}).items():
        page.fill(f"#{name}", value)
    page.click("#change-regime button")


def test_a_fresh_touch_stands_for_the_second_person_for_five_minutes(
    hub: Hub, clock: FakeClock, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    ports.plug()
    sign_in(page, url, "security")
    enrol(page)
    sign_out(page)
    with page.expect_navigation():
        page.click("[data-key]")
    page.goto(url + PERSON)
    with page.expect_navigation():
        change_regime(page)
    assert hub.trail.latest(1, action="regime_changed")[0].detail["proof"] == "key"
    for _ in range(6):
        clock.advance(51)
        page.goto(url + PERSON)
    change_regime(page, "open")
    expect(page.locator("#second-person")).to_be_visible()
    picture(page, "office-second-person-key")
    with page.expect_navigation():
        page.click("#second-person [data-key]")
    assert hub.people.resident("r-amira").regime == "open"
    assert hub.store.rows("SELECT * FROM countersign WHERE act <> 'officer_key_added'") == []


def test_a_colleagues_touch_signs_in_the_dialog(
    hub: Hub, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    ports.plug()
    sign_in(page, url, "director")
    enrol(page)
    sign_out(page)
    sign_in(page, url, "security", PERSON)
    change_regime(page)
    with page.expect_navigation():
        page.click("#second-person [data-key]")
    (row,) = hub.store.rows("""SELECT "by", "with", proof FROM countersign WHERE act = 'regime_changed'""")
    assert row == {"by": "o-security", "with": "o-director", "proof": "key"}


def test_a_locked_desk_opens_by_its_officers_key_and_by_no_colleagues(
    hub: Hub, office_page: Page, url: str, ports: Plugged
) -> None:
    page = office_page
    key = ports.plug()
    sign_in(page, url, "director")
    enrol(page, "Director's")
    (colleague,) = ports.secrets(key)
    ports.pull(key)
    sign_out(page)
    own = ports.plug()
    sign_in(page, url, "security")
    enrol(page, "Mine")
    page.fill("#name", "half typed")
    page.click("[data-lock-now]")
    picture(page, "office-lock-key")
    page.click("[data-key-unlock]")
    expect(page.locator("#desk-lock")).to_be_hidden()
    expect(page.locator("#name")).to_have_value("half typed")
    page.click("[data-lock-now]")
    ports.pull(own)
    ports.write(ports.plug(), colleague)
    page.click("[data-key-unlock]")
    expect(page.locator("#desk-lock [data-problem]")).to_contain_text("belongs to a colleague")
    expect(page.locator("#desk-lock")).to_be_visible()
