"""Models: what was taken in, what was decided on it, and the form that takes another one in."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from farm.desk import words
from farm.desk.fields import cents_field, choice_field
from farm.desk.guard import may, needs, officer
from farm.desk.intake import ModelRefused, Proposal
from farm.desk.node import Desk
from farm.desk.sentences import gcode_sentence
from farm.gcode.refusal import GcodeRefused
from provisioning.contracts import ModelSheet
from provisioning.web.failures import on_http_error
from provisioning.web.forms import FieldMissing, form_key, text_field, whole_field
from provisioning.web.sentences import Sentence, sentence_for

STL_MAX_BYTES = 50_000_000
DEAREST_CENTS = 10_000


def model_pages(desk: Desk, find: Callable[[], bool]) -> Blueprint:
    """The list, one model, its pictures, and taking one in; ``find`` looks for the officer who is at the desk."""
    pages = Blueprint("models", __name__, url_prefix="/models")
    _show(pages, desk)
    _bring(pages, desk)
    _turn_back(pages, desk, find)
    return pages


def _show(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/")
    @needs("farm_seen")
    def every() -> str:
        """Every model, newest first."""
        return render_template("models/every.html", models=desk.queue.models(), words=words, may=may)

    @pages.get("/<model_id>")
    @needs("farm_seen")
    def one(model_id: str) -> str:
        """One model with its pictures, figures and history."""
        model = desk.queue.model(model_id) or abort(404)
        return render_template(
            "models/one.html",
            model=model,
            words=words,
            trail=desk.trail.about(model_id),
            officer_of=desk.own.officer,
            hub_away=desk.drain.is_away,
        )

    @pages.get("/<model_id>/<any(top, angle):view>.png")
    @needs("farm_seen")
    def picture(model_id: str, view: str) -> AnyResponse:
        """A picture of what the file prints."""
        png = desk.queue.picture(model_id, view)
        if png is None:
            abort(404)
        response = Response(png, mimetype="image/png")
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response


def _bring(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/new")
    @needs("model_taken_in")
    def new() -> str:
        """The form."""
        return _form(desk, None)

    @pages.post("/new")
    @needs("model_taken_in")
    def take_in() -> AnyResponse:
        """Read, measure and draw the file; on a refusal the form comes back with the line that is wrong."""
        key = form_key()
        if earlier := desk.own.outcome(key):
            return redirect(earlier, 303)
        try:
            sheet = _take_in(desk)
        except GcodeRefused as error:
            return Response(_form(desk, gcode_sentence(error), error.refusal.why), error.http_status)
        except (ModelRefused, FieldMissing) as error:
            return Response(_form(desk, sentence_for(error)), error.http_status)
        target = url_for(".one", model_id=sheet.model_id)
        with desk.store.atomic():
            desk.own.first_press(key)
            desk.own.keep_outcome(key, target)
        desk.changed()
        return redirect(target, 303)


def _turn_back(pages: Blueprint, desk: Desk, find: Callable[[], bool]) -> None:
    @pages.errorhandler(413)
    def too_large(error: HTTPException) -> AnyResponse:
        """The form again, empty: a body over the limit is never read. It ends before anyone was asked for."""
        if not (find() and may("model_taken_in")):
            return on_http_error(error)
        limit_mb = (current_app.config["MAX_CONTENT_LENGTH"] or 0) // 1_000_000
        problem = sentence_for("upload_too_large", limit_mb=limit_mb)
        return Response(_form(desk, problem, typed=MultiDict()), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _form(
    desk: Desk, problem: Sentence | None, why: str = "", typed: MultiDict[str, str] | None = None
) -> str:
    return render_template(
        "models/new.html",
        problem=problem,
        why=why,
        typed=request.form if typed is None else typed,
        kinds=sorted(set(desk.kinds.values())),
        words=words,
    )


def _take_in(desk: Desk) -> ModelSheet:
    proposal = _proposal(desk)
    upload = request.files.get("gcode")
    if upload is None or not upload.filename:
        raise FieldMissing("file_missing")
    stl_upload = request.files.get("stl")
    files: list[Path] = []
    try:
        gcode = _kept(desk, upload, files)
        stl = _kept(desk, stl_upload, files) if stl_upload is not None and stl_upload.filename else None
        return desk.intake.take_in(gcode, stl, proposal)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _kept(desk: Desk, upload: FileStorage, files: list[Path]) -> Path:
    path = desk.intake.new_file()
    files.append(path)
    upload.save(path)
    if path.stat().st_size > STL_MAX_BYTES and upload.name == "stl":
        raise ModelRefused("upload_too_large", limit_mb=STL_MAX_BYTES // 1_000_000)
    return path


def _proposal(desk: Desk) -> Proposal:
    languages = desk.node.site.languages
    titles = {
        code: text_field(f"title_{code}", max_length=60, required=code == languages[0]) for code in languages
    }
    purposes = {code: text_field(f"purpose_{code}", max_length=160, required=False) for code in languages}
    colours = tuple(colour for colour in words.COLOURS if colour in request.form.getlist("colours"))
    if not colours:
        raise FieldMissing(field="colours")
    return Proposal(
        title={code: text for code, text in titles.items() if text},
        purpose={code: text for code, text in purposes.items() if text},
        printer_kind=choice_field("printer_kind", set(desk.kinds.values())),
        material=choice_field("material", words.MATERIALS),
        colours=colours,
        price_cents=cents_field("price", high=DEAREST_CENTS),
        max_copies=whole_field("max_copies", low=1, high=20),
        added_by=officer().officer_id,
    )
