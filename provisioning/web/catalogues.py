"""Translations read from .po files at start, merged over several folders and compiled in memory."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

from provisioning.errors import Corrupt


def read_catalogue(path: Path, language: str) -> Catalog:
    """The messages of one .po file.

    Raises:
        Corrupt: ``catalogue_unreadable``, with file and reason.
    """
    try:
        with path.open("rb") as file:
            return read_po(file, locale=language, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise Corrupt("catalogue_unreadable", file=path.name, why=str(error)) from error


def merge(catalogues: Iterable[Catalog], language: str) -> Translations:
    """One catalogue out of many; the later one wins, an untranslated or fuzzy entry never does."""
    merged = Catalog(locale=language)
    for catalogue in catalogues:
        for message in catalogue:
            if message.id and message.string and not message.fuzzy:
                merged.delete(message.id, message.context)  # add() keeps the first translation it saw
                merged.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(fp=compiled)


@cache
def load(folders: tuple[Path, ...], language: str) -> Translations:
    """The translations of one language out of every ``<folder>/<language>.po`` that exists, read once a process."""
    files = [folder / f"{language}.po" for folder in folders]
    return merge((read_catalogue(file, language) for file in files if file.is_file()), language)


class PoDomain(Domain):  # type: ignore[misc]  # flask_babel carries no types
    """Flask-Babel's message domain, filled from .po files instead of compiled folders."""

    def __init__(self, folders: Sequence[Path], languages: Sequence[str]) -> None:
        super().__init__(translation_directories=[])
        self._loaded = {language: load(tuple(folders), language) for language in languages}

    def get_translations(self) -> NullTranslations:
        """The translations of the request's language; the English of the code when there are none."""
        return self._loaded.get(str(get_locale()), NullTranslations())
