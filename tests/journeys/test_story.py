"""``make story FAULTS=1``: a process killed in every step, and still one part, one decision, whole audit chains."""

import subprocess
import sys
from pathlib import Path

import pytest

from .house import free_ports

SEED = "20261122"  # the choices are these; the moments are the machine's
STEPS = 9


@pytest.mark.timeout(300)
def test_the_story_ends_the_same_with_a_process_killed_in_every_step():
    command = [str(Path(sys.executable).parent / "passage-provision"), "story", "--model", "bag-clip"]
    told = subprocess.run(
        [*command, "--faults", "--seed", SEED, "--port", str(free_ports())],
        check=False,
        capture_output=True,
        text=True,
        timeout=290,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"seed {SEED}" in told.stdout
    assert told.stdout.count("[killed ") == STEPS
    assert "requests 1, decisions 1, parts 1, hand-overs 1" in told.stdout
    assert "120 cents paid" in told.stdout
