"""Forms that only our own pages can send (CSRF), and keys that make a second press harmless."""

import hmac
import re
import secrets

from flask import Flask, request, session
from markupsafe import Markup

from provisioning.errors import Refused
from provisioning.ids import new_key
from provisioning.web.locale import latin_digits

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_PREFIX = "/api/v1/"  # calls between nodes carry a signature of their own and no cookie
_KEY = re.compile(r"[0-9a-f]{32}")


class FormExpired(Refused):
    """The form was not drawn for this session: signed out meanwhile, or sent by someone else's page."""

    code = "form_expired"


class FieldMissing(Refused):
    """A field that must be there is not, or is not what it must be; ``detail["field"]`` names it."""

    code = "field_missing"


def csrf_token() -> str:
    """The session's token, made when first asked for; it leaves with the session's signed cookie."""
    token = session.get("csrf")
    if not isinstance(token, str):
        token = session["csrf"] = secrets.token_urlsafe(24)
    return token


def forget_session() -> None:
    """Empty the session and give it a new token: at sign-in and sign-out, so that no old form works afterwards."""
    session.clear()


def form_fields() -> Markup:
    """Hidden inputs of every form: the CSRF token and a key of this one drawing of the form."""
    return Markup(
        '<input type="hidden" name="csrf_token" value="{}"><input type="hidden" name="form_key" value="{}">'
    ).format(csrf_token(), new_key())


def form_key() -> str:
    """The key of the form that was sent; the same key twice is the same press.

    Raises:
        FormExpired: there is none, or it is not one of ours.
    """
    key = request.form.get("form_key", "")
    if not _KEY.fullmatch(key):
        raise FormExpired(field="form_key")
    return key


def text_field(name: str, *, max_length: int = 500, required: bool = True) -> str:
    """The text of a field without outer blanks.

    Raises:
        FieldMissing: required but empty, or longer than ``max_length`` characters.
    """
    text = request.form.get(name, "").strip()
    if (required and not text) or len(text) > max_length:
        raise FieldMissing(field=name)
    return text


def whole_field(name: str, *, low: int, high: int) -> int:
    """The whole number of a field, ``low`` to ``high``; Arabic digits count.

    Raises:
        FieldMissing: no number, or out of bounds.
    """
    text = latin_digits(request.form.get(name, "").strip())
    if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise FieldMissing(field=name)
    return int(text)


def check_csrf() -> None:
    """Refuse a change that one of this session's own pages did not send.

    Raises:
        FormExpired: token absent or wrong, or the browser says another site sent it.
    """
    if request.method in SAFE_METHODS or request.path.startswith(API_PREFIX):
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise FormExpired(field="sec-fetch-site")
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    kept = session.get("csrf")
    if not isinstance(kept, str) or not hmac.compare_digest(sent.encode(), kept.encode()):
        raise FormExpired(field="csrf_token")


def install_forms(app: Flask) -> None:
    """Check every change that reaches ``app``, and offer ``form_fields()`` and ``csrf_token()`` to templates."""
    app.before_request(check_csrf)
    app.jinja_env.globals.update(form_fields=form_fields, csrf_token=csrf_token)
