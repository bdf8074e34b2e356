"""G03 over the wire: fifty sign-ins of one person at ten kiosks at once, at the hub's own process, under both rules."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from kiosk.services.base import SessionFact
from tests.bench.burst import Door, together
from tests.bench.harness import Row
from tests.bench.site import HUB, BenchSite
from tests.bench.tables import align

KIOSKS, EACH, ROUNDS = 10, 5, 5
RULES = ("take_over", "refuse")


def overlapping(sessions: Sequence[SessionFact]) -> int:
    """How many pairs were open at the same moment; an open one has no end."""
    spans = [(one.begun_utc, one.ended_utc or "9") for one in sessions]
    return sum(max(a[0], b[0]) < min(a[1], b[1]) for a, b in combinations(spans, 2))


def ones(rounds: int = ROUNDS) -> list[Row]:
    """Part ``one``.

    Raises:
        Trouble, PassageError: a process did not start.
    """
    rows: list[Row] = []
    for rule in RULES:
        with BenchSite(kiosks=KIOSKS, residents=rounds, rule=rule) as site:
            site.start(HUB)
            for number, who in enumerate(
                site.people
            ):  # one after the other; each comes to all kiosks at once
                doors = [Door(name, site.client(name), who) for name in site.kiosks for _ in range(EACH)]
                took_s = together(doors)
                kept = site.sessions(who.resident_id)
                rows.append(
                    {
                        "part": "one",
                        "host": rule,
                        "round": number,
                        "took_s": took_s,
                        "said": Counter(door.said for door in doors),
                        "at": len({door.kiosk for door in doors if door.sessions}),
                        "open": sum(not one.ended_utc for one in kept),
                        "overlapping": overlapping(kept),
                        "load": os.getloadavg()[0],
                    }
                )
                for door in doors:
                    door.leave()
    return rows


def one_table(rows: Sequence[Row]) -> list[str]:
    """Exactly one session, at one kiosk, whatever the rule."""
    table = [("one person, at once", "rounds", "open after", "kiosks let in", "overlapping", "answers", "")]
    for rule in RULES:
        own = [row for row in rows if row["host"] == rule]
        if not own:
            continue
        said = sum((Counter(row["said"]) for row in own), Counter[str]())
        is_one = all((row["open"], row["at"], row["overlapping"]) == (1, 1, 0) for row in own)
        table.append(
            (
                rule,
                str(len(own)),
                "/".join(str(row["open"]) for row in own),
                "/".join(str(row["at"]) for row in own),
                str(sum(row["overlapping"] for row in own)),
                ", ".join(f"{count} {name}" for name, count in sorted(said.items())),
                "met" if is_one else "not met",
            )
        )
    return ["", f"{KIOSKS * EACH} sign-ins of one person at {KIOSKS} kiosks at once", *align(table)]
