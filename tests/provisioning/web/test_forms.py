"""Only our own pages can change anything, once per drawn form."""

import re

import pytest
from flask import redirect, render_template_string, session

from provisioning.web.forms import FieldMissing, forget_session, form_key, text_field, whole_field


@pytest.fixture
def app(make_app):
    app = make_app()
    app.taken = []

    @app.get("/form")
    def form():
        return render_template_string("<form>{{ form_fields() }}</form>")

    @app.post("/take")
    def take():
        app.taken.append(form_key())
        return redirect("/form", 303)

    @app.post("/api/v1/call")
    def call():
        return {"done": True}

    @app.post("/leave")
    def leave():
        forget_session()
        session["other"] = "person"
        return "left"

    return app


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(csrf_token|form_key)" value="([^"]+)"', page))


def test_a_form_of_the_same_session_is_taken(app):
    browser = app.test_client()
    fields = hidden(browser.get("/form").text)
    assert browser.post("/take", data=fields).status_code == 303
    assert app.taken == [fields["form_key"]]


def test_each_drawing_of_a_form_has_a_key_of_its_own_and_a_second_press_repeats_it(app):
    browser = app.test_client()
    first, second = hidden(browser.get("/form").text), hidden(browser.get("/form").text)
    assert first["form_key"] != second["form_key"]
    assert first["csrf_token"] == second["csrf_token"]
    browser.post("/take", data=first)
    browser.post("/take", data=first)
    assert app.taken == [first["form_key"]] * 2


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "guess"}, {"csrf_token": "é"}])
def test_a_form_without_the_session_s_token_is_refused(app, fields):
    browser = app.test_client()
    key = hidden(browser.get("/form").text)["form_key"]
    answer = browser.post("/take", data={**fields, "form_key": key})
    assert answer.status_code == 409
    assert app.taken == []


def test_another_session_s_token_is_refused(app):
    theirs = hidden(app.test_client().get("/form").text)
    browser = app.test_client()
    browser.get("/form")
    assert browser.post("/take", data=theirs).status_code == 409


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_the_browser_says_another_site_sent_is_refused(app, site):
    browser = app.test_client()
    fields = hidden(browser.get("/form").text)
    assert browser.post("/take", data=fields, headers={"Sec-Fetch-Site": site}).status_code == 409


def test_htmx_sends_the_token_in_a_header(app):
    browser = app.test_client()
    fields = hidden(browser.get("/form").text)
    answer = browser.post(
        "/take", data={"form_key": fields["form_key"]}, headers={"X-CSRF-Token": fields["csrf_token"]}
    )
    assert answer.status_code == 303


def test_a_form_drawn_before_signing_out_no_longer_works(app):
    browser = app.test_client()
    fields = hidden(browser.get("/form").text)
    assert browser.post("/leave", data=fields).status_code == 200
    assert browser.post("/take", data=fields).status_code == 409


def test_calls_between_nodes_carry_a_signature_and_need_no_token(app):
    assert app.test_client().post("/api/v1/call", data=b"{}").json == {"done": True}


@pytest.mark.parametrize("key", ["", "short", "Z" * 32, "0" * 33])
def test_a_form_key_that_we_did_not_make_is_refused(app, key):
    browser = app.test_client()
    token = hidden(browser.get("/form").text)["csrf_token"]
    assert browser.post("/take", data={"csrf_token": token, "form_key": key}).status_code == 409


def test_a_number_may_be_typed_in_arabic_digits(app):
    with app.test_request_context(method="POST", data={"copies": " ٣ "}):
        assert whole_field("copies", low=1, high=5) == 3


@pytest.mark.parametrize("text", ["", "x", "0", "6", "3.5", "99999999999"])
def test_a_number_out_of_bounds_is_refused_with_its_field(app, text):
    with (
        app.test_request_context(method="POST", data={"copies": text}),
        pytest.raises(FieldMissing) as refused,
    ):
        whole_field("copies", low=1, high=5)
    assert refused.value.detail == {"field": "copies"}


def test_text_is_trimmed_and_bounded(app):
    with app.test_request_context(method="POST", data={"reason": "  too large  "}):
        assert text_field("reason") == "too large"
        assert text_field("absent", required=False) == ""
        with pytest.raises(FieldMissing):
            text_field("reason", max_length=3)
