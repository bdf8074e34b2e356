"""One running site for all journeys, and one Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import short_dir

pytest.register_assert_rewrite(
    "tests.journeys.walker", "tests.journeys.house", "tests.journeys.sticks", "tests.journeys.who"
)

from tests.journeys.house import House  # noqa: E402 - after the assert rewriting is ordered
from tests.web.browser import chromium  # noqa: E402

LOGS = Path(__file__).parents[2] / "build" / "journeys"  # what each process said, for whoever asks why

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
            shutil.copytree(base / "log", LOGS, dirs_exist_ok=True)
