"""A hub that works until it is killed: signs people in, takes money, says what was acknowledged. Run as a module."""

from __future__ import annotations

import itertools
import resource
import sys
from pathlib import Path

from kiosk.hub.node import Hub
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.contracts import SignIn
from provisioning.errors import PassageError
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, CHLOE, start_hub

BADGES = (AMIRA, BRAM, CHLOE)
KIOSKS = ("kiosk-a", "kiosk-b")


def say(*words: object) -> None:
    """One line that the parent has read, whatever happens next."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def work(hub: Hub, first: int) -> None:
    """Sign in and pay, for ever."""
    for number in itertools.count(first):
        uid, kiosk_id = BADGES[number % 3], KIOSKS[number % 2]
        person, session_id, _ = hub.signing_in.resident(
            SignIn(kiosk_id=kiosk_id, credential="badge", uid=uid, pin="1234")
        )
        say("session", session_id)
        with hub.store.atomic():
            hub.ledger.debit(person.resident_id, 1, f"k{number}", "part")
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
    say("cleared", hub.signing_in.resident(asked)[1])
    say("open", len(hub.sessions.all_open()))


def main() -> None:
    """``work <node.toml> <first number>`` or ``full <node.toml>``."""
    config = Path(sys.argv[2])
    hub = start_hub(load_node(config), SystemClock())
    if sys.argv[1] == "work":
        work(hub, int(sys.argv[3]))
    else:
        fill_up(hub)


if __name__ == "__main__":
    main()
