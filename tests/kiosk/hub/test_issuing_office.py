"""Officers give out, replace and block badges, sticks and keys, print sheets, and settle incidents."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.issuing.pins import FAVOURITES, is_trivial, new_pin
from kiosk.hub.node import Hub
from provisioning.clock import FakeClock, SystemClock
from provisioning.config import Node
from provisioning.contracts import Issued, IssueFailed, PlugReport, ToIssue, WhoComes
from provisioning.errors import Refused
from provisioning.identity import verify_secret
from tests.kiosk.hub.hub_kit import (
    AMIRA,
    PASSWORD,
    PEPPER,
    SECOND,
    Officer,
    Peer,
    app_of,
    office,
    people_in,
    start_hub,
)
from tests.web.browser import picture, serious_faults, serving, sticks_out

PERSON = "/people/r-amira"
GIVE = f"{PERSON}/give-out"
COLLEAGUE = {"second_name": "security", "second_password": PASSWORD}
NEW = "04D1D2D3"


def lost(officer: Officer, kind: str = "badge", why: str = "lost") -> None:
    uid = AMIRA if kind == "badge" else AMIRA + "99"
    officer.form(PERSON, f"{PERSON}/{kind}/{uid}/block", why=why)


def ordered(hub: Hub, officer: Officer, what: str = "badge", **more: str) -> str:
    """An order that a colleague signed on the same page; its number."""
    officer.form(GIVE, GIVE, what=what, kiosk="kiosk-a", signer="here", **COLLEAGUE, **more)
    return hub.issuing.issues.of("r-amira")[0].issue_id


def makes(kiosk: Peer, kind: str = "badge", uid: str = NEW) -> None:
    answer = kiosk.ask(PlugReport(kiosk_id="kiosk-a", credential=kind, uid=uid))  # type: ignore[arg-type]
    assert isinstance(answer, ToIssue)
    kiosk.ask(Issued(kiosk_id="kiosk-a", issue_id=answer.issue_id))


# --- giving out ------------------------------------------------------------------------------------------------


def test_an_order_is_nothing_without_a_colleague(hub: Hub) -> None:
    landing = office(hub, "landing")
    lost(landing)
    fields = {"what": "badge", "kiosk": "kiosk-a", "signer": "here"}
    assert "second_name" in landing.form(GIVE, GIVE, 409, **fields)
    landing.form(GIVE, GIVE, 409, **fields, second_name="landing", second_password=PASSWORD)
    landing.form(GIVE, GIVE, 409, **fields, second_name="teacher", second_password=PASSWORD)
    assert not hub.issuing.issues.of("r-amira")
    ordered(hub, landing)
    assert hub.issuing.is_awaited("kiosk-a", "badge")


def test_a_colleague_finds_the_order_in_the_queue_and_signs_at_a_desk_of_their_own(
    hub: Hub, kiosk_a: Peer
) -> None:
    landing, security = office(hub, "landing"), office(hub, "security")
    lost(landing)
    landing.form(GIVE, GIVE, what="badge", kiosk="kiosk-a", signer="desk")
    number = hub.issuing.issues.of("r-amira")[0].issue_id
    assert not hub.issuing.is_awaited("kiosk-a", "badge")
    assert number not in landing.read("/")  # it is not mine to sign
    assert number in security.read("/")
    landing.form(f"/issues/{number}", f"/issues/{number}/sign", 409)
    security.form(f"/issues/{number}", f"/issues/{number}/sign")
    assert hub.issuing.is_awaited("kiosk-a", "badge")
    makes(kiosk_a)
    given = [one for one in hub.trail.latest() if one.action == "credential_issued"]
    assert [(one.actor, one.detail["second"]) for one in given] == [("o-landing", "o-security")]


def test_the_officers_page_follows_the_kiosk(hub: Hub, kiosk_a: Peer) -> None:
    landing = office(hub, "landing")
    lost(landing, "stick")
    number = ordered(hub, landing, "stick")
    here = f"/issues/{number}/progress"
    assert "Plug the empty stick into Kiosk A" in landing.read(here)
    answer = kiosk_a.ask(PlugReport(kiosk_id="kiosk-a", credential="stick"))
    assert isinstance(answer, ToIssue)
    assert "Leave it in" in landing.read(here)
    kiosk_a.ask(IssueFailed(kiosk_id="kiosk-a", issue_id=answer.issue_id, code="stick_not_blank"))
    assert "There is something on this stick" in landing.read(here)
    landing.form(f"/issues/{number}", f"/issues/{number}/erase")
    assert "There is something on this stick" not in landing.read(here)
    makes(kiosk_a, "stick", "")
    done = landing.read(here)
    assert "It works from now on" in done
    assert "every 1s" not in done  # nothing to wait for any more


def test_an_order_that_is_given_up_opens_nothing(hub: Hub, kiosk_a: Peer) -> None:
    landing = office(hub, "landing")
    lost(landing)
    number = ordered(hub, landing)
    landing.form(f"/issues/{number}", f"/issues/{number}/cancel")
    with pytest.raises(Refused, match="nothing_to_issue"):
        makes(kiosk_a)
    assert "Nothing was given out" in landing.read(f"/issues/{number}")


def test_with_every_kiosk_at_work_the_form_says_what_to_finish_first(hub: Hub) -> None:
    landing = office(hub, "landing")
    lost(landing)
    first = ordered(hub, landing)
    assert "Something else is being made at every kiosk." not in landing.read(GIVE)
    landing.form(
        "/people/r-bram/give-out",
        "/people/r-bram/give-out",
        what="key",
        kiosk="kiosk-b",
        signer="here",
        **COLLEAGUE,
    )
    page = landing.read("/people/r-chloe/give-out")
    assert "Something else is being made at every kiosk." in page
    assert f'href="/issues/{first}"' in page


def test_replacing_blocks_the_old_one_in_the_same_moment(hub: Hub, kiosk_a: Peer) -> None:
    landing = office(hub, "landing")
    fields = {"what": "badge", "kiosk": "kiosk-a", "signer": "here", "replaces": f"badge:{AMIRA}"}
    landing.form(GIVE, GIVE, 409, **fields)
    assert hub.credentials.blocked_residents() == frozenset()  # the colleague has not signed
    landing.form(GIVE, GIVE, **fields, **COLLEAGUE)
    old = hub.credentials.find("badge", AMIRA)
    assert old is not None
    assert (old.state, old.why) == ("blocked", "replaced")
    makes(kiosk_a)
    assert kiosk_a.sign_in(NEW)
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.ask(WhoComes(kiosk_id="kiosk-a", credential="badge", uid=AMIRA))
    assert [one.kind for one in hub.incidents.unsettled()] == ["found"]


def test_a_kiosk_or_kind_that_nobody_knows_is_no_order(hub: Hub) -> None:
    landing = office(hub, "landing")
    for fields in ({"what": "tattoo", "kiosk": "kiosk-a"}, {"what": "key", "kiosk": "kiosk-z"}):
        landing.form(GIVE, GIVE, 409, signer="desk", **fields)
    landing.form(GIVE, "/people/r-nobody/give-out", 404, what="key", kiosk="kiosk-a", signer="desk")


# --- out of use --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "state"),
    [("lost", "blocked"), ("stolen", "blocked"), ("damaged", "blocked"), ("returned", "returned")],
)
def test_one_tap_says_why_it_goes_out_of_use(hub: Hub, kiosk_a: Peer, why: str, state: str) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    teacher = office(hub, "teacher")  # any officer
    lost(teacher, why=why)
    kept = hub.credentials.find("badge", AMIRA)
    assert kept is not None
    assert (kept.state, kept.why) == (state, why)
    assert hub.sessions.why_ending(lease.session_id) == "hub"
    noted = [one for one in hub.trail.about("r-amira") if one.action in {"badge_blocked", "badge_returned"}]
    assert [(one.actor, one.detail["why"]) for one in noted] == [("o-teacher", why)]


def test_what_was_replaced_or_handed_in_is_not_unblocked(hub: Hub) -> None:
    security = office(hub, "security")
    lost(security, why="returned")
    security.form(PERSON, f"{PERSON}/badge/{AMIRA}/unblock", 409, **SECOND)
    kept = hub.credentials.find("badge", AMIRA)
    assert kept is not None
    assert kept.state == "returned"


def test_a_lost_badge_that_was_found_does_not_work_beside_the_new_one(hub: Hub, kiosk_a: Peer) -> None:
    security, unblock = office(hub, "security"), f"{PERSON}/badge/{AMIRA}/unblock"
    lost(landing := office(hub, "landing"))
    ordered(hub, landing)
    makes(kiosk_a)
    assert "has one that works" in security.form(PERSON, unblock, 409, **SECOND)
    old = hub.credentials.find("badge", AMIRA)
    assert old is not None
    assert old.state == "blocked"
    security.form(PERSON, f"{PERSON}/badge/{NEW}/block", why="damaged")
    security.form(PERSON, unblock, **SECOND)  # the found one instead
    kiosk_a.sign_in(AMIRA)


# --- PINs ----------------------------------------------------------------------------------------------------------


def envelope(hub: Hub, officer: Officer) -> str:
    """An envelope that may be printed now; where."""
    officer.form(PERSON, f"{PERSON}/envelope", **COLLEAGUE)
    row = hub.store.row("SELECT envelope_id FROM pin_envelope ORDER BY ordered_utc DESC, envelope_id")
    assert row is not None
    return f"{PERSON}/sheets/envelope/{row['envelope_id']}"


def pin_on(sheet: str) -> str:
    found = re.search(r'<p class="pin"[^>]*>(.*?)</p>', sheet)
    assert found
    return "".join(re.findall(r"<span>(\d)</span>", found[1]))


def test_a_pin_is_printed_once_and_works_at_once(hub: Hub, kiosk_a: Peer) -> None:
    landing = office(hub, "landing")
    where = envelope(hub, landing)
    assert kiosk_a.sign_in(AMIRA, "1234")  # until it is printed nothing has changed
    pin = pin_on(landing.form(where, where, 200))
    person = hub.people.resident("r-amira")
    assert person is not None
    assert verify_secret(pin, person.pin_hash, PEPPER)
    assert not verify_secret("1234", person.pin_hash, PEPPER)
    printed = landing.read(where)
    assert "cannot be shown again" in printed
    assert not re.search(r'class="pin"', printed)
    landing.form(PERSON, where, 409)  # the button pressed again, the page loaded again
    assert verify_secret(pin, (hub.people.resident("r-amira") or person).pin_hash, PEPPER)
    everything = " ".join(str(row) for row in hub.store.rows("SELECT * FROM audit")) + str(
        hub.store.rows("SELECT * FROM pin_envelope")
    )
    assert f"'{pin}'" not in everything
    assert f'"{pin}"' not in everything


def test_an_envelope_is_printed_by_who_ordered_it_and_soon(hub: Hub, clock: FakeClock) -> None:
    landing, security = office(hub, "landing"), office(hub, "security")
    where = envelope(hub, landing)
    security.form(PERSON, where, 409)
    clock.advance(601)
    landing = office(hub, "landing")
    landing.form(PERSON, where, 409)
    person = hub.people.resident("r-amira")
    assert person is not None
    assert verify_secret("1234", person.pin_hash, PEPPER)


def test_no_new_pin_is_one_that_everybody_tries_first() -> None:
    for pin in (*FAVOURITES, "2345", "9876", "8901", "1098", "4747", "5588", "1987", "2024", "0123"):
        assert is_trivial(pin), pin
    for pin in ("8302", "7195", "0482", "1900", "4471"):
        assert not is_trivial(pin), pin
    made = {new_pin() for _ in range(2000)}
    assert not any(is_trivial(pin) for pin in made)
    assert all(re.fullmatch(r"\d{4}", pin) for pin in made)
    assert len(made) > 1500  # 2,000 draws of 9,000 or so leave about 1,790 different ones


# --- sheets --------------------------------------------------------------------------------------------------------


def test_sheets_speak_the_persons_language_in_its_direction(hub: Hub, kiosk_a: Peer) -> None:
    landing = office(hub, "landing")
    card = landing.read(f"{PERSON}/sheets/card")
    assert re.search(r'<article class="sheet" lang="ar" dir="rtl">', card)
    assert "Found this?" not in card
    assert "data:image/svg+xml" in card
    lost(landing)
    number = ordered(hub, landing)
    landing.read(f"{PERSON}/sheets/receipt/{number}", 404)  # nothing was given out yet
    makes(kiosk_a)
    assert "Security" in landing.read(f"{PERSON}/sheets/receipt/{number}")
    landing.read(f"/people/r-bram/sheets/receipt/{number}", 404)


# --- incidents -------------------------------------------------------------------------------------------------------


def test_an_incident_waits_in_the_queue_of_the_security_officer_until_words_settle_it(
    hub: Hub, kiosk_a: Peer
) -> None:
    lost(office(hub, "landing"))
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.ask(WhoComes(kiosk_id="kiosk-a", credential="badge", uid=AMIRA))
    security = office(hub, "security")
    (found,) = hub.incidents.unsettled()
    page = f"/incidents/{found.incident_id}"
    assert found.incident_id in security.read("/")
    assert found.incident_id not in office(hub, "landing").read("/?whose=all")
    security = office(hub, "security")
    assert "Kiosk A" in security.read(page)
    security.form(page, f"{page}/settle", 409, words="")
    again = security.form(page, f"{page}/settle", 409, words="ok")
    assert "Write in a sentence what was found and done." in again
    assert ">ok</textarea>" in again
    security.form(page, f"{page}/settle", words="It lay in the washing, Amira has it back.")
    security.form(PERSON, f"{page}/settle", 409, words="Another officer had other words for it.")
    assert found.incident_id not in security.read("/")
    assert "It lay in the washing" in security.read(page)
    assert [one.actor for one in hub.trail.latest() if one.action == "incident_settled"] == ["o-security"]
    office(hub, "landing").read(page, 403)


def test_another_regime_after_a_new_badge_by_the_same_officer_is_an_incident(hub: Hub, kiosk_a: Peer) -> None:
    security = office(hub, "security")
    lost(security)
    security.form(GIVE, GIVE, what="badge", kiosk="kiosk-a", signer="here", **SECOND)
    makes(kiosk_a)
    fields = {"regime": "closed", "groups": "", "decision": "D-1"}
    security.form(PERSON, f"{PERSON}/regime", **fields, second_name="director", second_password=PASSWORD)
    officers = {str(one.detail["officer"]) for one in hub.incidents.unsettled() if one.kind == "pair"}
    assert officers == {"o-security", "o-director"}


def test_nobody_settles_an_incident_about_themselves(hub: Hub) -> None:
    incident = hub.incidents.open("pair", "r-amira", "", officer="o-security", touched="regime_changed")
    page, words = f"/incidents/{incident}", "I only did my work."
    security = office(hub, "security")
    assert "Settle it" not in security.read(page)
    answer = security.form(PERSON, f"{page}/settle", 409, words=words)
    assert "A colleague settles it" in answer
    with pytest.raises(sqlite3.IntegrityError):
        hub.incidents.close(incident, "o-security", words)
    director = office(hub, "director")
    director.form(page, f"{page}/settle", words="Both acts were ordered by the governor.")
    assert hub.incidents.unsettled() == []


# --- kiosks out of service --------------------------------------------------------------------------------------------


def test_a_kiosk_goes_out_of_service_with_a_colleague_and_comes_back(hub: Hub, kiosk_a: Peer) -> None:
    technician = office(hub, "technician")
    lease = kiosk_a.sign_in(AMIRA)
    where = "/devices/kiosk-a/service"
    technician.form("/devices/", where, 409, out="yes")
    assert not hub.people.is_out_of_service("kiosk-a")
    technician.form("/devices/", where, out="yes", **COLLEAGUE)
    assert hub.people.is_out_of_service("kiosk-a")
    assert hub.sessions.why_ending(lease.session_id) == "hub"
    assert "out of service" in technician.read("/devices/")
    technician.form("/devices/", where, out="no", second_name="director", second_password=PASSWORD)
    assert not hub.people.is_out_of_service("kiosk-a")
    noted = [one for one in hub.trail.latest() if one.action == "kiosk_out_of_service"]
    assert [(one.detail["out"], one.detail["second"]) for one in noted] == [
        (False, "o-director"),
        (True, "o-security"),
    ]
    technician.form("/devices/", "/devices/farm/service", 404, out="yes", **COLLEAGUE)


# --- in the browser ---


def paper_pages(page: Page) -> int:
    """How many sheets of A4 the printer takes for it."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4", prefer_css_page_size=True)))


