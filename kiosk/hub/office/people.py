"""Residents: search, one person's page, ending a session. Each look at a person is recorded."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.node import Hub
from kiosk.hub.office.agreement import agreement_words
from kiosk.hub.office.credentials import credential_acts, credential_words
from kiosk.hub.office.standing import standing_acts, standing_words
from kiosk.hub.office.words import MOVES, SESSION_ENDS, word
from kiosk.hub.people.store import Resident
from kiosk.policy import judge
from kiosk.policy.roles import acting_role
from kiosk.services.desk import needs, officer
from provisioning.contracts import RequestView
from provisioning.web.locale import gettext, language


def people_pages(hub: Hub) -> Blueprint:
    """The pages about residents."""
    pages = Blueprint("people", __name__, url_prefix="/people")
    _looks(pages, hub)
    _acts(pages, hub)
    standing_acts(pages, hub)
    credential_acts(pages, hub)
    return pages


def _looks(pages: Blueprint, hub: Hub) -> None:
    @pages.get("/")
    @needs("person_viewed")
    def every() -> str:
        """Find a resident by name, number or wing."""
        words, wing = request.args.get("words", "").strip(), request.args.get("wing", "")
        where = {one.resident_id: one.kiosk_id for one in hub.sessions.all_open()}
        return render_template(
            "people/every.html",
            residents=hub.people.find_residents(words, wing),
            words=words,
            wing=wing,
            wing_choices=[("", gettext("Every wing")), *((one, one) for one in hub.node.site.wings)],
            where=where,
            kiosks=hub.people.kiosks(),
            blocked=hub.credentials.blocked_residents(),
        )

    @pages.get("/<resident_id>")
    @needs("person_viewed")
    def one(resident_id: str) -> str:
        """One person: badge, session, money, requests. That it was looked at is recorded."""
        person = _known(hub, resident_id)
        who = officer()
        role = acting_role("person_viewed", who.roles)
        hub.trail.record(who.officer_id, "person_viewed", resident_id, role=role)
        return _person_page(hub, person)


def _acts(pages: Blueprint, hub: Hub) -> None:
    @pages.post("/<resident_id>/sessions/<session_id>/end")
    @needs("session_ended")
    def end(resident_id: str, session_id: str) -> Response:
        """End a session from here; the kiosk learns it when it next asks."""
        _known(hub, resident_id)
        _end(hub, resident_id, session_id)
        return redirect(url_for(".one", resident_id=resident_id), 303)


def _known(hub: Hub, resident_id: str) -> Resident:
    person = hub.people.resident(resident_id)
    if person is None:
        abort(404)
    return person


def _end(hub: Hub, resident_id: str, session_id: str) -> None:
    fact = hub.sessions.fact(session_id)
    if fact is None or fact.resident_id != resident_id:
        abort(404)
    with hub.store.atomic():
        if hub.sessions.let_end(session_id, "hub"):
            hub.trail.record(officer().officer_id, "session_end_ordered", session_id, kiosk=fact.kiosk_id)


def _person_page(hub: Hub, person: Resident) -> str:
    roles = officer().roles
    open_now = [one for one in hub.sessions.all_open() if one.resident_id == person.resident_id]
    views = [
        (view, url_for(one.request_page, number=view.number) if one.request_page else "")
        for one in hub.services
        for view in one.request_views(person.resident_id, language())
    ]
    return render_template(
        "people/one.html",
        person=person,
        open_now=open_now,
        sessions=[
            (fact, hub.sessions.why_ended(fact.session_id))
            for fact in hub.sessions.latest_of(person.resident_id)
        ],
        ends=lambda code: word(SESSION_ENDS, code),
        kiosks=hub.people.kiosks(),
        balance_cents=hub.ledger.balance_cents(person.resident_id),
        lines=hub.ledger.statement(person.resident_id),
        moves=lambda code: word(MOVES, code),
        requests=sorted(views, key=_begun, reverse=True),
        tiles={one.tile.name: one.tile for one in hub.services},
        **standing_words(hub, person),
        **credential_words(hub, person),
        **agreement_words(hub, person),
        may_end=judge("session_ended", roles).allowed,
        may_read_log=judge("log_read", roles).allowed,
    )


def _begun(shown: tuple[RequestView, str]) -> str:
    view, _ = shown
    return view.steps[0].at_utc if view.steps else ""
