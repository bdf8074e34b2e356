"""G04: every code that can reach a person's screen has a sentence, whom to ask and a rule id in all five languages.

The codes are read from the code itself (``refusal_kit``); the few that nobody at a kiosk ever reads are listed with
their reasons (``refusal_lists``). Whatever is neither spoken nor listed fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from farm.desk.sentences import register_sentences as register_farm
from kiosk.hub.issuing.sentences import register_sentences as register_issuing
from kiosk.hub.office.sentences import register_sentences as register_office
from kiosk.hub.sentences import register_sentences as register_hub
from kiosk.refusals.rules import ANSWERS, RULES
from kiosk.services import tiles
from kiosk.services.printing import sentences as printing
from kiosk.terminal.app import make_app
from kiosk.terminal.entrance import RETRY_CODES
from kiosk.terminal.my_code import ABOUT_NEW, ABOUT_OLD
from provisioning.clock import FakeClock
from provisioning.web.locale import LANGUAGES, gettext, use_language
from provisioning.web.sentences import (
    ASK_LANDING,
    ASK_SECURITY,
    ASK_TECHNICIAN,
    ASK_WORKSHOP,
    registered,
    sentence_for,
)
from provisioning.web.sentences import rules as named
from tests.kiosk.refusal_kit import Code, Place
from tests.kiosk.refusal_lists import GIVEN_ON, GROUPS, MADE, NEVER
from tests.kiosk.terminal.kiosk_kit import make_nodes, terminal_of

CODE = Code()
READ = sorted((set(CODE.codes) | MADE) - set(NEVER))
CONTACTS = {ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN, ASK_WORKSHOP}
BLANK = re.compile(r"%\((\w+)\)[sd]")
RULE_ID = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")  # the dot tells it from a policy's own rule
VALUES: dict[str, str | int] = {"until_utc": "2026-11-22T10:00:00.000Z"}  # what a raiser gives, as one may be


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    for register_others in (register_hub, register_office, register_issuing, register_farm):
        register_others()  # as when other tests ran in this process before; a kiosk's own words win
    _hub, node = make_nodes(tmp_path_factory.mktemp("refusals"))
    with terminal_of(node, FakeClock()) as terminal:
        yield make_app(terminal)


def detail_of(place: Place) -> dict[str, str | int]:
    """What comes along from one place, as far as a sentence may use it."""
    return {name: VALUES.get(name, 7) for name in place.detail}


def test_the_reader_of_the_code_sees_what_is_there() -> None:
    assert len(CODE.errors) > 90
    assert len(CODE.codes) > 250
    for code in (
        "pin_wrong",
        "lease_over",
        "agreement_declined",
        "key_pin_blocked",
        "proof_too_weak",
        "bad_request",
    ):
        assert code in CODE.codes, code
    for code in (
        "stick_hangs",
        "secret_differs",
        "closed_by_house",
        "model_changed",
        "pins_differ",
        "not_now",
    ):
        assert code in CODE.codes, code


def test_no_code_is_given_on_unseen() -> None:
    assert {key: str(place) for key, place in CODE.unreadable.items() if key not in GIVEN_ON} == {}
    assert set(GIVEN_ON) - set(CODE.unreadable) == set()  # stale


def test_what_nobody_at_a_kiosk_reads_is_in_the_code_and_comes_from_where_it_may() -> None:
    assert set(NEVER) - set(CODE.codes) == set()  # stale
    assert sum(len(group.codes) for group in GROUPS) == len(NEVER)  # no code in two groups
    strays = [
        f"{code} {place}: not only {group.reason}"
        for code, group in NEVER.items()
        for place in CODE.codes[code]
        if not group.may(place.file)
    ]
    assert strays == []


def test_a_code_is_either_read_by_people_or_listed_and_never_both() -> None:
    assert set(RULES) & set(NEVER) == set()
    assert set(RULES) - set(READ) == set()  # stale
    assert {code: [str(place) for place in CODE.codes[code]] for code in READ if code not in RULES} == {}


def test_a_rule_id_means_one_sentence_and_is_well_formed(app: Flask) -> None:
    del app
    spoken = registered()
    said: dict[str, set[str]] = {}
    for code, rule in RULES.items():
        assert RULE_ID.fullmatch(rule), rule
        said.setdefault(rule, set()).add(spoken[code][0])
    assert {rule: texts for rule, texts in said.items() if len(texts) > 1} == {}
    assert named() == RULES
    assert set(RULES.values()) & set(ANSWERS.values()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", READ)
def test_every_refusal_says_why_whom_to_ask_and_by_which_rule(app: Flask, code: str, language: str) -> None:
    spoken = registered()
    assert code in spoken, f"{code} has no sentence: {sorted(map(str, CODE.codes.get(code, ())))}"
    msgid, contact, _office = spoken[code]
    assert contact in CONTACTS
    with app.test_request_context():
        use_language(language)
        for place in CODE.codes.get(code) or {Place("", 0)}:
            sentence = sentence_for(code, **detail_of(place))
            assert 1 <= len(sentence.text.split()) <= 20, sentence.text
            assert "%(" not in sentence.text
            assert sentence.contact == gettext(contact)
            assert sentence.rule
        if language != "en":
            assert gettext(msgid) != msgid
            assert gettext(contact) != contact


@pytest.mark.parametrize("code", READ)
def test_whoever_raises_a_refusal_brings_what_its_sentence_is_filled_with(app: Flask, code: str) -> None:
    del app
    wanted = set(BLANK.findall(registered()[code][0]))
    bare = [
        str(place)
        for place in CODE.codes.get(code, ())
        if place.is_given and not wanted <= place.detail and "**" not in place.detail
    ]
    assert bare == []


def test_a_code_that_a_pad_says_once_more_needs_nothing_to_be_filled_in(app: Flask) -> None:
    del app
    for code in RETRY_CODES | ABOUT_NEW | ABOUT_OLD | {"secret_differs", "pins_differ"}:
        assert BLANK.findall(registered()[code][0]) == [], code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_to_a_request_has_its_words_and_its_rule(language: str) -> None:
    fates = {
        "stands": printing.STANDS,
        "failed_once": printing.FAILED_ONCE,
        "failed": printing.FAILED,
        "failed_refunded": printing.FAILED_REFUNDED,
    }
    answers = {**printing.REFUSALS, **fates}
    assert set(ANSWERS) == set(answers)
    assert set(printing.BY_RULE) <= set(RULES)
    for msgid in answers.values():
        text = printing.speak(msgid, language)
        assert len(text.split()) <= 20
        assert language == "en" or text != msgid


def test_no_tile_is_closed_by_a_word_without_a_rule() -> None:
    """A tile that needs the hub says "not now" and nothing else: who adds one, gives it a page that says why."""
    assert [tile.name for tile in tiles() if tile.needs_hub] == []
