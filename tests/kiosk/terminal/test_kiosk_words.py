"""What residents read: complete in every language, short, and with the same blanks to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.policy.words import SENTENCES as POLICY_SENTENCES
from kiosk.refusals.sentences import SENTENCES
from provisioning.web.catalogues import read_catalogue
from provisioning.web.locale import OWN_TRANSLATIONS
from provisioning.web.messages import Message, messages_of, translated

KIOSK = Path(__file__).parents[3] / "kiosk"
SERVICES = ("printing", "requests", "notices")
POLICY = KIOSK / "policy" / "translations"
FOLDERS = [OWN_TRANSLATIONS, KIOSK / "terminal" / "translations", POLICY]
LANGUAGES = ("nl", "fr", "de", "ar")
BLANK = re.compile(r"%\(\w+\)[sd]")


def said_by_the_kiosk(tmp_path: Path) -> set[Message]:
    """Every sentence of the terminal, and of the services' kiosk halves (their desks have catalogues of their own)."""
    found = messages_of(KIOSK / "terminal") | messages_of(KIOSK / "policy") | messages_of(KIOSK / "refusals")
    for service in SERVICES:
        pages = tmp_path / service
        pages.mkdir()
        (pages / "pages.py").write_text((KIOSK / "services" / service / "pages.py").read_text())
        (pages / "templates").symlink_to(KIOSK / "services" / service / "templates" / "kiosk")
        found |= messages_of(pages) | _templates(KIOSK / "services" / service / "templates" / "kiosk")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.py").write_text((KIOSK / "services" / "pages.py").read_text())
    return found | messages_of(tmp_path / "base") | {"Printing", "My requests", "Notices"}


def _templates(folder: Path) -> set[Message]:
    from babel.messages.extract import extract_from_dir

    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    found = extract_from_dir(folder, [("**.html", "jinja2.ext:babel_extract")], options)
    return {tuple(message) if isinstance(message, list | tuple) else message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_a_kiosk_says_is_said_in(language: str, tmp_path: Path) -> None:
    assert said_by_the_kiosk(tmp_path) - translated(FOLDERS, language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_blanks_of_its_original(language: str) -> None:
    ours = [
        message for folder in FOLDERS[1:] for message in read_catalogue(folder / f"{language}.po", language)
    ]
    for message in ours:
        if isinstance(message.id, str) and message.id:
            assert sorted(BLANK.findall(message.id)) == sorted(BLANK.findall(str(message.string))), message.id


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_refusal_has_at_most_twenty_words(language: str) -> None:
    texts = {msgid: msgid for msgid, _contact in (SENTENCES | POLICY_SENTENCES).values()}
    if language != "en":
        ours = [read_catalogue(folder / f"{language}.po", language) for folder in FOLDERS[1:]]
        said = {message.id: str(message.string) for catalogue in ours for message in catalogue}
        texts = {msgid: said[msgid] for msgid in texts}
    for msgid, text in texts.items():
        assert len(text.split()) <= 20, msgid
