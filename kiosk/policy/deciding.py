"""Who may use which service where and when: one pure function, default deny, deny wins, every answer explained.

A policy is compiled once into a :class:`Rulebook`: for each value of each axis the set of rules that accept it, as the
bits of one integer. A decision is then a handful of bitwise "and"s, however many rules there are.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kiosk.policy.rules import ANY, DAY_MINUTES, DAYS, HIGHEST_LEVEL, Policy, Rule, minutes_of
from provisioning.clock import iso
from provisioning.contracts.kiosk import Standing, Suspension

NO_RULE = "no-rule"  # default deny: nothing allows it
AXES = ("device", "person", "group", "site", "regime", "time", "proof")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as rules see it: the site's weekday (0 is Monday) and minute of the day, and the instant itself."""

    day: int
    minute: int
    at_utc: str


def moment_of(at: datetime, timezone: str) -> Moment:
    """The moment of an instant in the site's time zone."""
    local = at.astimezone(ZoneInfo(timezone))
    return Moment(local.weekday(), local.hour * 60 + local.minute, iso(at))


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why: ``code`` names the sentence (empty for a yes), ``rule`` what said so."""

    allowed: bool
    rule: str
    code: str = ""
    hidden: bool = False  # the menu does not show it; its address still answers with the sentence
    until_utc: str = ""  # of a suspension
    words: str = ""  # of a suspension: the officer's own reason


class _Axis:
    """Which rules accept which value."""

    def __init__(self, rules: tuple[Rule, ...], named: Callable[[Rule], Iterable[str]]) -> None:
        self.of: dict[str, int] = {}
        self.rest = 0  # rules that name none: they accept every value
        for number, rule in enumerate(rules):
            values = tuple(named(rule))
            for value in values:
                self.of[value] = self.of.get(value, 0) | 1 << number
            if not values:
                self.rest |= 1 << number

    def accept(self, value: str) -> int:
        return self.rest | self.of.get(value, 0)

    def accept_any(self, values: Iterable[str]) -> int:
        found = self.rest
        for value in values:
            found |= self.of.get(value, 0)
        return found


class Rulebook:
    """A policy, compiled. Only :func:`decide` and :func:`explain` look inside."""

    def __init__(self, policy: Policy) -> None:
        rules = self.rules = policy.rules
        self.policy = policy
        self.allows = _bits(rules, lambda rule: rule.effect == "allow")
        self.denies = _bits(rules, lambda rule: rule.effect == "deny")
        self.services = _Axis(rules, lambda rule: () if ANY in rule.services else rule.services)
        self.device = _Axis(rules, lambda rule: rule.device_classes)
        self.kiosk = _Axis(rules, lambda rule: rule.kiosks)
        self.place = _Axis(rules, lambda rule: rule.places)
        self.person = _Axis(rules, lambda rule: rule.residents)
        self.group = _Axis(rules, lambda rule: rule.groups)
        self.site = _Axis(rules, lambda rule: rule.sites)
        self.regime = _Axis(rules, lambda rule: rule.regimes)
        self.days = tuple(
            _bits(rules, lambda rule, day=day: not rule.days or day in rule.days) for day in DAYS
        )
        self.levels = tuple(
            _bits(rules, lambda rule, level=level: rule.level <= level) for level in range(HIGHEST_LEVEL + 1)
        )
        windows = [minutes_of(rule.hours) for rule in rules]
        self.begins = sorted(
            {0, *(minute for window in windows for minute in window if minute < DAY_MINUTES)}
        )
        self.hours = tuple(
            _bits(windows, lambda window, at=at: _is_within(at, *window)) for at in self.begins
        )

    def who(self, standing: Standing) -> int:
        """The rules that speak about this person."""
        return (
            self.person.accept(standing.resident_id)
            & self.group.accept_any(standing.groups)
            & self.site.accept(standing.site_id)
            & self.regime.accept(standing.regime)
        )

    def where(self, standing: Standing) -> int:
        """The rules that speak about this device."""
        return (
            self.device.accept(standing.device_class)
            & self.kiosk.accept(standing.kiosk_id)
            & self.place.accept(standing.place)
        )

    def when(self, moment: Moment) -> int:
        """The rules that speak about this moment."""
        return self.days[moment.day] & self.hours[bisect_right(self.begins, moment.minute) - 1]


def _bits(things: Iterable[object], fits: Callable[..., bool]) -> int:
    found = 0
    for number, thing in enumerate(things):
        if fits(thing):
            found |= 1 << number
    return found


def _is_within(minute: int, begin: int, end: int) -> bool:
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def decide(book: Rulebook, standing: Standing, service: str, moment: Moment) -> Decision:
    """Whether this person may use this service on this device now, and what said so.

    A suspension goes first; then the first denying rule that fits; then the first allowing rule that fits. With none
    of them the answer is no, and the allowing rule that came nearest says what is missing: stronger proof, another
    time, another device.
    """
    if standing.suspensions and (held := _suspension(standing.suspensions, service, moment.at_utc)):
        rule = f"suspension-{held.suspension_id}"
        return Decision(False, rule, "service_suspended", until_utc=held.until_utc, words=held.reason)
    about = book.services.accept(service) & book.who(standing)
    where, when = book.where(standing), book.when(moment)
    fits = about & where & when
    if denying := fits & book.denies:
        first = book.rules[_lowest(denying)]
        return Decision(False, first.id, first.because, first.hidden)
    allowing, proof = about & book.allows, book.levels[min(max(standing.level, 0), HIGHEST_LEVEL)]
    if yes := allowing & fits & proof:
        return Decision(True, book.rules[_lowest(yes)].id)
    for near, code in (
        (allowing & fits, "proof_too_weak"),
        (allowing & where, "not_at_this_time"),
        (allowing, "not_on_this_device"),
    ):
        if near:
            return Decision(False, book.rules[_lowest(near)].id, code)
    return Decision(False, NO_RULE, "not_offered")


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _suspension(held: tuple[Suspension, ...], service: str, at_utc: str) -> Suspension | None:
    """The suspension that holds longest, when one is in force."""
    now = [one for one in held if one.service in {ANY, service} and one.from_utc <= at_utc < one.until_utc]
    return max(now, key=lambda one: (one.until_utc, one.suspension_id), default=None)


@dataclass(frozen=True, slots=True)
class Line:
    """One rule in an explanation: the axes that do not fit; none means that it speaks."""

    rule: Rule
    misses: tuple[str, ...]


def explain(book: Rulebook, standing: Standing, service: str, moment: Moment) -> list[Line]:
    """Every rule about this service, in order, and on which axes it does not fit."""
    about = book.services.accept(service)
    at = bisect_right(book.begins, moment.minute) - 1
    axes: Mapping[str, int] = {
        "device": book.where(standing),
        "person": book.person.accept(standing.resident_id),
        "group": book.group.accept_any(standing.groups),
        "site": book.site.accept(standing.site_id),
        "regime": book.regime.accept(standing.regime),
        "time": book.days[moment.day] & book.hours[at],
        "proof": book.levels[min(max(standing.level, 0), HIGHEST_LEVEL)],
    }
    return [
        Line(rule, tuple(axis for axis in AXES if not axes[axis] >> number & 1))
        for number, rule in enumerate(book.rules)
        if about >> number & 1
    ]
