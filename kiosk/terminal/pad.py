"""The two pads that codes are given on, numbers and pictures, and the voice that helps with the second."""

import secrets
from typing import Any, cast

from flask import Blueprint, Response, current_app, url_for
from werkzeug.exceptions import NotFound

from kiosk.terminal.pictures import shuffled
from kiosk.terminal.terminal import Terminal
from provisioning.identity.choosing import CHOSEN, Factor
from provisioning.speech import Speaker
from provisioning.web.locale import gettext as _
from provisioning.web.locale import language

pages = Blueprint("pad", __name__, url_prefix="/pad")


def pad_words(factor: Factor) -> dict[str, Any]:
    """What a pad is drawn with: keys in new places each time, and where its words can be heard."""
    if factor == "pictures":
        return {
            "pictures": shuffled(),
            "aloud": _aloud(0),
            "counted": [_aloud(n) for n in range(1, CHOSEN + 1)],
        }
    digits = list("0123456789")
    secrets.SystemRandom().shuffle(digits)
    return {"digits": "".join(digits)}


def _aloud(number: int) -> str:
    if not _speaker().can(language()):
        return ""
    return url_for("pad.aloud", speaks=language(), number=number)


def _speaker() -> Speaker:
    return cast(Speaker, current_app.extensions["speaker"])


@pages.get("/aloud/<speaks>/<int:number>.wav")
def aloud(speaks: str, number: int) -> Response:
    """What to do, or how many pictures were touched; never which."""
    words = [_("Touch your three pictures, one after the other."), _("One"), _("Two"), _("Three")]
    if speaks != language() or not 0 <= number < len(words):
        raise NotFound
    return Response(_speaker().wav(words[number], speaks), mimetype="audio/wav")


def terminal() -> Terminal:
    """This kiosk."""
    return cast(Terminal, current_app.extensions["terminal"])
