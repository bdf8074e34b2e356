"""The hub's web app: the back office for officers and the doors for other nodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, g, request, url_for

from kiosk.hub import sentences
from kiosk.hub.issuing.sentences import TRANSLATIONS as ISSUING_TRANSLATIONS
from kiosk.hub.issuing.sentences import register_sentences as register_issuing
from kiosk.hub.node import Hub
from kiosk.hub.office.account import account_pages
from kiosk.hub.office.agreement import agreement_pages
from kiosk.hub.office.cosigning import Cosigner
from kiosk.hub.office.desk import WARNING_S, Desk
from kiosk.hub.office.devices import devices_pages
from kiosk.hub.office.held import held_pages
from kiosk.hub.office.incidents import incident_pages
from kiosk.hub.office.issuing import issuing_pages
from kiosk.hub.office.log_words import detail_of
from kiosk.hub.office.people import people_pages
from kiosk.hub.office.policy import policy_pages
from kiosk.hub.office.proofs import Proofs
from kiosk.hub.office.reading import reading_pages
from kiosk.hub.office.refusals import refusal_pages
from kiosk.hub.office.reporting import reporting_pages
from kiosk.hub.office.sentences import register_sentences as register_office
from kiosk.hub.office.sheets import sheet_pages
from kiosk.hub.office.signing import signing_pages
from kiosk.hub.office.webkeys import may_use_keys
from kiosk.hub.office.words import ACTIONS, roles_in_words
from kiosk.hub.office.work import work_items, work_pages
from kiosk.policy import judge
from kiosk.policy.words import TRANSLATIONS as POLICY_TRANSLATIONS
from kiosk.policy.words import register_sentences as register_policy
from kiosk.services import catalogues
from kiosk.services.base import DeskLink
from kiosk.services.desk import needs, officer
from provisioning.web.app import create_app
from provisioning.web.locale import N_, gettext
from provisioning.web.node_api import node_api
from provisioning.web.shell import NavItem, add_check, keep_quiet, set_nav
from provisioning.web.trail import TrailDesk, trail_pages

HERE = Path(__file__).parent
UPLOAD_BYTES = 8 * 1024 * 1024  # a model sheet carries two pictures

LINKS = (
    DeskLink(N_("Work"), "work.queue", "list-check", "work_seen", 10),
    DeskLink(N_("People"), "people.every", "users", "person_viewed", 60),
    DeskLink(N_("Rules"), "policy.every", "shield-check", "policy_viewed", 65),
    DeskLink(N_("Refusals"), "refusals.every", "help-circle", "refusals_viewed", 66),
    DeskLink(N_("Agreement"), "agreement.every", "signature", "agreement_viewed", 67),
    DeskLink(N_("Incidents"), "incidents.every", "urgent", "incident_seen", 62),
    DeskLink(N_("Devices"), "devices.every", "device-desktop", "devices_viewed", 70),
    DeskLink(N_("Readings"), "reporting.week", "eye", "access_report_viewed", 75),
    DeskLink(N_("Audit"), "trail.latest", "history", "audit_viewed", 80),
)


def create_office(hub: Hub) -> Flask:
    """The whole web app of a hub.

    Raises:
        ConfigRefused: the credential ``session-secret`` is missing.
        Corrupt: a catalogue cannot be read.
    """
    sentences.register_sentences()
    register_office()
    register_policy()
    register_issuing()
    site = hub.node.site
    app = create_app(
        "hub",
        secret=hub.node.credential("session-secret"),
        catalogues=[HERE.parent / "translations", ISSUING_TRANSLATIONS, POLICY_TRANSLATIONS, *catalogues()],
        clock=hub.clock,
        ui="office",
        languages=site.languages,
        language_of=_language,
        templates=[HERE / "templates"],
        site_name=site.name,
        timezone=site.timezone,
        max_upload_bytes=UPLOAD_BYTES,
        secure_cookie=hub.node.listen.startswith("unix:"),
    )
    _furnish(app, hub)
    for service in hub.services:
        if (theirs := service.blueprint()) is not None:
            app.register_blueprint(cast(Blueprint, theirs))
    app.register_blueprint(node_api(hub.receiver))
    keep_quiet(app, "node_api.call", "node_api.inbox", "signing.seen")
    add_check(app, "store", hub.nodes.answers)
    set_nav(app, lambda: _nav(hub))
    return app


def _furnish(app: Flask, hub: Hub) -> None:
    """The desk that every request passes, and the office's own pages."""
    desk = Desk(hub)
    proofs = Proofs(hub, desk.store)
    cosigner = Cosigner(desk, proofs)
    app.before_request(lambda: setattr(g, "cosigning", cosigner))
    app.before_request(desk.admit)
    app.context_processor(_who)
    for pages in (
        signing_pages(desk, proofs),
        account_pages(desk, proofs),
        work_pages(hub),
        held_pages(hub),
        people_pages(hub),
        reading_pages(hub),
        reporting_pages(hub),
        policy_pages(hub),
        refusal_pages(hub),
        agreement_pages(hub),
        devices_pages(hub),
        issuing_pages(hub),
        sheet_pages(hub),
        incident_pages(hub),
        trail_pages(_trail_desk(hub), needs),
    ):
        app.register_blueprint(pages)


def _trail_desk(hub: Hub) -> TrailDesk:
    def name_of(actor: str) -> str | None:
        card = hub.people.officer(actor)
        return card.name if card else None

    def log_of(about: str) -> str | None:
        session = hub.sessions.fact(about)
        person = hub.people.resident(session.resident_id if session else about)
        return url_for("reading.log", resident_id=person.resident_id) if person else None

    return TrailDesk(
        hub.trail,
        hub.store.path,
        hub.key,
        lambda: officer().officer_id,
        name_of,
        ACTIONS,
        log_of,
        lambda: detail_of(hub),
    )


def _language() -> str | None:
    card = g.get("officer") or g.get("speaker")  # at a locked desk somebody is spoken to, and let in nowhere
    return card.language if card else None


def _who() -> dict[str, Any]:
    if "officer" not in g:
        return {"keys_work": may_use_keys()}
    return {
        "officer_name": g.officer.name,
        "officer_role": roles_in_words(g.officer.roles),
        "sign_out_url": url_for("signing.out"),
        "account_url": url_for("account.mine"),
        "keys_work": may_use_keys(),
        "desk_lock": {
            "after_s": g.desk_lock_s,
            "warning_s": WARNING_S,
            "who": g.officer.name,
            "again_url": url_for("signing.again"),
            "seen_url": url_for("signing.seen"),
            "lock_url": url_for("signing.lock"),
            "out_url": url_for("signing.out"),
            "key_url": url_for("signing.question", wanted="lock") if may_use_keys() else "",
        },
    }


def _nav(hub: Hub) -> Sequence[NavItem]:
    if "officer" not in g:
        return ()
    links = sorted(
        (*LINKS, *(link for one in hub.services for link in one.links)), key=lambda link: link.order
    )
    shown = [link for link in links if judge(link.action, g.officer.roles).allowed]
    urls = {link.endpoint: url_for(link.endpoint) for link in shown}
    here = max((url for url in urls.values() if _is_within(request.path, url)), key=len, default="")
    mine = sum(item.mine for item in work_items(hub))
    return [
        NavItem(
            gettext(link.word),
            urls[link.endpoint],
            link.icon,
            active=urls[link.endpoint] == here,
            count=mine if link.endpoint == "work.queue" else 0,
        )
        for link in shown
    ]


def _is_within(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))
