"""The queue: what waits, why it waits, and what an officer may do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response

from farm.desk import words
from farm.desk.fields import once
from farm.desk.guard import may, needs, officer
from farm.desk.node import Desk
from farm.desk.spool_child import Spooling
from farm.queue.matching import Obstacle, PrinterFacts, explain
from farm.queue.model import Job
from farm.queue.rules import WAITING
from farm.queue.store import QueueRefused

PREPARED_MAX = 50  # of one page; further down nobody looks each second


@dataclass(frozen=True)
class Waiting:
    """A job that waits, with what keeps every printer from it, and how far its file is."""

    job: Job
    obstacles: list[Obstacle]
    spooling: Spooling | None

    @property
    def is_prepared(self) -> bool:
        """Whether its file is ready: until then the page looks again each second."""
        return self.job.state not in {"ordered", "spooling"}


def queue_pages(desk: Desk) -> Blueprint:
    """The queue page and its buttons."""
    pages = Blueprint("jobs", __name__, url_prefix="/queue")

    @pages.get("/")
    @needs("farm_seen")
    def page() -> str:
        """What waits, what runs, what ended."""
        printers = desk.runs.printer_facts()
        waiting = [_waits(desk, job, printers) for job in desk.queue.jobs_in(*WAITING)]
        return render_template(
            "jobs/page.html",
            whole=True,
            waiting=waiting,
            running=desk.queue.jobs_in("leased", "printing", "cooling", "printed"),
            ended=desk.queue.latest_jobs(20),
            names={one.printer_id: one.name for one in desk.farm.printers},
            run_of=lambda job: next(iter(reversed(desk.queue.runs_of(job.job_id))), None),
            words=words,
            may=may,
            officer_of=desk.own.officer,
        )

    @pages.get("/live")
    @needs("farm_seen")
    def live() -> str:
        """How far the files are that were being prepared when the page was drawn."""
        asked = [desk.queue.job(job_id) for job_id in request.args.getlist("job")[:PREPARED_MAX]]
        printers = desk.runs.printer_facts()
        return render_template(
            "jobs/live.html",
            whole=False,
            waiting=[_waits(desk, job, printers) for job in asked if job is not None],
            names={one.printer_id: one.name for one in desk.farm.printers},
            words=words,
        )

    @pages.post("/<job_id>/first")
    @needs("queue_steered")
    def first(job_id: str) -> Response:
        """Let a job go before all others."""
        return once(desk, lambda: _first(desk, job_id))

    @pages.post("/<job_id>/cancel")
    @needs("queue_steered")
    def cancel(job_id: str) -> Response:
        """Take a waiting job out of the queue for good; its price goes back."""
        return once(desk, lambda: _cancel(desk, job_id))

    return pages


def _waits(desk: Desk, job: Job, printers: list[PrinterFacts]) -> Waiting:
    obstacles = explain(desk.runs.job_facts(job), printers) if job.state == "queued" else []
    return Waiting(job, obstacles, desk.spooler.now_at(job.job_id))


def _waiting(desk: Desk, job_id: str) -> Job:
    job = desk.queue.job(job_id) or abort(404)
    if job.state not in WAITING:
        raise QueueRefused(job_id=job_id)
    return job


def _first(desk: Desk, job_id: str) -> str:
    job = _waiting(desk, job_id)
    desk.queue.put_first(job.job_id)
    desk.trail.record(officer().officer_id, "job_put_first", job.job_id)
    return url_for("jobs.page")


def _cancel(desk: Desk, job_id: str) -> str:
    job = _waiting(desk, job_id)
    if not desk.queue.move_job(job.job_id, "cancelled", "cancelled_by_officer"):
        raise QueueRefused(job_id=job_id)
    desk.trail.record(officer().officer_id, "job_cancelled", job.job_id, reason="cancelled_by_officer")
    desk.teller.tell(job.order_id, reason="cancelled_by_officer", officer_id=officer().officer_id)
    return url_for("jobs.page")
