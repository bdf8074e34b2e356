"""Held orders: what was asked under an emergency code, by session; the security officer releases or drops each."""

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from kiosk.hub.node import Hub
from kiosk.hub.office.incidents import LOOK_WITHIN
from kiosk.policy import judge
from kiosk.services.base import HeldOrder, OfficerCard, SessionFact, WorkItem
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.clock import iso, parse_iso
from provisioning.errors import Refused
from provisioning.web.locale import gettext, language

# A colleague was faster, or the button was pressed twice: the page shows what is.
HARMLESS = frozenset({"not_held", "request_unknown"})


@dataclass(frozen=True)
class HeldSession:
    """One held session with what was ordered in it."""

    session: SessionFact | None
    who: str
    resident_id: str
    kiosk: str
    incident_id: str
    orders: tuple[HeldOrder, ...]


def held_pages(hub: Hub) -> Blueprint:
    """The list, and what is done about one order."""
    pages = Blueprint("held", __name__, url_prefix="/held")

    @pages.get("/")
    @needs("hold_released")
    def every() -> str:
        """What waits, the oldest session first. Looking at it is recorded."""
        found = _sessions(hub)
        hub.trail.record(
            officer().officer_id, "held_viewed", "held", orders=sum(len(one.orders) for one in found)
        )
        tiles = {one.tile.name: one.tile for one in hub.services}
        return render_template("held/every.html", found=found, tiles=tiles)

    @pages.post("/<service>/<number>/release")
    @needs("hold_released")
    @sensitive("hold_released")
    def release(service: str, number: str) -> Response:
        """It goes on to the officers who decide."""
        return _settle(hub, service, number, release=True)

    @pages.post("/<service>/<number>/drop")
    @needs("hold_released")
    @sensitive("hold_released")
    def drop(service: str, number: str) -> Response:
        """It is refused, with a sentence that says nothing of the reason."""
        return _settle(hub, service, number, release=False)

    return pages


def _settle(hub: Hub, service: str, number: str, *, release: bool) -> Response:
    found = next((one for one in hub.services if one.tile.name == service), None) or abort(404)
    try:
        found.settle_held(number, officer(), release=release, **signed_by())
    except Refused as refusal:
        if refusal.reason not in HARMLESS:
            raise
    hub.nudge()
    return redirect(url_for("held.every"), 303)


def held_orders(hub: Hub) -> list[HeldOrder]:
    """Everything that is held, of every service, oldest first."""
    found = [order for service in hub.services for order in service.held_orders(language())]
    return sorted(found, key=lambda order: order.since_utc)


def _sessions(hub: Hub) -> list[HeldSession]:
    by_session: dict[str, list[HeldOrder]] = {}
    for order in held_orders(hub):
        by_session.setdefault(order.session_id, []).append(order)
    return [_session(hub, session_id, orders) for session_id, orders in by_session.items()]


def _session(hub: Hub, session_id: str, orders: list[HeldOrder]) -> HeldSession:
    session, kiosks = hub.sessions.fact(session_id), hub.people.kiosks()
    kiosk_id = session.kiosk_id if session else ""
    return HeldSession(
        session=session,
        who=hub.context.people.label(orders[0].resident_id),
        resident_id=orders[0].resident_id,
        kiosk=kiosks[kiosk_id].name if kiosk_id in kiosks else kiosk_id,
        incident_id=_incident_of(hub, session_id, orders[0].resident_id),
        orders=tuple(orders),
    )


def _incident_of(hub: Hub, session_id: str, resident_id: str) -> str:
    found = hub.incidents.latest(kind="duress", resident_id=resident_id)
    return next((one.incident_id for one in found if one.detail.get("session") == session_id), "")


def waiting_held(hub: Hub, reader: OfficerCard) -> list[WorkItem]:
    """Held orders in the queue of those who may settle them, to be looked at as soon as their incident."""
    if not judge("hold_released", reader.roles).allowed:
        return []
    return [
        WorkItem(
            service=order.service,
            number=order.number,
            what=order.what,
            who=hub.context.people.label(order.resident_id),
            since_utc=order.since_utc,
            due_utc=iso(parse_iso(order.since_utc) + LOOK_WITHIN),
            url=url_for("held.every"),
            mine=True,
            state=gettext("Held"),
        )
        for order in held_orders(hub)
    ]
