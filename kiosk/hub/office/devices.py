"""The site's nodes as the hub hears them: last contact, and what waits to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.node import Hub
from kiosk.hub.nodes.store import Queue
from kiosk.policy import judge
from kiosk.services.base import SessionFact
from kiosk.services.desk import needs, officer, sensitive, signed_by

ONLINE = timedelta(minutes=2)  # every node asks something at least once a minute


@dataclass(frozen=True)
class Device:
    """One node on the devices page."""

    node_id: str
    kind: str
    name: str
    state: str
    heard: datetime | None
    queue: Queue
    session: SessionFact | None
    out_utc: str = ""  # since when it is out of service; empty: it is not
    home_of: tuple[str, ...] = ()
    stands: bool = False  # the site knows where: it can go out of service


def devices_of(hub: Hub) -> list[Device]:
    """Every node this hub trusts, kiosks first."""
    kiosks, heard, queues = hub.people.kiosks(), hub.contacts.all(), hub.nodes.queues()
    here = {one.kiosk_id: one for one in hub.sessions.all_open()}
    now = hub.clock.now_utc()
    found = []
    for node_id in sorted(hub.keyring.keys):
        last = heard.get(node_id)
        found.append(
            Device(
                node_id=node_id,
                kind="farm" if node_id in hub.context.farms else "kiosk",
                name=kiosks[node_id].name if node_id in kiosks else node_id,
                state="online" if last and now - last <= ONLINE else "away",
                heard=last,
                queue=queues.get(node_id, Queue()),
                session=here.get(node_id),
                out_utc=kiosks[node_id].out_of_service_utc if node_id in kiosks else "",
                home_of=kiosks[node_id].home_of if node_id in kiosks else (),
                stands=node_id in kiosks,
            )
        )
    return sorted(found, key=lambda device: (device.kind != "kiosk", device.name))


def _end_there(hub: Hub, kiosk_id: str, by: str) -> None:
    """A kiosk that nobody trusts shows nobody's session any more."""
    for one in hub.sessions.all_open():
        if one.kiosk_id == kiosk_id and hub.sessions.let_end(one.session_id, "hub"):
            hub.trail.record(by, "session_end_ordered", one.session_id, kiosk=kiosk_id)


def devices_pages(hub: Hub) -> Blueprint:
    """The devices page."""
    pages = Blueprint("devices", __name__, url_prefix="/devices")

    @pages.get("/")
    @needs("devices_viewed")
    def every() -> str:
        """Every node, and how this hub itself is."""
        devices = devices_of(hub)
        return render_template(
            "devices/every.html",
            devices=devices,
            hub_id=hub.node.node_id,
            store_bytes=hub.store.path.stat().st_size,
            head=hub.trail.head(),
            people=hub.context.people,
            may_take_out=judge("kiosk_out_of_service", officer().roles).allowed,
        )

    @pages.post("/<kiosk_id>/service")
    @needs("kiosk_out_of_service")
    @sensitive("kiosk_out_of_service")
    def service(kiosk_id: str) -> Response:
        """Out of service, or back; a second press changes nothing."""
        if kiosk_id not in hub.people.kiosks():
            abort(404)
        is_out = request.form.get("out") == "yes"
        with hub.store.atomic():
            if hub.people.set_out_of_service(kiosk_id, is_out):
                who = officer().officer_id
                hub.trail.record(who, "kiosk_out_of_service", kiosk_id, out=is_out, **signed_by())
                if is_out:
                    _end_there(hub, kiosk_id, who)
        return redirect(url_for(".every"), 303)

    return pages
