"""The week's readings for the director: which officer read whose log, how often, why, and who signed with whom."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from kiosk.hub.node import Hub
from kiosk.hub.office.reading import EARLIEST
from kiosk.hub.office.store import OfficeStore
from kiosk.hub.office.words import ACTIONS, word
from kiosk.services.desk import needs, officer
from provisioning.audit import AuditRecord
from provisioning.clock import iso, local_day

OFTEN_PERCENT = 30  # J4.F10: the same two people in more than this share of the signatures
ENOUGH = 5  # below so many signatures a share says nothing


@dataclass(frozen=True)
class Row:
    """What one officer looked at in the week."""

    name: str
    pages: int
    logs: int
    people: int


@dataclass(frozen=True)
class Pair:
    """Two officers who signed together; ``often`` when they are a large share of all."""

    by: str
    second: str
    act: str
    times: int
    often: bool


def reporting_pages(hub: Hub) -> Blueprint:
    """The page."""
    pages = Blueprint("reporting", __name__, url_prefix="/readings")
    store = OfficeStore(hub.store)

    @pages.get("/")
    @needs("access_report_viewed")
    def week() -> str:
        """One week, Monday to Sunday, to print; this week unless another is asked for."""
        monday = _monday(hub, request.args.get("monday", ""))
        zone = ZoneInfo(hub.node.site.timezone)
        from_utc, before_utc = (
            iso(datetime.combine(monday + timedelta(days=days), time(), zone)) for days in (0, 7)
        )
        logs = hub.trail.between(from_utc, before_utc, action="log_read")
        looks = hub.trail.between(from_utc, before_utc, action="person_viewed")
        names = {one.officer_id: one.name for one in hub.people.roster()}
        hub.trail.record(
            officer().officer_id, "access_report_viewed", hub.node.node_id, week=monday.isoformat()
        )
        return render_template(
            "log/week.html",
            monday=monday,
            sunday=monday + timedelta(days=6),
            before=monday - timedelta(days=7),
            after=monday + timedelta(days=7) if monday < _monday(hub, "") else None,
            rows=_rows(logs, looks, names),
            logs=logs,
            names=names,
            pairs=_pairs(store, names, from_utc, before_utc),
            now_utc=iso(hub.clock.now_utc()),
        )

    return pages


def _monday(hub: Hub, text: str) -> date:
    """The Monday of the week that holds a day; of this week when ``text`` is none, or lies in the future."""
    today = local_day(hub.clock, hub.node.site.timezone)
    try:
        day = max(EARLIEST, min(date.fromisoformat(text), today))
        return day - timedelta(days=day.weekday())
    except ValueError:
        return today - timedelta(days=today.weekday())


def _rows(logs: list[AuditRecord], looks: list[AuditRecord], names: dict[str, str]) -> list[Row]:
    """One row an officer, most logs first."""
    read, seen = Counter(one.actor for one in logs), Counter(one.actor for one in looks)
    people = {who: {one.subject for one in logs if one.actor == who} for who in read}
    rows = [
        Row(names.get(who, who), seen[who], read[who], len(people.get(who, ()))) for who in {*read, *seen}
    ]
    return sorted(rows, key=lambda row: (-row.logs, -row.pages, row.name))


def _pairs(store: OfficeStore, names: dict[str, str], from_utc: str, before_utc: str) -> list[Pair]:
    pairs = store.pairs(from_utc, before_utc)
    together: Counter[frozenset[str]] = Counter()
    for by, second, _act, times in pairs:
        together[frozenset((by, second))] += times
    total = together.total()
    return [
        Pair(
            names.get(by, by),
            names.get(second, second),
            word(ACTIONS, act),
            times,
            total >= ENOUGH and 100 * together[frozenset((by, second))] > OFTEN_PERCENT * total,
        )
        for by, second, act, times in pairs
    ]
