"""A desk left alone locks after a minute: nothing is answered, nothing is readable, nothing that was typed is lost."""

from __future__ import annotations

import re
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect

from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.config import ConfigRefused, Node, load_node
from provisioning.sim.acts import AtDesk
from provisioning.sim.people import DemoOfficer
from tests.kiosk.hub.hub_kit import AMIRA, PASSWORD, Officer, app_of, office
from tests.web.browser import picture, serious_faults, serving

JSON = {"Accept": "application/json"}


def token(officer: Officer) -> str:
    found = re.search(r'data-csrf="([^"]+)"', officer.read("/account/"))
    assert found
    return found[1]


def touch(officer: Officer, csrf: str, ago_ms: int = 0) -> int:
    return officer.web.post("/desk/seen", data={"csrf_token": csrf, "ago_ms": ago_ms}).status_code


def unlock(officer: Officer, csrf: str, password: str = PASSWORD) -> int:
    answer = officer.web.post("/sign-in/again", data={"csrf_token": csrf, "password": password}, headers=JSON)
    return answer.status_code


# --- when ----------------------------------------------------------------------------------------------------


def test_a_desk_nobody_touched_for_a_minute_answers_nothing_until_its_officer_unlocks_it(
    hub: Hub, clock: FakeClock
) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    clock.advance(60)
    officer.read("/people/r-amira")
    clock.advance(64)
    assert officer.web.get("/people/r-amira").location == "/sign-in/again?next=/people/r-amira"
    assert officer.web.get("/people/", headers={"HX-Request": "true"}).status_code == 401
    form = {"csrf_token": csrf, "form_key": "0" * 32}
    assert officer.web.post(f"/people/r-amira/badge/{AMIRA}/block", data=form).status_code == 401
    assert not [one for one in hub.trail.latest() if one.action == "badge_blocked"]
    assert "Amira" not in officer.read("/sign-in/again")
    assert officer.form("/sign-in/again", "/sign-in/again", password=PASSWORD, next="/people/r-amira")
    assert "Amira" in officer.read("/people/r-amira")


def test_only_what_a_person_does_keeps_a_desk_open(hub: Hub, clock: FakeClock) -> None:
    officer = office(hub, "landing")
    for _ in range(13):
        clock.advance(5)
        for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}):
            status = officer.web.get("/people/", headers=headers).status_code
    assert status == 401


def test_a_page_that_tells_of_touches_keeps_the_desk_open_and_cannot_open_it_again(
    hub: Hub, clock: FakeClock
) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    for _ in range(10):
        clock.advance(50)
        assert touch(officer, csrf) == 204
    clock.advance(64)
    assert touch(officer, csrf) == 401
    assert officer.web.get("/people/").status_code == 303


def test_a_touch_counts_from_when_it_was_not_from_when_it_is_told(hub: Hub, clock: FakeClock) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    clock.advance(50)
    assert touch(officer, csrf, ago_ms=30_000) == 204
    clock.advance(34)
    assert touch(officer, csrf, ago_ms=50_000) == 401


def test_a_hub_that_was_restarted_remembers_the_lock_and_most_of_the_minute(
    hub: Hub, clock: FakeClock
) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    clock.advance(50)
    touch(officer, csrf)
    from kiosk.hub.office.app import create_office

    again = Officer(create_office(hub))
    cookie = officer.web.get_cookie("passage-hub")
    assert cookie is not None
    again.web.set_cookie("passage-hub", cookie.value)
    clock.advance(40)
    assert again.web.get("/account/").status_code == 200
    again.web.post("/desk/lock", data={"csrf_token": csrf})
    assert officer.web.get("/account/").status_code == 303


def test_a_full_disk_neither_throws_a_busy_officer_out_nor_keeps_a_lonely_desk_open(
    hub: Hub, clock: FakeClock
) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    hub.store.db.conn.execute("PRAGMA query_only = ON")
    for _ in range(4):
        clock.advance(50)
        assert touch(officer, csrf) == 204
    assert officer.web.get("/account/").status_code == 200
    clock.advance(64)
    assert officer.web.get("/account/").status_code == 303
    hub.store.db.conn.execute("PRAGMA query_only = OFF")


def test_a_clock_that_was_set_back_locks(hub: Hub, clock: FakeClock) -> None:
    officer = office(hub, "landing")
    clock.advance(-600)
    assert officer.web.get("/account/").status_code == 303


