"""The audit trail for those who may read it: newest first, filtered, and verified at the press of a button."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from kiosk.hub.node import Hub
from kiosk.hub.office.words import ACTIONS, FLAWS, word
from kiosk.services.desk import needs, officer
from provisioning.audit import AuditRecord, Flaw
from provisioning.audit.trail import verify_trail
from provisioning.web.locale import gettext

PAGE = 50


@dataclass(frozen=True)
class Verified:
    """What verifying found: the first bad record, or the head of a whole trail."""

    flaw: Flaw | None
    head: tuple[int, str]


def trail_pages(hub: Hub) -> Blueprint:
    """The audit pages."""
    pages = Blueprint("trail", __name__, url_prefix="/audit")

    @pages.get("/")
    @needs("audit_viewed")
    def latest() -> str:
        """Records, newest first."""
        return _page(hub, None)

    @pages.post("/verify")
    @needs("audit_viewed")
    def verify() -> str:
        """Read the whole trail from the file and say which record is the first bad one, if any."""
        head = hub.trail.head()
        flaw = verify_trail(hub.store.path, hub.node.node_id, hub.key.key.public_key(), head)
        hub.trail.record(officer().officer_id, "audit_verified", hub.node.node_id, whole=flaw is None)
        return _page(hub, Verified(flaw, head))

    return pages


def _page(hub: Hub, verified: Verified | None) -> str:
    action, about = request.args.get("action", ""), request.args.get("about", "").strip()
    before = request.args.get("before", "")
    records = hub.trail.latest(
        PAGE + 1, int(before) if before.isascii() and before.isdigit() else None, action=action, about=about
    )
    return render_template(
        "trail/latest.html",
        records=records[:PAGE],
        older=records[PAGE - 1].seq if len(records) > PAGE else None,
        action=action,
        about=about,
        before=before,
        action_choices=[
            ("", gettext("Everything")),
            *((one, word(ACTIONS, one)) for one in hub.trail.actions()),
        ],
        names=_names(hub, records),
        detail=_detail,
        verified=verified,
        flaws=lambda code: word(FLAWS, code),
        happened=lambda code: word(ACTIONS, code),
    )


def _names(hub: Hub, records: list[AuditRecord]) -> dict[str, str]:
    """Officers by name; residents stay numbers here, their names are one recorded look away."""
    officers = {record.actor: hub.people.officer(record.actor) for record in records}
    return {actor: card.name for actor, card in officers.items() if card}


def _detail(record: AuditRecord) -> str:
    """The detail in one line; a digest by its first twelve digits, which is how people compare them."""
    return ", ".join(f"{key.replace('_', ' ')} {_short(value)}" for key, value in record.detail.items())


def _short(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value)
    return text[:12] + "…" if len(text) > 40 else text
