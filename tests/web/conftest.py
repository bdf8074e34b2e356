"""The patterns page, served for Chromium."""

import secrets
from collections.abc import Iterator

import pytest

from provisioning.clock import FakeClock
from provisioning.web.app import create_app
from tests.web.browser import chromium, kiosk_page, office_page, serving

__all__ = ["chromium", "kiosk_page", "office_page"]


@pytest.fixture(scope="session")
def patterns_url() -> Iterator[str]:
    app = create_app(
        "patterns",
        secret=secrets.token_bytes(32),
        catalogues=[],
        clock=FakeClock(),
        ui="office",
        site_name="Demo",
    )
    with serving(app) as address:
        yield f"{address}/-/patterns"
