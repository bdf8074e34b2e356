"""The desk that most of these tests sit at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.clock import FakeClock
from tests.farm.desk.support import Farm


@pytest.fixture
def farm(run_dir: Path, clock: FakeClock) -> Iterator[Farm]:
    made = Farm(run_dir, clock)
    made.hear_roster()
    yield made
    made.close()
