"""What the screen shows while a badge, stick or key is made, in big words; and the pad for a new key's code."""

import re
import secrets
from typing import cast

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for

from kiosk.terminal.session import BeingMade
from kiosk.terminal.terminal import Terminal
from provisioning.web.locale import latin_digits
from provisioning.web.sentences import registered, sentence_for

pages = Blueprint("making", __name__, url_prefix="/making")

PIN = re.compile(r"[0-9]{4,12}")


def making_screen(state: BeingMade) -> str:
    """The screen of one stage."""
    digits = list("0123456789")
    secrets.SystemRandom().shuffle(digits)
    known = state.code if state.code in registered() else f"making_{state.credential.kind}_failed"
    return render_template(
        "kiosk/making.html",
        state=state,
        digits="".join(digits),
        problem=sentence_for(known) if state.code else None,
    )


def _terminal() -> Terminal:
    return cast(Terminal, current_app.extensions["terminal"])


@pages.before_app_request
def forget() -> None:
    """Whoever comes next, or the pulse of the idle screen, clears what was typed for a key that has gone."""
    _terminal().making.forget()


@pages.post("/pin")
def pin() -> Response:
    """The code of a new key, once and once again."""
    typed = latin_digits(request.form.get("pin", ""))
    if not g.get("is_stale") and PIN.fullmatch(typed):
        _terminal().making.typed(typed)
    return cast(Response, redirect(url_for("terminal.home"), code=303))
