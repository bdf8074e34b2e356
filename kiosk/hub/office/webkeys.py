"""Security keys in the browser: which page asks, at which desk, and what it sends back."""

import secrets

from flask import request, session

from kiosk.hub.node import Hub
from provisioning.errors import Refused
from provisioning.identity.fido import Party, browser_party


class KeyNotHere(Refused):
    """Browsers let keys sign only for a site with a name, not for an address of digits."""

    code = "key_not_here"


def site_party(hub: Hub) -> Party:
    """The back office as the browser at hand names it: behind our TLS always https (``listen`` is a socket then)."""
    scheme = "https" if hub.node.listen.startswith("unix:") else request.scheme
    return browser_party(f"{scheme}://{request.host}")


def may_use_keys() -> bool:
    """Whether the browser came by a name: security keys do not sign for addresses of digits."""
    host = request.host.rsplit(":", 1)[0]
    return not host.startswith("[") and not host.replace(".", "").isdigit()


def place() -> str:
    """The browser at hand, by a number that its own signed cookie keeps until sign-out."""
    if "place" not in session:
        session["place"] = secrets.token_urlsafe(16)
    return str(session["place"])


def key_in(name: str) -> bytes:
    """A key's answer out of a form's field; empty when there is none."""
    return request.form.get(name, "").encode()
