"""What every test may ask for, and what no test may do: reach beyond loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2.bccache import Bucket, BytecodeCache

from provisioning.clock import FakeClock
from tests.support import short_dir

# Two busy cores make Hypothesis's own deadline a coin toss; speed belongs to the benchmarks.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


LONGEST_FILE = "test_journeys.py"  # minutes: begun last, the other core would wait for it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file: spread over two cores by file, nothing long is left for the end."""
    items.sort(key=lambda item: item.path.name != LONGEST_FILE)


class Compiled(BytecodeCache):
    """Templates as code: compiled once a test process, not once an app; most tests make an app of their own."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": Compiled()}


@pytest.fixture(scope="session", autouse=True)
def _quiet_environment() -> Iterator[None]:
    """Keep what the person at the keyboard has set (proxies, notify sockets, credentials) out of every test."""
    kept = dict(os.environ)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "CREDENTIALS_DIRECTORY",
        }:
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A folder for sockets, with a name short enough for them."""
    with short_dir() as folder:
        yield folder
