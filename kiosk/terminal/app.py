"""The kiosk's web app: shared looks, this kiosk's session, the services' pages behind one door."""

import importlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, redirect, request, session, url_for

from kiosk import services
from kiosk.policy.words import TRANSLATIONS as POLICY_TRANSLATIONS
from kiosk.policy.words import register_sentences as register_policy
from kiosk.services.pages import EXTENSION, said
from kiosk.services.printing.sentences import TRANSLATIONS as PRINTING_TRANSLATIONS
from kiosk.services.printing.sentences import register_sentences as register_printing
from kiosk.terminal.agreement import pages as agreement_pages
from kiosk.terminal.agreement import stands_before
from kiosk.terminal.file_looks import pages as file_looks_pages
from kiosk.terminal.making_pages import pages as making_pages
from kiosk.terminal.making_words import register_sentences as register_making
from kiosk.terminal.my_code import Desk as CodeDesk
from kiosk.terminal.my_code import pages as my_code_pages
from kiosk.terminal.my_code import stands_before as code_stands_before
from kiosk.terminal.pad import pages as pad_pages
from kiosk.terminal.pages import pages, welcome_guest
from kiosk.terminal.reading import Reading
from kiosk.terminal.sentences import register_sentences
from kiosk.terminal.session import Idle, Leaving, Refused, SignedIn, State, Touched
from kiosk.terminal.terminal import Terminal
from provisioning.errors import Refused as Refusal
from provisioning.speech import Speaker
from provisioning.web.app import create_app
from provisioning.web.forms import SAFE_METHODS, FormExpired
from provisioning.web.locale import gettext as _
from provisioning.web.locale import language
from provisioning.web.shell import add_check, keep_quiet

HERE = Path(__file__).parent
# Answers to these may overtake a page's or come after it: they leave the cookie of its form alone.
NO_PAGES = frozenset({"terminal.pulse", "terminal.picture", "pad.aloud", "agreement.aloud"})
OPEN_SERVICES = frozenset({"notices"})  # readable without signing in


class _Door:
    """Looks at every request before a page does: whose screen is this, and may this person open that?"""

    def __init__(self, terminal: Terminal, reading: Reading) -> None:
        self._terminal = terminal
        self._reading = reading

    def check(self) -> Response | None:
        """Let the request in, or send it home."""
        if request.endpoint is None or request.endpoint in {"static", "terminal.static", "web.health"}:
            return None
        state = self._terminal.keeper.state
        # A page carries the visit it was asked in: whoever comes while it is drawn, it is blanked for them.
        g.epoch = self._terminal.keeper.epoch(state)
        if isinstance(state, SignedIn) and request.method in SAFE_METHODS and "/-/" not in request.path:
            g.drawn_for = g.epoch
        if request.endpoint not in NO_PAGES:
            self._follow(state)
        if isinstance(state, SignedIn) and "/-/" not in request.path:
            # A page is asked for by a hand: a press that leads on is gone before the pulse could tell of it.
            self._terminal.keeper.feed(Touched())
        if (first := stands_before(self._reading, state)) is not None:
            return first
        if (first := code_stands_before(state)) is not None:
            return first
        if request.blueprint in services.NAMES:
            return self._service(state, request.blueprint)
        return None

    def _follow(self, state: State) -> None:
        """A cookie belongs to one visit: a form that was drawn for someone else is not sent in this one's name."""
        epoch = self._terminal.keeper.epoch(state)
        if session.get("epoch") == epoch:
            return
        g.is_stale = "epoch" in session
        if "epoch" in session and request.method not in SAFE_METHODS and isinstance(state, SignedIn):
            raise FormExpired(field="epoch")
        session.clear()
        session["epoch"] = epoch

    def last_look(self, response: Response) -> Response:
        """What was drawn for somebody who left while it was drawn is shown to nobody."""
        drawn_for = g.get("drawn_for")
        if drawn_for is None or drawn_for == self._terminal.keeper.epoch(self._terminal.keeper.state):
            return response
        return _home()

    def _service(self, state: State, name: str) -> Response | None:
        if isinstance(state, SignedIn):
            said = self._terminal.decision(name)
            if said.code == "proof_too_weak" and request.method in SAFE_METHODS:
                return _to("terminal.why", service=name)
            if not said.allowed:
                raise Refusal(said.code, service=name, rule=said.rule, until_utc=said.until_utc)
            return None
        if name not in OPEN_SERVICES:
            return _home()
        if isinstance(state, Idle | Leaving | Refused):
            welcome_guest(self._terminal)
        return None


def _home() -> Response:
    return _to("terminal.home")


def _to(endpoint: str, **values: Any) -> Response:
    answer = redirect(url_for(endpoint, **values), code=303)
    assert isinstance(answer, Response)
    return answer


def _words(terminal: Terminal) -> dict[str, Any]:
    """What every kiosk page is drawn with."""
    keeper = terminal.keeper
    state = keeper.state
    name = state.person.first_name if isinstance(state, SignedIn) else ""
    return {
        "greeting": _("Hello %(name)s", name=name) if name else terminal.node.site.name,
        "home_url": url_for("terminal.home"),
        "stop_url": url_for("terminal.stop") if not isinstance(state, Idle | Leaving) else "",
        "speak_url": url_for("terminal.speak"),
        "stay_url": url_for("terminal.stay"),
        "pulse_url": g.get("pulse_url", url_for("terminal.pulse", screen="any")),
        "epoch": g.get("epoch", ""),
        "offline": bool(name) and terminal.is_hub_away,
        "visitor": terminal.visitor,
    }


def _service_pages() -> list[Blueprint]:
    return [importlib.import_module(f"kiosk.services.{name}.pages").pages for name in services.NAMES]


def make_app(terminal: Terminal, speaker: Speaker | None = None) -> Flask:
    """The Flask app of one kiosk."""
    node = terminal.node
    register_sentences()
    register_policy()
    register_printing()
    register_making()
    app = create_app(
        node.node_id,
        secret=node.credential("session-secret"),
        catalogues=[PRINTING_TRANSLATIONS, POLICY_TRANSLATIONS, HERE / "translations"],
        clock=terminal.clock,
        ui="kiosk",
        languages=node.site.languages,
        language_of=lambda: terminal.keeper.state.language,
        templates=[HERE / "templates"],
        site_name=node.site.name,
        timezone=node.site.timezone,
        max_upload_bytes=64 * 1024,
    )
    app.extensions[EXTENSION] = terminal
    app.extensions["terminal"] = terminal
    app.jinja_env.filters["said"] = lambda words: said(words, language())
    app.extensions["reading"] = reading = Reading(terminal)
    app.extensions["speaker"] = speaker or Speaker()
    app.extensions["my_code"] = CodeDesk()
    door = _Door(terminal, reading)
    app.before_request(door.check)
    app.after_request(door.last_look)
    app.context_processor(lambda: _words(terminal))
    own = (pages, pad_pages, making_pages, my_code_pages, agreement_pages, file_looks_pages)
    for blueprint in (*own, *_service_pages()):
        app.register_blueprint(blueprint)
    keep_quiet(app, "terminal.pulse", "terminal.picture", "terminal.static")
    add_check(app, "store", lambda: terminal.db.row("SELECT 1 AS one") is not None)
    return app
