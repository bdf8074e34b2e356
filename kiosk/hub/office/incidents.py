"""Incidents for the security officer: what was noticed, where, what was done by itself; settled with words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.incidents.store import Incident
from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import ADVICE, DONE, ICONS, INCIDENTS, KINDS, incident_word
from kiosk.hub.office.words import word
from kiosk.hub.people.store import Kiosk
from kiosk.policy import judge
from kiosk.services.base import OfficerCard, WorkItem
from kiosk.services.desk import needs, officer
from provisioning.clock import iso, parse_iso
from provisioning.errors import Refused
from provisioning.web.forms import text_field
from provisioning.web.locale import gettext
from provisioning.web.sentences import sentence_for

WORDS_MAX = 1000
LOOK_WITHIN = timedelta(minutes=15)  # a person may stand at that kiosk still
WORDS_LEAST = 10  # characters: "ok" tells nobody what was found


class WordsShort(Refused):
    """An incident is settled with a sentence, not with a letter."""

    code = "words_short"


class SettledBefore(Refused):
    """A colleague was faster; their words stand."""

    code = "incident_settled_before"


class AboutYou(Refused):
    """Nobody settles what was noticed about themselves."""

    code = "incident_own"


def incident_pages(hub: Hub) -> Blueprint:
    """The list, and one incident."""
    pages = Blueprint("incidents", __name__, url_prefix="/incidents")
    _looks(pages, hub)
    _settling(pages, hub)
    return pages


def _looks(pages: Blueprint, hub: Hub) -> None:
    @pages.get("/")
    @needs("incident_seen")
    def every() -> str:
        """Unsettled ones first; of one kind, or about one person, on wish."""
        kind, resident_id = request.args.get("kind", ""), request.args.get("person", "")
        found, kiosks = hub.incidents.latest(kind=kind, resident_id=resident_id), hub.people.kiosks()
        return render_template(
            "incidents/every.html",
            incidents=[(one, _words(hub, one, kiosks)) for one in found],
            kind=kind,
            person=resident_id,
            kinds=[("", gettext("Every kind")), *((name, gettext(INCIDENTS[name][0])) for name in INCIDENTS)],
            waiting=sum(not one.closed_utc for one in found),
        )

    @pages.get("/<incident_id>")
    @needs("incident_seen")
    def one(incident_id: str) -> str:
        """One incident."""
        return _page(hub, _found(hub, incident_id))


def _settling(pages: Blueprint, hub: Hub) -> None:
    @pages.post("/<incident_id>/settle")
    @needs("incident_settled")
    def settle(incident_id: str) -> Response:
        """Close it with words; they stay. Too few of them stay in the form."""
        found, who = _found(hub, incident_id), officer()
        words = text_field("words", max_length=WORDS_MAX, required=False)
        if len(words) < WORDS_LEAST and not found.closed_utc:
            return Response(
                _page(hub, found, words, WordsShort()), WordsShort.http_status, mimetype="text/html"
            )
        if found.is_about(who.officer_id):
            raise AboutYou
        with hub.store.atomic():
            if not hub.incidents.close(incident_id, who.officer_id, words):
                raise SettledBefore
            hub.trail.record(
                who.officer_id, "incident_settled", incident_id, kind=found.kind, person=found.resident_id
            )
        return redirect(url_for(".one", incident_id=incident_id), 303)


def _page(hub: Hub, found: Incident, typed: str = "", refusal: Refused | None = None) -> str:
    who = officer()
    return render_template(
        "incidents/one.html",
        one=found,
        words=_words(hub, found, hub.people.kiosks()),
        done=[gettext(words) for words in DONE.get(found.kind, ())],
        advice=gettext(ADVICE[found.kind]) if found.kind in ADVICE else "",
        timeline=_timeline(hub, found),
        may_settle=judge("incident_settled", who.roles).allowed and not found.is_about(who.officer_id),
        may_issue=judge("credential_issued", who.roles).allowed,
        words_max=WORDS_MAX,
        typed=typed,
        problem=sentence_for(refusal).text if refusal else "",
    )


def _found(hub: Hub, incident_id: str) -> Incident:
    found = hub.incidents.find(incident_id)
    if found is None:
        abort(404)
    return found


def _words(hub: Hub, one: Incident, kiosks: Mapping[str, Kiosk]) -> dict[str, Any]:

    def place(kiosk_id: object) -> str:
        return kiosks[str(kiosk_id)].name if kiosk_id in kiosks else str(kiosk_id or "")

    return {
        "kind": gettext(incident_word(one.kind)),
        "icon": INCIDENTS[one.kind][1] if one.kind in INCIDENTS else "alert-triangle",
        "who": hub.context.people.label(one.resident_id) if one.resident_id else "",
        "place": place(one.kiosk_id),
        "other_place": place(one.detail.get("other_kiosk")),
        "other_utc": str(one.detail.get("other_utc", "")),
        "what": word(KINDS, one.credential_kind) if one.credential_kind else "",
        "what_icon": ICONS.get(one.credential_kind, "id-badge-2"),
        "officer": _name(hub, str(one.detail["officer"])) if "officer" in one.detail else "",
        "closed_by": _name(hub, one.closed_by) if one.closed_by else "",
    }


def _timeline(hub: Hub, one: Incident) -> Sequence[dict[str, str]]:
    """What is known, in order of time."""
    words = _words(hub, one, hub.people.kiosks())
    steps: list[tuple[str, str, str]] = []
    if words["other_utc"]:
        said = gettext("Last used rightly at %(kiosk)s", kiosk=words["other_place"])
        steps.append((words["other_utc"], said, _counter(one, "expected")))
    if there := str(one.detail.get("there_utc", "")):
        steps.append(
            (there, gettext("Noticed at %(kiosk)s, which told the hub later", kiosk=words["place"]), "")
        )
    noticed = (
        gettext("Noticed at %(kiosk)s", kiosk=words["place"])
        if words["place"]
        else gettext("Noticed by the hub")
    )
    steps.append((one.at_utc, noticed, _counter(one, "counter")))
    if one.closed_utc:
        steps.append((one.closed_utc, gettext("Settled by %(name)s", name=words["closed_by"]), one.words))
    found: list[dict[str, str]] = [
        {"label": label, "is": "done", "when": at_utc, "note": note} for at_utc, label, note in sorted(steps)
    ]
    if not one.closed_utc:
        found.append({"label": gettext("Somebody settles it"), "is": "now", "when": "", "note": ""})
    return found


def _counter(one: Incident, name: str) -> str:
    if name not in one.detail:
        return ""
    return gettext("Counter %(number)s", number=one.detail[name])


def _name(hub: Hub, officer_id: str) -> str:
    card = hub.people.officer(officer_id)
    return card.name if card else officer_id


def waiting_incidents(hub: Hub, reader: OfficerCard) -> list[WorkItem]:
    """Unsettled incidents as items of the work queue, before everything that was promised for later."""
    if not judge("incident_seen", reader.roles).allowed:
        return []
    kiosks = hub.people.kiosks()  # once: this is drawn on every page
    return [
        WorkItem(
            service="",
            number=one.incident_id,
            what=gettext(incident_word(one.kind)),
            who=words["who"] or words["officer"],
            since_utc=one.at_utc,
            due_utc=iso(parse_iso(one.at_utc) + LOOK_WITHIN),
            url=url_for("incidents.one", incident_id=one.incident_id),
            mine=judge("incident_settled", reader.roles).allowed and not one.is_about(reader.officer_id),
            flags=tuple(filter(None, (words["place"],))),
            state=gettext("incident"),
        )
        for one in hub.incidents.unsettled()
        for words in (_words(hub, one, kiosks),)
    ]
