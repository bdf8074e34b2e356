"""The screens between two people: idle, the pad, the menu, goodbye; and the pulse that keeps them honest."""

import re
from typing import cast

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import force_locale
from werkzeug.exceptions import NotFound

from kiosk import services
from kiosk.policy import Decision
from kiosk.services.base import Tile
from kiosk.terminal.making_pages import making_screen
from kiosk.terminal.pad import pad_words
from kiosk.terminal.session import (
    BeingMade,
    BlockChosen,
    Guest,
    GuestCame,
    Idle,
    Leaving,
    MoreWanted,
    OfficerHere,
    PinEntry,
    Refused,
    SignedIn,
    SigningIn,
    State,
    StayPressed,
    StopPressed,
    Touched,
    Welcoming,
    idle_left_s,
)
from kiosk.terminal.terminal import Terminal
from provisioning.identity.choosing import is_secret
from provisioning.web.formats import clock_time
from provisioning.web.forms import FieldMissing, forget_session
from provisioning.web.locale import gettext as _
from provisioning.web.locale import language, latin_digits
from provisioning.web.sentences import sentence_for
from provisioning.web.shell import shell_of

pages = Blueprint("terminal", __name__, static_folder="static", static_url_path="/terminal-static")

MOST_TILES = 9
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _terminal() -> Terminal:
    return cast(Terminal, current_app.extensions["terminal"])


def welcome_guest(terminal: Terminal) -> None:
    """Somebody reads without signing in: the page being drawn belongs to their visit."""
    g.epoch = session["epoch"] = terminal.keeper.epoch(terminal.keeper.feed(GuestCame()))


def _go_home() -> Response:
    return cast(Response, redirect(url_for("terminal.home"), code=303))


@pages.get("/")
def home() -> str | Response:
    """The screen of whoever's turn it is."""
    terminal = _terminal()
    state = terminal.keeper.state
    match state:
        case Idle() | Guest():
            return _idle(terminal, state)
        case OfficerHere() | BeingMade() | PinEntry():
            return _asked(terminal, state)
        case Welcoming() | SigningIn():
            return render_template("kiosk/signing_in.html", state=state)
        case SignedIn(wants=wants) if wants and terminal.decision(wants).allowed:
            terminal.keeper.feed(MoreWanted(""))
            return cast(Response, redirect(f"/{wants}/", code=303))
        case SignedIn():
            return _menu(terminal)
        case Refused():
            return render_template(
                "kiosk/refused.html", sentence=sentence_for(state.code, **dict(state.detail))
            )
        case Leaving():
            return render_template("kiosk/leaving.html")


def _asked(terminal: Terminal, state: OfficerHere | BeingMade | PinEntry) -> str:
    """Something lies on the reader and the screen asks what belongs to it."""
    match state:
        case OfficerHere():
            return render_template("kiosk/officer.html", state=state, was_here=terminal.was_here)
        case BeingMade():
            return making_screen(state)
        case PinEntry():
            return _pad(state)


def _idle_epoch(terminal: Terminal, state: State) -> str:
    """The idle screen is drawn anew when the minute, the notices or the connection change."""
    urgent = "".join(notice.notice_id for notice in terminal.notices() if notice.urgent)
    parts = (terminal.keeper.epoch(state), clock_time(terminal.now_utc()), terminal.hub.is_away, hash(urgent))
    return "|".join(map(str, parts))


def _idle(terminal: Terminal, state: Idle | Guest) -> str:
    if isinstance(state, Idle):
        g.pulse_url, g.epoch = url_for("terminal.pulse", screen="idle"), _idle_epoch(terminal, state)
    urgent = [notice for notice in terminal.notices() if notice.urgent][:2]
    return render_template(
        "kiosk/idle.html",
        urgent=urgent,
        greetings=_greetings(),
        now_utc=terminal.now_utc(),
        chosen=isinstance(state, Guest) and state.language,
        hub_away=terminal.hub.is_away,
        reader=terminal.reader_driver(),
        home_of=terminal.section.home_of,
        also=_also(terminal),
    )


def _also(terminal: Terminal) -> list[str]:
    """Pictograms of what this kiosk takes besides a badge."""
    takes = {"usb": terminal.section.stick_port != "", "key": terminal.section.keys != "none"}
    return [icon for icon, taken in takes.items() if taken]


def _greetings() -> list[tuple[str, str]]:
    """The one thing to do, in every language of the house."""
    said = []
    for code in shell_of().languages:
        with force_locale(code):
            said.append((code, _("Hold your badge to the reader")))
    return said


def _pad(state: PinEntry) -> str:
    return render_template(
        "kiosk/pictures.html" if state.factor == "pictures" else "kiosk/pin.html",
        **pad_words(state.factor),
        kind=state.credential.kind,
        refused=sentence_for(state.refused) if state.refused else None,
        tries_left=state.tries_left,
        chosen=language(),
    )


