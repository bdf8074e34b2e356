"""The agreement, a screen a section: read or heard, in any language, then a yes or a no."""

from typing import Any, cast

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from kiosk.services.pages import said
from kiosk.terminal.reading import Reading
from kiosk.terminal.session import SignedIn, State
from kiosk.terminal.terminal import Terminal
from provisioning.contracts import AgreementText
from provisioning.speech import Speaker
from provisioning.web.locale import gettext as _
from provisioning.web.locale import language

pages = Blueprint("agreement", __name__, url_prefix="/agreement")

# What stays open to a person who has not signed: leaving, asking, another language, and what keeps the screen honest.
FREE = frozenset(
    {"terminal.stop", "terminal.stay", "terminal.choose_language", "terminal.speak", "terminal.pulse"}
)


def stands_before(reading: Reading, state: State) -> Response | None:
    """The way to the agreement, for somebody who has to sign it and asked for something else."""
    if request.blueprint in {"agreement", "web"} or request.endpoint in FREE or reading.due(state) is None:
        return None
    return _go("agreement.begin")


def _go(endpoint: str, **values: Any) -> Response:
    return cast(Response, redirect(url_for(endpoint, **values), code=303))


def _reading() -> Reading:
    return cast(Reading, current_app.extensions["reading"])


def _speaker() -> Speaker:
    return cast(Speaker, current_app.extensions["speaker"])


def _at_hand() -> tuple[SignedIn, AgreementText] | None:
    """Who is here and what they have to sign; None when there is nothing to sign."""
    state = cast(Terminal, current_app.extensions["terminal"]).keeper.state
    text = _reading().due(state)
    return (state, text) if text is not None and isinstance(state, SignedIn) else None


@pages.get("/")
def begin() -> Response:
    """Go on where this person is."""
    found = _at_hand()
    if found is None:
        return _go("terminal.home")
    place = _reading().at(*found, language())
    return _go(".end") if place > len(found[1].sections) else _go(".section", number=place)


@pages.get("/<int:number>")
def section(number: int) -> str | Response:
    """One section; nobody skips one."""
    found = _at_hand()
    if found is None:
        return _go("terminal.home")
    text = found[1]
    if not 1 <= number <= min(_reading().place(*found, language()), len(text.sections)):
        return _go(".begin")
    _reading().saw(*found, language(), number)
    return render_template(
        "kiosk/agreement/section.html",
        picture=text.sections[number - 1].picture,
        words=_said(text, number),
        number=number,
        of=len(text.sections),
        aloud=_aloud(number),
    )


@pages.get("/end")
def end() -> str | Response:
    """Yes or no."""
    found = _at_hand()
    if found is None:
        return _go("terminal.home")
    of = len(found[1].sections)
    if _reading().place(*found, language()) <= of:
        return _go(".begin")
    _reading().saw(*found, language(), of + 1)
    return render_template("kiosk/agreement/end.html", words=_question(), of=of, aloud=_aloud(of + 1))


@pages.post("/sign")
def sign() -> Response:
    """Yes."""
    found = _at_hand()
    if found is None:
        return _go("terminal.home")
    if _reading().place(*found, language()) <= len(found[1].sections):
        return _go(".begin")
    _reading().sign(*found, language())
    return _go("terminal.home")


@pages.post("/decline")
def decline() -> Response:
    """No: the visit is over."""
    if (found := _at_hand()) is not None:
        _reading().decline(*found, language())
    return _go("terminal.home")


@pages.get("/aloud/<speaks>/<int:number>.wav")
def aloud(speaks: str, number: int) -> Response:
    """A section read aloud; the one after the last is the question."""
    found = _at_hand()
    if found is None or speaks != language() or not 1 <= number <= len(found[1].sections) + 1:
        raise NotFound
    title, *sentences = _said(found[1], number)
    sound = _speaker().wav(" ".join([f"{title.rstrip('?.')}.", *sentences]), speaks)
    if number <= len(found[1].sections):
        _reading().heard(found[0])
    return Response(sound, mimetype="audio/wav")


def _aloud(number: int) -> str:
    """Where a section can be heard; empty when this machine cannot speak the language."""
    if not _speaker().can(language()):
        return ""
    return url_for(".aloud", speaks=language(), number=number)


def _said(text: AgreementText, number: int) -> list[str]:
    """The title and the sentences of a section; after the last one the question."""
    if number > len(text.sections):
        return _question()
    one, speaks = text.sections[number - 1], language()
    if speaks not in one.sentences:  # a language that the site speaks since this version was approved
        speaks = "en" if "en" in one.sentences else next(iter(one.sentences))
    return [said(one.title, speaks), *one.sentences[speaks]]


def _question() -> list[str]:
    return [
        _("Do you agree?"),
        _("If you agree, you sign and can use this screen."),
        _("If you do not agree, paper forms stay possible."),
    ]
