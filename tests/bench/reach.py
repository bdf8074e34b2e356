"""G05: from an officer's press of a button until it holds at every kiosk; forty kiosks with their own threads."""

from __future__ import annotations

import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioning.sim.acts import AtDesk, officer_of
from tests.bench.harness import Child, Row, Silence, Trouble, cpu_s
from tests.bench.site import HUB, BenchSite, Person
from tests.bench.tables import align
from tests.bench.targets import quantile

KIOSKS, IDLE, PROCESSES, CHANGES = 40, 8, 4, 20
REST_S, WANTED_S, LATEST_S = 30.0, 60.0, 90.0
SPACING_S = 2.0  # about; at a moment of chance, so that no kiosk's beat is favoured
PAUSE = threading.Event()  # nobody sets it
ACTS = ("rules", "regime", "group", "suspension", "block")
CLOSES = {  # two rules that shut printing: for one regime, and for one group
    "bench-regime": {"regimes-more": "bench-shut"},
    "bench-group": {"groups-more": "bench-shut"},
}


@dataclass
class Seen:
    """What the kiosks said, in order."""

    lines: list[Row] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, line: Row) -> None:
        """One kiosk found something different."""
        with self._lock:
            self.lines.append(line)

    def first(self, kiosk: str, since_s: float, holds: Callable[[Row], bool]) -> float | None:
        """How long after ``since_s`` this kiosk first said something that holds; None: it has not."""
        with self._lock:
            mine = [line for line in self.lines if line["kiosk"] == kiosk and line["t"] >= since_s]
        return next((line["t"] - since_s for line in mine if holds(line)), None)


@dataclass
class Change:
    """One press of a button, and where it must be seen."""

    act: str
    at_s: float
    kiosks: list[str]
    holds: Callable[[Row], bool]


class Kiosks:
    """Forty terminals in a few processes."""

    def __init__(self, site: BenchSite) -> None:
        self.seen = Seen()
        at = list(zip(site.kiosks, [*site.people, *[None] * IDLE], strict=True))
        words = [
            f"{site.config(name)}={who.badge_uid if who else ''}={who.pin if who else ''}" for name, who in at
        ]
        self.children = [
            Child(sys.executable, "-m", "tests.bench.kiosks_child", *words[number::PROCESSES])
            for number in range(PROCESSES)
        ]
        for child in self.children:
            child.hear("ready")
        for child in self.children:
            threading.Thread(target=self._listen, args=(child,), daemon=True).start()

    def _listen(self, child: Child) -> None:
        while True:
            try:
                self.seen.take(child.next())
            except Silence:
                continue
            except Trouble:
                return

    def cpu_s(self) -> float:
        """What they used."""
        return sum(cpu_s(child.pid) for child in self.children)

    def end(self) -> None:
        """Stop them."""
        for child in self.children:
            child.end()


class Officers:
    """Two officers: one acts, the other signs where two are needed."""

    def __init__(self, site: BenchSite) -> None:
        self.one, self.other = site.desk("security"), site.desk("director")
        who = officer_of("director")
        self._second = {"second_name": who.sign_in_name, "second_password": who.secret}

    def _press(self, page: str, form: tuple[str, ...], who: AtDesk | None = None, **values: str) -> float:
        """When the button was pressed."""
        desk = who or self.one
        found = desk.open(page).form(*form)
        at_s = time.monotonic()
        desk.send(found, **values)
        return at_s

    def place(self, who: Person, regime: str, groups: str) -> float:
        """Another regime or other groups."""
        page = f"/people/{who.resident_id}"
        return self._press(page, ("/regime",), regime=regime, groups=groups, decision="bench", **self._second)

    def suspend(self, who: Person) -> float:
        """Take printing away."""
        page = f"/people/{who.resident_id}"
        return self._press(page, ("/suspensions",), service="printing", reason="bench")

    def block(self, who: Person) -> float:
        """Take the badge out of use."""
        page = f"/people/{who.resident_id}"
        return self._press(page, (f"/badge/{who.badge_uid}/block",), why="lost")

    def publish(self, change: Callable[[], None]) -> float:
        """A draft with a change in it, proposed and approved; when it was approved."""
        self._press("/rules/", ("/rules/draft",))
        change()
        self._press("/rules/draft/preview", ("/draft/propose",))
        page = self.other.open("/rules/draft/preview")
        found = page.form("/draft/approve")
        at_s = time.monotonic()
        self.other.send(found)
        return at_s

    def rule(self, name: str, **values: str) -> None:
        """A rule that shuts printing for somebody."""
        words = {"id": name, "effect": "deny", "services": "printing", "because": "not_in_your_regime"}
        self._press("/rules/draft/rules/new", ("/rules/draft/rules/new",), **words, **values)

    def title(self, title: str) -> None:
        """What this version is for."""
        self._press("/rules/draft", ("/draft/title",), title=title)


def reached() -> list[Row]:
    """Part ``reach``.

    Raises:
        Trouble, PassageError: a process did not start, or a page was refused.
    """
    with BenchSite(kiosks=KIOSKS, residents=KIOSKS - IDLE) as site:
        site.start(HUB)
        kiosks = Kiosks(site)
        try:
            return _measured(site, kiosks)
        finally:
            kiosks.end()


