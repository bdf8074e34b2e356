"""Giving out a badge, stick or key from the back office: the order, the second signature, what happens at the kiosk."""

from contextlib import suppress
from typing import Any, cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.credentials.store import Credential
from kiosk.hub.issuing.issuing import wanted
from kiosk.hub.issuing.rules import AlreadyCarries, Issue, IssueOver, check_order
from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import ICONS, KINDS
from kiosk.hub.office.words import word
from kiosk.hub.people.store import Resident
from kiosk.policy import judge
from kiosk.services.base import OfficerCard, WorkItem
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.clock import iso
from provisioning.contracts import CredentialKind
from provisioning.web.forms import FieldMissing
from provisioning.web.locale import gettext
from provisioning.web.sentences import Sentence, registered, sentence_for

TEMPORARY = "temporary"


def issuing_pages(hub: Hub) -> Blueprint:
    """The order's form and its page."""
    pages = Blueprint("issuing", __name__)
    _ordering(pages, hub)
    _following(pages, hub)
    return pages


def _ordering(pages: Blueprint, hub: Hub) -> None:
    @pages.get("/people/<resident_id>/give-out")
    @needs("credential_issued")
    def form(resident_id: str) -> str:
        """Which kind, at which kiosk, and who signs with me."""
        return _form(hub, _known(hub, resident_id))

    @pages.post("/people/<resident_id>/give-out")
    @needs("credential_issued")
    @sensitive("credential_issued", when=lambda: request.form.get("signer") != "desk")
    def order(resident_id: str) -> Response:
        """Begin it; with ``replaces`` the old one is blocked in the same moment. A second press begins nothing."""
        person, what, kiosk_id = (
            _known(hub, resident_id),
            request.form.get("what", ""),
            request.form.get("kiosk", ""),
        )
        kind = "badge" if what == TEMPORARY else what
        if kind not in KINDS or kiosk_id not in hub.people.kiosks():
            raise FieldMissing(field="what")
        who = officer().officer_id
        one = wanted(
            cast(CredentialKind, kind),
            person.resident_id,
            kiosk_id,
            who,
            second=signed_by().get("second", ""),
            temporary=what == TEMPORARY,
            erase=kind == "stick" and request.form.get("erase") == "yes",
        )
        with hub.store.atomic():
            if old := _replaced(hub, person):
                hub.issuing.blocking.block(old, "replaced", who, **signed_by())
            begun = hub.issuing.order(one)
        return redirect(url_for(".one", issue_id=begun.issue_id), 303)


def _following(pages: Blueprint, hub: Hub) -> None:
    @pages.get("/issues/<issue_id>")
    @needs("credential_issued")
    def one(issue_id: str) -> str:
        """What happens, step by step."""
        return render_template("issuing/one.html", **_words(hub, _found(hub, issue_id)))

    @pages.get("/issues/<issue_id>/progress")
    @needs("credential_issued")
    def progress(issue_id: str) -> str:
        """The part of the page that changes; asked each second while there is something to wait for."""
        return render_template("issuing/progress.html", **_words(hub, _found(hub, issue_id)))

    @pages.post("/issues/<issue_id>/sign")
    @needs("credential_issued")
    def sign(issue_id: str) -> Response:
        """The second person, at their own desk."""
        hub.issuing.sign(_found(hub, issue_id).issue_id, officer().officer_id)
        return redirect(url_for(".one", issue_id=issue_id), 303)

    @pages.post("/issues/<issue_id>/erase")
    @needs("credential_issued")
    def erase(issue_id: str) -> Response:
        """Whatever lies on the stick may go."""
        hub.issuing.let_erase(_found(hub, issue_id).issue_id, officer().officer_id)
        return redirect(url_for(".one", issue_id=issue_id), 303)

    @pages.post("/issues/<issue_id>/cancel")
    @needs("credential_issued")
    def cancel(issue_id: str) -> Response:
        """Give it up; what is over stays as it is."""
        with suppress(IssueOver):
            hub.issuing.cancel(_found(hub, issue_id).issue_id, officer().officer_id)
        return redirect(url_for(".one", issue_id=issue_id), 303)


def _known(hub: Hub, resident_id: str) -> Resident:
    person = hub.people.resident(resident_id)
    if person is None:
        abort(404)
    return person


def _found(hub: Hub, issue_id: str) -> Issue:
    one = hub.issuing.issues.find(issue_id)
    if one is None:
        abort(404)
    return one


def _replaced(hub: Hub, person: Resident) -> Credential | None:
    """What the form says shall be replaced, when it is this person's."""
    kind, _, uid = request.values.get("replaces", "").partition(":")
    found = hub.credentials.find(kind, uid) if uid else None
    return found if found and found.resident_id == person.resident_id else None


# --- words -----------------------------------------------------------------------------------------------------


