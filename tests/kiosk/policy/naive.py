"""A second, deliberately naive evaluator, written from the sentences of the design and sharing no code with the first.

A rule fits when each of its conditions holds, looked at one by one. A denying rule that fits wins; then an allowing
one; else no. Random policies and questions for both.
"""

from __future__ import annotations

import random

from kiosk.policy.deciding import Moment
from kiosk.policy.rules import Policy, Rule
from provisioning.contracts import Standing, Suspension

SERVICES = ["printing", "requests", "notices", "canteen", "film", "visits"]
DEVICES, KIOSKS, PLACES = (
    ["corridor-kiosk", "cell-screen", "classroom"],
    ["k-1", "k-2", "k-3"],
    ["A", "B", "C"],
)
PEOPLE, GROUPS, SITES = ["r-1", "r-2", "r-3"], ["workshop", "school", "choir"], ["gent", "beveren"]
REGIMES, DAYS = ["open", "closed", "half-open"], ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
REASONS = [
    "not_on_this_device",
    "not_at_this_time",
    "not_in_your_regime",
    "not_in_your_group",
    "closed_by_house",
]


def _named(named: tuple[str, ...], value: str) -> bool:
    return len(named) == 0 or value in named


def _who(rule: Rule, one: Standing) -> bool:
    if not _named(rule.residents, one.resident_id) or not _named(rule.regimes, one.regime):
        return False
    if not _named(rule.sites, one.site_id):
        return False
    if len(rule.groups) == 0:
        return True
    return any(group in rule.groups for group in one.groups)


def _where(rule: Rule, one: Standing) -> bool:
    return (
        _named(rule.device_classes, one.device_class)
        and _named(rule.kiosks, one.kiosk_id)
        and _named(rule.places, one.place)
    )


def _when(rule: Rule, at: Moment) -> bool:
    if rule.days and DAYS[at.day] not in rule.days:
        return False
    if rule.hours == "":
        return True
    begin, end = (60 * int(text[:2]) + int(text[3:]) for text in rule.hours.split("-"))
    now = at.minute
    if begin < end:
        return begin <= now < end
    return now >= begin or now < end


def naive(policy: Policy, one: Standing, service: str, at: Moment) -> tuple[bool, str, str]:
    """Allowed, the rule, the reason."""
    holding = [
        s for s in one.suspensions if s.service in ("*", service) and s.from_utc <= at.at_utc < s.until_utc
    ]
    if holding:
        last = max(holding, key=lambda s: (s.until_utc, s.suspension_id))
        return False, "suspension-" + last.suspension_id, "service_suspended"
    about = [rule for rule in policy.rules if "*" in rule.services or service in rule.services]
    for rule in about:
        if rule.effect == "deny" and _who(rule, one) and _where(rule, one) and _when(rule, at):
            return False, rule.id, rule.because
    mine = [rule for rule in about if rule.effect == "allow" and _who(rule, one)]
    here = [rule for rule in mine if _where(rule, one)]
    now = [rule for rule in here if _when(rule, at)]
    for rule in now:
        if one.level >= rule.level:
            return True, rule.id, ""
    if now:
        return False, now[0].id, "proof_too_weak"
    if here:
        return False, here[0].id, "not_at_this_time"
    if mine:
        return False, mine[0].id, "not_on_this_device"
    return False, "no-rule", "not_offered"


def _some(dice: random.Random, words: list[str], chance: float = 0.3) -> tuple[str, ...]:
    if dice.random() > chance:
        return ()
    return tuple(dice.sample(words, dice.randint(1, len(words) - 1)))


def _hours(dice: random.Random) -> str:
    if dice.random() > 0.3:
        return ""
    begin, end = dice.sample(range(0, 1440, 15), 2)
    if dice.random() < 0.1:
        return f"{begin // 60:02}:{begin % 60:02}-24:00"
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


def random_rule(dice: random.Random, name: str, services: list[str] | None = None) -> Rule:
    """A rule that contradicts nothing."""
    denies = dice.random() < 0.3
    return Rule(
        id=name,
        effect="deny" if denies else "allow",
        services=("*",) if dice.random() < 0.1 else _some(dice, services or SERVICES, 1.0)[:3],
        device_classes=_some(dice, DEVICES),
        kiosks=_some(dice, KIOSKS, 0.15),
        places=_some(dice, PLACES),
        residents=_some(dice, PEOPLE, 0.15),
        groups=_some(dice, GROUPS),
        sites=_some(dice, SITES, 0.15),
        regimes=_some(dice, REGIMES),
        days=_some(dice, DAYS),  # type: ignore[arg-type]
        hours=_hours(dice),
        level=0 if denies else dice.choice([0, 0, 0, 1, 2]),
        because=dice.choice(REASONS) if denies else "",  # type: ignore[arg-type]
        hidden=denies and dice.random() < 0.2,
        note=dice.choice(["", 'a "note" with \\ and é', "line\nbreak", "\x7f\t"]),
    )


def random_policy(dice: random.Random, rules: int, services: list[str] | None = None) -> Policy:
    """A policy of so many rules."""
    made = tuple(random_rule(dice, f"rule-{number}", services) for number in range(rules))
    return Policy(schema=1, title="made up", rules=made)


def random_standing(dice: random.Random) -> Standing:
    """Somebody somewhere; now and then a value that no rule ever names."""
    held = tuple(
        Suspension(
            suspension_id=str(number),
            service=dice.choice(["*", *SERVICES]),
            from_utc=f"2026-11-{dice.randint(1, 25):02}T00:00:00.000Z",
            until_utc=f"2026-11-{dice.randint(1, 25):02}T00:00:00.000Z",
            reason="",
        )
        for number in range(dice.choice([0, 0, 0, 1, 2]))
    )
    return Standing(
        resident_id=dice.choice([*PEOPLE, "r-new"]),
        groups=tuple(dice.sample(GROUPS, dice.randint(0, 2))),
        regime=dice.choice([*REGIMES, ""]),
        site_id=dice.choice(SITES),
        kiosk_id=dice.choice([*KIOSKS, "k-9"]),
        device_class=dice.choice([*DEVICES, ""]),
        place=dice.choice([*PLACES, "D"]),
        level=dice.randint(0, 2),
        suspensions=held,
    )


def random_moment(dice: random.Random) -> Moment:
    """Any minute of a week, quarters of an hour more often."""
    minute = dice.choice([dice.randrange(1440), dice.randrange(0, 1440, 15)])
    return Moment(dice.randrange(7), minute, f"2026-11-{dice.randint(1, 25):02}T00:00:00.000Z")
