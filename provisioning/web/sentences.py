"""The one place where a code becomes words: a plain sentence of at most twenty words, and whom to ask."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from provisioning.errors import PassageError, family_of
from provisioning.web import formats
from provisioning.web.locale import N_, gettext
from provisioning.web.shell import shell_of

ASK_LANDING = N_("Ask an officer on your landing.")
ASK_WORKSHOP = N_("Ask the workshop officer.")
ASK_SECURITY = N_("Ask the security officer.")
ASK_TECHNICIAN = N_("Ask the technician.")


class Sentence(NamedTuple):
    """What a person reads, translated. ``code`` is what an engineer looks for, ``rule`` what an officer looks up."""

    text: str
    contact: str
    code: str
    rule: str = ""


class _Entry(NamedTuple):
    msgid: str
    contact: str
    office_contact: str


_entries: dict[str, _Entry] = {}
_rules: dict[str, str] = {}


def register(code: str, msgid: str, contact: str = ASK_LANDING, office_contact: str = ASK_TECHNICIAN) -> None:
    """Give ``code`` its sentence (English, marked with N_) and whom to ask on a kiosk and in the back office.

    ``%(name)s`` in the sentence is filled from the error's detail. By the unit in its name a value is written as
    money (``_cents``), grams (``_g``), minutes (``_min``, ``_s``), degrees (``_c``), millimetres (``_mm``) or a
    moment (``_utc``).
    """
    _entries[code] = _Entry(msgid, contact, office_contact)


def registered() -> dict[str, tuple[str, str, str]]:
    """Every code with its msgids (sentence, contact, office contact): for tests and the patterns page."""
    return {code: (entry.msgid, entry.contact, entry.office_contact) for code, entry in _entries.items()}


def name_rules(rules: Mapping[str, str]) -> None:
    """Give codes the stable ids by which officers look a refusal up, such as ``login.pin-wrong``.

    A screen shows the id small beside the sentence. An error that brings its own ``rule`` (a policy's) keeps that.
    """
    _rules.update(rules)


def rules() -> dict[str, str]:
    """Every code that has a rule id, with it."""
    return dict(_rules)


def _rule(code: str, fallback: str, own: object) -> str:
    """The error's own rule, its code's, or for a code without words its family's with the code."""
    if isinstance(own, str) and own:
        return own
    if code in _entries or not _rules:
        return _rules.get(code, "")
    return f"{fallback}.{code.replace('_', '-')}"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "_cents": lambda value: formats.money(int(value)),
    "_g": formats.grams,
    "_min": formats.minutes,
    "_s": formats.duration,
    "_c": formats.celsius,
    "_mm": formats.millimetres,
    "_utc": formats.when,
}


class _Filled(dict[str, object]):
    """Detail written for people; a value that the error did not bring reads as a dash."""

    def __init__(self, detail: Mapping[str, object]) -> None:
        super().__init__({name: _written(name, value) for name, value in detail.items()})

    def __missing__(self, name: str) -> str:
        return "–"


def _written(name: str, value: object) -> object:
    writer = _WRITERS.get("_" + name.rpartition("_")[2])
    fits = isinstance(value, str) if name.endswith("_utc") else isinstance(value, int | float)
    return writer(value) if writer and fits else value


def sentence_for(error: PassageError | str, **detail: str | float | bool | None) -> Sentence:
    """The sentence for an error or a bare code, in the request's language; an unknown code gets its family's."""
    if isinstance(error, PassageError):
        code, fallback, detail = error.reason, family_of(error), {**error.detail, **detail}
    else:
        code, fallback = error, "refused"
    entry = _entries.get(code) or _entries[fallback]
    contact = entry.office_contact if shell_of().ui == "office" else entry.contact
    text = gettext(entry.msgid)
    return Sentence(
        text % _Filled(detail) if "%(" in text else text,
        gettext(contact) if contact else "",
        code,
        _rule(code, fallback, detail.get("rule")),
    )


register("refused", N_("This is not possible now."), ASK_LANDING)
register("unavailable", N_("This does not work right now. Please try again in a few minutes."), ASK_LANDING)
register(
    "tripped",
    N_("The machine was switched off for safety. An officer must check it first."),
    ASK_WORKSHOP,
    ASK_WORKSHOP,
)
register(
    "corrupt",
    N_("Something stored here is damaged. It was left untouched so that it can be examined."),
    ASK_LANDING,
)
register("bug", N_("Something went wrong on our side. Nothing was lost or sent twice."), ASK_LANDING)
register("form_expired", N_("This page was open too long. Go back and try again."), ASK_LANDING)
register("field_missing", N_("Something is missing or wrong in this form. Please check it."), ASK_LANDING)
register("bad_request", N_("This page was not asked for in the right way."), ASK_LANDING)
register("not_signed_in", N_("Please sign in first."), ASK_LANDING)
register("not_allowed", N_("You may not open this page."), ASK_LANDING)
register("not_found", N_("This page does not exist, or it is not for you."), ASK_LANDING)
register("too_large", N_("This file is too large."), ASK_WORKSHOP, ASK_WORKSHOP)
register("too_many", N_("That was too often in a short time. Please wait a little."), ASK_LANDING)