def _form(hub: Hub, person: Resident) -> str:
    old = _replaced(hub, person)
    kiosks = sorted(hub.people.kiosks().values(), key=lambda one: (one.wing != person.wing, one.name))
    made = {one.kiosk_id: one for one in hub.issuing.issues.unfinished() if one.state != "ordered"}
    return render_template(
        "issuing/form.html",
        person=person,
        replaces=old,
        old_word=word(KINDS, old.kind) if old else "",
        kinds=_kinds(hub, person, old),
        wanted=request.args.get("what", old.kind if old else ""),
        kiosks=[
            {
                "value": one.kiosk_id,
                "label": one.name,
                "note": gettext("the person's own wing")
                if one.wing == person.wing
                else gettext("Wing") + " " + one.wing,
                "icon": "device-desktop",
                "closed": gettext("Something else is being made there.") if one.kiosk_id in made else "",
            }
            for one in kiosks
        ],
        home=next((one.kiosk_id for one in kiosks if one.kiosk_id not in made), ""),
        made=[(one.name, made[one.kiosk_id].issue_id) for one in kiosks if one.kiosk_id in made],
    )


def _kinds(hub: Hub, person: Resident, old: Credential | None) -> list[dict[str, str]]:
    notes = {
        "badge": gettext("A card to touch. Opens what needs no strong proof."),
        "stick": gettext("A USB stick that betrays copies. Opens money and requests."),
        "key": gettext("A key with a code of its own. Opens everything."),
        TEMPORARY: gettext("Ends by itself after 48 hours. Opens what needs no strong proof."),
    }
    carried = [one for one in hub.credentials.of(person.resident_id) if one != old]
    found = []
    for what, note in notes.items():
        kind = cast(CredentialKind, "badge" if what == TEMPORARY else what)
        try:
            check_order(kind, what == TEMPORARY, carried, iso(hub.clock.now_utc()))
            closed = ""
        except AlreadyCarries:
            closed = gettext("Has one that works.")
        label = gettext("Temporary badge") if what == TEMPORARY else word(KINDS, kind)
        found.append({"value": what, "label": label, "note": note, "icon": ICONS[kind], "closed": closed})
    return found


def _words(hub: Hub, one: Issue) -> dict[str, Any]:
    """What the order's page is drawn with."""
    person, now_utc = hub.people.resident(one.resident_id), iso(hub.clock.now_utc())
    kiosks = hub.people.kiosks()
    stage = one.stage(now_utc)
    kiosk = kiosks[one.kiosk_id].name if one.kiosk_id in kiosks else one.kiosk_id
    return {
        "issue": one,
        "person": person,
        "stage": stage,
        "what": gettext("Temporary badge") if one.is_temporary else word(KINDS, one.kind),
        "icon": ICONS[one.kind],
        "kiosk": kiosk,
        "ordered_by": _name(hub, one.ordered_by),
        "signed_by": _name(hub, one.signed_by) if one.signed_by else "",
        "ended_by": _name(hub, one.ended_by) if one.ended_by else "",
        "steps": _steps(one, stage, kiosk, _name(hub, one.signed_by) if one.signed_by else ""),
        "problem": _problem(one),
        "is_waiting": stage in {"ordered", "open", "writing"},
        "may_sign": stage == "ordered" and officer().officer_id != one.ordered_by,
        "made": hub.credentials.find(one.kind, one.uid) if stage == "done" else None,
        "may_reset": judge("secret_reset", officer().roles).allowed,
    }


def _steps(one: Issue, stage: str, kiosk: str, second: str) -> list[dict[str, str]]:
    lay = {
        "badge": gettext("Lay the new badge on the reader of %(kiosk)s", kiosk=kiosk),
        "stick": gettext("Plug the empty stick into %(kiosk)s", kiosk=kiosk),
        "key": gettext("Plug the new key into %(kiosk)s", kiosk=kiosk),
    }[one.kind]
    labels = [gettext("A colleague signs"), lay, gettext("The kiosk makes it"), gettext("It works")]
    order = ["ordered", "open", "writing", "done"]
    at = order.index(stage) if stage in order else 1 if one.signed_by else 0
    is_over = stage in {"cancelled", "expired"}
    return [
        {
            "label": label,
            "is": "done"
            if place < at or stage == "done"
            else "next"
            if place > at
            else "failed"
            if is_over
            else "now",
            "note": second if place == 0 and second else "",
        }
        for place, label in enumerate(labels)
    ]


def _problem(one: Issue) -> Sentence | None:
    if not one.problem:
        return None
    return sentence_for(one.problem if one.problem in registered() else f"{one.kind}_failed")


def _name(hub: Hub, officer_id: str) -> str:
    card = hub.people.officer(officer_id)
    return card.name if card else officer_id


def waiting_issues(hub: Hub, reader: OfficerCard) -> list[WorkItem]:
    """Orders that wait for a second signature, as items of the work queue."""
    if not judge("credential_issued", reader.roles).allowed:
        return []
    return [
        WorkItem(
            service="",
            number=one.issue_id,
            what=gettext(
                "Give out: %(what)s",
                what=gettext("Temporary badge") if one.is_temporary else word(KINDS, one.kind),
            ),
            who=hub.context.people.label(one.resident_id),
            since_utc=one.ordered_utc,
            due_utc=one.until_utc,
            url=url_for("issuing.one", issue_id=one.issue_id),
            mine=one.ordered_by != reader.officer_id,
            state=gettext("waits for a second signature"),
        )
        for one in hub.issuing.issues.unfinished()
        if one.state == "ordered"
    ]
