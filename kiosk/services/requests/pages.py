"""My requests on the kiosk: every request, every step, the reason of a no, and one "I do not agree"."""

from typing import cast

from flask import Blueprint, Response, redirect, render_template, url_for

from kiosk.services.pages import Asked, colour_word, kiosk, slip_code, visitor
from provisioning.clock import iso
from provisioning.contracts import Objection, PrintRequest, RequestView
from provisioning.errors import Refused
from provisioning.web.formats import when
from provisioning.web.forms import form_key, text_field
from provisioning.web.locale import N_
from provisioning.web.locale import gettext as _
from provisioning.web.sentences import sentence_for
from provisioning.web.states import look

pages = Blueprint("requests", __name__, url_prefix="/requests", template_folder="templates")

OBJECTIONS = {
    "not_understood": (N_("I do not understand the reason."), "help-circle"),
    "facts_wrong": (N_("The reason is not right."), "x"),
    "want_to_talk": (N_("I want to talk about it."), "messages"),
}
ROLES = {
    "landing": N_("Officer on your landing"),
    "teacher": N_("Teacher"),
    "workshop": N_("Workshop officer"),
    "security": N_("Security officer"),
    "technician": N_("Technician"),
    "director": N_("Director"),
}
ISOLATE, ISOLATE_END = "\u2068", "\u2069"  # first-strong isolate: its full stop stays at its own end
WAY = ("received", "approved", "queued", "printing", "cooling", "printed", "ready", "handed_over")
PASSING_STATES = frozenset({"cooling", "printed"})  # shown when they come, not promised beforehand
DONE_STATES = frozenset({"handed_over", "refused"})


def timeline(view: RequestView) -> list[dict[str, str]]:
    """What happened, what is now, and what is still to come."""
    past = [
        _line(step.state, "done", when(step.at_utc), _note(step.by_role, step.words)) for step in view.steps
    ]
    if past and view.state not in DONE_STATES:
        past[-1]["is"] = "now"
    if past and view.state in {"refused", "failed"}:
        past[-1]["is"] = "failed"
    return past + [_line(state, "next") for state in _to_come(view)]


def _to_come(view: RequestView) -> tuple[str, ...]:
    if view.state not in WAY:
        return ()
    return tuple(state for state in WAY[WAY.index(view.state) + 1 :] if state not in PASSING_STATES)


def _line(state: str, place: str, at: str = "", note: str = "") -> dict[str, str]:
    shown = look(state)
    return {"label": _(shown.word), "is": place, "when": at, "note": note, "icon": shown.icon}


def _note(role: str, words: str) -> str:
    who = _(ROLES[role]) if role in ROLES else ""
    theirs = f"{ISOLATE}{words}{ISOLATE_END}" if words else ""  # their own language, whatever the page's
    return f"{who}: {theirs}" if who and theirs else theirs or who


def _find(asked: Asked, key: str) -> RequestView:
    found = next((view for view in asked.requests if view.request_key == key), None)
    if found is None:
        raise Refused("not_found")
    return found


def _objecting(asked: Asked) -> set[str]:
    """The requests whose objection still waits here."""
    return {
        one.contract.request_key
        for one in asked.unsent
        if isinstance(one.contract, Objection) and not one.is_refused
    }


@pages.get("/")
def mine() -> str:
    """All of them, what waits here first."""
    visitor()
    asked = kiosk().asked()
    titles = {model.model_id: model.title for model in kiosk().models()}
    waiting = [
        (
            one.contract,
            one.queued_utc,
            slip_code(one.contract.request_key),
            titles.get(one.contract.model_id, {}),
            sentence_for("not_delivered") if one.is_refused else None,
        )
        for one in asked.unsent
        if isinstance(one.contract, PrintRequest)
    ]
    return render_template(
        "kiosk/requests/list.html", asked=asked, waiting=waiting, objecting=_objecting(asked)
    )


@pages.get("/<key>")
def one(key: str) -> str:
    """One request."""
    visitor()
    asked = kiosk().asked()
    view = _find(asked, key)
    model = next((model for model in kiosk().models() if model.model_id == view.model_id), None)
    return render_template(
        "kiosk/requests/one.html",
        view=view,
        steps=timeline(view),
        colour_word=colour_word(view.colour)[0],
        picture_sha256=model.picture_sha256 if model else "",
        is_objecting=key in _objecting(asked),
    )


@pages.get("/<key>/disagree")
def disagree(key: str) -> str:
    """Why not? Three fixed answers; nobody has to write."""
    visitor()
    view = _find(kiosk().asked(), key)
    if not view.may_object:
        raise Refused("objection_not_possible")
    choices = [{"value": code, "label": _(word), "icon": icon} for code, (word, icon) in OBJECTIONS.items()]
    return render_template("kiosk/requests/disagree.html", view=view, choices=choices)


@pages.post("/<key>/disagree")
def object_to(key: str) -> Response:
    """Send the objection; once per request, however often it is pressed."""
    who = visitor()
    form_key()
    why = text_field("why", max_length=40)
    if why not in OBJECTIONS:
        raise Refused("field_missing", field="why")
    at_utc = iso(kiosk().now_utc())
    objection = Objection(
        request_key=key, resident_id=who.resident_id, session_id=who.session_id, why=why, at_utc=at_utc
    )
    kiosk().send(objection, f"objection-{key}")
    return cast(Response, redirect(url_for("requests.one", key=key), code=303))
