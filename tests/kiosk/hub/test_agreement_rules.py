"""What a version of the agreement must be before anybody may sign it, and the one that comes with the release."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.agreement.agreements import SHIPPED
from kiosk.hub.agreement.rules import (
    SECTIONS_MAX,
    Problem,
    Terms,
    TermsUnreadable,
    moved,
    problems,
    read_terms,
    read_toml,
    with_section,
    without,
    words,
    write_terms,
)
from kiosk.hub.office.agreement_words import PICTURES
from provisioning.contracts import AgreementSection
from provisioning.speech import TEXT_MAX
from provisioning.web.components import icon_names
from provisioning.web.locale import LANGUAGES

SHIPPED_TERMS = read_toml(SHIPPED.read_text())
GOOD = AgreementSection(picture="key", title={"en": "A title"}, sentences={"en": ("One sentence.",)})


def one(**changes: object) -> list[Problem]:
    section = msgspec.structs.replace(GOOD, **changes)
    return list(problems(Terms(sections=(section,)), ["en"], PICTURES))


def test_what_is_shipped_is_complete_short_and_can_be_read_aloud_in_every_language() -> None:
    assert problems(SHIPPED_TERMS, LANGUAGES, PICTURES) == ()
    for section in SHIPPED_TERMS.sections:
        for language in LANGUAGES:
            assert len(" ".join([section.title[language], *section.sentences[language]])) < TEXT_MAX
        assert len({section.title[language] for language in LANGUAGES}) > 1, "translated, not copied"


def test_every_pictogram_that_officers_choose_from_is_drawn_somewhere() -> None:
    assert set(PICTURES) - set(icon_names()) == set()


def test_a_good_section_has_no_fault() -> None:
    assert one() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"picture": ""}, "picture_unknown"),
        ({"picture": "no-such"}, "picture_unknown"),
        ({"title": {}}, "title_missing"),
        ({"title": {"en": "  "}}, "title_missing"),
        ({"title": {"en": "word " * 9}}, "title_long"),
        ({"sentences": {}}, "text_missing"),
        ({"sentences": {"en": ("",)}}, "text_missing"),
        ({"sentences": {"en": ("word " * 21,)}}, "sentence_long"),
        ({"sentences": {"en": ("word " * 14,) * 3}}, "text_long"),
    ],
)
def test_each_fault_is_named_with_its_section(changes: dict[str, object], fault: str) -> None:
    assert [(found.section, found.fault) for found in one(**changes)] == [(1, fault)]


def test_a_language_that_is_missing_is_named() -> None:
    found = problems(Terms(sections=(GOOD,)), ["en", "ar"], PICTURES)
    assert [(problem.language, problem.fault) for problem in found] == [
        ("ar", "title_missing"),
        ("ar", "text_missing"),
    ]


def test_an_agreement_has_between_one_and_twelve_sections() -> None:
    assert [found.fault for found in problems(Terms(), ["en"], PICTURES)] == ["no_section"]
    many = Terms(sections=(GOOD,) * (SECTIONS_MAX + 1))
    assert [found.fault for found in problems(many, ["en"], PICTURES)] == ["too_many"]


def test_a_mark_that_stands_alone_is_no_word() -> None:
    assert words("Badge perdu ?") == 2
    assert words("هل فقدت بطاقتك؟") == 3


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"schema": 2}', '{"surprise": 1}'])
def test_what_is_no_agreement_is_refused(text: str) -> None:
    with pytest.raises(TermsUnreadable):
        read_terms(text)


texts = st.text(max_size=30)
sections = st.builds(
    AgreementSection,
    picture=texts,
    title=st.dictionaries(st.sampled_from(LANGUAGES), texts),
    sentences=st.dictionaries(st.sampled_from(LANGUAGES), st.lists(texts, max_size=3).map(tuple)),
)
terms = st.builds(Terms, title=texts, sections=st.lists(sections, max_size=6).map(tuple))


@given(terms)
def test_what_was_written_is_read_back(some: Terms) -> None:
    assert read_terms(write_terms(some)) == some


@given(terms, st.data())
def test_moving_and_replacing_keep_every_other_section(some: Terms, data: st.DataObject) -> None:
    if not some.sections:
        return
    number = data.draw(st.integers(1, len(some.sections)))
    up = moved(some, number, -1)
    assert sorted(map(repr, up.sections)) == sorted(map(repr, some.sections))
    assert moved(up, max(number - 1, 1), 1 if number > 1 else 0) == some
    changed = with_section(some, number, GOOD)
    assert changed.sections[number - 1] == GOOD
    assert without(changed, number) == without(some, number)
    assert with_section(some, 0, GOOD).sections == (*some.sections, GOOD)
