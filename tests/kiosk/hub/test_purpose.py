"""Whoever reads a person's log says why first; each reading is recorded, and the person and the director see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from provisioning.audit import AuditRecord
from provisioning.clock import FakeClock
from provisioning.contracts import FileLooks, MyFile
from provisioning.errors import PassageError
from tests.kiosk.hub.hub_kit import AMIRA, PASSWORD, SECOND, Officer, Peer, app_of, office
from tests.web.browser import picture, serious_faults, serving

LOG = "/people/r-amira/log"  # the tests' clock says 22 November 2026, a Sunday
WHY = {"purpose": "Incident in the yard", "case_number": "2026-114"}
WEEK = {"first": "2026-11-16", "last": "2026-11-22"}
MONTH = {"first": "2026-10-24", "last": "2026-11-22"}  # thirty days
FAR = {"first": "2026-10-23", "last": "2026-11-22"}  # thirty-one


def readings(hub: Hub) -> list[AuditRecord]:
    return hub.trail.latest(100, action="log_read")


def stay(officer: Officer, clock: FakeClock, minutes: int) -> None:
    """Time passes at a desk that is in use."""
    for _ in range(minutes):
        clock.advance(60)
        officer.read("/account/")


# --- the question ------------------------------------------------------------------------------------------------


def test_nothing_of_a_log_is_read_before_the_purpose_is_said(hub: Hub, kiosk_a: Peer) -> None:
    kiosk_a.sign_in(AMIRA)
    security = office(hub, "security")
    assert "Why do you read this log?" in security.read(LOG)
    assert "signed in" not in security.read(f"{LOG}?first=2026-11-16")
    assert readings(hub) == []
    assert security.form(LOG, LOG, **WHY, **WEEK)
    page = security.read(f"{LOG}?first=2026-11-16&last=2026-11-22")
    assert "signed in" in page
    assert "Incident in the yard · 2026-114" in page


@pytest.mark.parametrize("words", ["", "abcd", "    a b   ", "x" * 121])
def test_a_purpose_has_five_to_120_characters(hub: Hub, words: str) -> None:
    security = office(hub, "security")
    page = security.form(LOG, LOG, 409, **WEEK, purpose=words)
    assert "5 to 120 characters" in page
    assert "Why do you read this log?" in security.read(LOG)


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-11-22", "2026-11-21"), ("2026-11-01", "2026-11-23"), ("2025-11-01", "2026-11-22"), ("soon", "x")],
)
def test_a_period_that_is_none_is_refused_in_words(hub: Hub, first: str, last: str) -> None:
    page = office(hub, "security").form(LOG, LOG, 409, **WHY, first=first, last=last)
    assert "The period must begin before it ends" in page
    assert 'value="Incident in the yard"' in page


def test_the_purpose_holds_for_this_person_this_desk_and_fifteen_minutes(hub: Hub, clock: FakeClock) -> None:
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **WEEK)
    page = f"{LOG}?first=2026-11-16&last=2026-11-20"
    asks = "Why do you read this log?"
    stay(security, clock, 15)
    assert asks not in security.read(page)
    assert asks in security.read("/people/r-bram/log")
    assert asks in office(hub, "director").read(page)
    assert asks in security.read(f"{LOG}?first=2026-11-15&last=2026-11-20")
    stay(security, clock, 1)
    assert asks in security.read(page)


@pytest.mark.parametrize("role", ["landing", "teacher", "workshop", "technician"])
def test_only_security_and_the_director_read_logs(hub: Hub, role: str) -> None:
    officer = office(hub, role)
    officer.read(LOG, status=403)
    officer.form("/account/" if role == "technician" else "/people/r-amira", LOG, 403, **WHY, **WEEK)
    assert readings(hub) == []


def test_the_trail_of_the_whole_site_is_no_way_around_the_question(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    security = office(hub, "security")
    for about in ("r-amira", lease.session_id):
        assert security.web.get(f"/audit/?about={about}").location == LOG
    assert security.web.get("/audit/?about=o-security").status_code == 200


# --- a second person for more than thirty days -------------------------------------------------------------------


def test_thirty_days_are_read_alone_and_thirty_one_with_a_colleague(hub: Hub) -> None:
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **MONTH)
    page = security.form("/people/r-bram/log", "/people/r-bram/log", 409, **WHY, **FAR)
    assert "A second person is needed" in page
    security.form("/people/r-bram/log", "/people/r-bram/log", **WHY, **FAR, **SECOND)
    assert "and Director" in security.read("/people/r-bram/log?first=2026-10-23&last=2026-11-22")
    assert readings(hub)[0].detail["second"] == "o-director"


def test_a_touch_of_ones_own_key_is_no_second_person_for_a_long_log(hub: Hub) -> None:
    security = office(hub, "security")
    hub.store.run("UPDATE desk_state SET proof = 'key'")
    security.form(LOG, LOG, 409, **WHY, **FAR)


def test_thirty_days_bit_by_bit_are_thirty_days(hub: Hub) -> None:
    security = office(hub, "security")
    for first, last in (("2026-11-01", "2026-11-22"), ("2026-10-24", "2026-10-31")):
        security.form(LOG, LOG, **WHY, first=first, last=last)
        security.read(f"{LOG}?first={first}&last={last}")
    security.form(LOG, LOG, **WHY, first="2026-11-01", last="2026-11-22")
    security.form(LOG, LOG, 409, **WHY, first="2026-10-20", last="2026-10-23")
    office(hub, "director").form(LOG, LOG, **WHY, first="2026-10-20", last="2026-10-23")


def test_thirty_days_at_each_of_two_desks_are_more_than_thirty_days(hub: Hub) -> None:
    one, other = office(hub, "security"), office(hub, "security")
    before = {"first": "2026-09-24", "last": "2026-10-23"}
    one.form(LOG, LOG, **WHY, **MONTH)
    other.form(LOG, LOG, **WHY, **before)  # nothing was read yet: neither is far
    assert "Incident in the yard" in one.read(f"{LOG}?first={MONTH['first']}&last={MONTH['last']}")
    asked = other.read(f"{LOG}?first={before['first']}&last={before['last']}")
    assert "Why do you read this log?" in asked
    assert len(readings(hub)) == 1


# --- the reading -------------------------------------------------------------------------------------------------


def test_each_reading_is_recorded_with_purpose_case_days_and_kind(hub: Hub) -> None:
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **WEEK)
    for kind in ("", "signed_in"):
        security.read(f"{LOG}?first=2026-11-16&last=2026-11-22&kind={kind}")
    newest, oldest = readings(hub)
    assert (newest.actor, newest.subject, newest.detail["kind"]) == ("o-security", "r-amira", "signed_in")
    assert oldest.detail == {
        "purpose": "Incident in the yard",
        "case": "2026-114",
        "first": "2026-11-16",
        "last": "2026-11-22",
        "kind": "",
        "role": "security",
    }


def test_a_reading_that_cannot_be_recorded_does_not_happen(hub: Hub) -> None:
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **WEEK)
    hub.store.db.conn.execute("PRAGMA query_only = ON")
    assert "Nothing can be saved right now." in security.read(f"{LOG}?first=2026-11-16", status=503)
    hub.store.db.conn.execute("PRAGMA query_only = OFF")


def test_the_log_holds_what_the_person_did_and_what_was_done_to_them_and_nobody_elses(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    kiosk_a.leave(lease)
    kiosk_a.sign_in("04B1")
    landing = office(hub, "landing")
    landing.form("/people/r-amira", f"/people/r-amira/badge/{AMIRA}/block")
    landing.read("/people/r-bram")
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **WEEK)
    page = security.read(f"{LOG}?first=2026-11-16&last=2026-11-22")
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    for words in ("signed in", "session ended", "badge blocked", "person looked at", "log of a person read"):
        assert words in table, words
    assert "bram" not in table.lower()
    only = security.read(f"{LOG}?first=2026-11-16&last=2026-11-22&kind=badge_blocked").split("<tbody>")[1]
    assert only.split("</tbody>")[0].count("<tr>") == 1
    assert "Nothing in these days" in security.read(f"{LOG}?first=2026-11-16&last=2026-11-21")


# --- the person sees it ------------------------------------------------------------------------------------------


def test_the_log_speaks_in_names_and_words_not_in_codes(hub: Hub, kiosk_a: Peer) -> None:
    kiosk_a.sign_in(AMIRA)
    hub.trail.record("kiosk-a", "sign_in_refused", "r-amira", code="pin_wrong", until="no moment")
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **FAR, **SECOND)
    page = security.read(f"{LOG}?first={FAR['first']}&last={FAR['last']}")
    for said in (
        "Kiosk: Kiosk A",
        "Proof: Badge",
        "Rule: login.pin-wrong",
        "Second person: Director",
    ):
        assert said in page, said
    assert "First day: 23 Oct 2026" in page
    assert "Until: no moment" in page  # a word that does not fit is shown as it is


def test_the_person_learns_when_by_which_role_and_why_but_no_name(hub: Hub, kiosk_a: Peer) -> None:
    office(hub, "landing").read("/people/r-amira")
    office(hub, "landing").read("/people/r-bram")
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **WEEK)
    security.read(f"{LOG}?first=2026-11-16")
    lease = kiosk_a.sign_in(AMIRA)
    found = kiosk_a.ask(MyFile(session_id=lease.session_id))
    assert isinstance(found, FileLooks)
    assert [(one.by_role, one.what, one.purpose) for one in found.looks] == [
        ("security", "log", "Incident in the yard"),
        ("landing", "page", ""),
    ]
    assert "o-security" not in str(found)


def test_a_file_is_told_only_to_its_owners_session_at_its_own_kiosk(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    with pytest.raises(PassageError, match="session_ended"):
        kiosk_b.ask(MyFile(session_id=lease.session_id))
    kiosk_a.leave(lease)
    with pytest.raises(PassageError, match="session_ended"):
        kiosk_a.ask(MyFile(session_id=lease.session_id))


# --- and the director --------------------------------------------------------------------------------------------


def test_the_directors_week_counts_readings_and_names_purposes_and_pairs(hub: Hub, clock: FakeClock) -> None:
    security = office(hub, "security")
    security.form(LOG, LOG, **WHY, **FAR, **SECOND)
    for _ in range(2):
        security.read(f"{LOG}?first=2026-11-16")
    page = office(hub, "director").read("/readings/")
    rows = page.split("<tbody>")
    assert '<td class="numeric">2</td><td class="numeric">1</td>' in rows[1]
    assert "Security" in rows[2]
    assert "with Director" in rows[2]
    assert rows[3].count("Incident in the yard") == 2
    before = office(hub, "director").read("/readings/?monday=2026-11-10")
    assert "Nobody looked at a person in this week" in before
    security.read("/readings/", status=403)
    assert [one.detail["week"] for one in hub.trail.latest(9, action="access_report_viewed")] == [
        "2026-11-09",
        "2026-11-16",
    ]


# --- in the browser ----------------------------------------------------------------------------------------------


@pytest.fixture
def desk_url(hub: Hub) -> Iterator[str]:
    with serving(app_of(hub)) as url:
        yield url


def test_the_pages_are_fit_to_read_and_a_reading_in_the_browser_counts_once(
    hub: Hub, kiosk_a: Peer, office_page: Page, desk_url: str
) -> None:
    page = office_page
    kiosk_a.leave(kiosk_a.sign_in(AMIRA))
    page.goto(f"{desk_url}/sign-in?next={LOG}")
    page.fill("#name", "security")
    page.fill("#password", PASSWORD)
    page.click("form button")
    expect(page.locator("h1")).to_have_text("Why do you read this log?")
    assert serious_faults(page) == []
    picture(page, "office-purpose")
    page.fill("#purpose", WHY["purpose"])
    page.fill("#case_number", WHY["case_number"])
    page.fill("#first", FAR["first"])
    page.click("main form button")
    expect(page.locator("#second-person")).to_be_visible()
    picture(page, "office-purpose-second")
    page.click("#second-person [data-close]")
    page.fill("#first", WEEK["first"])
    with page.expect_navigation():
        page.click("main form button")
    expect(page.locator("h1")).to_have_text("Log of Amira")
    assert serious_faults(page) == []
    picture(page, "office-log", full=True)
    assert len(readings(hub)) == 1
    page.click("form[action$='/sign-out'] >> nth=0 >> button")
    page.fill("#name", "director")
    page.fill("#password", PASSWORD)
    page.click("form button")
    page.goto(f"{desk_url}/readings/")
    assert serious_faults(page) == []
    picture(page, "office-readings", full=True)
