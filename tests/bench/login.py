"""From a badge on the reader to the menu's HTML: a real kiosk, its reader and the hub, and each stage's share."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioning.identity.pins import hash_secret, which_secret
from provisioning.sim.visitor import Page, Visitor
from tests.bench.harness import Row, Trouble
from tests.bench.site import HUB, KEY_PIN, KIOSK, BenchSite, Person
from tests.bench.tables import align, spread

LOGINS = 30
WARM = 3  # templates are compiled, connections are open
WANTED_MS = 300
LOOK_S, PAUSE = 0.005, threading.Event()
WAIT_S = 20.0
PLACE = "kiosk-a"
KINDS = ("badge", "stick", "key")


@dataclass
class Screen:
    """The kiosk's own browser."""

    site: BenchSite

    def __post_init__(self) -> None:
        self.visitor = Visitor(self.site.site.nodes[PLACE].url, "nl")

    def wait(self, *screens: str) -> str:
        """Look at the pulse until one of these is on the screen.

        Raises:
            Trouble: it did not come.
        """
        give_up_s = time.monotonic() + WAIT_S
        while time.monotonic() < give_up_s:
            seen = self.visitor.get_json("/-/pulse/any")["screen"]
            if seen in screens:
                return str(seen)
            PAUSE.wait(LOOK_S)
        raise Trouble(f"{'/'.join(screens)} did not come; there is {seen}")

    def menu(self) -> Page:
        """The menu.

        Raises:
            Trouble: something else is on the screen.
        """
        page = self.visitor.get("/")
        if not is_menu(page):
            raise Trouble(f"no menu but: {page.text[:200]}")
        return page


def is_menu(page: Page) -> bool:
    """Whether it offers a service."""
    return any(address.endswith("/printing/") for address, _ in page.links)


def _timed_ms(act: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    act()
    return (time.perf_counter() - begun_s) * 1000


def _put_in(site: BenchSite, kind: str, one: Person, key: Path) -> Callable[[], None]:
    """Let the reader see it; what takes it away again."""
    hardware = site.running.hardware
    if kind == "badge":
        hardware.touch(PLACE, one.badge_uid)
        return lambda: hardware.lift(PLACE)
    if kind == "stick":
        hardware.plug(PLACE, site.running.carried.stick(one.stick_uid))
        return lambda: hardware.pull(PLACE)
    hardware.plug_key(PLACE, key)
    hardware.touch_key(PLACE)
    return lambda: hardware.pull_key(PLACE)


def _login(site: BenchSite, screen: Screen, kind: str, one: Person, key: Path) -> Row:
    """One person comes, signs in, and goes."""
    took: list[Callable[[], None]] = []
    seen_ms = _timed_ms(lambda: (took.append(_put_in(site, kind, one, key)), screen.wait("PinEntry")))
    pages: list[Page] = []
    pad_ms = _timed_ms(lambda: pages.append(screen.visitor.get("/")))
    secret = KEY_PIN if kind == "key" else one.pin

    def prove() -> None:
        if is_menu(screen.visitor.send(pages[0].form("/pin"), pin=secret)):
            return  # the answer to the form leads to the menu, and the menu is here
        screen.wait("SignedIn", "Refused", "PinEntry")  # a key waits for its finger: the page comes first
        screen.menu()

    proven_ms = _timed_ms(prove)
    menu_ms = _timed_ms(screen.menu)  # once more, to know its share
    took[0]()
    screen.wait("Idle")
    return {"seen": seen_ms, "pad": pad_ms, "proven": proven_ms - menu_ms, "menu": menu_ms}


def logins(count: int = LOGINS) -> list[Row]:
    """Part ``login``: so many with each kind of credential, beside what the hash alone takes in the same run.

    Raises:
        Trouble, PassageError: a process did not start, or somebody was not let in.
    """
    rows: list[Row] = []
    with BenchSite(kiosks=0, residents=8) as site:
        key, pepper = site.give_key(site.people[0]), site.hub_node.credential("pepper")
        phc = hash_secret("7294", pepper)
        for one in site.people:
            site.running.carried.stick(one.stick_uid)
        site.start(HUB, *KIOSK)
        screen = Screen(site)
        screen.wait("Idle")
        for kind in KINDS:
            for number in range(WARM + count):
                one = site.people[0 if kind == "key" else number % len(site.people)]
                hash_ms = _timed_ms(lambda: which_secret("7294", phc, "", pepper))
                row = _login(site, screen, kind, one, key)
                if number >= WARM:
                    extra = {"hash": hash_ms, "load": os.getloadavg()[0]}
                    rows.append({"part": "login", "host": kind, "round": number - WARM, **row, **extra})
    return rows


def total_ms(row: Row) -> float:
    """From the reader to the menu; typing is not in it."""
    return float(row["seen"] + row["pad"] + row["proven"] + row["menu"])


def login_table(rows: list[Row]) -> list[str]:
    """One line a kind of credential."""
    table = [("login, ms", "badge to menu", "wanted", "met", "seen", "pad", "proof", "menu", "hash alone")]
    for kind in KINDS:
        own = [row for row in rows if row["host"] == kind]
        if not own:
            continue
        totals = [total_ms(row) for row in own]
        middle = statistics.median(totals)
        shares = [
            f"{statistics.median(row[name] for row in own):.0f}" for name in ("seen", "pad", "proven", "menu")
        ]
        hashed = "-" if kind == "key" else f"{statistics.median(row['hash'] for row in own):.0f}"
        met = "met" if middle <= WANTED_MS else "not met"
        table.append((f"{kind} ({len(own)})", spread(totals, ".0f"), f"<= {WANTED_MS}", met, *shares, hashed))
    load = statistics.median(row["load"] for row in rows)
    return ["", *align(table), f"median (least-most); load of the machine meanwhile {load:.1f}"]
