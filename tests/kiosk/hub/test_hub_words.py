"""What officers read on the hub: complete in the languages of the back office, with the same blanks to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioning.web.catalogues import read_catalogue
from provisioning.web.locale import OWN_TRANSLATIONS
from provisioning.web.messages import messages_of, translated

KIOSK = Path(__file__).parents[3] / "kiosk"
FOLDERS = [OWN_TRANSLATIONS, KIOSK / "hub" / "translations", KIOSK / "policy" / "translations"]
BLANK = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_everything_the_back_office_says_is_said_in(language: str) -> None:
    said = messages_of(KIOSK / "hub") | messages_of(KIOSK / "policy")
    assert said - translated(FOLDERS, language) == set()


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_a_translation_has_the_blanks_of_its_original(language: str) -> None:
    for message in read_catalogue(FOLDERS[1] / f"{language}.po", language):
        if isinstance(message.id, str) and message.id:
            assert sorted(BLANK.findall(message.id)) == sorted(BLANK.findall(str(message.string))), message.id
