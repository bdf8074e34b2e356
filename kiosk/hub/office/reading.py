"""One person's log: the purpose is asked first, each reading is recorded and shown to the person (S04.5, J4.3)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.node import Hub
from kiosk.hub.office.log_words import detail_of
from kiosk.hub.office.store import OfficeStore, Purpose
from kiosk.hub.office.words import ACTIONS, word
from kiosk.hub.people.store import Resident
from kiosk.policy.roles import acting_role
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.audit import AuditRecord
from provisioning.clock import iso, local_day
from provisioning.errors import Refused
from provisioning.web.forms import text_field
from provisioning.web.locale import gettext, language
from provisioning.web.sentences import sentence_for

REMEMBERED = timedelta(minutes=15)
ALONE_DAYS = 30  # J4.3: more of one person's life takes a second person
RECENTLY = timedelta(days=7)  # thirty days bit by bit are thirty days
LONGEST_DAYS = 366
FIRST_DAYS = 7
EARLIEST = date(1970, 1, 1)  # where computers begin to count; a day in the year one has no midnight in UTC
SHORTEST, LONGEST, CASE_MAX = 5, 120, 40
MOST_RECORDS = 2000


class PurposeShort(Refused):
    """A purpose of fewer than five or more than 120 characters."""

    code = "purpose_short"


class PeriodWrong(Refused):
    """No period: it ends before it begins, lies in the future or is longer than a year."""

    code = "period_wrong"


@dataclass(frozen=True)
class Period:
    """Whole days at the site, both included."""

    first: date
    last: date

    def days(self) -> set[date]:
        """Each of them."""
        return {self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)}

    def is_within(self, said: Purpose) -> bool:
        """Whether the officer said that they would read these days."""
        return said.from_day <= self.first.isoformat() and self.last.isoformat() <= said.to_day

    def bounds(self, zone: ZoneInfo) -> tuple[str, str]:
        """The first instant of it and the first one after."""
        first = datetime.combine(self.first, time(), zone)
        return iso(first), iso(datetime.combine(self.last + timedelta(days=1), time(), zone))


def reading_pages(hub: Hub) -> Blueprint:
    """The pages."""
    pages = Blueprint("reading", __name__, url_prefix="/people")
    store = OfficeStore(hub.store)

    @pages.get("/<resident_id>/log")
    @needs("log_read")
    def log(resident_id: str) -> str:
        """The log, for the purpose that was said; without one, the question for it."""
        person = _known(hub, resident_id)
        since = iso(hub.clock.now_utc() - REMEMBERED)
        said = store.purpose(session["desk"], resident_id, since)
        try:
            period = _period(hub, request.args)
        except PeriodWrong as wrong:
            return _ask(hub, person, wrong)
        if said is None or not period.is_within(said) or (not said.second and _is_too_far(hub, period)):
            return _ask(hub, person)
        return _log_page(hub, person, said, period)

    @pages.post("/<resident_id>/log")
    @needs("log_read")
    @sensitive("log_read_far", when=lambda: _is_far(hub))
    def say(resident_id: str) -> AnyResponse:
        """Keep why; for more than thirty days a colleague has signed by now."""
        person = _known(hub, resident_id)
        try:
            said = _said(hub)
        except Refused as refusal:
            return Response(_ask(hub, person, refusal), refusal.http_status)
        store.keep_purpose(session["desk"], resident_id, said)
        return redirect(url_for(".log", resident_id=resident_id, first=said.from_day, last=said.to_day), 303)

    return pages


def _known(hub: Hub, resident_id: str) -> Resident:
    person = hub.people.resident(resident_id)
    if person is None:
        abort(404)
    return person


# --- why, and which days -----------------------------------------------------------------------------------


def _period(hub: Hub, fields: Any) -> Period:
    """The days of a form or an address; a week when it names none.

    Raises:
        PeriodWrong: they are none.
    """
    today = local_day(hub.clock, hub.node.site.timezone)
    try:
        last = date.fromisoformat(fields.get("last") or today.isoformat())
        first = date.fromisoformat(fields.get("first") or (last - timedelta(days=FIRST_DAYS - 1)).isoformat())
    except (ValueError, OverflowError) as error:
        raise PeriodWrong from error
    if not EARLIEST <= first <= last <= today or (last - first).days >= LONGEST_DAYS:
        raise PeriodWrong
    return Period(first, last)


def _said(hub: Hub) -> Purpose:
    """The form. Raises PurposeShort, PeriodWrong."""
    purpose = text_field("purpose", max_length=1000, required=False)
    if not SHORTEST <= len(purpose) <= LONGEST:
        raise PurposeShort
    period = _period(hub, request.form)
    return Purpose(
        purpose=purpose,
        case_number=text_field("case_number", max_length=CASE_MAX, required=False),
        from_day=period.first.isoformat(),
        to_day=period.last.isoformat(),
        second=signed_by().get("second", ""),
        at_utc=iso(hub.clock.now_utc()),
    )


def _is_far(hub: Hub) -> bool:
    """Whether the days asked for, with those that this officer read alone lately, are more than thirty."""
    try:
        period = _period(hub, request.form)
    except PeriodWrong:
        return False  # the page itself says so
    return _is_too_far(hub, period)


def _is_too_far(hub: Hub, period: Period) -> bool:
    """As they stand now: the officer may have said a purpose at two desks, and read at the other one since."""
    resident_id = str((request.view_args or {})["resident_id"])
    return len(period.days() | _read_alone(hub, resident_id)) > ALONE_DAYS


def _read_alone(hub: Hub, resident_id: str) -> set[date]:
    now = hub.clock.now_utc()
    records = hub.trail.between(iso(now - RECENTLY), "9", names=[resident_id], action="log_read")
    found: set[date] = set()
    for one in records:
        if one.actor == officer().officer_id and not one.detail.get("second"):
            first, last = (date.fromisoformat(str(one.detail[name])) for name in ("first", "last"))
            found |= Period(first, last).days()
    return found


def _ask(hub: Hub, person: Resident, refusal: Refused | None = None) -> str:
    """The question; what was typed stays."""
    today = local_day(hub.clock, hub.node.site.timezone)
    fields = request.form or request.args
    return render_template(
        "log/purpose.html",
        person=person,
        purpose=fields.get("purpose", ""),
        case_number=fields.get("case_number", ""),
        first=fields.get("first") or (today - timedelta(days=FIRST_DAYS - 1)).isoformat(),
        last=fields.get("last") or today.isoformat(),
        today=today.isoformat(),
        shortest=SHORTEST,
        longest=LONGEST,
        case_max=CASE_MAX,
        alone_days=ALONE_DAYS,
        problem=sentence_for(refusal) if refusal else None,
    )


# --- reading -------------------------------------------------------------------------------------------------


def _log_page(hub: Hub, person: Resident, said: Purpose, period: Period) -> str:
    """Record the reading, then read: a look that cannot be recorded does not happen."""
    kind, who = request.args.get("kind", ""), officer()
    hub.trail.record(
        who.officer_id,
        "log_read",
        person.resident_id,
        purpose=said.purpose,
        case=said.case_number,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        kind=kind,
        role=acting_role("log_read", who.roles),
        **({"second": said.second} if said.second else {}),
    )
    from_utc, before_utc = period.bounds(ZoneInfo(hub.node.site.timezone))
    names = _names_of(hub, person.resident_id)
    every = hub.trail.between(from_utc, before_utc, names=names, limit=MOST_RECORDS)
    officers = {one.officer_id: one.name for one in hub.people.roster()}
    return render_template(
        "log/log.html",
        person=person,
        said=said,
        second=officers.get(said.second, said.second),
        period=period,
        kind=kind,
        kinds=[("", gettext("Everything")), *((one, word(ACTIONS, one)) for one in _kinds(every))],
        records=[one for one in every if kind in {"", one.action}],
        is_cut=len(every) == MOST_RECORDS,
        is_theirs=lambda record: record.actor == person.resident_id,
        officers=officers,
        happened=lambda code: word(ACTIONS, code),
        detail=detail_of(hub),
        now_utc=iso(hub.clock.now_utc()),
    )


def _kinds(records: list[AuditRecord]) -> list[str]:
    return sorted({one.action for one in records})


def _names_of(hub: Hub, resident_id: str) -> list[str]:
    """Under what the person appears in the trail: their number, their sessions, their requests."""
    sessions = [one.session_id for one in hub.sessions.latest_of(resident_id, 2000)]
    views = [view for one in hub.services for view in one.request_views(resident_id, language())]
    return [resident_id, *sessions, *(view.number for view in views)]
