"""The desk's words: every code has a sentence, every sentence its Dutch, French and German."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from farm.desk.sentences import OWN, register_sentences
from farm.desk.words import ACTIONS, contact_word
from provisioning.web.catalogues import read_catalogue
from provisioning.web.messages import missing
from provisioning.web.sentences import registered

TOP = Path(__file__).resolve().parents[3]
DESK = TOP / "farm" / "desk"
RAISED = re.compile(r'(?:Refused|Unavailable|Tripped|FieldMissing|CellRefused)\(\s*"([a-z_]+)"')
RECORDED = re.compile(r'[tT]rail\.record\(\s*[^"]*?"([a-z_]+)"')


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_nothing_the_desk_says_is_left_in_english(language: str) -> None:
    assert sorted(missing(DESK, language), key=str) == []


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_a_translation_fills_in_what_its_english_fills_in(language: str) -> None:
    for message in read_catalogue(DESK / "translations" / f"{language}.po", language):
        if message.id:
            filled = [sorted(re.findall(r"%\(\w+\)[sd]", str(text))) for text in (message.id, message.string)]
            assert filled[0] == filled[1], message.id


def test_every_code_that_the_farm_raises_has_its_sentence() -> None:
    register_sentences()
    folders = ("desk", "queue", "workshop", "interlock")
    texts = [path.read_text() for folder in folders for path in sorted((TOP / "farm" / folder).rglob("*.py"))]
    raised = {code for text in texts for code in RAISED.findall(text)}
    raised -= {
        code for code in raised if code.startswith(("order_", "spooling_", "gcode_"))
    }  # told to the hub
    assert raised - set(registered()) == set()


@pytest.mark.parametrize("code", OWN)
def test_a_sentence_has_at_most_twenty_words(code: str) -> None:
    assert len(OWN[code][0].split()) <= 20


def test_every_action_that_the_desk_records_has_its_word() -> None:
    recorded = {code for path in sorted(DESK.rglob("*.py")) for code in RECORDED.findall(path.read_text())}
    recorded |= {f"cell_{what}" for what in ("started", "tripped", "reset")}
    recorded |= {f"run_{state}" for state in ("done", "failed", "cancelled", "paused", "resumed")}
    assert len(recorded) > 25
    assert recorded - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("name", "safe", "unsafe"),
    [
        ("emergency_stop", "released", "pressed"),
        ("door", "closed", "open"),
        ("smoke", "clear", "smoke"),
        ("hatch", "closed", "open"),
    ],
)
def test_a_contact_says_how_it_stands_in_words_of_its_own(name: str, safe: str, unsafe: str) -> None:
    assert (contact_word(name, closed=True), contact_word(name, closed=False)) == (safe, unsafe)
