"""``/-/patterns``: every component in every state, and sample screens, in both looks and all languages."""

from flask import Response, abort, jsonify, make_response, render_template, request

from provisioning.clock import iso_after
from provisioning.web.locale import LANGUAGES, gettext, use_language
from provisioning.web.sentences import registered, sentence_for
from provisioning.web.shell import NavItem, shell_of
from provisioning.web.states import STATES

SCREENS = {
    "kiosk": (
        "parts",
        "touch",
        "pin",
        "pictures",
        "menu",
        "full",
        "choose",
        "confirm",
        "requests",
        "status",
        "idle",
        "failure",
    ),
    "office": (
        "parts",
        "queue",
        "review",
        "desk",
        "empty",
        "signin",
        "lock",
        "failure",
        "sentences",
        "icons",
    ),
}


def patterns_page() -> Response:
    """One screen of the collection: ``?ui=kiosk|office&screen=<name>&lang=<code>``."""
    ui = request.args.get("ui", shell_of().ui)
    screen = request.args.get("screen", "parts")
    if screen not in SCREENS.get(ui, ()):
        abort(404)
    use_language(request.args.get("lang"))
    return make_response(render_template(f"patterns/{ui}_{screen}.html", **_samples(ui, screen)))


def sample_chart() -> Response:
    """A heating nozzle, for the chart on the patterns page."""
    use_language(request.args.get("lang"))
    seconds = list(range(0, 300, 5))
    values = [round(min(215.0, 24 + second * 1.6), 1) for second in seconds]
    series = [
        {"label": gettext("Nozzle"), "values": values},
        {"label": gettext("Wanted"), "values": [215] * len(seconds)},
    ]
    return jsonify(x=[1_790_000_000 + second for second in seconds], series=series)


def _samples(ui: str, screen: str) -> dict[str, object]:
    """What the sample screens show; nobody in it exists."""
    clock = shell_of().clock
    common: dict[str, object] = {
        "pattern_ui": ui,
        "pattern_screen": screen,
        "pattern_screens": SCREENS,
        "pattern_languages": LANGUAGES,
        "states": STATES,
        "codes": sorted(registered()),
        "sentence_for": sentence_for,
        "now_utc": iso_after(clock, 0),
        "earlier_utc": iso_after(clock, -86_400),
        "sentence": sentence_for("unavailable"),
        "status": 503,
        "number": "",
    }
    if ui == "kiosk":
        signed_in = screen not in {"touch", "pin", "pictures"}
        who = (
            {"greeting": gettext("Hello %(name)s", name="Amina"), "stop_url": "/-/patterns"}
            if signed_in
            else {}
        )
        return {**common, **who, "speak_url": "#speak", "offline": screen in {"requests", "full"}}
    return {
        **common,
        "officer_name": "L. Peeters",
        "officer_role": gettext("Workshop"),
        "sign_out_url": "/-/patterns",
        "account_url": "/-/patterns",
        "nav_items": _nav(screen),
        "desk_lock": _lock() if screen == "lock" else None,
    }


def _lock() -> dict[str, object]:
    urls = dict.fromkeys(("again_url", "seen_url", "lock_url", "out_url", "key_url"), "/-/patterns")
    return {**urls, "after_s": 600, "warning_s": 10, "who": "L. Peeters", "shown": True}


def _nav(screen: str) -> list[NavItem]:
    if screen == "signin":
        return []
    entries = (
        ("queue", gettext("To decide"), "list-check", 4),
        ("review", gettext("Models"), "cube-3d-sphere", 1),
        ("desk", gettext("Farm"), "printer-3d", 0),
        ("empty", gettext("Residents"), "users", 0),
        ("parts", gettext("Components"), "palette", 0),
    )
    return [
        NavItem(label, f"?ui=office&screen={name}", icon, name == screen, count)
        for name, label, icon, count in entries
    ]
