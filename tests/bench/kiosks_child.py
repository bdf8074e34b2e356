"""Several kiosks of the product in one process, each with a person at it: says when a change is in force there.

``python -m tests.bench.kiosks_child NODE.TOML=BADGE=PIN ...``; BADGE and PIN empty: nobody is at that kiosk. Every line
that it says is JSON; ``t`` is the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.terminal.session import PinEntry, SignedIn, Touched
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.readers.words import BadgeSeen

LOOK_S, PAUSE = 0.1, threading.Event()
TOUCH_S = 10.0  # below the 30 s after which an untouched screen warns
COME_S = 60.0
SERVICES = ("printing", "requests")


def say(**words: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


@dataclass
class Place:
    """One kiosk and what its visitor finds there."""

    terminal: Terminal
    badge: str
    pin: str
    seen: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Its thread towards the hub, as ``passage-kiosk serve`` starts it."""
        self.terminal.hub.drain.start()
        threading.Thread(target=self.terminal.hub.run, daemon=True).start()

    def come(self) -> None:
        """Badge on the reader, PIN, menu."""
        keeper, give_up_s = self.terminal.keeper, time.monotonic() + COME_S
        self.terminal.arrivals.hear(BadgeSeen(uid=self.badge))
        while not isinstance(keeper.state, PinEntry):
            if time.monotonic() > give_up_s:
                raise SystemExit(f"no pad but {keeper.state}")
            PAUSE.wait(LOOK_S)
        self.terminal.entrance.sign_in(self.pin)
        if not isinstance(keeper.state, SignedIn):
            raise SystemExit(f"not signed in but {keeper.state}")

    def look(self) -> None:
        """Say what is different from the last look."""
        is_here = isinstance(self.terminal.keeper.state, SignedIn)
        found: dict[str, Any] = {
            "here": is_here,
            "policy": hashlib.sha256(self.terminal.hub.copy.policy).hexdigest(),
            **{name: self.terminal.decision(name).code if is_here else "" for name in SERVICES},
        }
        if found != self.seen:
            self.seen = found
            say(ev="seen", kiosk=self.terminal.kiosk_id, t=time.monotonic(), **found)

    def touch(self) -> None:
        """The person is still there."""
        if isinstance(self.terminal.keeper.state, SignedIn):
            self.terminal.keeper.feed(Touched())


def main() -> None:
    """Until the input is closed."""
    places = []
    for words in sys.argv[1:]:
        config, badge, pin = words.split("=")
        places.append(Place(Terminal(load_node(Path(config)), SystemClock()), badge, pin))
    for place in places:
        place.begin()
        if place.badge:
            place.come()
    say(ev="ready", pids=[os.getpid()])
    touch_at_s = 0.0
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        for place in places:
            place.look()
        if time.monotonic() >= touch_at_s:
            touch_at_s = time.monotonic() + TOUCH_S
            for place in places:
                place.touch()
    os._exit(0)  # forty threads that would wait for the hub


if __name__ == "__main__":
    main()
