"""What a policy is made of: rules as frozen values, refused when they contradict themselves. Pure."""

import re
from typing import Literal

import msgspec

from provisioning.errors import Refused

Effect = Literal["allow", "deny"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Because = Literal[
    "not_on_this_device", "not_at_this_time", "not_in_your_regime", "not_in_your_group", "closed_by_house"
]

ANY = "*"  # every service
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
HIGHEST_LEVEL = 2  # practice.md 2.6: 0 badge, 1 stick with a rolling ticket, 2 security key
MOST_RULES = 2000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class PolicyRefused(Refused):
    """A policy cannot be used: ``file``, and ``reason`` with the rule and the key. Nothing of it is in force."""

    code = "policy_refused"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Rule(_Part, frozen=True, kw_only=True):
    """One rule. It speaks when every axis that it names fits; an axis that it does not name fits everyone.

    ``days`` and ``hours`` are the site's own time; hours that end before they begin go on past midnight, and the day
    is always that of the moment asked about. ``level`` is the least proof that a session needs for an allowing rule.
    """

    id: str
    effect: Effect
    services: tuple[str, ...]
    device_classes: tuple[str, ...] = ()  # axis 1: what the device is, which one, and where it stands
    kiosks: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    residents: tuple[str, ...] = ()  # axis 2
    groups: tuple[str, ...] = ()  # axis 3: one of the person's groups is enough
    sites: tuple[str, ...] = ()  # axis 4
    regimes: tuple[str, ...] = ()  # axis 5
    days: tuple[Day, ...] = ()
    hours: str = ""  # "08:00-20:00"
    level: int = 0
    because: Because | Literal[""] = ""  # what a denying rule says to the person
    hidden: bool = False  # a denying rule takes the tile away; its address still answers with the sentence
    note: str = ""  # for officers: why this rule is there


class Policy(_Part, frozen=True, kw_only=True):
    """A whole policy, in the order in which its rules are written."""

    schema: Literal[1]
    title: str
    rules: tuple[Rule, ...] = msgspec.field(default=(), name="rule")


def minutes_of(hours: str) -> tuple[int, int]:
    """First minute and the minute after the last, from midnight; the whole day when no hours are named.

    Raises:
        ValueError: not ``HH:MM-HH:MM``.
    """
    if not hours:
        return 0, DAY_MINUTES
    found = _HOURS.fullmatch(hours)
    if found is None:
        raise ValueError("hours are written like 08:00-20:00")
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if begin >= DAY_MINUTES or end > DAY_MINUTES or begin == end:
        raise ValueError("hours are written like 08:00-20:00")
    return begin, end


def complaint(rule: Rule) -> str:
    """What is wrong with a rule taken alone, for engineers; empty when nothing is."""
    if not _ID.fullmatch(rule.id):
        return "id: small letters, digits and dashes, at most 60"
    if not rule.services or (ANY in rule.services and len(rule.services) > 1):
        return "services: name some, or '*' alone"
    if not 0 <= rule.level <= HIGHEST_LEVEL:
        return f"level: 0 to {HIGHEST_LEVEL}"
    if rule.effect == "deny" and (rule.level or not rule.because):
        return (
            "because: a rule that denies says why" if not rule.because else "level: only a rule that allows"
        )
    if rule.effect == "allow" and (rule.because or rule.hidden):
        return "because, hidden: only a rule that denies"
    try:
        minutes_of(rule.hours)
    except ValueError as error:
        return f"hours: {error}"
    return ""


def check(policy: Policy, file: str = "policy") -> Policy:
    """The policy itself.

    Raises:
        PolicyRefused: a rule contradicts itself, two have one id, or there are too many.
    """
    seen: set[str] = set()
    if len(policy.rules) > MOST_RULES:
        raise PolicyRefused(file=file, reason=f"rule: more than {MOST_RULES}")
    for rule in policy.rules:
        wrong = "id: a second rule of this name" if rule.id in seen else complaint(rule)
        if wrong:
            raise PolicyRefused(file=file, reason=f"rule {rule.id}: {wrong}")
        seen.add(rule.id)
    return policy
