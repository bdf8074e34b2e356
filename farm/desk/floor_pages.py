"""The live Farm page: every printer and cell as it is this second, and what an officer may do about it."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from farm.desk import words
from farm.desk.fields import choice_field, grams_field, once
from farm.desk.guard import acting_role, may, needs, officer
from farm.desk.node import Desk
from farm.desk.views import CellView, printer_view
from farm.queue.model import Run
from farm.words import Cancel, Pause, Resume, RunReport, Stop, Word
from provisioning.config import PrinterSection
from provisioning.errors import Refused
from provisioning.web.forms import form_key, text_field
from provisioning.web.locale import gettext

STEERS: dict[str, Word] = {"pause": Pause(), "resume": Resume()}
STEERED_FROM = {"pause": "printing", "resume": "paused"}  # a worker lets anything else pass unheard


class RunMovedOn(Refused):
    """The run that a button was drawn for is not the one that is there now."""

    code = "run_moved_on"


def floor_pages(desk: Desk) -> Blueprint:
    """The Farm page, its fragments, and the buttons on it."""
    pages = Blueprint("floor", __name__)
    _show(pages, desk)
    _steer(pages, desk)
    _make_safe(pages, desk)
    return pages


def _views(desk: Desk) -> dict[str, object]:
    printers = [printer_view(desk, section) for section in desk.farm.printers]
    cells = [CellView(section, desk.live.cell(section.cell_id)) for section in desk.farm.cells]
    return {
        "printers": printers,
        "cells": cells,
        "mark": "-".join([*(cell.mark for cell in cells), *(printer.mark for printer in printers)]),
        "weight_g": desk.live.weight_g(),
        "words": words,
        "may": may,
        "hub_away": desk.drain.is_away,
        "officer_of": desk.own.officer,
    }


def _show(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/")
    @needs("farm_seen")
    def page() -> str:
        """The whole page; what changes in it is asked for each second."""
        return render_template("floor/page.html", whole=True, **_views(desk))

    @pages.get("/farm/live")
    @needs("farm_seen")
    def live() -> str:
        """What changed: numbers always, words and buttons only when they differ from what is on the screen."""
        views = _views(desk)
        old = dict(enumerate(request.args.get("was", "").split("-")))
        changed = {
            mark for number, mark in enumerate(str(views["mark"]).split("-")) if old.get(number) != mark
        }
        return render_template("floor/live.html", whole=False, changed=changed, **views)

    @pages.get("/printers/<printer_id>/temperatures.json")
    @needs("farm_seen")
    def temperatures(printer_id: str) -> Response:
        """The last fifteen minutes, for the chart."""
        if not desk.live.knows(printer_id):
            abort(404)
        rows = desk.live.history(printer_id)
        labels = (gettext("Nozzle"), gettext("Nozzle wanted"), gettext("Bed"), gettext("Bed wanted"))
        series = [
            {"label": label, "values": [row[number] for row in rows]}
            for number, label in enumerate(labels, 1)
        ]
        return jsonify(x=[row[0] for row in rows], series=series)

    @pages.get("/live.json")
    @needs("farm_seen")
    def state() -> Response:
        """The same picture for programs: printers, cells, jobs."""
        return jsonify(_plain(desk))


def _plain(desk: Desk) -> dict[str, object]:
    printers = [printer_view(desk, section) for section in desk.farm.printers]
    cells = {section.cell_id: desk.live.cell(section.cell_id) for section in desk.farm.cells}
    return {
        "printers": [
            {
                "printer": one.section.printer_id,
                "state": one.state,
                "bed": one.bed.state,
                "run": one.run.run_id if one.run else None,
                "job": one.job.job_id if one.job else None,
                "percent": one.percent,
            }
            for one in printers
        ],
        "cells": [
            {
                "cell": name,
                "live": bool(state and state.live),
                "tripped_by": state.tripped_by if state else "interlock",
            }
            for name, state in cells.items()
        ],
        "hub_away": desk.drain.is_away,
    }


def _section(desk: Desk, printer_id: str) -> PrinterSection:
    return next((one for one in desk.farm.printers if one.printer_id == printer_id), None) or abort(404)


def _run_on_form(desk: Desk, printer_id: str) -> Run:
    run = desk.queue.open_run_on(printer_id)
    if run is None or run.run_id != request.form.get("run"):
        raise RunMovedOn(printer=printer_id)
    return run


def _steer(pages: Blueprint, desk: Desk) -> None:
    here = "floor.page"

    @pages.post("/printers/<printer_id>/<any(pause, resume):how>")
    @needs("run_steered")
    def steer(printer_id: str, how: str) -> Response:
        """Pause or go on."""
        _section(desk, printer_id)

        def act() -> str:
            run = _run_on_form(desk, printer_id)
            if run.state != STEERED_FROM[how]:
                raise RunMovedOn(printer=printer_id)
            desk.floor.tell(printer_id, STEERS[how])
            desk.trail.record(officer().officer_id, f"run_{how}d", run.run_id, printer=printer_id)
            return url_for(here)

        return once(desk, act)

    @pages.post("/printers/<printer_id>/cancel")
    @needs("run_steered")
    def cancel(printer_id: str) -> Response:
        """End a run; its job waits for another printer or ends, as chosen. Without its worker it is given up."""
        _section(desk, printer_id)
        then = choice_field("then", ("retry", "end"))
        return once(desk, lambda: _cancel(desk, printer_id, then))


def _make_safe(pages: Blueprint, desk: Desk) -> None:
    here = "floor.page"

    @pages.post("/printers/<printer_id>/stop")
    @needs("run_stopped")
    def stop(printer_id: str) -> Response:
        """The printer's own emergency stop (M112)."""
        _section(desk, printer_id)

        desk.floor.tell(printer_id, Stop())  # first, and at every press: a disk that is full stops no stop

        def act() -> str:
            desk.trail.record(officer().officer_id, "printer_stopped", printer_id)
            return url_for(here)

        return once(desk, act)

    @pages.post("/printers/<printer_id>/clear")
    @needs("bed_cleared")
    def clear(printer_id: str) -> Response:
        """The remains of a failed run were taken off and weighed."""
        _section(desk, printer_id)
        grams = grams_field("grams")
        note = text_field("note", max_length=200, required=False)
        return once(desk, lambda: _clear(desk, printer_id, grams, note))

    @pages.post("/cells/<cell_id>/reset")
    @needs("cell_reset")
    def reset(cell_id: str) -> Response:
        """Power on, by the officer at hand: the cell itself decides, and its answer is waited for."""
        if cell_id not in {one.cell_id for one in desk.farm.cells}:
            abort(404)
        with desk.store.atomic():
            is_first = desk.own.first_press(form_key())
        if is_first:  # not inside the transaction: the floor needs the store while we wait
            desk.floor.reset(cell_id, officer().officer_id, acting_role("cell_reset"))
        return redirect(url_for(here), 303)


def _cancel(desk: Desk, printer_id: str, then: str) -> str:
    run = _run_on_form(desk, printer_id)
    desk.queue.end_after_cancel(run.run_id, then)
    desk.trail.record(
        officer().officer_id, "run_cancelled_by_officer", run.run_id, printer=printer_id, then=then
    )
    if desk.live.printer(printer_id).connected:
        desk.floor.tell(printer_id, Cancel())
    else:
        desk.runs.note(printer_id, RunReport(run=run.run_id, state="cancelled", reason="given_up"))
    return url_for("floor.page")


def _clear(desk: Desk, printer_id: str, grams: float, note: str) -> str:
    bed = desk.queue.bed(printer_id)
    if bed.state != "remains":
        raise Refused("part_on_bed" if bed.state == "part" else "bed_is_clear")
    desk.workshop.add_waste(bed.run_id, printer_id, grams, note, officer().officer_id)
    desk.queue.set_bed(printer_id, "clear")
    desk.trail.record(
        officer().officer_id, "waste_weighed", bed.run_id, printer=printer_id, grams=grams, note=note
    )
    return url_for("floor.page")
