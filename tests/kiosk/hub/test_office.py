"""The back office: who may in, what each role sees, what is recorded, what a second press does."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from kiosk.services.base import DeskLink, HubService, OfficerCard, Tile, WorkItem
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.contracts import Lease, PublicCopy, RenewLease
from provisioning.errors import Refused
from tests.kiosk.hub.hub_kit import AMIRA, SECOND, Officer, Peer, app_of, office, people_in, start_hub


def actions(hub: Hub) -> list[str]:
    return [one.action for one in reversed(hub.trail.latest(50))]


# --- signing in and out ------------------------------------------------------------------------------------------


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(hub: Hub) -> None:
    officer = Officer(app_of(hub))
    answer = officer.web.get("/people/r-amira?x=1")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/people/r-amira?x%3D1")
    assert officer.sign_in("landing", target="/people/r-amira?x=1")
    assert "Amira" in officer.read("/people/r-amira")


def test_a_page_that_does_not_exist_speaks_the_language_of_whoever_sits_there(hub: Hub) -> None:
    stranger, landing = Officer(app_of(hub)), office(hub, "landing")
    for one, language in ((stranger, "fr"), (landing, "en")):
        one.web.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
        assert f'<html lang="{language}"' in one.read("/no-such-page", 404)


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example", ""])
def test_after_signing_in_nobody_is_sent_elsewhere(hub: Hub, target: str) -> None:
    officer = Officer(app_of(hub))
    page = officer.read("/sign-in")
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "name": "landing", "password": "open sesame", "next": target}
    assert officer.web.post("/sign-in", data=data).location == "/"


def test_a_wrong_name_and_a_wrong_password_look_the_same_and_close_alike(hub: Hub, clock: FakeClock) -> None:
    for name in ("landing", "nobody-like-this"):
        officer = Officer(app_of(hub))
        pages = [officer.sign_in(name, "wrong", status=409) for _ in range(5)]
        assert all("The name or the password is not right." in page for page in pages[:4])
        assert "Too many wrong passwords." in pages[4]
    assert "Too many wrong passwords." in officer.sign_in("Landing", status=409)
    clock.advance(301)
    officer.sign_in("Landing")
    assert "Landing" in officer.read("/account/")


def test_the_shift_ends_after_eight_hours_however_busy_the_desk_was(hub: Hub, clock: FakeClock) -> None:
    officer = office(hub, "landing")
    for _ in range(8 * 60):
        clock.advance(60)
        assert officer.web.get("/account/").status_code == 200
    clock.advance(1)
    assert officer.web.get("/account/").location == "/sign-in?next=/account/"
    assert "the shift of 8 hours was over" in officer.read("/sign-in")


def test_after_signing_out_even_a_copied_cookie_opens_nothing(hub: Hub) -> None:
    officer = office(hub, "landing")
    cookie = officer.web.get_cookie("passage-hub")
    assert cookie is not None
    officer.form("/", "/sign-out")
    thief = app_of(hub).test_client()
    thief.set_cookie("passage-hub", cookie.value)
    assert thief.get("/").status_code == 303
    assert actions(hub)[-2:] == ["signed_in", "signed_out"]


def test_a_form_of_someone_elses_page_changes_nothing(hub: Hub) -> None:
    officer = office(hub, "landing")
    assert officer.web.post(f"/people/r-amira/badge/{AMIRA}/block").status_code == 409
    assert not hub.credentials.blocked_residents()


def test_a_form_sent_after_the_desk_locked_says_so(hub: Hub, clock: FakeClock) -> None:
    officer = office(hub, "landing")
    page = officer.read("/people/r-amira")
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    clock.advance(16 * 60)
    answer = officer.web.post(
        f"/people/r-amira/badge/{AMIRA}/block", data={"csrf_token": token, "form_key": "0" * 32}
    )
    assert answer.status_code == 401
    assert "This desk is locked." in answer.get_data(as_text=True)
    clock.advance(8 * 3600)
    answer = officer.web.post(
        f"/people/r-amira/badge/{AMIRA}/block", data={"csrf_token": token, "form_key": "0" * 32}
    )
    assert answer.status_code == 401
    assert "Please sign in to go on." in answer.get_data(as_text=True)


# --- who sees what -----------------------------------------------------------------------------------------------

PAGES = {
    "/": "Work",
    "/people/": "People",
    "/notices/": "Notices",
    "/devices/": "Devices",
    "/audit/": "Audit",
}
SEES = {
    "landing": {"/", "/people/", "/notices/"},
    "teacher": {"/", "/people/", "/notices/"},
    "workshop": {"/", "/people/", "/notices/"},
    "security": set(PAGES),
    "technician": {"/", "/devices/"},
    "director": set(PAGES),
}


@pytest.mark.parametrize("role", sorted(SEES))
def test_each_role_finds_its_pages_in_the_menu_and_is_refused_the_others(hub: Hub, role: str) -> None:
    officer = office(hub, role)
    menu = officer.read("/").split("</nav>")[0]
    for url in PAGES:
        assert (f'href="{url}"' in menu.split("<ul>")[1]) == (url in SEES[role]), url
        page = officer.read(url, status=200 if url in SEES[role] else 403)
        assert ("Your role may not do this." in page) == (url not in SEES[role])


# --- people ------------------------------------------------------------------------------------------------------


def test_search_finds_by_part_of_a_name_and_by_wing(hub: Hub) -> None:
    officer = office(hub, "landing")
    assert "Amira" in officer.read("/people/?words=mir")
    assert "Amira" not in officer.read("/people/?words=mir&wing=B")
    assert "Bram" in officer.read("/people/?wing=B")
    assert "Nobody found" in officer.read("/people/?words=%25")


def test_each_look_at_a_person_is_recorded_under_the_officers_name(hub: Hub) -> None:
    officer = office(hub, "landing")
    officer.read("/people/")
    officer.read("/people/r-amira")
    looks = [one for one in hub.trail.about("r-amira") if one.action == "person_viewed"]
    assert [one.actor for one in looks] == ["o-landing"]
    officer.read("/people/r-nobody", status=404)


def told_to_end(kiosk: Peer, lease: Lease) -> None:
    """The kiosk hears that an officer ended the session, says that it is over, and only then is it."""
    assert [one.ending for one in kiosk.hub.sessions.all_open()] == ["hub"]
    with pytest.raises(Refused) as caught:
        kiosk.ask(RenewLease(session_id=lease.session_id))
    assert (caught.value.reason, caught.value.detail) == ("session_ended", {"why": "hub"})
    kiosk.leave(lease)
    assert kiosk.hub.sessions.why_ended(lease.session_id) == "hub"


def test_blocking_a_badge_works_once_ends_the_session_and_stops_the_next_sign_in(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    officer = office(hub, "technician")
    landing = office(hub, "landing")
    for _ in range(2):
        landing.form("/people/r-amira", f"/people/r-amira/badge/{AMIRA}/block")
    told_to_end(kiosk_a, lease)
    assert not hub.sessions.all_open()
    assert actions(hub).count("badge_blocked") == 1
    with pytest.raises(Refused, match="badge_blocked"):
        kiosk_a.sign_in(AMIRA)
    landing.form("/people/r-amira", f"/people/r-amira/badge/{AMIRA}/unblock", status=403)
    unblock = f"/people/r-amira/badge/{AMIRA}/unblock"
    office(hub, "security").form("/people/r-amira", unblock, **SECOND)
    kiosk_a.sign_in(AMIRA)
    assert officer.web.get("/people/r-amira").status_code == 403


def test_a_badge_is_blocked_only_on_its_owners_page(hub: Hub) -> None:
    officer = office(hub, "landing")
    officer.form("/people/r-bram", f"/people/r-bram/badge/{AMIRA}/block", status=404)
    assert not hub.credentials.blocked_residents()


def test_an_officer_ends_a_session_from_the_persons_page(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    officer = office(hub, "landing")
    assert "End this session" in officer.read("/people/r-amira")
    officer.form("/people/r-amira", f"/people/r-amira/sessions/{lease.session_id}/end")
    told_to_end(kiosk_a, lease)
    officer.form("/people/r-bram", f"/people/r-bram/sessions/{lease.session_id}/end", status=404)


def test_the_person_page_shows_balance_and_lines(hub: Hub) -> None:
    hub.ledger.debit("r-amira", 250, "k1", "P-1 hook")
    page = office(hub, "landing").read("/people/r-amira")
    assert "€7.50" in page
    assert "Paid · P-1 hook" in page
    assert "Opening balance" in page


# --- work --------------------------------------------------------------------------------------------------------


class Desk(HubService):
    """A service with one thing for the workshop and one for security."""

    tile = Tile("desk", "box", "Woodwork", needs_hub=True, order=1)
    links = (DeskLink("Woodwork", "work.queue", "box", "request_decided", 15),)

    def work_items(self, officer: OfficerCard) -> list[WorkItem]:
        def item(number: str, role: str, due_utc: str) -> WorkItem:
            since = "2026-11-20T08:00:00.000Z"
            return WorkItem(
                "desk", number, f"Bench {number}", "Amira · A", since, due_utc, "/x", role in officer.roles
            )

        late, soon = "2026-11-21T15:00:00.000Z", "2026-11-24T15:00:00.000Z"
        return [item("W-2", "security", late), item("W-1", "workshop", soon), item("W-3", "workshop", late)]


def test_the_queue_shows_mine_first_by_due_and_everything_on_wish(
    nodes: dict[str, Node], clock: FakeClock
) -> None:
    hub = start_hub(nodes["hub"], clock, [Desk()])
    people_in(hub)
    officer = office(hub, "workshop")
    mine = officer.read("/")
    assert mine.index("W-3") < mine.index("W-1")
    assert "W-2" not in mine
    assert mine.count("late:") == 1
    everyone = officer.read("/?whose=all")
    assert everyone.index("W-2") < everyone.index("W-1")
    assert "another role" in everyone
    assert "Nothing waits here" in officer.read("/?service=notices")
    hub.store.close()


def test_an_empty_queue_says_so(hub: Hub) -> None:
    assert "Nothing waits for you" in office(hub, "teacher").read("/")


# --- devices and audit -------------------------------------------------------------------------------------------


def test_devices_tell_last_contact_and_what_waits(hub: Hub, kiosk_a: Peer, clock: FakeClock) -> None:
    hub.roster.publish()
    kiosk_a.ask(PublicCopy())
    page = office(hub, "technician").read("/devices/")
    assert page.count("Online") == 1
    assert page.count("Away") == 3  # two kiosks and the farm
    farm_row = page[page.index(">farm<") :]
    assert ">1<br>" in farm_row[: farm_row.index("</tr>")]
    clock.advance(121)
    assert office(hub, "technician").read("/devices/").count("Away") == 4


def test_the_audit_page_filters_and_pages(hub: Hub) -> None:
    for number in range(60):
        hub.trail.record("o-workshop", "request_decided", f"k{number}")
    officer = office(hub, "security")
    page = officer.read("/audit/")
    assert "k59" in page
    assert "k3<" not in page
    older = page[page.index("before=") :].split('"')[0].removeprefix("before=")
    assert "k3<" in officer.read(f"/audit/?before={older}")
    assert "No such record" in officer.read("/audit/?action=part_weighed")
    assert "k7<" in officer.read("/audit/?about=k7")
    assert "No such record" in officer.read("/audit/?before=0")


def test_verifying_names_the_first_bad_record(hub: Hub) -> None:
    officer = office(hub, "security")
    for number in range(5):
        hub.trail.record("o-workshop", "request_decided", f"k{number}")
    assert "The trail is whole" in officer.form("/audit/", "/audit/verify", status=200)
    bad = next(one for one in hub.trail.latest(50) if one.subject == "k2")
    for trigger in ("audit_is_final", "audit_is_kept"):
        hub.store.run(f"DROP TRIGGER {trigger}")
    hub.store.run("UPDATE audit SET actor = 'o-security' WHERE seq = ?", (bad.seq,))
    page = officer.form("/audit/", "/audit/verify", status=200)
    assert f"Record {bad.seq} is the first bad one" in page


def test_health_answers_without_signing_in(hub: Hub) -> None:
    answer = app_of(hub).test_client().get("/-/health")
    assert (answer.status_code, answer.get_json()["checks"]) == (200, {"store": True})


def test_a_foreign_envelope_gets_no_answer_over_http(hub: Hub) -> None:
    web = app_of(hub).test_client()
    for path in ("/api/v1/call", "/api/v1/inbox"):
        answer = web.post(path, data=b"hello")
        assert answer.status_code == 500
        assert answer.get_json()["error"]["code"] == "envelope_unreadable"
