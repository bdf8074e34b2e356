"""Who gains and who loses: the same as asking everybody everywhere at every hour, without doing so."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product

import pytest

from kiosk.policy.comparing import Change, Device, Someone, compare
from kiosk.policy.deciding import Moment, Rulebook, decide
from kiosk.policy.rules import ANY, DAYS, HIGHEST_LEVEL, Policy, Rule
from provisioning.contracts.kiosk import Standing

GROUPS, REGIMES, WINGS = ("school", "choir", "garden"), ("open", "closed"), ("A", "B")
SERVICES = ("film", "chess", "notices")
DEVICES = [Device("k1", "corridor", "A"), Device("k2", "corridor", "B"), Device("k3", "cell", "B")]


class Counting(Rulebook):
    """A policy that counts how often a decision asks it for the time."""

    asked = 0

    def when(self, moment: Moment) -> int:
        self.asked += 1
        return super().when(moment)


def some(choose: random.Random, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(choose.sample(values, 1)) if choose.random() < 0.4 else ()


def a_rule(choose: random.Random, name: str, services: tuple[str, ...] = SERVICES) -> Rule:
    closes = choose.random() < 0.4
    begin, end = choose.sample(range(24), 2)
    return Rule(
        id=name,
        effect="deny" if closes else "allow",
        because="closed_by_house" if closes else "",
        services=(ANY,) if choose.random() < 0.2 else tuple(choose.sample(services, 1)),
        groups=some(choose, GROUPS),
        regimes=some(choose, REGIMES),
        places=some(choose, WINGS),
        kiosks=some(choose, ("k1", "k2")),
        residents=some(choose, ("r0", "r1")),
        device_classes=some(choose, ("corridor", "cell")),
        days=tuple(choose.sample(DAYS, 2)) if choose.random() < 0.4 else (),
        hours=f"{begin:02}:00-{end:02}:00" if choose.random() < 0.5 else "",
        level=0 if closes else choose.randrange(HIGHEST_LEVEL + 1),
    )


def a_policy(rules: list[Rule]) -> Policy:
    return Policy(schema=1, title="A policy", rules=tuple(rules))


def everyone_asked(
    old: Rulebook, new: Rulebook, people: list[Someone], services: tuple[str, ...]
) -> list[Change]:
    """The slow way."""
    moments = [Moment(day, 60 * hour, "") for day, hour in product(range(len(DAYS)), range(24))]
    found = []
    for service in services:
        change = Change(service)
        for one in people:
            times = [
                {
                    (device.kiosk_id, level, moment)
                    for device, level in product(DEVICES, range(HIGHEST_LEVEL + 1))
                    for moment in moments
                    if decide(book, _standing(one, device, level), service, moment).allowed
                }
                for book in (old, new)
            ]
            _note(change, *times, one.groups or ("",))
        if change.gain or change.lose:
            found.append(change)
    return found


def _standing(one: Someone, device: Device, level: int) -> Standing:
    return Standing(
        resident_id=one.resident_id,
        groups=one.groups,
        regime=one.regime,
        site_id="gent",
        kiosk_id=device.kiosk_id,
        device_class=device.device_class,
        place=device.place,
        level=level,
    )


def _note(change: Change, before: set[object], after: set[object], groups: tuple[str, ...]) -> None:
    if after - before:
        change.gain += 1
        change.opened += not before
        change.gain_groups += Counter(groups)
    if before - after:
        change.lose += 1
        change.closed += not after
        change.lose_groups += Counter(groups)


@pytest.mark.parametrize("seed", range(12))
def test_it_says_what_asking_everybody_says(seed: int) -> None:
    choose = random.Random(seed)
    rules = [a_rule(choose, f"rule-{number}") for number in range(choose.randrange(1, 8))]
    changed = [*rules[:-1], a_rule(choose, "changed"), a_rule(choose, "new")]
    people = [
        Someone(f"r{number}", tuple(sorted(some(choose, GROUPS))), choose.choice(REGIMES))
        for number in range(5)
    ]
    old, new = Rulebook(a_policy(rules)), Rulebook(a_policy(changed))
    assert compare(old, new, people, DEVICES, "gent", SERVICES) == everyone_asked(old, new, people, SERVICES)


def test_a_site_of_a_thousand_is_compared_with_thousands_of_decisions_not_millions() -> None:
    """They share the hub's cores with everybody who signs in meanwhile; asking all of them took 42 million."""
    choose = random.Random(1)
    services = tuple(f"service-{number}" for number in range(12))
    groups = [f"group-{number}" for number in range(12)]
    people = [
        Someone(f"p{n}", tuple(choose.sample(groups, choose.randrange(4))), choose.choice(REGIMES))
        for n in range(1000)
    ]
    devices = [Device(f"k{number}", "corridor", f"W{number % 10}") for number in range(40)]
    rules = [a_rule(choose, f"rule-{number}", services) for number in range(60)]
    for place in range(0, 60, 2):
        named = {
            "groups": tuple(choose.sample(groups, 1)),
            "hours": f"{place % 12:02}:00-{place % 11 + 12}:00",
        }
        rules[place] = Rule(id=f"rule-{place}", effect="allow", services=(services[place % 12],), **named)  # type: ignore[arg-type]
    shut = Rule(id="shut", effect="deny", services=(ANY,), groups=("group-1",), because="closed_by_house")
    old, new = Counting(a_policy(rules)), Counting(a_policy([*rules, shut]))
    assert compare(old, new, people, devices, "gent", services)
    assert 0 < old.asked + new.asked < 50_000
