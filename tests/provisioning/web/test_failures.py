"""Every error ends in plain words, in the page's language, with whom to ask; the journal has what engineers need."""

import logging
import re

import pytest
from flask import abort, request

from provisioning.errors import Corrupt, Refused, Tripped, Unavailable
from provisioning.web.locale import N_
from provisioning.web.sentences import register

FAMILIES = [(Refused, 409), (Unavailable, 503), (Tripped, 423), (Corrupt, 500)]


@pytest.fixture
def app(make_app):
    app = make_app(ui="kiosk", max_upload_bytes=1000)

    def raises(error):
        def view(name=""):
            raise error

        return view

    for family, status in FAMILIES:
        app.add_url_rule(f"/{status}", f"page{status}", raises(family("some_code", left=3)))
        app.add_url_rule(f"/api/v1/{status}", f"api{status}", raises(family("some_code", left=3)))
    app.add_url_rule("/bug/<name>", "bug", raises(KeyError("amount")))
    app.add_url_rule("/api/v1/bug", "api_bug", raises(KeyError("amount")))
    app.add_url_rule("/forbidden", "forbidden", lambda: abort(403))
    app.add_url_rule("/api/v1/take", "take", lambda: {"size": len(request.form)}, methods=["POST"])
    return app


@pytest.mark.parametrize(("family", "status"), FAMILIES)
def test_each_family_has_its_status_and_a_page_that_says_whom_to_ask(app, family, status):
    answer = app.test_client().get(f"/{status}")
    assert answer.status_code == status
    assert re.search(r'class="failure__contact".*<strong>(Vraag|Demandez)', answer.text, re.DOTALL)


@pytest.mark.parametrize(("family", "status"), FAMILIES)
def test_a_node_gets_family_code_and_detail(app, family, status):
    answer = app.test_client().get(f"/api/v1/{status}")
    assert answer.status_code == status
    assert answer.json == {"error": {"family": family.code, "code": "some_code", "detail": {"left": 3}}}


def test_who_finds_us_unavailable_is_told_when_to_come_back(app):
    assert app.test_client().get("/503").headers["Retry-After"] == "10"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/forbidden", 403), ("/api/v1/take", 405)])
def test_http_errors_are_spoken_too(app, path, status):
    answer = app.test_client().get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_body_above_the_limit_is_refused_before_it_is_read(app):
    answer = app.test_client().post("/api/v1/take", data={"text": "x" * 2000})
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == "too_large"


def test_a_bug_shows_a_number_and_the_journal_has_the_same_number_with_the_traceback(app, caplog):
    answer = app.test_client().get("/bug/amina")
    assert answer.status_code == 500
    number = re.search(r"E-[0-9A-Z]{6}", answer.text).group()
    assert "amount" not in answer.text
    assert f"bug {number} in GET /bug/<name>" in caplog.text
    assert "KeyError" in caplog.text


def test_a_bug_in_the_api_is_json_with_its_number(app):
    error = app.test_client().get("/api/v1/bug").json["error"]
    assert error["code"] == "bug"
    assert error["detail"]["number"].startswith("E-")


def test_htmx_gets_only_a_notice_for_its_place(app):
    answer = app.test_client().get("/409", headers={"HX-Request": "true"})
    assert answer.headers["HX-Retarget"] == "#notices"
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def test_a_package_brings_its_own_words_for_its_codes(app):
    register("only_so_much_left", N_("You have %(left_cents)s left."))
    app.add_url_rule(
        "/money", "money", lambda: (_ for _ in ()).throw(Refused("only_so_much_left", left_cents=1240))
    )
    assert "€\xa012,40" in app.test_client().get("/money").text


def test_the_journal_never_holds_the_path_of_a_request(app, caplog):
    caplog.set_level(logging.DEBUG)
    app.test_client().get("/bug/amina?pin=1234")
    lines = [record.getMessage() for record in caplog.records if record.name == "passage.access"]
    assert re.fullmatch(r"GET /bug/<name> 500 \d+\.\d ms", lines[0])
    assert not any(
        "amina" in record.getMessage() or "1234" in record.getMessage() for record in caplog.records
    )
