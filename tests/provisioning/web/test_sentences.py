"""Words for every code in every language: short, complete, with whom to ask."""

import re
from pathlib import Path

import pytest

from provisioning.errors import FAMILIES, Refused
from provisioning.web.locale import LANGUAGES, N_, use_language
from provisioning.web.messages import messages_of, missing
from provisioning.web.sentences import register, registered, sentence_for
from provisioning.web.states import STATES, TONE_ICONS

WEB = Path(__file__).parents[3] / "provisioning/web"
OWN_CODES = sorted(registered())


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_sentence_has_at_most_twenty_words_and_names_whom_to_ask(make_app, code):
    for ui in ("kiosk", "office"):
        with make_app(ui=ui).test_request_context():
            use_language(code)
            for name in OWN_CODES:
                sentence = sentence_for(name)
                assert 1 <= len(sentence.text.split()) <= 20, sentence
                assert sentence.contact, sentence
                assert "%(" not in sentence.text


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_nothing_of_ours_is_left_untranslated(code):
    assert missing(WEB, code) == set()


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_translation_fills_in_the_same_names_as_the_sentence_it_translates(make_app, code):
    names = re.compile(r"%\((\w+)\)[ds]")
    environment = make_app()
    with environment.test_request_context():
        use_language(code)
        from provisioning.web.locale import gettext

        for message in messages_of(WEB):
            if isinstance(message, str) and "%(" in message:
                values = dict.fromkeys(names.findall(message), 7)
                assert sorted(names.findall(message)) == sorted(names.findall(gettext_raw(gettext, message)))
                assert gettext(message, **values)


def gettext_raw(gettext, message):
    """The translation with its placeholders still in it."""
    return gettext(message)


def test_an_unknown_code_gets_the_words_of_its_family(make_app):
    with make_app().test_request_context():
        use_language("en")
        for name, family in FAMILIES.items():
            assert sentence_for(family("never_heard_of")).text == sentence_for(name).text


def test_detail_is_written_by_its_unit_and_a_missing_value_is_a_dash(make_app):
    register(
        "test_units",
        N_("%(left_cents)s %(part_g)s %(wait_min)s %(hot_c)s %(wide_mm)s %(again_utc)s %(door)s %(gone)s"),
    )
    detail = {
        "left_cents": 50,
        "part_g": 1.5,
        "wait_min": 90,
        "hot_c": 215.2,
        "wide_mm": 3,
        "again_utc": "2026-11-22T09:00:00.000Z",
    }
    with make_app().test_request_context():
        use_language("en")
        text = sentence_for(Refused("test_units", door="B", **detail)).text.replace("\xa0", " ")
    assert text == "€0.50 1.5 g 1 h 30 min 215 °C 3 mm today 10:00 B –"


def test_no_two_states_of_one_tone_share_a_shape():
    seen: dict[tuple[str, str], str] = {}
    for name, look in STATES.items():
        assert look.tone in TONE_ICONS
        other = seen.setdefault((look.word, look.icon), name)
        assert other == name
