"""Printing on the kiosk: choose a model, a colour and how many, ask, and see that it was sent."""

from typing import cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from kiosk.services.pages import colour_word, kiosk, slip_code, visitor
from provisioning.clock import iso
from provisioning.contracts import OfferedModel, PrintRequest, RequestView
from provisioning.errors import Refused
from provisioning.web.forms import form_key, text_field, whole_field
from provisioning.web.locale import gettext as _
from provisioning.web.sentences import sentence_for

pages = Blueprint("printing", __name__, url_prefix="/printing", template_folder="templates")


def _model(model_id: str) -> OfferedModel:
    found = next((model for model in kiosk().models() if model.model_id == model_id), None)
    if found is None:
        raise Refused("model_not_offered")
    return found


@pages.get("/")
def models() -> str:
    """The models that may be asked for."""
    visitor()
    return render_template("kiosk/printing/models.html", models=kiosk().models())


def _choice(colour: str) -> dict[str, str]:
    word, swatch = colour_word(colour)
    return {"value": colour, "label": _(word), "colour": swatch}


@pages.get("/<model_id>")
def choose(model_id: str) -> str:
    """Colour and number of one model, with what it takes and costs."""
    model, who = _model(model_id), visitor()
    copies = min(max(request.args.get("copies", 1, int), 1), model.max_copies)
    chosen = request.args.get("colour", "")
    return render_template(
        "kiosk/printing/choose.html",
        model=model,
        choices=[_choice(colour) for colour in model.colours],
        colour=chosen if chosen in model.colours else (model.colours[0] if len(model.colours) == 1 else ""),
        copies=copies,
        total_cents=model.price_cents * copies,
        short=sentence_for("balance_too_low") if model.price_cents * copies > who.balance_cents else None,
        balance_cents=who.balance_cents,
        is_away=kiosk().is_hub_away,
    )


@pages.post("/<model_id>")
def ask(model_id: str) -> Response:
    """More, fewer, or send the request. Pressed twice with the same page it is one request."""
    model, who = _model(model_id), visitor()
    copies = whole_field("copies", low=1, high=model.max_copies)
    wanted = request.form.get("do", "ask")
    if wanted in {"more", "fewer"}:
        copies = min(max(copies + (1 if wanted == "more" else -1), 1), model.max_copies)
        colour = request.form.get("colour", "")
        return _to("printing.choose", model_id=model_id, copies=copies, colour=colour)
    colour = text_field("colour", max_length=40)
    if colour not in model.colours:
        raise Refused("colour_not_offered")
    key = form_key()
    wish = PrintRequest(
        request_key=key,
        resident_id=who.resident_id,
        session_id=who.session_id,
        kiosk_id=kiosk().kiosk_id,
        model_id=model.model_id,
        gcode_sha256=model.gcode_sha256,
        colour=colour,
        copies=copies,
        at_utc=iso(kiosk().now_utc()),
    )
    kiosk().send(wish, key)
    return _to("printing.receipt", key=key)


@pages.get("/sent/<key>")
def receipt(key: str) -> str:
    """What became of the request: sent with its number, kept here, or refused at once."""
    asked = kiosk().asked()
    view: RequestView | None = next((one for one in asked.requests if one.request_key == key), None)
    is_lost = any(one.is_refused and one.contract.request_key == key for one in asked.unsent)
    lost = sentence_for("not_delivered") if is_lost and view is None else None
    return render_template("kiosk/printing/receipt.html", view=view, slip=slip_code(key), lost=lost)


def _to(endpoint: str, **values: object) -> Response:
    return cast(Response, redirect(url_for(endpoint, **values), code=303))  # type: ignore[arg-type]
