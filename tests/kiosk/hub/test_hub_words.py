"""What officers read on the hub: complete in the languages of the back office, with the same blanks to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioning.web.catalogues import read_catalogue
from provisioning.web.locale import OWN_TRANSLATIONS
from provisioning.web.messages import messages_of, translated

KIOSK = Path(__file__).parents[3] / "kiosk"
FOLDERS = [
    OWN_TRANSLATIONS,
    KIOSK / "hub" / "translations",
    KIOSK / "policy" / "translations",
    KIOSK / "hub" / "issuing" / "translations",
]
QUOTED = re.compile(r"""_\("([^"]+)"\)""")
BLANK = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_everything_the_back_office_says_is_said_in(language: str) -> None:
    said = messages_of(KIOSK / "hub") | messages_of(KIOSK / "policy")
    assert said - translated(FOLDERS, language) == set()


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_a_translation_has_the_blanks_of_its_original(language: str) -> None:
    for message in (
        one
        for folder in (FOLDERS[1], FOLDERS[3])
        for one in read_catalogue(folder / f"{language}.po", language)
    ):
        if isinstance(message.id, str) and message.id:
            assert sorted(BLANK.findall(message.id)) == sorted(BLANK.findall(str(message.string))), message.id


def test_a_sheet_for_a_person_is_complete_in_arabic_too() -> None:
    """The back office itself does not speak Arabic; what it prints for people does."""
    sheets = KIOSK / "hub" / "office" / "templates" / "sheets"
    said = {
        text
        for name in ("card", "envelope", "receipt")
        for text in QUOTED.findall((sheets / f"{name}.html").read_text())
    }
    assert len(said) > 20
    assert said | {"Badge", "Stick", "Security key"} <= translated(FOLDERS, "ar")