@pytest.fixture
def live(nodes: dict[str, Node]) -> Iterator[Hub]:
    """A hub by the real clock: pages that ask again each second."""
    made = start_hub(nodes["hub"], SystemClock())
    people_in(made)
    yield made
    made.store.close()


@pytest.mark.web
def test_a_stick_from_the_order_to_the_receipt(live: Hub, nodes: dict[str, Node], office_page: Page) -> None:
    hub, page, kiosk = live, office_page, Peer(nodes["kiosk-a"], live, live.clock)
    with serving(app_of(hub)) as url:
        page.goto(f"{url}/sign-in?next={PERSON}")
        page.get_by_label("Name").fill("landing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="Block").nth(1).click()
        picture(page, "office-credentials-block")
        assert serious_faults(page) == []
        page.get_by_role("button", name="Stolen").click()
        page.goto(f"{url}{PERSON}")
        picture(page, "office-credentials-person", full=True)
        page.get_by_role("link", name="Give out a badge, stick or key").click()
        page.locator("label.choice", has_text="betrays copies").click()
        picture(page, "office-issuing-form", full=True)
        assert serious_faults(page) == []
        assert sticks_out(page) <= 0
        page.get_by_role("button", name="Go on").click()
        page.locator("#second-person input[name=second_name]").fill("security")
        page.locator("#second-person input[name=second_password]").fill(PASSWORD)
        picture(page, "office-issuing-second")
        page.locator("#second-person button[type=submit]").first.click()
        expect(page.get_by_role("heading", name="Plug the empty stick into Kiosk A")).to_be_visible()
        picture(page, "office-issuing-open", full=True)
        assert serious_faults(page) == []
        answer = kiosk.ask(PlugReport(kiosk_id="kiosk-a", credential="stick"))
        assert isinstance(answer, ToIssue)
        expect(page.get_by_text("Is being made. Leave it in.")).to_be_visible()
        picture(page, "office-issuing-writing", full=True)
        kiosk.ask(IssueFailed(kiosk_id="kiosk-a", issue_id=answer.issue_id, code="stick_not_blank"))
        expect(page.get_by_text("There is something on this stick")).to_be_visible()
        picture(page, "office-issuing-failed", full=True)
        makes(kiosk, "stick", "")
        expect(page.get_by_text("It works from now on.")).to_be_visible()
        picture(page, "office-issuing-done", full=True)
        page.get_by_role("link", name="Print the receipt").click()
        picture(page, "office-sheet-receipt", full=True)
        page.emulate_media(media="print")
        picture(page, "office-sheet-receipt-paper", full=True)
        assert paper_pages(page) == 1


@pytest.mark.web
def test_the_pin_is_on_the_paper_and_not_on_the_screen(live: Hub, office_page: Page) -> None:
    hub, page = live, office_page
    with serving(app_of(hub)) as url:
        page.goto(f"{url}/sign-in?next={PERSON}")
        page.get_by_label("Name").fill("landing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="New PIN in an envelope").click()
        page.get_by_role("button", name="Yes, go on").click()
        page.locator("#second-person input[name=second_name]").fill("security")
        page.locator("#second-person input[name=second_password]").fill(PASSWORD)
        page.locator("#second-person button[type=submit]").first.click()
        expect(page.get_by_role("button", name="Make the PIN and open the sheet")).to_be_visible()
        picture(page, "office-envelope-before", full=True)
        page.get_by_role("button", name="Make the PIN and open the sheet").click()
        digit = page.locator(".pin span").first
        expect(digit).to_be_visible()
        assert digit.evaluate("one => getComputedStyle(one).color") == "rgba(0, 0, 0, 0)"
        picture(page, "office-envelope-screen", full=True)
        assert serious_faults(page) == []
        page.emulate_media(media="print")
        assert digit.evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)"
        picture(page, "office-envelope-paper", full=True)
        assert paper_pages(page) == 1
        page.emulate_media(media="screen")
        page.goto(f"{url}{PERSON}/sheets/card")
        picture(page, "office-card-screen", full=True)
        page.goto(f"{url}/people/r-bram/sheets/card")
        page.emulate_media(media="print")
        picture(page, "office-card-paper", full=True)
        assert paper_pages(page) == 1


@pytest.mark.web
def test_an_incident_on_the_screen(live: Hub, office_page: Page) -> None:
    hub, page = live, office_page
    hub.incidents.open(
        "copy",
        "r-amira",
        "kiosk-b",
        "stick",
        AMIRA + "99",
        counter=3,
        expected=4,
        other_kiosk="kiosk-a",
        other_utc="2026-11-22T08:00:00.000Z",
    )
    hub.incidents.open("found", "r-bram", "kiosk-a", "badge", "04B1")
    hub.incidents.open("pair", "r-bram", "", officer="o-security", touched="regime_changed")
    settled = hub.incidents.open("guessing", "r-chloe", "kiosk-a", "badge", "04C1")
    hub.incidents.close(settled, "o-security", "Children of a visitor played with the badge.")
    with serving(app_of(hub)) as url:
        page.goto(f"{url}/sign-in?next=/incidents/")
        page.get_by_label("Name").fill("security")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
        picture(page, "office-incidents", full=True)
        assert serious_faults(page) == []
        page.get_by_role("link", name="Copied stick or key").click()
        picture(page, "office-incident", full=True)
        assert serious_faults(page) == []
        page.get_by_label("What was found and done").fill("The copy lay in cell 12. The stick was replaced.")
        page.get_by_role("button", name="Settle it").click()
        picture(page, "office-incident-settled", full=True)
        page.goto(f"{url}/")
        picture(page, "office-incidents-queue", full=True)
        page.goto(f"{url}/devices/")
        page.get_by_role("link", name="Out of service").first.click()
        picture(page, "office-devices-out")
        assert serious_faults(page) == []
