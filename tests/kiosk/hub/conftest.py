"""A hub, its people and its peers, per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.node import Hub
from provisioning.clock import FakeClock
from provisioning.config import Node
from tests.kiosk.hub.hub_kit import Peer, make_nodes, people_in, start_hub
from tests.web.browser import chromium, office_page

__all__ = ["chromium", "office_page"]


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Node]:
    return make_nodes(tmp_path)


@pytest.fixture
def hub(nodes: dict[str, Node], clock: FakeClock) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], clock)
    people_in(made)
    yield made
    made.store.close()


@pytest.fixture
def kiosk_a(hub: Hub, nodes: dict[str, Node], clock: FakeClock) -> Peer:
    return Peer(nodes["kiosk-a"], hub, clock)


@pytest.fixture
def kiosk_b(hub: Hub, nodes: dict[str, Node], clock: FakeClock) -> Peer:
    return Peer(nodes["kiosk-b"], hub, clock)


@pytest.fixture
def kiosk_c(hub: Hub, nodes: dict[str, Node], clock: FakeClock) -> Peer:
    return Peer(nodes["kiosk-c"], hub, clock)


@pytest.fixture
def farm(hub: Hub, nodes: dict[str, Node], clock: FakeClock) -> Peer:
    return Peer(nodes["farm"], hub, clock)
