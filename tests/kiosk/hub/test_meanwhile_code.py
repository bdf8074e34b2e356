"""A session that is held while a second change of the code waits: that one only seems to happen too."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Literal

from kiosk.hub.node import Hub
from kiosk.hub.people.secrets import SecretDesk
from kiosk.hub.sessions.secrets import Checker
from provisioning.clock import FakeClock
from provisioning.contracts import ChangeSecret
from provisioning.errors import Refused
from provisioning.identity.pins import hash_beside, which_secret
from tests.kiosk.hub.hub_kit import AMIRA, PEPPER, Peer

OWN, HELP = "1234", "9071"


class Told(FakeClock):
    """Says when another thread than the test's own asks it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def now_utc(self) -> datetime:
        if threading.current_thread() is not threading.main_thread():
            self.asked.set()
        return super().now_utc()


def test_a_second_change_that_waits_while_the_session_becomes_held_changes_nothing(
    hub: Hub, kiosk_a: Peer
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    before = hub.people.resident("r-amira")
    assert before is not None
    hub.people.set_secret("r-amira", "pin", before.pin_hash, hash_beside(HELP, before.pin_hash, PEPPER))
    before, clock = hub.people.resident("r-amira"), Told()
    others: list[threading.Thread] = []

    def change(old: str, new: str) -> None:
        asked = ChangeSecret(kiosk_id="kiosk-a", session_id=lease.session_id, old=old, new=new)
        with suppress(Refused):
            desk.change("kiosk-a", asked)

    def which(secret: str, phc: str, duress: str, pepper: bytes) -> Literal["own", "duress", ""]:
        if not others:
            others.append(threading.Thread(target=change, args=(OWN, "5028")))
            others[0].start()
            assert clock.asked.wait(10)
        return which_secret(secret, phc, duress, pepper)

    desk = SecretDesk(replace(hub.signing_in.prover, clock=clock, checker=Checker(PEPPER, which=which)))
    change(HELP, "7391")
    others[0].join(10)
    assert hub.people.resident("r-amira") == before
