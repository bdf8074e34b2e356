"""How long policy thinks: one decision under 500 rules, a menu of twenty tiles, compiling; in this process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from kiosk.policy import Rulebook, decide, read_policy, write_policy
from tests.bench.harness import Row
from tests.bench.targets import quantile
from tests.kiosk.policy.naive import random_moment, random_policy, random_standing

RULES, TILES, QUESTIONS, MENUS = 500, 20, 20_000, 1_000


def _timed_us(acts: list[Callable[[], object]]) -> list[float]:
    taken = []
    for act in acts:
        begun_ns = time.perf_counter_ns()
        act()
        taken.append((time.perf_counter_ns() - begun_ns) / 1000)
    return sorted(taken)


def decided() -> Row:
    """Part ``policy``: median and 99th percentile of a decision and of a menu, in microseconds."""
    dice, tiles = random.Random(4), [f"service-{number}" for number in range(TILES)]
    policy = random_policy(dice, RULES, tiles)
    book, text = Rulebook(policy), write_policy(policy)

    def one() -> Callable[[], object]:
        standing, service, moment = random_standing(dice), dice.choice(tiles), random_moment(dice)
        return lambda: decide(book, standing, service, moment)

    def menu() -> Callable[[], object]:
        standing, moment = random_standing(dice), random_moment(dice)
        return lambda: [decide(book, standing, tile, moment) for tile in tiles]

    return {
        "part": "policy",
        "host": "policy",
        "round": 0,
        "decision_us": _timed_us([one() for _ in range(QUESTIONS)]),
        "menu_us": _timed_us([menu() for _ in range(MENUS)]),
        "reading_us": _timed_us([lambda: Rulebook(read_policy(text))] * 20),
    }


def policy_table(row: Row) -> list[str]:
    """The row in words, beside what issue 4 asks for."""
    decision, menu, reading = row["decision_us"], row["menu_us"], row["reading_us"]
    each = f"{quantile(decision, 0.5):.1f} us (p99 {quantile(decision, 0.99):.1f}; wanted 50)"
    whole = f"{quantile(menu, 0.5) / 1000:.2f} ms (p99 {quantile(menu, 0.99) / 1000:.2f}; wanted 2)"
    return [
        "",
        f"policy of {RULES} rules: a decision {each}, a menu of {TILES} tiles {whole}",
        f"reading and compiling such a policy: {quantile(reading, 0.5) / 1000:.0f} ms",
    ]
