"""Who gains and who loses what when one policy follows another. Pure.

Every person, device, hour and proof at which anything may turn is asked of both; people and devices that no rule can
tell apart are asked once and counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

import msgspec

from kiosk.policy.deciding import Moment, Rulebook, decide
from kiosk.policy.rules import ANY, DAYS, HIGHEST_LEVEL, Rule
from provisioning.contracts.kiosk import Standing

T = TypeVar("T")
Bits = tuple[int, int]  # of either policy: one bit a rule
Times = set[tuple[int, int]]  # number of the place and proof, number of the moment


@dataclass(frozen=True)
class Someone:
    """A person as rules see one."""

    resident_id: str
    groups: tuple[str, ...]
    regime: str


@dataclass(frozen=True)
class Device:
    """A device as rules see one."""

    kiosk_id: str
    device_class: str
    place: str


@dataclass
class Change:
    """What changes about one service: how many people gain or lose it somewhere, sometime; by group and by regime."""

    service: str
    gain: int = 0
    lose: int = 0
    opened: int = 0  # of those who gain: had it nowhere and never
    closed: int = 0  # of those who lose: have it nowhere and never any more
    gain_groups: Counter[str] = field(default_factory=Counter)
    lose_groups: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class RuleChange:
    """One rule that is not as it was; ``before`` or ``after`` is None when it is new or gone."""

    before: Rule | None
    after: Rule | None


def changed_rules(old: Rulebook, new: Rulebook) -> list[RuleChange]:
    """Every rule that was added, removed or altered, in the order of the new policy, what is gone at the end."""
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    found = [RuleChange(before.get(name), rule) for name, rule in after.items() if before.get(name) != rule]
    return found + [RuleChange(rule, None) for name, rule in before.items() if name not in after]


def compare(
    old: Rulebook,
    new: Rulebook,
    people: Iterable[Someone],
    devices: Iterable[Device],
    site_id: str,
    services: Iterable[str],
) -> list[Change]:
    """What changes, service by service; services that stay as they are for everyone are left out."""
    named = {who for book in (old, new) for rule in book.rules for who in rule.residents}
    kinds = Counter(
        (one.resident_id if one.resident_id in named else "", one.groups, one.regime) for one in people
    )
    found = []
    touched = {
        name
        for one in changed_rules(old, new)
        for rule in (one.before, one.after)
        if rule is not None
        for name in rule.services
    }
    pair = _Pair(old, new, _places(old, new, devices), _moments(old, new))
    for service in services:
        change = Change(service)
        if not touched & {service, ANY}:
            continue
        alike: dict[Bits, tuple[Times, Times]] = {}
        for (resident_id, groups, regime), count in kinds.items():
            person = Standing(resident_id=resident_id, groups=groups, regime=regime, site_id=site_id)
            own = pair.own(person, service)
            if own not in alike:
                alike[own] = pair.allowed(person, service, own)
            _count(change, *alike[own], groups, count)
        if change.gain or change.lose:
            found.append(change)
    return found


class _Pair:
    """Two policies beside each other: whom, what and when their rules cannot tell apart is asked once."""

    def __init__(self, old: Rulebook, new: Rulebook, places: list[Device], moments: list[Moment]) -> None:
        self._old, self._new = old, new
        there = [(one, _at(Standing(), one, 0)) for one in places]
        self._where = [(one, (old.where(at), new.where(at))) for one, at in there]
        self._when = [(one, (old.when(one), new.when(one))) for one in moments]

    def own(self, person: Standing, service: str) -> Bits:
        """The rules of either that speak about this person and service."""
        old, new = self._old, self._new
        return (
            old.services.accept(service) & old.who(person),
            new.services.accept(service) & new.who(person),
        )

    def allowed(self, person: Standing, service: str, own: Bits) -> tuple[Times, Times]:
        """Where, by which proof and when the person has the service by either."""
        places, moments = _unlike(self._where, own), _unlike(self._when, own)
        standings = [_at(person, one, level) for one, level in product(places, range(HIGHEST_LEVEL + 1))]
        return (
            _allowed(self._old, standings, service, moments),
            _allowed(self._new, standings, service, moments),
        )


def _at(person: Standing, device: Device, level: int) -> Standing:
    return msgspec.structs.replace(
        person, kiosk_id=device.kiosk_id, device_class=device.device_class, place=device.place, level=level
    )


def _unlike(values: Iterable[tuple[T, Bits]], own: Bits) -> list[T]:
    """One of each that the rules ``own`` can tell apart."""
    kept: dict[Bits, T] = {}
    for value, (before, after) in values:
        kept.setdefault((before & own[0], after & own[1]), value)
    return list(kept.values())


def _places(old: Rulebook, new: Rulebook, devices: Iterable[Device]) -> list[Device]:
    named = {kiosk for book in (old, new) for rule in book.rules for kiosk in rule.kiosks}
    kept = {
        Device(one.kiosk_id if one.kiosk_id in named else "", one.device_class, one.place) for one in devices
    }
    return sorted(kept, key=lambda one: (one.kiosk_id, one.device_class, one.place))


def _moments(old: Rulebook, new: Rulebook) -> list[Moment]:
    """One for each stretch of the week in which no rule of either turns."""
    minutes = sorted({*old.begins, *new.begins})
    has_days = any(rule.days for book in (old, new) for rule in book.rules)
    return [Moment(day, minute, "") for day in range(len(DAYS) if has_days else 1) for minute in minutes]


def _allowed(book: Rulebook, standings: list[Standing], service: str, moments: list[Moment]) -> Times:
    return {
        (place, time)
        for place, standing in enumerate(standings)
        for time, moment in enumerate(moments)
        if decide(book, standing, service, moment).allowed
    }


def _count(
    change: Change,
    before: Times,
    after: Times,
    groups: tuple[str, ...],
    count: int,
) -> None:
    names = groups or ("",)
    if after - before:
        change.gain += count
        change.opened += count if not before else 0
        change.gain_groups.update(dict.fromkeys(names, count))
    if before - after:
        change.lose += count
        change.closed += count if not after else 0
        change.lose_groups.update(dict.fromkeys(names, count))
