"""Which language speaks, and how it writes amounts and times."""

import pytest
from flask import g

from provisioning.web import formats
from provisioning.web.locale import (
    LANGUAGES,
    direction,
    gettext,
    language,
    latin_digits,
    ngettext,
    use_language,
)

PARTS_PO = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\n"

msgid "%(num)d part"
msgid_plural "%(num)d parts"
msgstr[0] "لا قطع"
msgstr[1] "قطعة واحدة"
msgstr[2] "قطعتان"
msgstr[3] "%(num)d قطع"
msgstr[4] "%(num)d قطعة"
msgstr[5] "%(num)d قطعة"
"""


@pytest.fixture
def speak(make_app):
    """Ask for something in a language, as a page would."""
    app = make_app()

    def ask(code, function, *values):
        with app.test_request_context():
            use_language(code)
            return function(*values)

    return ask


def test_arabic_counts_with_its_six_plurals(make_app, tmp_path):
    (tmp_path / "ar.po").write_text(PARTS_PO, "utf-8")
    app = make_app(catalogues=[tmp_path])
    with app.test_request_context():
        use_language("ar")
        said = [ngettext("%(num)d part", "%(num)d parts", count) for count in (0, 1, 2, 3, 11, 100)]
    assert said == ["لا قطع", "قطعة واحدة", "قطعتان", "3 قطع", "11 قطعة", "100 قطعة"]


def test_a_later_folder_has_the_last_word_and_a_fuzzy_entry_has_none(make_app, tmp_path):
    (tmp_path / "nl.po").write_text(
        'msgid "Back"\nmsgstr "Ga terug"\n\n#, fuzzy\nmsgid "Stop"\nmsgstr "Start"\n', "utf-8"
    )
    with make_app(catalogues=[tmp_path]).test_request_context():
        use_language("nl")
        assert (gettext("Back"), gettext("Stop")) == ("Ga terug", "Stop")


def test_what_nobody_translated_is_said_in_english(speak):
    assert speak("ar", gettext, "Never translated") == "Never translated"


@pytest.mark.parametrize("code", LANGUAGES)
def test_only_arabic_reads_from_the_right(code):
    assert direction(code) == ("rtl" if code == "ar" else "ltr")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("nl", "€ 1.234,50"),
        ("fr", "1 234,50 €"),
        ("en", "€1,234.50"),
        ("de", "1.234,50 €"),
        ("ar", "1,234.50 €"),
    ],
)
def test_money_is_written_as_each_language_does_with_latin_digits_and_no_hidden_marks(speak, code, text):
    plain = speak(code, formats.money, 123450).replace("\xa0", " ").replace("\u202f", " ")
    assert plain == text


def test_next_to_nothing_carries_no_minus_sign(speak):
    assert speak("en", formats.grams, -0.02) == "0 g"


def test_a_day_is_written_before_its_month(speak):
    assert speak("en", formats.day, "2026-11-22T08:31:00.000Z") == "22 Nov 2026"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_format_keeps_latin_digits_in_every_language(speak, code):
    instant = "2026-11-20T23:59:00.000Z"
    for text in (
        speak(code, formats.grams, 1234.56),
        speak(code, formats.minutes, 185),
        speak(code, formats.when, instant),
        speak(code, formats.day, instant),
        speak(code, formats.celsius, 214.6),
        speak(code, formats.millimetres, 0.25),
    ):
        assert latin_digits(text) == text
        assert any(sign.isdigit() for sign in text)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 min"), (0.2, "1 min"), (59.4, "59 min"), (60, "1 u"), (125, "2 u 5 min"), (1500, "25 u")],
)
def test_a_duration_reads_as_hours_and_minutes(speak, minutes, text):
    assert speak("nl", formats.minutes, minutes) == text


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        ("2026-11-22T07:05:00.000Z", "vandaag 08:05"),
        ("2026-11-21T22:59:00.000Z", "gisteren 23:59"),
        ("2026-11-21T23:01:00.000Z", "vandaag 00:01"),
        ("2026-11-19T10:00:00.000Z", "19 nov 2026 11:00"),
    ],
)
def test_moments_are_told_in_the_site_s_zone(speak, instant, text):
    assert speak("nl", formats.when, instant) == text


@pytest.mark.parametrize("text", ["١٢٣", "۱۲۳", "123"])
def test_eastern_digits_are_understood(text):
    assert latin_digits(text) == "123"


def test_a_person_s_language_wins_over_the_browser_s_and_an_unknown_one_changes_nothing(make_app):
    spoken = {"code": "de"}
    app = make_app(language_of=lambda: spoken["code"])
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        assert language() == "de"
        use_language("tlh")
        assert language() == "de"
    spoken["code"] = None
    with app.test_request_context(headers={"Accept-Language": "pt, fr;q=0.5"}):
        assert language() == "fr"


def test_a_kiosk_ignores_the_browser_and_speaks_the_site_s_language_to_nobody_in_particular(make_app):
    app = make_app(ui="kiosk", languages=("fr", "nl"))
    with app.test_request_context(headers={"Accept-Language": "nl"}):
        assert language() == "fr"
        g.locale = "nl"
    with app.test_request_context():
        assert language() == "fr"
