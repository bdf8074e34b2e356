"""The bench panel: every hand movement is a form, and a device without power is said, not an error."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page

from provisioning.clock import SystemClock
from provisioning.sim import bench
from provisioning.sim.demo_site import make_site
from provisioning.sim.pages import ACTIONS, Panel, bench_nav, bench_pages
from provisioning.sim.running import RunningSite
from provisioning.web.app import create_app
from provisioning.web.messages import missing
from provisioning.web.shell import set_nav
from tests.web.browser import picture, serious_faults, serving, sticks_out


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    site = make_site(tmp_path / "demo", 8400)
    people = json.loads((site.base / "people.json").read_text())
    running = RunningSite(site, Path("/nowhere"))
    yield Panel(running, people["residents"], people["officers"])
    running.stop()


@pytest.fixture
def browser(panel: Panel) -> FlaskClient:
    app = create_app("bench", secret=b"s" * 40, catalogues=[], clock=SystemClock(), ui="office")
    app.register_blueprint(bench_pages(panel))
    set_nav(app, bench_nav)
    return app.test_client()


def press(browser: FlaskClient, action: str, **values: str):
    page = browser.get("/").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    key = page.split('name="form_key" value="')[1].split('"')[0]
    return browser.post(
        f"/do/{action}", data={"csrf_token": token, "form_key": key, **values}, follow_redirects=True
    )


def test_the_page_shows_everybody_every_node_and_every_process(browser: FlaskClient, panel: Panel):
    page = browser.get("/").get_data(as_text=True)
    for person in panel.residents:
        assert person["badge_uid"] in page
    for name in panel.running.supervisor.names():
        assert name in page
    assert page.count("no power") >= 4


def test_what_a_hand_moved_stays_moved_while_the_device_has_no_power(browser: FlaskClient, panel: Panel):
    answer = press(browser, "touch", node="kiosk-a", uid=panel.residents[3]["badge_uid"])
    assert answer.status_code == 200
    assert "has no power now" in answer.get_data(as_text=True)
    assert panel.hardware.bench.readers["kiosk-a"].badge == panel.residents[3]["badge_uid"]
    press(browser, "contact", name="door", closed="no")
    press(browser, "cable", printer="printer-2", plugged="no")
    press(browser, "weigh", grams="8,4")
    press(browser, "speed", factor="60")
    bench = panel.hardware.bench
    assert (bench.closed["door"], bench.plugged["printer-2"], bench.grams, bench.speed) == (
        False,
        False,
        8.4,
        60.0,
    )
    press(browser, "contact", name="door", closed="yes")
    press(browser, "lift", node="kiosk-a")
    assert (bench.closed["door"], bench.readers["kiosk-a"].badge) == (True, "")


def test_officers_and_blank_badges_can_be_laid_on_a_kiosk(browser: FlaskClient, panel: Panel):
    readers = panel.hardware.bench.readers
    for uid in (panel.officers[2]["badge_uid"], *panel.blank_badges):
        assert browser.get("/").get_data(as_text=True).count(f'value="{uid}"') >= 2  # both kiosks offer it
        press(browser, "touch", node="kiosk-a", uid=uid)
        assert readers["kiosk-a"].badge == uid


def test_a_key_that_nobody_has_made_yet_says_so(browser: FlaskClient, panel: Panel):
    assert "Bram, empty" in browser.get("/").get_data(as_text=True)
    file = panel.drawer.key("r-001")
    file.write_text('{"pin_hash": "c2VjcmV0"}')
    assert "Bram, empty" not in browser.get("/").get_data(as_text=True)


def test_a_stick_is_in_one_socket_at_a_time_and_a_copy_is_a_stick_of_its_own(
    browser: FlaskClient, panel: Panel
):
    uid = panel.residents[0]["stick_uid"]
    readers = panel.hardware.bench.readers
    press(browser, "plug", node="kiosk-a", stick=uid)
    press(browser, "tear", node="kiosk-a", after_bytes="256")
    assert readers["kiosk-a"].tear_after_bytes == 256
    assert "copy 1 of Bram" in press(browser, "copy", stick=uid).get_data(as_text=True)
    press(browser, "plug", node="kiosk-b", stick=uid)
    assert (readers["kiosk-a"].stick, readers["kiosk-a"].tear_after_bytes) == ("", None)
    press(browser, "plug", node="kiosk-a", stick=f"{uid}-copy-1")
    images = [Path(readers[one].stick) for one in ("kiosk-a", "kiosk-b")]
    assert images[0] != images[1]
    assert images[0].read_bytes() == images[1].read_bytes()


def test_a_key_is_plugged_touched_and_pulled(browser: FlaskClient, panel: Panel):
    place = panel.hardware.bench.readers["kiosk-a"]
    press(browser, "plug-key", node="kiosk-a", key="r-001")
    press(browser, "touch-key", node="kiosk-a", touched="yes")
    assert (Path(place.key).name, place.touched) == ("key-r-001.json", True)
    press(browser, "pull-key", node="kiosk-a")
    assert (place.key, place.touched) == ("", False)


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("touch", {"node": "kiosk-z", "uid": "04A0000001"}),
        ("touch", {"node": "kiosk-a", "uid": "stranger"}),
        ("plug", {"node": "kiosk-a", "stick": "../../people"}),
        ("copy", {"stick": "5A00000099"}),
        ("tear", {"node": "kiosk-a", "after_bytes": "513"}),
        ("plug-key", {"node": "kiosk-a", "key": "o-els"}),
        ("contact", {"name": "window", "closed": "no"}),
        ("kill", {"name": "init"}),
        ("speed", {"factor": "1e9"}),
        ("weigh", {"grams": "heavy"}),
        ("explode", {}),
    ],
)
def test_what_is_not_on_the_bench_cannot_be_moved(browser: FlaskClient, action: str, values: dict[str, str]):
    assert press(browser, action, **values).status_code == 409


def test_live_parts_are_drawn_alone(browser: FlaskClient):
    for part in ("cell", "printers", "processes"):
        page = browser.get(f"/live/{part}").get_data(as_text=True)
        assert page
        assert "<html" not in page
    assert browser.get("/live/secrets").status_code == 409


def test_every_action_has_a_form_on_the_page(browser: FlaskClient, panel: Panel):
    panel.hardware.bench.readers["kiosk-a"].badge = panel.residents[0]["badge_uid"]
    panel.hardware.bench.readers["kiosk-a"].stick = str(panel.drawer.stick(panel.residents[0]["stick_uid"]))
    panel.hardware.bench.readers["kiosk-a"].key = str(panel.drawer.key("new-key"))
    page = browser.get("/").get_data(as_text=True)
    for action in ACTIONS:
        assert f"/do/{action}" in page, action


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_the_bench_speaks_the_technicians_language(language: str):
    assert not missing(Path(bench.__file__).parent, language)


def test_the_bench_in_a_real_browser_is_readable_and_nothing_hangs_over(panel: Panel, office_page: Page):
    place = panel.hardware.bench.readers["kiosk-b"]
    copy = panel.drawer.copy(panel.residents[0]["stick_uid"])
    place.badge, place.tear_after_bytes = panel.residents[1]["badge_uid"], 256
    place.stick, place.key = str(panel.drawer.stick(copy)), str(panel.drawer.key("r-001"))
    app = create_app("bench", secret=b"s" * 40, catalogues=[], clock=SystemClock(), ui="office")
    app.register_blueprint(bench_pages(panel))
    set_nav(app, bench_nav)
    with serving(app) as address:
        office_page.goto(address)
        picture(office_page, "bench", full=True)
        assert serious_faults(office_page) == []
        assert sticks_out(office_page) <= 0
