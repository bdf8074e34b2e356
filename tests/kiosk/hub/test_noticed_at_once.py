"""What two kiosks notice in the same moment is one incident."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from kiosk.hub.node import Hub
from provisioning.contracts import WhoComes
from provisioning.errors import Refused
from tests.kiosk.hub.hub_kit import AMIRA

ROUNDS = 60


@pytest.fixture
def _eager() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_eager")
def test_a_lost_badge_and_its_copy_at_two_kiosks_at_once_are_one_incident(hub: Hub) -> None:
    lost = hub.credentials.find("badge", AMIRA)
    assert lost is not None
    hub.issuing.blocking.block(lost, "lost", "o-landing")
    for _ in range(ROUNDS):
        start = threading.Barrier(2)

        def lay(kiosk_id: str, start: threading.Barrier = start) -> None:
            start.wait()
            with pytest.raises(Refused):
                hub.signing_in.prover.welcome(WhoComes(kiosk_id=kiosk_id, credential="badge", uid=AMIRA))

        threads = [threading.Thread(target=lay, args=(one,)) for one in ("kiosk-a", "kiosk-b")]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        (found,) = hub.incidents.unsettled()
        hub.incidents.close(found.incident_id, "o-security", "It is found again.")
