"""Which language a page speaks, which way it reads, and how a sentence in the code becomes one on the screen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from babel import Locale
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, refresh
from flask_babel import get_locale as _babel_locale
from flask_babel import gettext as _babel_gettext
from flask_babel import ngettext as _babel_ngettext

from provisioning.web.catalogues import PoDomain
from provisioning.web.shell import shell_of

LANGUAGES = ("nl", "fr", "en", "de", "ar")
LANGUAGE_NAMES = {"nl": "Nederlands", "fr": "Français", "en": "English", "de": "Deutsch", "ar": "العربية"}
OWN_TRANSLATIONS = Path(__file__).parent / "translations"
# CLDR's characterOrder right-to-left. Babel would load a megabyte of names per language to say the same.
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark ``message`` for translation without translating it now."""
    return message


def gettext(message: str, **variables: Any) -> str:
    """``message`` in the request's language, its ``%(name)s`` filled in."""
    return str(_babel_gettext(message, **variables))


def ngettext(one: str, many: str, num: int, **variables: Any) -> str:
    """``one`` or ``many`` by the plural rule of the request's language; ``%(num)d`` is filled in."""
    return str(_babel_ngettext(one, many, num, **variables))


def current_locale() -> Locale:
    """Babel's locale of the request at hand; English outside a request."""
    return _babel_locale() or Locale("en")


def language() -> str:
    """The code of the request's language: ``nl``."""
    return current_locale().language


def direction(code: str | None = None) -> str:
    """``rtl`` or ``ltr``, of ``code`` or of the request's language."""
    return "rtl" if (code or language()) in _RIGHT_TO_LEFT else "ltr"


def use_language(code: str | None) -> None:
    """Speak ``code`` for the rest of this request; None and unknown codes change nothing."""
    if code in shell_of().languages:
        g.locale = code
        refresh()


def latin_digits(text: str) -> str:
    """``text`` with Arabic and Persian digits as 0-9: what people type into amounts and PINs."""
    return text.translate(_DIGITS)


def _choose() -> str:
    """The page's language: set for this request, else the person's, the session's, the browser's, the site's."""
    shell = shell_of()
    if not has_request_context():
        return shell.languages[0]
    candidates = [g.get("locale"), shell.language_of() if shell.language_of else None, session.get("lang")]
    for code in candidates:
        if code in shell.languages:
            return cast(str, code)
    browser = request.accept_languages.best_match(shell.languages) if shell.ui == "office" else None
    return browser or shell.languages[0]


def install_locale(app: Flask, catalogues: Sequence[Path]) -> None:
    """Give ``app`` its translations (own first, then ``catalogues``: the later folder wins) and template names."""
    shell = shell_of(app)
    babel = Babel(app, default_locale=shell.languages[0], locale_selector=_choose)
    babel.domain_instance = PoDomain([OWN_TRANSLATIONS, *catalogues], shell.languages)
    app.jinja_env.globals.update(
        language=language, direction=direction, language_names=LANGUAGE_NAMES, languages=shell.languages
    )