@pytest.mark.parametrize(("seconds", "taken"), [(29, False), (30, True), (600, True), (601, False)])
def test_the_site_chooses_between_half_a_minute_and_ten(
    nodes: dict[str, Node], seconds: int, taken: bool
) -> None:
    path = nodes["hub"].path
    site = path.parent / "site.toml"
    site.write_text(site.read_text() + f"\ndesk_lock_s = {seconds}\n")
    if taken:
        assert load_node(path).site.desk_lock_s == seconds
    else:
        with pytest.raises(ConfigRefused, match="desk_lock_s"):
            load_node(path)


# --- who opens it ----------------------------------------------------------------------------------------------


def test_a_wrong_password_at_a_locked_desk_counts_and_the_fifth_pauses_the_name_everywhere(
    hub: Hub, clock: FakeClock
) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    officer.web.post("/desk/lock", data={"csrf_token": csrf})
    assert [unlock(officer, csrf, "wrong") for _ in range(5)] == [409] * 5
    assert unlock(officer, csrf) == 409
    assert "Too many wrong passwords" in Officer(app_of(hub)).sign_in("landing", status=409)
    clock.advance(301)
    assert unlock(officer, csrf) == 204
    actions = [one.action for one in hub.trail.latest(10)]
    assert actions.count("sign_in_refused") == 5
    assert actions[0] == "desk_unlocked"


def test_a_colleague_cannot_open_it_with_their_own_password_but_may_sign_in_instead(hub: Hub) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    officer.web.post("/desk/lock", data={"csrf_token": csrf})
    assert unlock(officer, csrf, "somebody else's") == 409
    officer.form("/sign-in/again", "/sign-out")
    officer.sign_in("security")
    assert "Security" in officer.read("/account/")


def test_unlocking_leads_to_no_page_but_ours(hub: Hub) -> None:
    officer = office(hub, "landing")
    officer.web.post("/desk/lock", data={"csrf_token": (csrf := token(officer))})
    data = {"csrf_token": csrf, "password": PASSWORD, "next": "//evil.example/"}
    assert officer.web.post("/sign-in/again", data=data).location == "/"


def test_whoever_works_without_a_browser_gets_in_again_as_at_the_sign_in_page(
    hub: Hub, clock: FakeClock
) -> None:
    marc = DemoOfficer("o-security", "Security", "security", ("security",), "en", "", PASSWORD)
    with serving(app_of(hub)) as url:
        desk = AtDesk(url, marc)
        assert "Amira" in desk.open("/people/r-amira").text
        clock.advance(64)
        assert "Amira" in desk.open("/people/r-amira").text
    done = [one.action for one in hub.trail.latest(10) if one.actor == "o-security"]
    actions = [action for action, _several in groupby(done)]
    assert actions == ["person_viewed", "desk_unlocked", "person_viewed", "signed_in"]


# --- in the browser --------------------------------------------------------------------------------------------


@pytest.fixture
def desk_url(hub: Hub) -> str:
    with serving(app_of(hub)) as url:
        yield url


