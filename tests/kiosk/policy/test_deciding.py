"""The one function that says who may what: against a naive evaluator, in words, in the text it is written in.

``POLICIES=100000`` in the environment compares so many random policies instead of a few thousand.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

import pytest

from kiosk import services
from kiosk.hub.policy.ruling import SHIPPED
from kiosk.policy import (
    Policy,
    PolicyRefused,
    Rule,
    Rulebook,
    decide,
    explain,
    moment_of,
    read_policy,
    write_policy,
)
from kiosk.policy.deciding import Moment
from kiosk.policy.words import SENTENCES
from provisioning.contracts import Standing, Suspension
from tests.kiosk.policy.naive import SERVICES, naive, random_moment, random_policy, random_standing

POLICIES = int(os.environ.get("POLICIES", "3000"))
NOON = moment_of(datetime(2026, 11, 23, 11, 0, tzinfo=UTC), "Europe/Brussels")  # a Monday
AMIRA = Standing(
    resident_id="r-amira", groups=("school",), regime="open", device_class="corridor-kiosk", place="A"
)


def asked(
    *rules: Rule, standing: Standing = AMIRA, service: str = "film", at: Moment = NOON
) -> tuple[bool, str, str]:
    said = decide(Rulebook(Policy(schema=1, title="", rules=rules)), standing, service, at)
    return said.allowed, said.rule, said.code


def test_random_policies_are_decided_as_by_an_evaluator_that_looks_at_every_rule() -> None:
    seen: dict[str, int] = {}
    for seed in range(POLICIES):
        dice = random.Random(seed)
        policy = random_policy(dice, dice.choice([0, 1, 2, 5, 12, 40]))
        book = Rulebook(policy)
        for _ in range(6):
            standing, moment = random_standing(dice), random_moment(dice)
            service = dice.choice([*SERVICES, "unheard-of"])
            said = decide(book, standing, service, moment)
            assert (said.allowed, said.rule, said.code) == naive(policy, standing, service, moment), seed
            seen[said.code] = seen.get(said.code, 0) + 1
    assert min(seen.get(code, 0) for code in ("", *SENTENCES) if code != "policy_missing") > 0, seen


def test_an_explanation_says_of_every_rule_what_the_decision_stands_on() -> None:
    for seed in range(400):
        dice = random.Random(seed)
        book = Rulebook(random_policy(dice, 20))
        standing, moment, service = random_standing(dice), random_moment(dice), dice.choice(SERVICES)
        lines = explain(book, standing, service, moment)
        speaking = [line.rule for line in lines if not line.misses]
        denying = [rule for rule in speaking if rule.effect == "deny"]
        said = decide(book, standing, service, moment)
        if said.code == "service_suspended":
            continue
        assert said.allowed == (bool(speaking) and not denying)
        if said.allowed or denying:
            assert said.rule == (denying or speaking)[0].id


def test_what_no_rule_names_is_denied_and_says_whom_to_ask() -> None:
    assert asked() == (False, "no-rule", "not_offered")
    assert "not_offered" in SENTENCES


def test_a_denying_rule_wins_wherever_it_stands() -> None:
    allow = Rule(id="yes", effect="allow", services=("*",))
    deny = Rule(id="no", effect="deny", services=("film",), regimes=("open",), because="not_in_your_regime")
    assert asked(allow, deny) == asked(deny, allow) == (False, "no", "not_in_your_regime")
    assert asked(allow, deny, service="notices") == (True, "yes", "")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (
            Rule(id="r", effect="allow", services=("film",), device_classes=("cell-screen",)),
            "not_on_this_device",
        ),
        (Rule(id="r", effect="allow", services=("film",), hours="18:00-22:00"), "not_at_this_time"),
        (Rule(id="r", effect="allow", services=("film",), days=("sat", "sun")), "not_at_this_time"),
        (Rule(id="r", effect="allow", services=("film",), level=1), "proof_too_weak"),
    ],
)
def test_a_no_says_what_is_missing_of_the_nearest_yes(rule: Rule, code: str) -> None:
    assert asked(rule) == (False, "r", code)


def test_the_same_person_in_the_same_minute_sees_films_in_the_cell_and_not_in_the_corridor() -> None:  # S05.2
    films = Rule(id="films", effect="allow", services=("film",))
    corridor = Rule(
        id="not-here",
        effect="deny",
        services=("film",),
        device_classes=("corridor-kiosk",),
        because="not_on_this_device",
        hidden=True,
    )
    book = Rulebook(Policy(schema=1, title="", rules=(films, corridor)))
    cell = Standing(resident_id="r-amira", device_class="cell-screen")
    assert decide(book, cell, "film", NOON).allowed
    refused = decide(book, AMIRA, "film", NOON)
    assert (refused.allowed, refused.hidden, refused.rule) == (False, True, "not-here")


def test_hours_past_midnight_hold_until_their_last_minute_and_no_longer() -> None:
    night = Rule(id="night", effect="allow", services=("film",), hours="22:00-06:00")
    for minute, allowed in ((1319, False), (1320, True), (0, True), (359, True), (360, False)):
        assert asked(night, at=Moment(0, minute, "x"))[0] == allowed, minute


def test_hours_are_those_of_the_site_in_summer_and_in_winter() -> None:
    for month, minute in ((7, 11 * 60), (11, 10 * 60)):
        assert moment_of(datetime(2026, month, 1, 9, 0, tzinfo=UTC), "Europe/Brussels").minute == minute


def test_a_suspension_begins_and_ends_by_itself_and_the_longest_one_speaks() -> None:
    allow = Rule(id="yes", effect="allow", services=("*",))

    def held(number: str, until: str, service: str = "film") -> Suspension:
        start = "2026-11-23T08:00:00.000Z"
        return Suspension(
            suspension_id=number, service=service, from_utc=start, until_utc=until, reason="noise"
        )

    both = (held("1", "2026-11-23T09:00:00.000Z"), held("2", "2026-11-23T12:00:00.000Z", "*"))
    one = Standing(resident_id="r", suspensions=both)
    for at, allowed in (("07:59", True), ("08:00", False), ("11:59", False), ("12:00", True)):
        moment = Moment(0, 0, f"2026-11-23T{at}:00.000Z")
        assert asked(allow, standing=one, at=moment)[0] == allowed, at
    said = asked(allow, standing=one, at=Moment(0, 0, "2026-11-23T08:30:00.000Z"))
    assert said == (False, "suspension-2", "service_suspended")


def test_any_policy_is_the_same_after_being_written_and_read() -> None:
    for seed in range(200):
        policy = random_policy(random.Random(seed), 15)
        assert read_policy(write_policy(policy)) == policy


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rule", "key"),
        ('schema = 2\ntitle = ""', "schema"),
        ('schema = 1\ntitle = ""\ncolour = 1', "colour"),
        (
            'schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "allow"\nservices = ["x"]\nplace = "A"',
            "place",
        ),
        ('schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "maybe"\nservices = ["x"]', "effect"),
        ('schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "allow"\nservices = []', "services"),
        ('schema = 1\ntitle = ""\n[[rule]]\nid = "A b"\neffect = "allow"\nservices = ["x"]', "id"),
        ('schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "deny"\nservices = ["x"]', "because"),
        (
            'schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "allow"\nservices = ["x"]\nhours = "8-9"',
            "hours",
        ),
        (
            'schema = 1\ntitle = ""\n[[rule]]\nid = "a"\neffect = "allow"\nservices = ["x"]\nlevel = 3',
            "level",
        ),
    ],
)
def test_a_text_with_a_wrong_key_or_value_is_refused_with_file_and_key(text: str, reason: str) -> None:
    with pytest.raises(PolicyRefused) as caught:
        read_policy(text, "site-policy.toml")
    assert caught.value.detail["file"] == "site-policy.toml"
    assert reason in str(caught.value.detail["reason"])


def test_two_rules_of_one_name_are_refused() -> None:
    one = Rule(id="a", effect="allow", services=("x",))
    with pytest.raises(PolicyRefused, match="second rule"):
        read_policy(write_policy(Policy(schema=1, title="", rules=(one, one))))


def test_the_shipped_policy_opens_every_service_of_the_menu_for_everyone() -> None:
    book = Rulebook(read_policy(SHIPPED.read_text(), SHIPPED.name))
    for name in services.NAMES:
        assert decide(book, Standing(), name, NOON).allowed, name
    assert not decide(book, Standing(), "a-new-service", NOON).allowed
