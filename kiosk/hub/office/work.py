"""The work queue: what waits for officers, from every service, the most urgent first."""

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, g, render_template, request

from kiosk.hub.node import Hub
from kiosk.hub.office.agreement import waiting_agreement
from kiosk.hub.office.held import waiting_held
from kiosk.hub.office.incidents import waiting_incidents
from kiosk.hub.office.issuing import waiting_issues
from kiosk.hub.office.policy import waiting_draft
from kiosk.services.base import WorkItem
from kiosk.services.desk import needs
from provisioning.clock import iso
from provisioning.web.locale import gettext


def work_items(hub: Hub) -> list[WorkItem]:
    """Everything that waits, the earliest promise first; asked once per request."""
    if "work_items" not in g:
        found = [item for service in hub.services for item in service.work_items(g.officer)]
        found += waiting_incidents(hub, g.officer) + waiting_issues(hub, g.officer)
        found += waiting_draft(hub, g.officer) + waiting_held(hub, g.officer)
        found += waiting_agreement(hub, g.officer)
        g.work_items = sorted(found, key=lambda item: (item.due_utc or "9", item.since_utc))
    return cast(list[WorkItem], g.work_items)


@dataclass(frozen=True)
class Choice:
    """One way to look at the queue."""

    label: str
    url: str
    active: bool
    count: int


def work_pages(hub: Hub) -> Blueprint:
    """The queue, at the front door of the back office."""
    pages = Blueprint("work", __name__)

    @pages.get("/")
    @needs("work_seen")
    def queue() -> str:
        """What waits: mine first, everything on wish."""
        items = work_items(hub)
        everyone = request.args.get("whose") == "all"
        service = request.args.get("service", "")
        mine = [item for item in items if item.mine]
        base = items if everyone else mine
        shown = [item for item in base if service in {"", item.service}]
        now = iso(hub.clock.now_utc())
        return render_template(
            "work/queue.html",
            items=shown,
            now=now,
            everyone=everyone,
            service=service,
            whose=_whose(items, mine, everyone, service),
            services=_services(hub, base, everyone, service),
            late=sum(bool(item.due_utc) and item.due_utc < now for item in mine),
            mine=len(mine),
            all=len(items),
            sessions=len(hub.sessions.all_open()),
        )

    return pages


def _whose(items: list[WorkItem], mine: list[WorkItem], everyone: bool, service: str) -> list[Choice]:
    return [
        Choice(gettext("For me"), _url(False, service), not everyone, len(mine)),
        Choice(gettext("For everyone"), _url(True, service), everyone, len(items)),
    ]


def _services(hub: Hub, base: list[WorkItem], everyone: bool, chosen: str) -> list[Choice]:
    names = {one.tile.name: one.tile.word for one in hub.services}
    used = [name for name in names if any(item.service == name for item in base)]
    if len(used) < 2 and not chosen:
        return []
    every = Choice(gettext("Every service"), _url(everyone, ""), not chosen, len(base))
    return [
        every,
        *(
            Choice(
                gettext(names[name]),
                _url(everyone, name),
                chosen == name,
                sum(item.service == name for item in base),
            )
            for name in used
        ),
    ]


def _url(everyone: bool, service: str) -> str:
    words = (["whose=all"] if everyone else []) + ([f"service={service}"] if service else [])
    return "/" + ("?" + "&".join(words) if words else "")
