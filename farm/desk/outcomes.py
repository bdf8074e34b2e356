"""What a run's state makes of its job: beds remembered, reels used, one retry, the hub told. Inside a transaction."""

from __future__ import annotations

from farm.desk.live import Live
from farm.desk.telling import Teller
from farm.queue.model import RUN_ENDED, Job, Run
from farm.queue.rules import RUN_MAKES, JobWord, after_failure
from farm.queue.store import QueueStore
from farm.words import RunReport
from farm.workshop.store import WorkshopStore
from provisioning.audit import Trail

# Why a worker turns a lease down before it has moved anything (farm/worker/job.py, shell.py): no attempt was made.
NEVER_STARTED = frozenset(
    {"cell_off", "printer_not_ready", "journal_failed", "spool_missing", "spool_differs", "spool_corrupt"}
)


class Outcomes:
    """Every method belongs into the transaction in which the run's own state is written."""

    def __init__(
        self, queue: QueueStore, workshop: WorkshopStore, live: Live, teller: Teller, trail: Trail
    ) -> None:
        self._queue, self._workshop, self._live, self._teller, self._trail = (
            queue,
            workshop,
            live,
            teller,
            trail,
        )

    def is_withdrawn(self, job: Job) -> bool:
        """Whether the job's model may no longer be printed by anyone."""
        model = self._queue.model(job.order.model_id)
        return model is None or model.state == "withdrawn"

    def take_back(self, run: Run, reason: str) -> None:
        """A lease that was turned down before anything moved: the job waits again, its approval untouched."""
        job = self._queue.job(run.job_id)
        if job is None or not self._queue.drop_unstarted(run.run_id):
            return
        self._trail.record(run.printer_id, "lease_returned", run.run_id, job_id=job.job_id, reason=reason)
        self._queue.move_job(job.job_id, "queued", reason)
        if reason.startswith("spool"):
            self._queue.forget_spool(job.order.gcode_sha256, job.order.printer_kind)

    def apply(self, run: Run, report: RunReport) -> None:
        """A run's new state, just noted, on its job, its bed, its reel, the trail and the hub."""
        job = self._queue.job(run.job_id)
        if job is None:
            return
        if run.state == "leased" and report.state not in RUN_ENDED:
            self._trail.record(
                run.printer_id,
                "run_started",
                run.run_id,
                job_id=job.job_id,
                printer=run.printer_id,
                attempt=run.attempt,
            )
        if (
            report.state == "paused" and report.reason
        ):  # not by a button here: that is recorded when it is pressed
            self._trail.record(
                run.printer_id, "run_paused", run.run_id, job_id=job.job_id, reason=report.reason
            )
        if report.state in {"failed", "cancelled"}:
            self._end_badly(run, job, report)
            return
        if report.state == "done":
            self._queue.set_bed(run.printer_id, "part", run.run_id)
            self._workshop.use(run.reel_id, job.order.grams)
            self._trail.record(
                run.printer_id, "run_done", run.run_id, job_id=job.job_id, note=report.reason or None
            )
        self._queue.move_job(job.job_id, RUN_MAKES[report.state])
        self._teller.tell(job.order_id)

    def _end_badly(self, run: Run, job: Job, report: RunReport) -> None:
        # Also for a run that only ever was "leased" here: its worker may have printed on while this desk was away.
        self._queue.set_bed(run.printer_id, "remains", run.run_id)
        self._workshop.use(run.reel_id, job.order.grams * self._share_done(run))
        withdrawn = self.is_withdrawn(job)
        ends = withdrawn or run.then == "end"  # as the officer chose, however the run came to its end
        then: JobWord = "cancelled" if ends else after_failure(job.attempts)
        reason = "model_withdrawn" if withdrawn else report.reason or report.state
        self._trail.record(
            run.printer_id, f"run_{report.state}", run.run_id, job_id=job.job_id, reason=reason
        )
        self._queue.move_job(job.job_id, then, reason)
        if then == "queued":
            self._teller.say(job.order_id, "failed", final=False, reason=reason)
        self._teller.tell(job.order_id, reason=reason)

    def _share_done(self, run: Run) -> float:
        progress = self._live.printer(run.printer_id).progress
        if progress is None or progress.run != run.run_id or progress.of <= 0:
            return 0.0
        return min(1.0, progress.line / progress.of)
