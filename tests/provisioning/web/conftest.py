"""A shared web app and its clock, as every process makes them."""

import secrets
from collections.abc import Callable

import pytest
from flask import Flask

from provisioning.clock import FakeClock
from provisioning.web.app import create_app


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock("2026-11-22T08:31:00.000Z")


@pytest.fixture
def make_app(clock: FakeClock) -> Callable[..., Flask]:
    """An app as every process makes it; what a test does not name is ordinary."""

    def make(name: str = "hub", **options) -> Flask:
        options = {"catalogues": [], "clock": clock, "ui": "office", **options}
        return create_app(name, secret=secrets.token_bytes(32), **options)

    return make
