"""What a worker's own program holds: a node runs sixteen of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.worker.floor_kit import Floor
from tests.support import wait_until

PROGRAM = """
from farm.worker.lean import do_without
do_without()
import farm.worker.serve, sys
print(*sorted(name for name, module in sys.modules.items() if module is not None))
"""
HEAVY = {
    "argparse", "ast", "asyncio", "click", "ctypes", "cryptography", "dataclasses", "email", "farm.bench", "farm.cli",
    "farm.desk", "farm.gcode.compile", "farm.sim", "flask", "gpiozero", "http", "inspect", "jinja2", "json", "logging",
    "multiprocessing", "provisioning.config", "provisioning.log", "sqlite3", "ssl", "subprocess",
    "tomllib", "traceback", "typing_extensions", "unittest", "urllib3", "_hashlib",
}  # fmt: skip
FOREIGN = ("libssl", "libcrypto", "libsqlite", "_ctypes", "_hashlib", "_sqlite3")


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


def test_the_lean_program_imports_nothing_heavy() -> None:
    held = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    names = set(held.stdout.split())
    assert "farm.worker.shell" in names
    assert not names & HEAVY


def test_a_worker_becomes_its_lean_program_under_the_same_process_id(floor: Floor) -> None:
    folder = Path(f"/proc/{floor.worker.pid}")
    wait_until(lambda: b"farm.worker.lean" in (folder / "cmdline").read_bytes(), 20)
    mapped = (folder / "maps").read_text()
    assert not [name for name in FOREIGN if name in mapped]
    assert (folder / "cmdline").read_bytes().rstrip(b"\0").endswith(b"printer-1")