def at_desk(page: Page, url: str, name: str, path: str) -> None:
    """Signed in by hand, at one page, with the page's own clock in the test's hands."""
    page.clock.install()
    page.goto(f"{url}/sign-in?next={path}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("form button")
    expect(page.locator(".bar__who")).to_be_visible()


def pass_s(page: Page, clock: FakeClock, seconds: float) -> None:
    """Time passes at the desk and at the hub alike."""
    clock.advance(seconds)
    page.clock.run_for(int(seconds * 1000))


def test_the_page_warns_ten_seconds_before_and_a_key_keeps_it_open(
    hub: Hub, clock: FakeClock, office_page: Page, desk_url: str
) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    pass_s(office_page, clock, 48)
    expect(office_page.locator("#desk-warning")).to_be_hidden()
    pass_s(office_page, clock, 4)
    expect(office_page.locator("#desk-warning")).to_be_visible()
    assert serious_faults(office_page) == []
    picture(office_page, "office-lock-warning")
    office_page.keyboard.press("Shift")
    expect(office_page.locator("#desk-warning")).to_be_hidden()
    with office_page.expect_response("**/desk/seen"):
        pass_s(office_page, clock, 11)
    pass_s(office_page, clock, 40)
    expect(office_page.locator("#desk-lock")).to_be_hidden()


def test_the_lock_covers_everything_even_an_open_dialog_and_keeps_what_was_typed(
    hub: Hub, clock: FakeClock, office_page: Page, desk_url: str
) -> None:
    page = office_page
    at_desk(page, desk_url, "security", "/people/r-amira")
    page.click("[data-dialog=suspend]")
    page.fill("#reason", "Threw a chair")
    with page.expect_response("**/desk/lock"):
        pass_s(page, clock, 61)
    expect(page.locator("#desk-lock")).to_be_visible()
    expect(page.locator("#reason")).to_be_hidden()
    expect(page.locator("h1")).to_be_hidden()
    assert "Amira" not in page.title()
    assert "Amira" not in page.inner_text("body")
    assert serious_faults(page) == []
    picture(page, "office-lock")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#desk-lock")).to_be_visible()
    page.fill("#desk-password", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#desk-lock [data-problem]")).to_contain_text("not right")
    picture(page, "office-lock-wrong")
    page.fill("#desk-password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#desk-lock")).to_be_hidden()
    expect(page.locator("#reason")).to_have_value("Threw a chair")
    page.click("#suspend button")
    expect(page.locator("body")).to_contain_text("Threw a chair")
    assert len(hub.ruling.suspensions.of("r-amira")) == 1


def test_reloading_a_locked_page_shows_whose_desk_it_is_and_nothing_else(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    with office_page.expect_response("**/desk/lock"):
        office_page.click("[data-lock-now]")
    office_page.reload()
    expect(office_page.locator("h1")).to_have_text("This desk is locked")
    assert "Amira" not in office_page.content()
    assert serious_faults(office_page) == []
    picture(office_page, "office-locked-page")
    office_page.fill("#password", PASSWORD)
    office_page.click("#unlock button")
    expect(office_page.locator("h1")).to_have_text("Amira")


def test_two_tabs_of_one_desk_lock_and_open_together(hub: Hub, office_page: Page, desk_url: str) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    other = office_page.context.new_page()
    other.goto(f"{desk_url}/people/r-bram")
    other.click("[data-lock-now]")
    expect(office_page.locator("#desk-lock")).to_be_visible()
    office_page.fill("#desk-password", PASSWORD)
    office_page.keyboard.press("Enter")
    expect(other.locator("#desk-lock")).to_be_hidden()
    expect(other.locator("h1")).to_have_text("Bram")


def test_whoever_signs_in_next_finds_no_page_of_the_officer_before(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    other = office_page.context.new_page()
    other.goto(f"{desk_url}/account/")
    with office_page.expect_navigation():
        other.click(".bar__who form button")
    expect(office_page.locator("h1")).to_have_text("Sign in")
    assert "Amira" not in office_page.content()


def test_opening_a_locked_desk_in_one_tab_opens_the_covered_one_with_what_was_typed(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    office_page.click("[data-dialog=suspend]")
    office_page.fill("#reason", "Threw a chair")
    other = office_page.context.new_page()
    other.goto(f"{desk_url}/account/")
    with other.expect_response("**/desk/lock"):
        other.click("[data-lock-now]")
    other.reload()
    other.fill("#password", PASSWORD)
    other.click("#unlock button")
    expect(office_page.locator("#desk-lock")).to_be_hidden()
    expect(office_page.locator("#reason")).to_have_value("Threw a chair")


def test_a_page_of_another_officers_shift_gives_way_when_someone_else_signed_in(
    hub: Hub, office_page: Page, desk_url: str
) -> None:
    at_desk(office_page, desk_url, "security", "/people/r-amira")
    cookie = office(hub, "technician").web.get_cookie("passage-hub")
    assert cookie is not None
    office_page.context.add_cookies([{"name": "passage-hub", "value": cookie.value, "url": desk_url}])
    other = office_page.context.new_page()
    with office_page.expect_navigation():
        other.goto(f"{desk_url}/account/")
    expect(office_page.get_by_text("Your role may not do this.")).to_be_visible()
    assert "Amira" not in office_page.content()


def test_a_desk_from_before_the_lock_was_built_is_locked_and_opens(hub: Hub) -> None:
    officer = office(hub, "landing")
    csrf = token(officer)
    hub.store.run("DELETE FROM desk_state")
    assert officer.web.get("/account/").location == "/sign-in/again?next=/account/"
    assert unlock(officer, csrf) == 204
    assert officer.web.get("/account/").status_code == 200
