"""Jobs and workers: leases out, run reports in, runs given up that nobody has and ended that may not go on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from farm.desk.live import Live
from farm.desk.orders import sha256_of
from farm.desk.outcomes import NEVER_STARTED, Outcomes
from farm.desk.telling import Teller
from farm.queue.approval import ended
from farm.queue.matching import JobFacts, PrinterFacts, ReelFacts, pairs
from farm.queue.model import Job, Run
from farm.queue.rules import MAX_ATTEMPTS
from farm.queue.store import QueueStore
from farm.words import ENDED, Cancel, Known, Lease, PrinterReport, Progress, RunReport, Word
from farm.workshop.store import WorkshopStore
from provisioning.audit import Trail
from provisioning.clock import Clock
from provisioning.config import FarmSection
from provisioning.store import Store

log = logging.getLogger("passage.runs")

TELL_EVERY_PERCENT = 5
LOST_AFTER_S = 5.0  # a worker that is not busy for so long with a run we think it has does not have it


class RunDesk:
    """The queue's hands. ``send(printer, word)`` reaches a worker, false when nobody is there."""

    def __init__(
        self,
        farm: FarmSection,
        kinds: dict[str, str],
        store: Store,
        queue: QueueStore,
        workshop: WorkshopStore,
        live: Live,
        teller: Teller,
        trail: Trail,
        clock: Clock,
        spool_dir: Path,
    ) -> None:
        self._farm, self._kinds, self._store, self._queue, self._workshop = (
            farm,
            kinds,
            store,
            queue,
            workshop,
        )
        self._live, self._teller, self._trail, self._clock, self._spool_dir = (
            live,
            teller,
            trail,
            clock,
            spool_dir,
        )
        self._outcomes = Outcomes(queue, workshop, live, teller, trail)
        self._told_percent: dict[str, int] = {}
        self._leased_at_s: dict[str, float] = {}
        self.send: Callable[[str, Word], bool] = lambda _printer, _word: False
        self.nudge: Callable[[], None] = lambda: None

    # --- what the queue sees --------------------------------------------------------------------------------------

    def printer_facts(self) -> list[PrinterFacts]:
        """Every printer as the matching rules want it."""
        return [
            self._facts(section.printer_id, section.name, section.cell) for section in self._farm.printers
        ]

    def _facts(self, printer_id: str, name: str, cell: str) -> PrinterFacts:
        reel = self._workshop.reel_on(printer_id)
        return PrinterFacts(
            printer_id=printer_id,
            name=name,
            kind=self._kinds[printer_id],
            state=self._live.printer(printer_id).state,
            cell_live=self._live.is_live(cell),
            bed_clear=self._queue.bed(printer_id).state == "clear",
            leased=self._queue.open_run_on(printer_id) is not None,
            reel=ReelFacts(reel.reel_id, reel.reel_id, reel.material, reel.colour, reel.grams_left)
            if reel
            else None,
        )

    @staticmethod
    def job_facts(job: Job) -> JobFacts:
        """A job as the matching rules want it."""
        order = job.order
        return JobFacts(job.job_id, order.printer_kind, order.material, order.colour, order.grams)

    def spool_path(self, gcode_sha256: str, printer_kind: str) -> Path:
        """Where the spool file of a G-code file lies."""
        return self._spool_dir / f"{gcode_sha256}.{printer_kind}.spool"

    # --- leases ---------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Lease what can be leased, give up runs that their worker does not have, end those that lost their leave."""
        for section in self._farm.printers:
            run = self._queue.open_run_on(section.printer_id)
            if run is not None and not self._gave_up(run):
                self._end_withdrawn(run)
        waiting = self._queue.jobs_in("queued")
        if not waiting:
            return
        by_id = {job.job_id: job for job in waiting}
        for facts, printer in pairs([self.job_facts(job) for job in waiting], self.printer_facts()):
            assert printer.reel is not None
            self._lease(by_id[facts.job_id], printer.printer_id, printer.reel.reel_id)

    def _lease(self, job: Job, printer_id: str, reel_id: str) -> None:
        order = job.order
        if reason := ended(order, self._queue.model(order.model_id), self._clock.now_utc()):
            self._refuse(job, reason)
            return
        sha256 = self._queue.spool_sha256(order.gcode_sha256, order.printer_kind)
        path = self.spool_path(order.gcode_sha256, order.printer_kind)
        if sha256 is None or sha256_of(path) != sha256:
            log.error("spool file of job %s is not what was compiled: compiling anew", job.job_id)
            with self._store.atomic():
                self._queue.forget_spool(order.gcode_sha256, order.printer_kind)
                self._queue.move_job(job.job_id, "ordered", "spool_gone")
            return
        with self._store.atomic():
            run = self._queue.lease(job.job_id, printer_id, reel_id, sha256)
            self._trail.record(
                order.approved_by,
                "job_leased",
                job.job_id,
                run_id=run.run_id,
                printer=printer_id,
                reel=reel_id,
            )
        self._send_lease(run, path)

    def _refuse(self, job: Job, reason: str) -> None:
        """An approval that ended while the job waited: it will not print, and the hub gives its price back."""
        with self._store.atomic():
            if self._queue.move_job(job.job_id, "failed", reason):
                self._trail.record(job.order.approved_by, "job_refused", job.job_id, reason=reason)
                self._teller.tell(job.order_id, reason=reason)
        self.nudge()

    def _send_lease(self, run: Run, path: Path) -> None:
        self._leased_at_s[run.printer_id] = self._clock.monotonic_s()
        self.send(
            run.printer_id, Lease(run=run.run_id, job=run.job_id, spool=str(path), sha256=run.spool_sha256)
        )

    def _gave_up(self, run: Run) -> bool:
        """Whether the run's worker has been there for a while and does not have it: then somebody else may."""
        now_s, printer = self._clock.monotonic_s(), self._live.printer(run.printer_id)
        if printer.free_since_s is None or now_s - printer.free_since_s < LOST_AFTER_S:
            return False
        if run.state != "leased":
            self.note(run.printer_id, RunReport(run=run.run_id, state="failed", reason="run_lost"))
            return True
        if now_s - self._leased_at_s.get(run.printer_id, 0.0) < LOST_AFTER_S:
            return False
        if printer.state == "idle":
            self._lease_again(run)
            return False
        with self._store.atomic():  # its printer cannot start it: another one may
            self._outcomes.take_back(run, f"printer_{printer.state}")
        return True

    def _end_withdrawn(self, run: Run) -> None:
        """A model that is withdrawn while it prints: its run ends, for good. Said until the worker has ended it."""
        job = self._queue.job(run.job_id)
        if job is None or not self._outcomes.is_withdrawn(job):
            return
        if run.then != "end":
            with self._store.atomic():
                self._queue.end_after_cancel(run.run_id, "end")
                self._trail.record(run.printer_id, "run_withdrawn", run.run_id, job_id=job.job_id)
        self.send(run.printer_id, Cancel())

    def _lease_again(self, run: Run) -> None:
        job = self._queue.job(run.job_id)
        if job is not None:
            self._send_lease(run, self.spool_path(job.order.gcode_sha256, job.order.printer_kind))

    # --- what workers say -----------------------------------------------------------------------------------------

    def note_printer(self, printer_id: str, report: PrinterReport) -> None:
        """A printer's state; an idle worker that was leased a job while it was away is told again."""
        was = self._live.printer(printer_id).state
        self._live.note_report(printer_id, report)
        if report.state == "idle" and was != "idle":
            run = self._queue.open_run_on(printer_id)
            if run is not None and run.state == "leased":
                self._lease_again(run)

    def note(self, printer_id: str, report: RunReport) -> None:
        """A run's state: taken down once, then acknowledged, however often it is said."""
        run = self._queue.run(report.run)
        if report.state not in ENDED:
            self._live.note_life(printer_id)  # first, or a tick between here and "busy" would give the run up
        if run is None or run.printer_id != printer_id:
            log.warning("%s speaks of run %s, which it does not have", printer_id, report.run)
            self._disown(printer_id, report)
        elif run.ended_utc is not None and run.state != report.state:
            self._disown(printer_id, report)
        else:
            with self._store.atomic():
                if run.state == "leased" and report.reason in NEVER_STARTED:
                    self._outcomes.take_back(run, report.reason)
                elif self._queue.note_run(run.run_id, report.state, report.reason or ""):
                    self._outcomes.apply(run, report)
            self.nudge()
        if report.state in ENDED:
            self.send(printer_id, Known(run=report.run, state=report.state))

    def _disown(self, printer_id: str, report: RunReport) -> None:
        """A worker prints, or printed, what was given up here: it stops, and its bed is looked at before all else.

        Nothing else would keep the job's next run from making a copy that nobody approved, or from printing on top.
        """
        if report.state not in ENDED:
            self.send(printer_id, Cancel())
        elif report.state != "done" and report.reason in NEVER_STARTED:
            return
        with self._store.atomic():
            if self._queue.bed(printer_id).state == "clear":
                self._queue.set_bed(printer_id, "remains", report.run)
                self._trail.record(printer_id, "run_disowned", report.run, said=report.state)

    def note_progress(self, printer_id: str, progress: Progress) -> None:
        """Progress for the page at once; for the hub each few per cent, and never backwards."""
        self._live.note_progress(printer_id, progress)
        run = self._queue.run(progress.run)
        job = self._queue.job(run.job_id) if run is not None and run.ended_utc is None else None
        if job is None or job.state != "printing":
            return
        percent = percent_of(progress, job.order.seconds)
        step = percent - percent % TELL_EVERY_PERCENT
        if step <= self._told_percent.get(progress.run, -1):
            return
        self._told_percent = {**dict(list(self._told_percent.items())[-20:]), progress.run: step}
        with self._store.atomic():
            order = self._queue.order(job.order_id)
            if order is not None and order.told == "printing":
                self._teller.say(job.order_id, "printing", percent=percent, left_s=round(progress.left_s))
        self.nudge()

    def attempts_left(self, job: Job) -> int:
        """How many more runs the approval allows."""
        return max(0, MAX_ATTEMPTS - job.attempts)


def percent_of(progress: Progress, total_s: float) -> int:
    """Whole per cent, by the time left of ``total_s`` where both are known, else by lines; 100 only when all is done.

    Time elapsed is left out on purpose: a worker that came back in mid-print counts it from nought.
    """
    share = progress.line / max(1, progress.of)
    if total_s > 0 and 0 < progress.left_s <= total_s:
        share = 1 - progress.left_s / total_s
    return min(100 if progress.line >= progress.of else 99, max(0, int(100 * share)))
