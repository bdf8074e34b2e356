"""Every code has its words, short and in every language."""

import pytest

from kiosk.services.printing import rules, sentences
from kiosk.services.printing.screens import COLOURS, FLAGS, GROUPS, ROLES
from provisioning.web.catalogues import load
from provisioning.web.locale import OWN_TRANSLATIONS
from provisioning.web.sentences import registered

LANGUAGES = ("nl", "fr", "de", "ar")
RESIDENTS_READ = [
    *(msgid for msgid, _ in sentences.BY_RULE.values()),
    *sentences.REFUSALS.values(),
    *sentences.OBJECTIONS.values(),
    *(sentences.FAILED_ONCE, sentences.FAILED, sentences.FAILED_REFUNDED, sentences.STANDS),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("msgid", RESIDENTS_READ)
def test_what_residents_read_is_translated_and_has_at_most_twenty_words(msgid: str, language: str) -> None:
    said = sentences.speak(msgid, language)
    assert said != msgid
    assert len(said.split()) <= 20
    assert len(msgid.split()) <= 20


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_the_desk_speaks_the_officers_language(language: str) -> None:
    spoken = load((OWN_TRANSLATIONS, sentences.TRANSLATIONS), language)
    words = [*FLAGS.values(), *ROLES.values(), *(word for word, _ in GROUPS.values())]
    words += [word for word, _ in COLOURS.values()]
    loanwords = {"Orange", "orange", "director", "open"}
    assert [word for word in words if spoken.gettext(word) == word and word not in loanwords] == []


def test_every_refusal_a_rule_can_give_has_its_sentence() -> None:
    sentences.register_sentences()
    known = registered()
    import inspect
    import re

    codes = set(re.findall(r'(?:return|else) "([a-z]+_[a-z_]+)"', inspect.getsource(rules)))
    codes |= set(re.findall(r'"([a-z]+_[a-z_]+)" if', inspect.getsource(rules)))
    assert {"role_missing", "model_changed", "balance_too_low", "words_missing"} <= codes
    assert codes <= set(known)


def test_each_fixed_reason_has_a_sentence_and_nothing_more() -> None:
    assert set(sentences.REFUSALS) == set(rules.REFUSAL_REASONS)
    assert set(sentences.OBJECTIONS) == set(rules.OBJECTION_REASONS)
