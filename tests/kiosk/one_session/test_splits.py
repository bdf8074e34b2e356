"""G03: whatever happens to the wires, one person is never on two screens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kiosk.one_session.world import World

SPLITS = int(os.environ.get("SPLITS", "150"))  # 10,000 for the full figure
SEEDS = 2


@pytest.mark.parametrize("rule", ["take_over", "refuse"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_person_is_never_on_two_screens(tmp_path: Path, seed: int, rule: str) -> None:
    world = World(tmp_path, seed + int(os.environ.get("SEED", "0")), rule)
    try:
        while world.seen["split"] < SPLITS / (2 * SEEDS):
            world.act()
    finally:
        world.close()
    assert world.seen["signed in"] > 3  # the world is alive: people get in, with and without the hub
    assert world.seen["signed in by its own word"] + world.seen["home_kiosk_away"] > 0, world.seen
