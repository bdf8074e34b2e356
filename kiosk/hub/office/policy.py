"""The rules of the house in the back office: in force, as a draft, who gains and loses by it, a colleague's yes."""

import msgspec
from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.node import Hub
from kiosk.hub.office.drafting import begins, names_of
from kiosk.hub.office.policy_words import BECAUSE, DAYS, LEVELS, faults_of, rule_words
from kiosk.hub.policy.editing import Editing
from kiosk.hub.policy.store import Version
from kiosk.policy import PolicyRefused, Rule, Rulebook, judge, read_policy
from kiosk.policy.comparing import changed_rules
from kiosk.policy.rules import ANY
from kiosk.services.base import OfficerCard, WorkItem
from kiosk.services.desk import needs, officer
from provisioning.clock import iso, local_day
from provisioning.errors import Refused
from provisioning.web.forms import FieldMissing, text_field
from provisioning.web.locale import gettext
from provisioning.web.sentences import sentence_for

NEW = "new"


def policy_pages(hub: Hub) -> Blueprint:
    """The pages about rules."""
    pages = Blueprint("policy", __name__, url_prefix="/rules")
    editing = Editing(hub.ruling, hub.trail)
    _reads(pages, hub)
    _reads_draft(pages, hub, editing)
    _writes(pages, editing)
    _rules(pages, hub, editing)
    _decides(pages, hub, editing)
    return pages


def _reads(pages: Blueprint, hub: Hub) -> None:
    @pages.get("/")
    @needs("policy_viewed")
    def every() -> str:
        """The rules in force, what is planned, and every version before."""
        now = hub.ruling.in_force()
        return render_template(
            "policy/every.html",
            version=now,
            policy=read_policy(now.text),
            draft=hub.ruling.store.draft(),
            versions=[
                (one, read_policy(one.text).title, *_hands(hub, one)) for one in hub.ruling.store.latest()
            ],
            now_utc=iso(hub.clock.now_utc()),
            **_shared(hub),
        )

    @pages.get("/versions/<int(max=999999):version_no>")
    @needs("policy_viewed")
    def version(version_no: int) -> str:
        """One version as it was written."""
        found = hub.ruling.store.version(version_no)
        if found is None:
            abort(404)
        return render_template(
            "policy/version.html", version=found, policy=read_policy(found.text), **_shared(hub)
        )


