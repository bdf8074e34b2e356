"""A hub that works until it is killed: signs people in, takes money, says what was acknowledged. Run as a module."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kiosk.hub.node import Hub
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.signing_in import Granted
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.contracts import Pending, SignIn, TakeUp
from provisioning.errors import PassageError
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, CHLOE, PEPPER, start_hub

RESIDENTS = {AMIRA: "r-amira", BRAM: "r-bram", CHLOE: "r-chloe"}
BADGES = tuple(RESIDENTS)
KIOSKS = ("kiosk-a", "kiosk-b")


def say(*words: object) -> None:
    """One line that the parent has read, whatever happens next."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def work(hub: Hub, first: int) -> None:
    """Sign in and pay, for ever."""
    for number in itertools.count(first):
        uid, kiosk_id = BADGES[number % 3], KIOSKS[number % 2]
        granted = hub.signing_in.resident(SignIn(kiosk_id=kiosk_id, credential="badge", uid=uid, pin="1234"))
        if isinstance(granted, Pending):  # the kiosk where this person still is lets go first
            for other in hub.sessions.of_resident(RESIDENTS[uid]):
                hub.signing_in.end(other.session_id, other.ending, other.resident_id, other.kiosk_id)
            granted = hub.signing_in.take_up(TakeUp(kiosk_id=kiosk_id, claim_id=granted.claim_id))
        assert isinstance(granted, Granted), granted
        say("session", granted.session_id)
        with hub.store.atomic():
            hub.ledger.debit(granted.person.resident_id, 1, f"k{number}", "part")
            hub.trail.record("o-workshop", "request_decided", f"k{number}")
        say("debit", f"k{number}")


def fill_up(hub: Hub) -> None:
    """Let the kernel refuse every further byte, then give it back, as a full disk does that someone clears."""
    asked = SignIn(kiosk_id="kiosk-a", credential="badge", uid=AMIRA, pin="1234")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))  # no file may grow beyond four pages
    for _ in range(3):
        try:
            hub.signing_in.resident(asked)
            say("full", "signed in")
        except PassageError as error:
            say("full", error.reason)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    granted = hub.signing_in.resident(asked)
    assert isinstance(granted, Granted), granted
    say("cleared", granted.session_id)
    say("open", len(hub.sessions.all_open()))


def die_checking(hub: Hub) -> None:
    """Be killed while a code is being checked."""

    def killed(secret: str, phc: str, duress_phc: str, pepper: bytes) -> Literal[""]:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    prover = replace(hub.signing_in.prover, checker=Checker(PEPPER, which=killed))
    prover.prove(SignIn(kiosk_id="kiosk-a", credential="badge", uid=AMIRA, pin="0000"))


def main() -> None:
    """``work <node.toml> <first number>``, ``full <node.toml>`` or ``dying <node.toml>``."""
    config = Path(sys.argv[2])
    hub = start_hub(load_node(config), SystemClock())
    if sys.argv[1] == "work":
        work(hub, int(sys.argv[3]))
    elif sys.argv[1] == "dying":
        die_checking(hub)
    else:
        fill_up(hub)


if __name__ == "__main__":
    main()
