"""Who gains and who loses what when one policy follows another. Pure.

Every person, device, hour and proof at which anything may turn is asked of both; people and devices that no rule can
tell apart are asked once and counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from kiosk.policy.deciding import Moment, Rulebook, decide
from kiosk.policy.rules import ANY, DAYS, HIGHEST_LEVEL, Rule
from provisioning.contracts.kiosk import Standing


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
    places = _places(old, new, devices)
    moments = _moments(old, new)
    found = []
    touched = {
        name
        for one in changed_rules(old, new)
        for rule in (one.before, one.after)
        if rule is not None
        for name in rule.services
    }
    for service in services:
        change = Change(service)
        if not touched & {service, ANY}:
            continue
        for (resident_id, groups, regime), count in kinds.items():
            standings = [
                Standing(
                    resident_id=resident_id,
                    groups=groups,
                    regime=regime,
                    site_id=site_id,
                    kiosk_id=device.kiosk_id,
                    device_class=device.device_class,
                    place=device.place,
                    level=level,
                )
                for device, level in product(places, range(HIGHEST_LEVEL + 1))
            ]
            before, after = (_allowed(book, standings, service, moments) for book in (old, new))
            _count(change, before, after, groups, count)
        if change.gain or change.lose:
            found.append(change)
    return found


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


def _allowed(
    book: Rulebook, standings: list[Standing], service: str, moments: list[Moment]
) -> set[tuple[int, int]]:
    return {
        (place, time)
        for place, standing in enumerate(standings)
        for time, moment in enumerate(moments)
        if decide(book, standing, service, moment).allowed
    }


def _count(
    change: Change,
    before: set[tuple[int, int]],
    after: set[tuple[int, int]],
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
