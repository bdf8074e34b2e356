"""Which sentences of a package are not translated yet: ``python -m provisioning.web.messages kiosk/hub``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from provisioning.web.catalogues import read_catalogue
from provisioning.web.locale import LANGUAGES, OWN_TRANSLATIONS

_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
_OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
Message = str | tuple[str, ...]


def messages_of(folder: Path) -> set[Message]:
    """Every msgid (a tuple where there is a plural) in the code and the templates under ``folder``."""
    found = extract_from_dir(folder, _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=())
    return {tuple(message) if isinstance(message, list | tuple) else message for _, _, message, _, _ in found}


def translated(folders: list[Path], language: str) -> set[Message]:
    """Every msgid that one of ``folders`` has complete in ``language``."""
    done: set[Message] = set()
    for file in (folder / f"{language}.po" for folder in folders):
        if file.is_file():
            done.update(_complete(file, language))
    return done


def _complete(file: Path, language: str) -> Iterator[Message]:
    catalogue = read_catalogue(file, language)
    for message in catalogue:
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        wanted = catalogue.num_plurals if message.pluralizable else 1
        if message.id and not message.fuzzy and len(strings) == wanted and all(strings):
            yield tuple(message.id) if isinstance(message.id, list | tuple) else message.id


def missing(folder: Path, language: str) -> set[Message]:
    """What ``folder`` says that neither its own translations nor the shared ones say in ``language``."""
    own = [path for path in (folder / "translations", *folder.glob("**/translations")) if path.is_dir()]
    return messages_of(folder) - translated([OWN_TRANSLATIONS, *own], language)


def main(folders: list[str]) -> int:
    """List what is missing, by language; 1 when anything is."""
    total = 0
    for folder in map(Path, folders):
        for language in LANGUAGES:
            gaps = missing(folder, language) if language != "en" else set()
            total += len(gaps)
            for gap in sorted(gaps, key=str):
                sys.stdout.write(f"{folder} {language}: {gap}\n")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
