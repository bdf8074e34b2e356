"""Temperatures and progress as the desk hears them."""

from __future__ import annotations

from farm.link.events import Temperatures
from farm.words import Progress, Temps
from farm.worker.job import LeasedJob


def merged(before: Temperatures | None, told: Temperatures) -> Temperatures:
    """The newest figure of each: a wait for heat tells one heater at a time, or no target (Prusa)."""
    if before is None:
        return told
    values = [getattr(told, name) for name in Temperatures.__struct_fields__]
    olds = [getattr(before, name) for name in Temperatures.__struct_fields__]
    return Temperatures(*(old if value is None else value for value, old in zip(values, olds, strict=True)))


def temps(seen: Temperatures) -> Temps:
    """What the printer last said of its heaters; what it never said is zero."""
    return Temps(
        nozzle_c=seen.nozzle_c or 0.0,
        nozzle_target_c=seen.nozzle_target_c or 0.0,
        bed_c=seen.bed_c or 0.0,
        bed_target_c=seen.bed_target_c or 0.0,
    )


def progress(job: LeasedJob, line: int, elapsed_s: float) -> Progress:
    """Where a job stands once ``line`` was taken."""
    return Progress(
        run=job.lease.run,
        line=line,
        of=job.last,
        layer=job.spool.layer_at(line),
        layers=job.spool.layers,
        elapsed_s=elapsed_s,
        left_s=job.spool.seconds_left_at(line),
    )
