"""Parts: weighed when they come off the bed, labelled, and handed over to the person they were made for."""

from __future__ import annotations

import segno
from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from farm.desk import words
from farm.desk.fields import choice_field, grams_field, once
from farm.desk.guard import may, needs, officer
from farm.desk.node import Desk
from farm.queue.model import Job
from farm.queue.store import QueueRefused
from farm.workshop.rules import Weighing, WeighingRefused, check_hand_over, check_weighing
from farm.workshop.store import NewPart, Part
from provisioning.contracts import BadgeOwner, WhoseBadge
from provisioning.web.forms import text_field


def part_pages(desk: Desk) -> Blueprint:
    """Weighing, labels, hand-over."""
    pages = Blueprint("parts", __name__, url_prefix="/parts")
    _list(pages, desk)
    _show(pages, desk)
    _act(pages, desk)
    return pages


def _list(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/")
    @needs("farm_seen")
    def every() -> str:
        """What lies on beds, what lies ready, what is gone."""
        code = request.args.get("code", "").strip()
        found = desk.workshop.part(code) if code else None
        return render_template(
            "parts/every.html",
            printed=[(job, _printer_name(desk, job)) for job in desk.queue.jobs_in("printed")],
            ready=desk.workshop.parts_waiting(),
            gone=desk.workshop.parts_gone(20),
            waste_g=desk.workshop.waste_g(),
            weight_g=desk.live.weight_g(),
            code=code,
            found=found,
            words=words,
            may=may,
            officer_of=desk.own.officer,
        )

    @pages.get("/scale")
    @needs("farm_seen")
    def scale() -> str:
        """What lies on the scale now: a fragment."""
        return render_template("parts/scale.html", weight_g=desk.live.weight_g())

    @pages.get("/badge")
    @needs("farm_seen")
    def badge() -> str:
        """Whether a badge was touched: a fragment."""
        return render_template(
            "parts/badge.html", touched=desk.live.badge() is not None, reader=desk.live.reader_connected
        )


def _show(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/<part_id>")
    @needs("farm_seen")
    def one(part_id: str) -> str:
        """One part: its weighing, its label, its hand-over."""
        part = desk.workshop.part(part_id) or abort(404)
        job = desk.queue.job(part.job_id)
        return render_template(
            "parts/one.html",
            part=part,
            job=job,
            run=desk.queue.run(part.run_id),
            names={section.printer_id: section.name for section in desk.farm.printers},
            weighing=Weighing(part.expected_g, part.measured_g),
            touched=desk.live.badge() is not None,
            reader=desk.live.reader_connected,
            words=words,
            may=may,
            officer_of=desk.own.officer,
            qr=_qr(part),
        )

    @pages.get("/<part_id>/label")
    @needs("farm_seen")
    def label(part_id: str) -> str:
        """The label alone, for the label printer."""
        part = desk.workshop.part(part_id) or abort(404)
        return render_template("parts/label.html", part=part, qr=_qr(part))


def _qr(part: Part) -> str:
    """The part's code as a QR picture (data URI); level M survives a scratched label."""
    return str(segno.make(part.part_id, error="m", micro=False).svg_data_uri(scale=8, border=2))


def _printer_name(desk: Desk, job: Job) -> str:
    runs = desk.queue.runs_of(job.job_id)
    names = {section.printer_id: section.name for section in desk.farm.printers}
    return names.get(runs[-1].printer_id, runs[-1].printer_id) if runs else ""


def _act(pages: Blueprint, desk: Desk) -> None:
    @pages.post("/weigh/<job_id>")
    @needs("part_weighed")
    def weigh(job_id: str) -> Response:
        """Take a part's mass down; it gets its code, and its bed is clear."""
        grams = grams_field("grams")
        note = text_field("note", max_length=300, required=False)
        return once(desk, lambda: _weigh(desk, job_id, grams, note))

    @pages.post("/<part_id>/hand-over")
    @needs("part_handed_over")
    def hand_over(part_id: str) -> Response:
        """Give a part to its owner, shown by badge or by a typed number."""
        part = desk.workshop.part(part_id) or abort(404)
        how = choice_field("how", ("badge", "typed"))
        if part.handed_over_utc is not None:
            return redirect(url_for(".one", part_id=part.part_id), 303)
        owner = _owner(desk, how)  # asks the hub: not inside a transaction
        check_hand_over(part.resident_id, owner)
        return once(desk, lambda: _hand_over(desk, part, how))


def _owner(desk: Desk, how: str) -> str:
    if how == "typed":
        return text_field("resident", max_length=40).strip()
    uid = desk.live.take_badge()
    if uid is None:
        raise WeighingRefused("no_badge")
    answer = desk.hub.call(WhoseBadge(uid=uid))
    return answer.resident_id if isinstance(answer, BadgeOwner) else ""


def _weigh(desk: Desk, job_id: str, grams: float, note: str) -> str:
    job = desk.queue.job(job_id) or abort(404)
    if job.state != "printed":
        raise QueueRefused(job_id=job_id)
    run = next(run for run in desk.queue.runs_of(job_id) if run.state == "done")
    verdict = check_weighing(Weighing(job.order.grams, grams), note)
    who = officer().officer_id
    part = desk.workshop.add_part(
        NewPart(
            job_id=job_id,
            run_id=run.run_id,
            order_id=job.order_id,
            title=job.order.title,
            resident_id=job.order.resident_id,
            resident_label=job.order.resident_label,
            expected_g=job.order.grams,
            measured_g=grams,
            verdict=verdict,
            note=note,
            weighed_by=who,
        )
    )
    desk.queue.move_job(job_id, "ready")
    if desk.queue.bed(run.printer_id).run_id == run.run_id:
        desk.queue.set_bed(run.printer_id, "clear")
    desk.trail.record(
        who,
        "part_weighed",
        part.part_id,
        job_id=job_id,
        expected_g=job.order.grams,
        grams=grams,
        verdict=verdict,
        note=note,
    )
    _tell(desk, job, part, "ready")
    return url_for("parts.one", part_id=part.part_id)


def _hand_over(desk: Desk, part: Part, how: str) -> str:
    who = officer().officer_id
    if desk.workshop.hand_over(part.part_id, who, how):
        desk.queue.move_job(part.job_id, "handed_over")
        desk.trail.record(who, "part_handed_over", part.part_id, resident_id=part.resident_id, how=how)
        job = desk.queue.job(part.job_id)
        if job is not None:
            _tell(desk, job, part, "handed_over")
    return url_for("parts.one", part_id=part.part_id)


def _tell(desk: Desk, job: Job, part: Part, state: str) -> None:
    """Tell the hub with the part's code and mass, once the whole order stands there."""
    states = {
        one.state for one in desk.queue.jobs_of(job.order_id) if one.state not in {"failed", "cancelled"}
    }
    if state == "ready" and states <= {"ready", "handed_over"}:
        desk.teller.say(
            job.order_id,
            "ready",
            part_code=part.part_id,
            grams=part.measured_g,
            officer_id=officer().officer_id,
        )
    elif state == "handed_over" and states == {"handed_over"}:
        desk.teller.say(job.order_id, "handed_over", part_code=part.part_id, officer_id=officer().officer_id)
