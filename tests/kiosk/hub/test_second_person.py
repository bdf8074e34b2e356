"""A sensitive act takes two: a colleague who may do it signs on the same page, and the database knows both."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from kiosk.hub.office.store import OfficeStore
from kiosk.policy.roles import ALL, TABLE
from kiosk.policy.sensitive import SENSITIVE, may_second, need_of
from provisioning.audit import AuditRecord
from provisioning.clock import FakeClock
from tests.kiosk.hub.hub_kit import AMIRA, PASSWORD, SECOND, app_of, office
from tests.kiosk.hub.screens_kit import enter
from tests.web.browser import picture, serious_faults, serving

PERSON = "/people/r-amira"
REGIME = {"regime": "closed", "groups": "school, choir", "decision": "2026/114"}


def recorded(hub: Hub, action: str) -> list[AuditRecord]:
    return hub.trail.latest(100, action=action)


def signatures(hub: Hub) -> list[tuple[str, str, str]]:
    rows = hub.store.rows('SELECT act, "by", "with" FROM countersign')
    return [(row["act"], row["by"], row["with"]) for row in rows]


# --- alone ---------------------------------------------------------------------------------------------------


def test_alone_with_a_password_nothing_happens_and_the_form_comes_back_whole(hub: Hub) -> None:
    page = office(hub, "security").form(PERSON, f"{PERSON}/regime", 409, **REGIME)
    assert "A second person is needed" in page
    for name, value in REGIME.items():
        assert f'name="{name}" value="{value}"' in page
    assert hub.people.resident("r-amira").regime == ""
    assert not recorded(hub, "regime_changed")


def test_one_cannot_be_ones_own_second_person(hub: Hub) -> None:
    own = {"second_name": "Security", "second_password": PASSWORD}
    page = office(hub, "security").form(PERSON, f"{PERSON}/regime", 409, **REGIME, **own)
    assert "must be somebody else" in page
    assert not recorded(hub, "regime_changed")
    assert signatures(hub) == []


def test_the_database_itself_refuses_two_signatures_of_one_hand_and_forgets_none(hub: Hub) -> None:
    store, now = OfficeStore(hub.store), hub.clock.now_utc()
    with pytest.raises(sqlite3.IntegrityError):
        store.countersign("f", "badge_unblocked", "/x", "o-security", "o-security", "password", now)
    with pytest.raises(sqlite3.IntegrityError):
        store.countersign("f", "badge_unblocked", "/x", "o-security", "o-nobody", "password", now)
    store.countersign("f", "badge_unblocked", "/x", "o-security", "o-director", "password", now)
    for change in ("DELETE FROM countersign", 'UPDATE countersign SET "with" = "o-landing"'):
        with pytest.raises(sqlite3.IntegrityError):
            hub.store.run(change)
    assert signatures(hub) == [("badge_unblocked", "o-security", "o-director")]


def test_a_colleague_reads_names_and_not_the_codes_of_the_form(hub: Hub) -> None:
    blank = {
        "what": "key",
        "kiosk": "kiosk-a",
        "signer": "here",
        "erase": "yes",
        "replaces": f"stick:{AMIRA}99",
    }
    page = office(hub, "landing").form(f"{PERSON}/give-out", f"{PERSON}/give-out", 409, **blank)
    read = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    said = {term: re.sub("<.*?>", "", value) for term, value in read}
    assert said["Person"] == "Amira · A · r-amira"
    assert said["Kind"] == "Security key"
    assert said["At which kiosk it is made"] == hub.people.kiosks()["kiosk-a"].name
    assert said["Replaces"] == "Stick …04A199"
    assert said["The stick may be erased"] == "yes"
    assert not {"signer", "what", "kiosk"} & set(said)


# --- with a colleague ----------------------------------------------------------------------------------------


def test_with_a_colleague_it_happens_once_and_both_are_in_the_record(hub: Hub) -> None:
    security = office(hub, "security")
    for _ in range(2):  # an impatient second press of the same form
        security.form(PERSON, f"{PERSON}/regime", **REGIME, **SECOND)
    assert hub.people.resident("r-amira").groups == ("school", "choir")
    (record,) = recorded(hub, "regime_changed")
    assert (record.actor, record.detail["second"]) == ("o-security", "o-director")
    assert signatures(hub) == [("regime_changed", "o-security", "o-director")]


def test_a_colleague_whose_role_does_not_allow_it_cannot_sign(hub: Hub) -> None:
    landing = {"second_name": "landing", "second_password": PASSWORD}
    page = office(hub, "security").form(PERSON, f"{PERSON}/regime", 409, **REGIME, **landing)
    assert "The role of this colleague does not allow it either." in page
    assert not recorded(hub, "regime_changed")


def test_a_colleague_does_not_lend_a_role_to_someone_who_has_none(hub: Hub) -> None:
    office(hub, "landing").form(PERSON, f"{PERSON}/regime", 403, **REGIME, **SECOND)
    assert signatures(hub) == []


def test_wrong_passwords_of_a_colleague_count_and_pause_that_name(hub: Hub, clock: FakeClock) -> None:
    security = office(hub, "security")
    wrong = {"second_name": "director", "second_password": "wrong"}
    for _ in range(5):
        page = security.form(PERSON, f"{PERSON}/regime", 409, **REGIME, **wrong)
    assert "Too many wrong passwords" in page
    assert 'value="director"' in page
    security.form(PERSON, f"{PERSON}/regime", 409, **REGIME, **SECOND)
    assert {one.subject for one in recorded(hub, "sign_in_refused")} == {"o-director"}
    assert not recorded(hub, "regime_changed")


def test_an_act_that_fails_leaves_no_signature_behind(hub: Hub) -> None:
    fields = {"regime": "closed", "decision": ""}  # the decision is missing
    office(hub, "security").form(PERSON, f"{PERSON}/regime", 409, **fields, **SECOND)
    office(hub, "security").form(PERSON, "/people/r-nobody/regime", 404, **REGIME, **SECOND)
    assert signatures(hub) == []


def test_passwords_are_never_sent_back(hub: Hub) -> None:
    wrong = {"second_name": "director", "second_password": "hunter2"}
    page = office(hub, "security").form(PERSON, f"{PERSON}/regime", 409, **REGIME, **wrong)
    assert "hunter2" not in page


def test_a_blocked_badge_works_again_only_with_two(hub: Hub) -> None:
    office(hub, "landing").form(PERSON, f"{PERSON}/badge/{AMIRA}/block")
    security = office(hub, "security")
    security.form(PERSON, f"{PERSON}/badge/{AMIRA}/unblock", 409)
    assert hub.credentials.blocked_residents() == {"r-amira"}
    security.form(PERSON, f"{PERSON}/badge/{AMIRA}/unblock", **SECOND)
    assert hub.credentials.blocked_residents() == frozenset()
    assert recorded(hub, "badge_unblocked")[0].detail["second"] == "o-director"


# --- the table -----------------------------------------------------------------------------------------------


def test_who_may_do_it_or_the_director_may_sign_and_nobody_else() -> None:
    for action in SENSITIVE:
        seconds = {role for role in ALL if may_second(action, {role})}
        assert seconds == TABLE.get(action, frozenset()) | {"director"}, action
    assert need_of("person_viewed") is None
    assert need_of("credential_issued") == "colleague"


def test_a_password_alone_makes_no_key_that_then_stands_for_a_colleague(hub: Hub) -> None:
    security = office(hub, "security")
    asked = security.form("/account/", "/account/keys", 409, name="Mine", password=PASSWORD, key="{}")
    assert "A second person is needed" in asked
    assert f"<dd>{PASSWORD}" not in asked
    signed = security.form(
        "/account/", "/account/keys", 409, name="Mine", password=PASSWORD, key="{}", **SECOND
    )
    assert (
        "A second person is needed" not in signed
    )  # the colleague signed; what is no key is refused as such


# --- in the browser ------------------------------------------------------------------------------------------


@pytest.fixture
def desk_url(hub: Hub) -> Iterator[str]:
    with serving(app_of(hub)) as url:
        yield url


def test_the_signature_is_asked_on_the_same_page_and_nothing_typed_is_lost(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    page = office_page
    enter(page, desk_url, "security", PERSON)
    page.click("[data-dialog=change-regime]")
    for name, value in REGIME.items():
        page.fill(f"#{name}", value)
    page.click("#change-regime button")
    expect(page.locator("#second-person")).to_be_visible()
    assert page.url.endswith(PERSON)
    assert serious_faults(page) == []
    picture(page, "office-second-person")
    page.fill("#second_name", "director")
    page.fill("#second_password", "wrong")
    page.click("#second-person button")
    expect(page.locator("#second-person [role=alert]")).to_contain_text("not right")
    picture(page, "office-second-person-wrong")
    page.click("#second-person [data-close]")
    expect(page.locator("#change-regime #regime")).to_have_value("closed")
    page.click("#change-regime button")
    page.fill("#second_name", "director")
    page.fill("#second_password", PASSWORD)
    with page.expect_navigation():
        page.click("#second-person button")
    expect(page.locator("body")).to_contain_text("school, choir")
    assert signatures(hub) == [("regime_changed", "o-security", "o-director")]
    looks = [one for one in recorded(hub, "person_viewed") if one.actor == "o-security"]
    assert len(looks) == 2  # the page was opened twice, not three times


def test_from_a_refusal_the_officer_goes_back_to_the_form_with_what_was_typed(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    page = office_page
    enter(page, desk_url, "security", PERSON)
    page.click("[data-dialog=suspend]")
    page.fill("#suspend textarea", "Threw a part.")
    page.eval_on_selector("#suspend [name=service]", "one => { one.options[0].value = 'nothing'; }")
    page.click("#suspend button")
    expect(page.get_by_role("heading", name="Something is missing or wrong")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page).to_have_url(f"{desk_url}{PERSON}")
    expect(page.locator("#suspend textarea")).to_have_value("Threw a part.")