def _measured(site: BenchSite, kiosks: Kiosks) -> list[Row]:
    officers, dice = Officers(site), random.Random(5)

    def both() -> None:
        for name, whom in CLOSES.items():
            officers.rule(name, **whom)

    policies = [_policy(site, officers, both)]
    _settle(kiosks, [policies[0]])
    at_rest = _at_rest(site, kiosks)
    changes: list[Change] = []
    for number in range(CHANGES):
        PAUSE.wait(dice.uniform(0, 2 * SPACING_S))
        changes.append(_policy(site, officers, lambda n=number: officers.title(f"bench {n}")))  # type: ignore[misc]
        policies.append(changes[-1])
    later_ones_count_too(policies)
    where = list(zip(site.kiosks, site.people, strict=False))
    for act, one in (("regime", "bench-shut"), ("group", "bench-shut"), ("suspension", ""), ("block", "")):
        for kiosk, who in where:
            PAUSE.wait(dice.uniform(0, SPACING_S / 4))
            changes.append(_personal(officers, act, one, kiosk, who))
        _settle(kiosks, [change for change in changes if change.act == act])
        if act in {"regime", "group"}:
            back = [_personal(officers, "back", "", kiosk, who) for kiosk, who in where]
            _settle(kiosks, back)
    _settle(kiosks, changes)
    rows: list[Row] = [at_rest]
    for act in ACTS:
        waits = [
            kiosks.seen.first(kiosk, change.at_s, change.holds)
            for change in changes
            if change.act == act
            for kiosk in change.kiosks
        ]
        rows.append(
            {
                "part": "reach",
                "host": act,
                "round": 0,
                "changes": sum(change.act == act for change in changes),
                "waits_s": sorted(wait for wait in waits if wait is not None),
                "missed": sum(wait is None for wait in waits),
                "load": os.getloadavg()[0],
            }
        )
    return rows


def _policy(site: BenchSite, officers: Officers, change: Callable[[], None]) -> Change:
    at_s = officers.publish(change)
    sha256 = site.policy_sha256()
    return Change("rules", at_s, site.kiosks, lambda line: line["policy"] == sha256)


def later_ones_count_too(policies: list[Change]) -> None:
    """A kiosk that came to look when a newer version was there already has seen the older one overtaken."""
    for number, change in enumerate(policies):
        newer = [one.holds for one in policies[number:]]
        change.holds = lambda line, newer=newer: any(holds(line) for holds in newer)  # type: ignore[misc]


def _personal(officers: Officers, act: str, value: str, kiosk: str, who: Person) -> Change:
    if act == "suspension":
        return Change(
            act, officers.suspend(who), [kiosk], lambda line: line["printing"] != "" or not line["here"]
        )
    if act == "block":
        return Change(act, officers.block(who), [kiosk], lambda line: not line["here"])
    at_s = officers.place(who, value if act == "regime" else "", value if act == "group" else "")
    return Change(
        act, at_s, [kiosk], lambda line: line["here"] and (line["printing"] == "") == (act == "back")
    )


def _settle(kiosks: Kiosks, changes: list[Change]) -> None:
    """Wait until everything is in force, or nobody would wait longer."""
    give_up_s = time.monotonic() + LATEST_S
    while time.monotonic() < give_up_s:
        waits = (
            kiosks.seen.first(one, change.at_s, change.holds) for change in changes for one in change.kiosks
        )
        if all(wait is not None for wait in waits):
            return
        PAUSE.wait(0.5)


def _at_rest(site: BenchSite, kiosks: Kiosks) -> Row:
    """What forty kiosks cost the hub when nobody touches anything."""
    pid = site.pid(HUB)
    used_s, theirs_s, begun_s = cpu_s(pid), kiosks.cpu_s(), time.monotonic()
    PAUSE.wait(REST_S)
    span_s = time.monotonic() - begun_s
    return {
        "part": "reach",
        "host": "rest",
        "round": 0,
        "core": (cpu_s(pid) - used_s) / span_s,
        "kiosk_core": (kiosks.cpu_s() - theirs_s) / span_s / KIOSKS,
        "load": os.getloadavg()[0],
    }


def reach_table(rows: list[Row]) -> list[str]:
    """What G05 asks for, beside what was seen."""
    rest = rows[0]
    table = [("in force at the kiosk, s", "changes", "seen", "p50", "p99", "max", "wanted", "")]
    for row in rows[1:]:
        waits = row["waits_s"] or [float("inf")]
        figures = [f"{quantile(waits, share):.1f}" for share in (0.5, 0.99, 1.0)]
        met = "met" if quantile(waits, 0.99) <= WANTED_S and not row["missed"] else "not met"
        seen = f"{len(row['waits_s'])}" + (f", {row['missed']} never" if row["missed"] else "")
        table.append((row["host"], str(row["changes"]), seen, *figures, f"p99 <= {WANTED_S:.0f}", met))
    load = statistics.median(row["load"] for row in rows)
    return [
        "",
        f"{KIOSKS} kiosks online, {KIOSKS - IDLE} with somebody signed in; load of the machine {load:.1f}",
        *align(table),
        f"at rest the hub uses {100 * rest['core']:.1f} % of a core for them, a kiosk {100 * rest['kiosk_core']:.2f} %",
    ]
