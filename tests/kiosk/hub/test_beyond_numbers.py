"""Addresses and days that no honest page writes: they are answered, never broken by."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from tests.kiosk.hub.hub_kit import office

HUGE = "9" * 30  # more than SQLite counts
PURPOSE = {"purpose": "A complaint of 1999", "case_number": ""}


@pytest.mark.parametrize(
    "page",
    [
        f"/audit/?before={HUGE}",
        f"/audit/?before={'9' * 5000}",  # more than Python reads as a number
        f"/rules/versions/{HUGE}",
        f"/agreement/versions/{HUGE}",
        f"/agreement/versions/{HUGE}/screens/1",
        f"/agreement/versions/1/screens/{HUGE}",
        "/readings/?monday=0001-01-01",
        "/readings/?monday=0001-01-09",
        "/readings/?monday=9999-12-31",
        "/people/r-amira/log?first=0001-01-01&last=0001-01-02",
    ],
)
def test_no_address_breaks_a_page(hub: Hub, page: str) -> None:
    assert office(hub, "director").web.get(page).status_code in {200, 404}


def test_no_day_of_a_log_is_before_the_calendar(hub: Hub) -> None:
    """In UTC that midnight lies before the year one."""
    director = office(hub, "director")
    sent = {"first": "0001-01-01", "last": "0001-01-02", **PURPOSE}
    director.form("/people/r-amira/log", "/people/r-amira/log", 409, **sent)
    sent = {"first": "1999-12-30", "last": "1999-12-31", **PURPOSE}
    director.form("/people/r-amira/log", "/people/r-amira/log", 303, **sent)
    assert director.web.get("/people/r-amira/log?first=1999-12-30&last=1999-12-31").status_code == 200