def _menu(terminal: Terminal) -> str:
    asked = terminal.asked()
    news = {
        "requests": sum(view.state == "ready" or view.may_object for view in asked.requests),
        "notices": sum(notice.urgent for notice in terminal.notices()),
    }
    said = [(tile, terminal.decision(tile.name)) for tile in services.tiles()]
    shown = [(tile, one) for tile, one in said if one.allowed or not one.hidden]
    most = sorted(shown, key=lambda pair: not pair[1].allowed)[:MOST_TILES]  # what is open first
    return render_template(
        "kiosk/menu.html",
        tiles=[
            (tile, news.get(tile.name, 0) if one.allowed else 0, _closed(terminal, tile, one), one.code)
            for tile, one in shown
            if (tile, one) in most
        ],
    )


def _closed(terminal: Terminal, tile: Tile, said: Decision) -> str:
    """Why a tile cannot be opened; empty when it can."""
    if not said.allowed:
        return sentence_for(said.code, until_utc=said.until_utc).text
    return _("Not now: no connection") if tile.needs_hub and terminal.is_hub_away else ""


@pages.get(f"/why/<any({', '.join(services.NAMES)}):service>")
def why(service: str) -> str | Response:
    """Why a tile is closed for the person who is here, and whom to ask."""
    terminal = _terminal()
    said = terminal.decision(service)
    if not isinstance(terminal.keeper.state, SignedIn) or said.allowed or said.hidden:
        return _go_home()
    tile = next(tile for tile in services.tiles() if tile.name == service)
    sentence = sentence_for(said.code, until_utc=said.until_utc)
    return render_template(
        "kiosk/why.html", tile=tile, said=said, sentence=sentence, state=terminal.keeper.state
    )


@pages.post(f"/more/<any({', '.join(services.NAMES)}):service>")
def more(service: str) -> Response:
    """Show a stronger proof for this service: the next stick or key that is put in leads there."""
    if _terminal().decision(service).code == "proof_too_weak":
        _terminal().keeper.feed(MoreWanted(service))
    return cast(Response, redirect(url_for("terminal.why", service=service), code=303))


@pages.post("/pin")
def pin() -> Response:
    """Try the code that was typed."""
    typed = latin_digits(request.form.get("pin", ""))
    is_theirs = not g.get("is_stale")  # else it was typed for another badge, or it is the same press again
    if is_theirs and is_secret(typed):
        _terminal().arrivals.try_secret(typed)
    return _go_home()


@pages.post("/officer/last")
def choose_last() -> Response:
    """The officer means whoever was here a moment ago."""
    if found := _terminal().was_here:
        _terminal().keeper.feed(BlockChosen(found[0]))
    return _go_home()


@pages.post("/officer/block")
def block_here() -> Response:
    """Block what the officer chose; a page drawn for an earlier choice blocks nothing."""
    if not g.get("is_stale"):
        _terminal().guard.block()
    return _go_home()


@pages.post("/language")
def choose_language() -> Response:
    """Speak another language until this visit is over."""
    code = request.form.get("language", "")
    if code not in shell_of().languages:
        raise FieldMissing(field="language")
    _terminal().keeper.feed(GuestCame(code))
    return _go_home()


@pages.post("/stop")
def stop() -> Response:
    """End whatever is on the screen."""
    _terminal().entrance.give_up()
    _terminal().keeper.feed(StopPressed())
    forget_session()
    return _go_home()


@pages.post("/stay")
def stay() -> Response:
    """Another minute."""
    _terminal().keeper.feed(StayPressed())
    return make_response("", 204)


@pages.get("/speak")
def speak() -> str:
    """Whom to ask about what: people remain the first address."""
    terminal = _terminal()
    if isinstance(terminal.keeper.state, Idle | Leaving | Refused):
        welcome_guest(terminal)
    return render_template("kiosk/speak.html")


@pages.get("/-/pulse/<any(any, idle):screen>")
def pulse(screen: str) -> Response:
    """Whose turn it is now, and how long an untouched screen stays. See provisioning/web/static/kiosk.js."""
    terminal = _terminal()
    keeper = terminal.keeper
    state = keeper.feed(Touched()) if "touched" in request.args else keeper.state
    idle = screen == "idle" and isinstance(state, Idle)
    left_s = idle_left_s(state, keeper.now_s)
    return jsonify(
        epoch=_idle_epoch(terminal, state) if idle else keeper.epoch(state),
        screen=type(state).__name__,
        idle_left_s=None if left_s is None else round(left_s, 1),
        offline=terminal.is_hub_away,
    )


@pages.get("/picture/<sha256>.png")
def picture(sha256: str) -> Response:
    """A model's picture: public, and the same for ever under its hash."""
    png = _terminal().store.picture(sha256) if _SHA256.fullmatch(sha256) else None
    if png is None:
        raise NotFound
    return Response(png, mimetype="image/png")
