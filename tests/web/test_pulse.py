"""The kiosk's script against a kiosk that answers it: blank when the badge goes, warn when idle, recover when lost."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, jsonify, render_template_string, request
from playwright.sync_api import expect

from provisioning.clock import FakeClock
from provisioning.web.app import create_app
from tests.web.browser import serving

pytestmark = pytest.mark.web
PAGE = (
    '{% extends "kiosk_base.html" %}{% block title %}t{% endblock %}'
    "{% block content %}<h1>{{ words }}</h1>{% endblock %}"
)


@dataclass
class Kiosk:
    """A tiny kiosk: one private page, one public, and the pulse's answer."""

    app: Flask
    url: str = ""
    epoch: str = "one"
    idle_left_s: float | None = None
    broken: bool = False
    touches: int = 0
    stays: int = 0


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    app = create_app(
        "pulse",
        secret=secrets.token_bytes(32),
        catalogues=[],
        clock=FakeClock(),
        ui="kiosk",
        languages=("en",),
    )
    state = Kiosk(app)

    @app.get("/private")
    def private() -> str:
        return render_template_string(
            PAGE, words="Your money", pulse_url="/pulse", epoch="one", home_url="/", stay_url="/stay"
        )

    @app.get("/")
    def home() -> str:
        return render_template_string(PAGE, words="Touch your badge")

    @app.get("/pulse")
    def pulse():
        state.touches += "touched" in request.args
        if state.broken:
            return "no", 500
        return jsonify(epoch=state.epoch, idle_left_s=state.idle_left_s, offline=False)

    @app.post("/stay")
    def stay():
        state.stays += 1
        state.idle_left_s = None
        return "", 204

    with serving(app) as state.url:
        yield state


def test_a_page_of_an_ended_session_goes_blank_within_two_seconds(kiosk, kiosk_page):
    kiosk_page.goto(f"{kiosk.url}/private")
    kiosk.epoch = "two"
    expect(kiosk_page.get_by_text("Touch your badge")).to_be_visible(timeout=2000)
    assert kiosk_page.get_by_text("Your money").count() == 0


def test_the_idle_warning_counts_down_and_one_press_goes_on(kiosk, kiosk_page):
    kiosk_page.goto(f"{kiosk.url}/private")
    kiosk.idle_left_s = 11.2
    expect(kiosk_page.get_by_text("Are you still there?")).to_be_visible()
    expect(kiosk_page.locator("[data-idle-left]")).to_have_text("12")
    kiosk_page.get_by_role("button", name="Yes, continue").tap()
    expect(kiosk_page.get_by_text("Are you still there?")).to_be_hidden()
    expect(kiosk_page.get_by_text("Your money")).to_be_visible()
    assert kiosk.stays == 1


def test_touching_the_screen_is_told_with_the_next_pulse(kiosk, kiosk_page):
    kiosk_page.goto(f"{kiosk.url}/private")
    with kiosk_page.expect_request(lambda asked: "touched=1" in asked.url):
        kiosk_page.get_by_text("Your money").tap()


def test_a_kiosk_that_stops_answering_says_so_and_starts_again_at_home(kiosk, kiosk_page):
    kiosk_page.goto(f"{kiosk.url}/private")
    kiosk.broken = True
    expect(kiosk_page.get_by_text("One moment, please.")).to_be_visible()
    kiosk.broken = False
    expect(kiosk_page.get_by_text("Touch your badge")).to_be_visible()
