"""The site's nodes as the hub hears them: last contact, and what waits to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template

from kiosk.hub.node import Hub
from kiosk.hub.nodes.store import Queue
from kiosk.services.base import SessionFact
from kiosk.services.desk import needs

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
            )
        )
    return sorted(found, key=lambda device: (device.kind != "kiosk", device.name))


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
        )

    return pages
