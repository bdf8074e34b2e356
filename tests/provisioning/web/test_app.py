"""The app's frame: headers, cookie, health, pages for debugging."""

import pytest
from flask import session
from jinja2 import UndefinedError

from provisioning.clock import FakeClock
from provisioning.errors import Corrupt
from provisioning.web.app import create_app
from provisioning.web.patterns import SCREENS
from provisioning.web.shell import NavItem, add_check, keep_quiet, set_nav


def test_every_answer_forbids_framing_foreign_code_and_keeping_it(make_app):
    browser = make_app().test_client()
    for path in ("/-/patterns", "/-/health", "/nowhere"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_an_asset_is_kept_by_its_content_and_only_when_it_exists(make_app):
    browser = make_app().test_client()
    with browser.get("/static/tokens.css?v=1") as marked, browser.get("/static/tokens.css") as plain:
        assert "immutable" in marked.headers["Cache-Control"]
        assert plain.headers["Cache-Control"] == "no-cache"
    assert browser.get("/static/nothing.css?v=1").status_code == 404


def cookie_of(app):
    app.add_url_rule("/sign", "sign", lambda: session.update(officer="o-1") or "signed")
    app.add_url_rule("/who", "who", lambda: session.get("officer", "nobody"))
    return app.test_client().get("/sign").headers["Set-Cookie"]


def test_the_session_cookie_is_for_this_process_and_not_for_scripts(make_app):
    cookie = cookie_of(make_app("kiosk-2"))
    assert cookie.startswith("passage-kiosk-2=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Secure" in cookie_of(make_app("hub", secure_cookie=True))


def test_a_changed_cookie_is_nobody_s(make_app):
    app = make_app()
    value = cookie_of(app).partition("=")[2].partition(";")[0]
    browser = app.test_client()
    browser.set_cookie("passage-hub", value)
    assert browser.get("/who").text == "o-1"
    browser.set_cookie("passage-hub", "x" + value[1:])
    assert browser.get("/who").text == "nobody"


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        create_app("hub", secret=b"short", catalogues=[], clock=FakeClock(), ui="office")


def test_health_names_each_check_and_fails_when_one_does_not_hold(make_app):
    app = make_app()
    add_check(app, "store", lambda: True)
    assert app.test_client().get("/-/health").json == {"name": "hub", "well": True, "checks": {"store": True}}
    add_check(app, "farm", lambda: False)
    answer = app.test_client().get("/-/health")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"store": True, "farm": False}


def test_polling_that_is_answered_well_stays_out_of_the_journal(make_app, caplog):
    app = make_app()
    app.add_url_rule("/pulse", "pulse", lambda: "beat")
    keep_quiet(app, "pulse")
    caplog.set_level("INFO")
    app.test_client().get("/pulse")
    assert caplog.records == []


def test_the_office_draws_the_navigation_it_is_given(make_app):
    app = make_app()
    set_nav(app, lambda: [NavItem("To decide", "/queue", "list-check", active=True, count=7)])
    page = app.test_client().get("/nowhere?lang=en").text
    assert 'href="/queue" aria-current="page"' in page
    assert ">7</span>" in page


@pytest.mark.parametrize("ui", ["kiosk", "office"])
def test_every_sample_screen_is_drawn_by_both_kinds_of_process(make_app, ui):
    browser = make_app(ui=ui).test_client()
    for look, screens in SCREENS.items():
        for screen in screens:
            assert browser.get(f"/-/patterns?ui={look}&screen={screen}&lang=ar").status_code == 200


@pytest.mark.parametrize("query", ["ui=car", "ui=kiosk&screen=queue", "screen=../secret"])
def test_a_sample_screen_that_does_not_exist_is_not_found(make_app, query):
    assert make_app().test_client().get(f"/-/patterns?{query}").status_code == 404


def test_a_name_that_a_template_does_not_know_is_false_when_asked_and_an_error_when_printed(make_app):
    environment = make_app().jinja_env
    assert environment.from_string("{% if missing %}a{% else %}b{% endif %}").render() == "b"
    with pytest.raises(UndefinedError, match="missing"):
        environment.from_string("{{ missing }}").render()


def test_an_unknown_component_or_pictogram_fails_by_name(make_app):
    app = make_app()
    with app.test_request_context(), pytest.raises(UndefinedError, match="buton"):
        app.jinja_env.from_string("{{ ui.buton('x') }}").render()
    with app.test_request_context(), pytest.raises(KeyError, match="unicorn"):
        app.jinja_env.from_string("{{ ui.icon('unicorn') }}").render()


def test_a_broken_catalogue_stops_the_start_with_its_name(make_app, tmp_path):
    (tmp_path / "nl.po").write_text('msgid "a"\n<<<<<<< HEAD\nmsgstr "b"\n', "utf-8")
    with pytest.raises(Corrupt) as stopped:
        make_app(catalogues=[tmp_path])
    assert stopped.value.detail["file"] == "nl.po"


def test_a_field_that_is_drawn_several_times_may_have_an_id_of_its_own(make_app):
    app = make_app()
    with app.test_request_context():
        drawn = app.jinja_env.from_string(
            "{{ ui.field('grams', 'Grams', hint='by scale', attrs={'id': 'grams-2', 'inputmode': 'decimal'}) }}"
        ).render()
    assert drawn.count('id="grams') == 2  # the field and its hint
    assert 'for="grams-2"' in drawn
    assert 'aria-describedby="grams-2-hint' in drawn
    assert 'inputmode="decimal"' in drawn