def _reads_draft(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.get("/draft")
    @needs("policy_viewed")
    def draft() -> str:
        """The draft's rules, each to be opened."""
        found = editing.draft()
        return render_template(
            "policy/draft.html",
            version=found,
            policy=editing.policy(),
            wrote=_hands(hub, found)[0],
            **_shared(hub),
        )

    @pages.get("/draft/preview")
    @needs("policy_viewed")
    def preview() -> str:
        """Who gains and who loses what, on a page to print; here a colleague says yes."""
        found = editing.draft()
        writers = [one.officer_id for one in hub.ruling.store.hands(found.version)]
        return render_template(
            "policy/preview.html",
            version=found,
            policy=editing.policy(),
            changes=editing.preview(found, tuple(one.tile.name for one in hub.services)),
            rules=changed_rules(hub.ruling.book(), Rulebook(editing.policy())),
            wrote=_hands(hub, found)[0],
            is_writer=officer().officer_id in writers,
            first_day=local_day(hub.clock, hub.node.site.timezone).isoformat(),
            people=len(hub.people.find_residents(limit=1_000_000)),
            **_shared(hub),
        )


def _writes(pages: Blueprint, editing: Editing) -> None:
    @pages.post("/draft")
    @needs("policy_drafted")
    def begin() -> Response:
        """Begin a draft; with one there already, go to it."""
        editing.begin(officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/title")
    @needs("policy_drafted")
    def title() -> Response:
        """Say what this version is for."""
        editing.name(text_field("title", max_length=80), officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/drop")
    @needs("policy_drafted")
    def drop() -> Response:
        """Give the draft up."""
        editing.drop(officer().officer_id)
        return redirect(url_for(".every"), 303)


def _rules(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.get("/draft/rules/<name>")
    @needs("policy_viewed")
    def rule(name: str) -> str:
        """One rule of the draft in its form; ``new`` is an empty one."""
        if name == NEW:
            return _form(hub, Rule(id="", effect="allow", services=()), "")
        found = next((one for one in editing.policy().rules if one.id == name), None)
        if found is None:
            abort(404)
        return _form(hub, found, name)

    @pages.post("/draft/rules/<name>")
    @needs("policy_drafted")
    def keep(name: str) -> Response:
        """Keep a rule in the draft; what contradicts itself is said beside the form."""
        was, sent = "" if name == NEW else name, _sent()
        try:
            editing.keep(was, sent, officer().officer_id)
        except PolicyRefused as refusal:
            return Response(_form(hub, sent, was, refusal), refusal.http_status, mimetype="text/html")
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/rules/<name>/remove")
    @needs("policy_drafted")
    def remove(name: str) -> Response:
        """Take a rule out of the draft."""
        editing.remove(name, officer().officer_id)
        return redirect(url_for(".draft"), 303)


def _decides(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.post("/draft/propose")
    @needs("policy_drafted")
    def propose() -> Response:
        """Ask a colleague, for a day on which the rules shall begin."""
        editing.propose(begins(hub, DayPast), officer().officer_id)
        return redirect(url_for(".preview"), 303)

    @pages.post("/draft/approve")
    @needs("policy_approved")
    def approve() -> Response:
        """The second person's yes."""
        editing.approve(text_field("sha256", max_length=64), officer().officer_id)
        return redirect(url_for(".every"), 303)


def waiting_draft(hub: Hub, reader: OfficerCard) -> list[WorkItem]:
    """The proposed draft as an item of the work queue: at most one, for those who may look at it."""
    draft = hub.ruling.store.draft()
    if draft is None or not draft.proposed_utc or not judge("policy_viewed", reader.roles).allowed:
        return []
    writers = {hand.officer_id for hand in hub.ruling.store.hands(draft.version)}
    return [
        WorkItem(
            service="",
            number=f"policy-{draft.version}",
            what=gettext("Draft of the rules"),
            who=_hands(hub, draft)[0],
            since_utc=draft.proposed_utc,
            due_utc=draft.wanted_utc,
            url=url_for("policy.preview"),
            mine=judge("policy_approved", reader.roles).allowed and reader.officer_id not in writers,
        )
    ]


class DayPast(Refused):
    """Rules cannot begin on a day that is over."""

    code = "policy_day"


def _hands(hub: Hub, version: Version) -> tuple[str, str]:
    return names_of(hub, hub.ruling.store.hands(version.version))


def _shared(hub: Hub) -> dict[str, object]:
    names = {one.tile.name: gettext(one.tile.word) for one in hub.services}
    return {
        "service_word": lambda name: gettext("Every service") if name == ANY else names.get(name, name),
        "rule_words": lambda rule: rule_words(rule, hub.people.kiosks()),
        "because_word": lambda code: gettext(BECAUSE[code]) if code in BECAUSE else "",
        "may_draft": judge("policy_drafted", officer().roles).allowed,
        "may_approve": judge("policy_approved", officer().roles).allowed,
    }


def _form(hub: Hub, rule: Rule, was: str, refusal: PolicyRefused | None = None) -> str:
    regimes, groups = hub.people.axes()
    kiosks = hub.people.kiosks()
    reason = str(refusal.detail.get("reason", "")) if refusal else ""
    return render_template(
        "policy/rule.html",
        rule=rule,
        was=was,
        problem=sentence_for(refusal) if refusal else None,
        reason=reason,
        faults=faults_of(reason),
        services=sorted({*(one.tile.name for one in hub.services), *(set(rule.services) - {ANY})}),
        wings=sorted({*hub.node.site.wings, *rule.places}),
        kiosks=kiosks,
        device_classes=sorted({*(one.device_class for one in kiosks.values()), *rule.device_classes}),
        regimes=sorted({*regimes, *rule.regimes}),
        groups=sorted({*groups, *rule.groups}),
        days=DAYS,
        levels=[(level, gettext(word)) for level, word in LEVELS.items()],
        pairs=lambda values: [(one, one) for one in values],
        reasons=[
            ("", gettext("– only for a rule that closes –")),
            *((c, gettext(w)) for c, w in BECAUSE.items()),
        ],
        **_shared(hub),
    )


def _sent() -> Rule:
    """The form as a rule, not judged yet."""
    closes = request.form.get("effect") == "deny"
    plain = {
        "id": text_field("id", max_length=60, required=False).strip().lower(),
        "effect": "deny" if closes else "allow",
        "services": (ANY,)
        if ANY in request.form.getlist("services")
        else tuple(request.form.getlist("services")),
        **{key: tuple(request.form.getlist(key)) for key in ("device_classes", "kiosks", "places", "days")},
        **{key: _listed(key) for key in ("groups", "regimes", "residents", "sites")},
        "hours": text_field("hours", max_length=11, required=False).strip(),
        "level": 0
        if closes
        else int(request.form.get("level", "0") == "1") + 2 * (request.form.get("level") == "2"),
        "because": request.form.get("because", "") if closes else "",
        "hidden": closes and request.form.get("hidden") == "yes",
        "note": text_field("note", max_length=200, required=False).strip(),
    }
    try:
        return msgspec.convert(plain, Rule)
    except msgspec.ValidationError as error:
        raise FieldMissing(field="rule") from error


def _listed(name: str) -> tuple[str, ...]:
    """What was ticked, and what was typed with commas between."""
    typed = text_field(f"{name}-more", max_length=400, required=False).split(",")
    named = [*request.form.getlist(name), *typed]
    return tuple(dict.fromkeys(one.strip() for one in named if one.strip()))
