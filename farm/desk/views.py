"""Printers and cells as pages show them: what was heard, what is remembered, and when a piece must be drawn anew."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from farm.desk.live import PrinterLive
from farm.desk.node import Desk
from farm.desk.runs import percent_of
from farm.desk.store import Acceptance
from farm.queue.model import Bed, Job, Run
from farm.words import CellState, PrinterReport, Progress
from farm.workshop.store import Reel
from provisioning.config import CellSection, PrinterSection


@dataclass(frozen=True)
class PrinterView:
    """One printer as its card shows it."""

    section: PrinterSection
    live: PrinterLive
    state: str
    bed: Bed
    reel: Reel | None
    run: Run | None
    job: Job | None
    progress: Progress | None  # of this run and no other
    percent: int
    left_s: float | None
    attempts_left: int
    report: PrinterReport
    accepted: Acceptance | None
    is_known: bool  # its firmware is the one that the profile describes

    @property
    def mark(self) -> str:
        """Changes when the buttons or the words above them must be drawn anew."""
        run = (self.run.run_id, self.run.reason) if self.run else None
        firmware = (self.report.firmware, self.report.is_stop_immediate, self.accepted)
        seen = (self.state, self.bed.state, run, self.live.connected, self.reason, firmware, self.live.prompt)
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]

    @property
    def reason(self) -> str:
        """Why the printer is as it is, as its worker says it: a code, or a sentence for engineers."""
        return self.report.reason or ""

    @property
    def paused_by(self) -> str:
        """The code of what paused the run, when nobody here did."""
        return self.run.reason if self.run is not None and self.state == "paused" else ""

    @property
    def is_acceptable(self) -> bool:
        """Whether an officer may let this firmware print: it is unknown, has a name, nobody has, and nothing prints.

        One that its profile does describe lacks something that the profile wants: that is the technician's matter.
        """
        accepted = self.accepted.firmware if self.accepted else ""
        is_new = self.report.firmware not in {"", accepted}
        return self.state == "quarantined" and is_new and not self.is_known and self.run is None


@dataclass(frozen=True)
class CellView:
    """One cell as its strip shows it."""

    section: CellSection
    state: CellState | None

    @property
    def mark(self) -> str:
        """Changes when the strip must be drawn anew."""
        return hashlib.sha256(repr(self.state).encode()).hexdigest()[:12]

    @property
    def is_ready(self) -> bool:
        """Whether a reset would work now."""
        state = self.state
        return bool(state and not state.live and all(state.contacts.values()) and all(state.workers.values()))


def printer_view(desk: Desk, section: PrinterSection) -> PrinterView:
    """Everything about one printer."""
    live = desk.live.printer(section.printer_id)
    run = desk.queue.open_run_on(section.printer_id)
    job = desk.queue.job(run.job_id) if run is not None else None
    bed = desk.queue.bed(section.printer_id)
    if job is None and bed.run_id and (last := desk.queue.run(bed.run_id)) is not None:
        job = desk.queue.job(last.job_id)
    progress = (
        live.progress if run is not None and live.progress and live.progress.run == run.run_id else None
    )
    state = live.state
    if run is not None and run.state != "leased" and state in {"busy", "idle"}:
        state = run.state
    return PrinterView(
        section=section,
        live=live,
        state=state,
        bed=bed,
        reel=desk.workshop.reel_on(section.printer_id),
        run=run,
        job=job,
        progress=progress,
        percent=percent_of(progress, job.order.seconds) if progress and job else 0,
        left_s=progress.left_s if progress else None,
        attempts_left=desk.runs.attempts_left(job) if job else 0,
        report=live.report or PrinterReport(state="offline"),
        accepted=desk.own.acceptance(section.printer_id),
        is_known=_is_known(desk, section.printer_id, live),
    )


def _is_known(desk: Desk, printer_id: str, live: PrinterLive) -> bool:
    identify = desk.profiles[printer_id].identify
    said = live.report.firmware if live.report else ""
    return not identify.needs_acceptance and re.search(identify.firmware_name, said) is not None
