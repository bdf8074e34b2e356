"""Which printer may take which job, and in words why not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# workshop.md 5.5: the loss of a reel may differ from the expected mass by max(3 g, 2 %).
SPARE_G = 3.0
SPARE_SHARE = 0.02


@dataclass(frozen=True)
class ReelFacts:
    """The reel that is mounted on a printer."""

    reel_id: str
    code: str
    material: str
    colour: str
    grams_left: float


@dataclass(frozen=True)
class PrinterFacts:
    """One printer as the queue sees it."""

    printer_id: str
    name: str
    kind: str
    state: str  # the worker's word: idle, busy, offline ...
    cell_live: bool
    bed_clear: bool
    leased: bool
    reel: ReelFacts | None


@dataclass(frozen=True)
class JobFacts:
    """One job that waits."""

    job_id: str
    printer_kind: str
    material: str
    colour: str
    grams: float


@dataclass(frozen=True)
class Obstacle:
    """Why one printer does not take one job: a stable code, and what fills its sentence."""

    printer_id: str
    code: str
    detail: str = ""


def grams_needed(grams: float) -> float:
    """What a reel must hold so that a print of ``grams`` does not run out."""
    return grams + max(SPARE_G, grams * SPARE_SHARE)


def obstacle(job: JobFacts, printer: PrinterFacts) -> Obstacle | None:
    """The first thing that keeps ``printer`` from ``job``: what lasts longest is named first."""
    reel = printer.reel
    if printer.kind != job.printer_kind:
        return Obstacle(printer.printer_id, "other_kind", printer.kind)
    if reel is None:
        return Obstacle(printer.printer_id, "no_reel")
    checks = (
        (reel.material != job.material, "other_material", reel.material),
        (reel.colour != job.colour, "other_colour", reel.colour),
        (reel.grams_left < grams_needed(job.grams), "reel_too_short", f"{reel.grams_left:.1f}"),
        (printer.leased or printer.state == "busy", "printer_busy", ""),
        (not printer.bed_clear, "bed_not_clear", ""),
        (not printer.cell_live, "cell_off", ""),
        (printer.state != "idle", f"printer_{printer.state}", ""),
    )
    return next(
        (Obstacle(printer.printer_id, code, detail) for stands, code, detail in checks if stands), None
    )


def _least_left(printer: PrinterFacts) -> tuple[float, str]:
    return (printer.reel.grams_left if printer.reel else 0.0, printer.printer_id)


def explain(job: JobFacts, printers: Sequence[PrinterFacts]) -> list[Obstacle]:
    """What keeps every printer from ``job``; empty when one could take it now."""
    found = [obstacle(job, printer) for printer in printers]
    return [] if None in found else [reason for reason in found if reason is not None]


def pairs(jobs: Sequence[JobFacts], printers: Sequence[PrinterFacts]) -> list[tuple[JobFacts, PrinterFacts]]:
    """Which jobs may start now on which printers: jobs in their order, each printer at most once.

    Of several printers that fit, the one whose reel has least left: reels are used up one after the other.
    """
    free = list(printers)
    chosen: list[tuple[JobFacts, PrinterFacts]] = []
    for job in jobs:
        fitting = [printer for printer in free if obstacle(job, printer) is None]
        if fitting:
            best = min(fitting, key=_least_left)
            free.remove(best)
            chosen.append((job, best))
    return chosen
