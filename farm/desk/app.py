"""The farm's web app: the workshop staff's pages and the doors for other nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from flask import Blueprint, Flask, g, request, url_for

from farm.desk import sentences
from farm.desk.floor_pages import floor_pages
from farm.desk.guard import may, needs, officer
from farm.desk.model_pages import model_pages
from farm.desk.node import Desk
from farm.desk.part_pages import part_pages
from farm.desk.printer_pages import printer_pages
from farm.desk.queue_pages import queue_pages
from farm.desk.reel_pages import reel_pages
from farm.desk.signing import Signing, signing_pages
from farm.desk.words import ACTIONS, roles_in_words
from farm.queue.rules import WAITING
from provisioning.web.app import create_app
from provisioning.web.locale import N_, gettext
from provisioning.web.node_api import node_api
from provisioning.web.shell import NavItem, add_check, keep_quiet, set_nav
from provisioning.web.trail import TrailDesk, trail_pages

HERE = Path(__file__).parent
# a G-code file of 50 MB with its STL is refused by the file's own limit, in words
UPLOAD_BYTES = 56 * 1024 * 1024

LINKS = (
    (N_("Farm"), "floor.page", "printer-3d", "farm_seen"),
    (N_("Queue"), "jobs.page", "list", "farm_seen"),
    (N_("Parts"), "parts.every", "package", "farm_seen"),
    (N_("Models"), "models.every", "cube", "farm_seen"),
    (N_("Reels"), "reels.every", "reel", "farm_seen"),
    (N_("Audit"), "trail.latest", "history", "audit_viewed"),
)


def create_desk(desk: Desk) -> Flask:
    """The whole web app of a farm node.

    Raises:
        ConfigRefused: the credential ``session-secret`` is missing.
        Corrupt: a catalogue cannot be read.
    """
    sentences.register_sentences()
    site, signing = desk.node.site, Signing(desk)
    app = create_app(
        "farm",
        secret=desk.node.credential("session-secret"),
        catalogues=[HERE.parent / "gcode" / "translations", HERE / "translations"],
        clock=desk.clock,
        ui="office",
        languages=[one for one in site.languages if one != "ar"] or site.languages,
        language_of=lambda: _language(signing),
        templates=[HERE / "templates"],
        site_name=site.name,
        timezone=site.timezone,
        max_upload_bytes=UPLOAD_BYTES,
        secure_cookie=desk.node.listen.startswith("unix:"),
    )
    app.before_request(signing.admit)
    app.context_processor(_who)
    app.register_blueprint(
        Blueprint("desk", __name__, static_folder="static", static_url_path="/desk-static")
    )
    for pages in (
        signing_pages(desk, signing),
        floor_pages(desk),
        printer_pages(desk),
        queue_pages(desk),
        model_pages(desk, signing.find),
        part_pages(desk),
        reel_pages(desk),
        trail_pages(_trail_desk(desk), needs),
        node_api(desk.receiver),
    ):
        app.register_blueprint(pages)
    app.jinja_env.globals["desk_asset"] = desk_asset
    app.jinja_env.filters["zip_self"] = lambda values: [(value, value) for value in values]
    keep_quiet(
        app, "node_api.call", "node_api.inbox", "desk.static", "floor.live", "floor.temperatures", "floor.state",
        "jobs.live", "printers.live", "parts.scale", "parts.badge",
    )  # fmt: skip
    add_check(app, "floor", lambda: not desk.floor.failed.is_set())
    add_check(app, "spooler", lambda: not desk.spooler.failed.is_set())
    set_nav(app, lambda: _nav(desk))
    return app


def desk_asset(file: str) -> str:
    """The address of a file under ``farm/desk/static``; changed content gets a new one."""
    mark = hashlib.sha256((HERE / "static" / file).read_bytes()).hexdigest()[:8]
    return url_for("desk.static", filename=file, v=mark)


def _trail_desk(desk: Desk) -> TrailDesk:
    def name_of(actor: str) -> str | None:
        found = desk.own.officer(actor)
        return found.name if found else None

    return TrailDesk(desk.trail, desk.store.path, desk.key, lambda: officer().officer_id, name_of, ACTIONS)


def _language(signing: Signing) -> str | None:
    """The officer's language, also on pages that end before anyone was asked for (a body that is too large)."""
    return g.officer.language if "officer" in g or signing.find() else None


def _who() -> dict[str, str]:
    if "officer" not in g:
        return {}
    return {
        "officer_name": g.officer.name,
        "officer_role": roles_in_words(g.officer.roles),
        "sign_out_url": url_for("signing.out"),
    }


def _nav(desk: Desk) -> Sequence[NavItem]:
    if "officer" not in g:
        return ()
    counts = {
        "jobs.page": len(desk.queue.jobs_in(*WAITING)),
        "parts.every": len(desk.queue.jobs_in("printed")) + len(desk.workshop.parts_waiting()),
    }
    shown = [(word, endpoint, icon) for word, endpoint, icon, action in LINKS if may(action)]
    urls = {endpoint: url_for(endpoint) for _, endpoint, _ in shown}
    here = max((url for url in urls.values() if _is_within(request.path, url)), key=len, default="")
    return [
        NavItem(gettext(word), urls[endpoint], icon, urls[endpoint] == here, counts.get(endpoint, 0))
        for word, endpoint, icon in shown
    ]


def _is_within(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))
