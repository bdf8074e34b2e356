"""One running site for all journeys, and one Chromium."""

from collections.abc import Iterator

import pytest

from tests.support import short_dir

pytest.register_assert_rewrite("tests.journeys.walker", "tests.journeys.house")

from tests.journeys.house import House  # noqa: E402 - after the assert rewriting is ordered
from tests.web.browser import chromium  # noqa: E402

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """The demo site with all its processes; started once, so all journeys stand in one file."""
    with short_dir() as base:
        house = House(base)
        try:
            house.start()
            yield house
        finally:
            house.running.stop()
