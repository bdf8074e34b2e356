"""A fresh hub with the printing service for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.clock import FakeClock
from tests.kiosk.services.printing.kit import Hub, make_hub_folder, open_hub


@pytest.fixture
def hub(tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    with open_hub(make_hub_folder(tmp_path), clock) as opened:
        yield opened
