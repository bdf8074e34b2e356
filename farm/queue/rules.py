"""The life of a job as data, and what an order's jobs mean together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from provisioning.contracts.farm import JobState

JobWord = Literal[
    "ordered",  # the order is here and was checked
    "spooling",  # its G-code is being compiled
    "queued",  # a spool file is ready, a printer is awaited
    "leased",  # one printer has it
    "printing",
    "cooling",
    "printed",  # lies on the bed
    "ready",  # weighed and labelled
    "handed_over",
    "failed",
    "cancelled",
]

# What may follow what; everything else is a bug or a late message.
NEXT: dict[str, frozenset[str]] = {
    "ordered": frozenset({"spooling", "failed", "cancelled"}),
    "spooling": frozenset({"ordered", "queued", "failed", "cancelled"}),
    "queued": frozenset({"leased", "ordered", "failed", "cancelled"}),  # ordered: its spool file went bad
    "leased": frozenset({"printing", "cooling", "printed", "queued", "failed", "cancelled"}),
    "printing": frozenset({"cooling", "printed", "queued", "failed", "cancelled"}),
    "cooling": frozenset({"printed", "queued", "failed", "cancelled"}),
    "printed": frozenset({"ready"}),
    "ready": frozenset({"handed_over"}),
    "handed_over": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
ENDED = frozenset({"handed_over", "failed", "cancelled"})
ON_A_PRINTER = frozenset({"leased", "printing", "cooling"})  # exactly while a run is open
WAITING = frozenset({"ordered", "spooling", "queued"})
MAX_ATTEMPTS = 2  # J2.F1: the same approval keeps one retry

_OUTSIDE: dict[str, JobState] = {
    "ordered": "queued",
    "spooling": "queued",
    "queued": "queued",
    "leased": "queued",
    "printing": "printing",
    "cooling": "cooling",
    "printed": "printed",
    "ready": "ready",
    "handed_over": "handed_over",
    "failed": "failed",
    "cancelled": "failed",
}
_RANK = ("queued", "printing", "cooling", "printed", "ready", "handed_over")

# What a worker's word about its run makes of the job.
RUN_MAKES: dict[str, JobWord] = {
    "started": "printing",
    "heating": "printing",
    "printing": "printing",
    "paused": "printing",
    "cooling": "cooling",
    "done": "printed",
}


def may_become(now: str, then: str) -> bool:
    """Whether a job may go from ``now`` to ``then``."""
    return then in NEXT[now]


def outside_state(jobs: Sequence[str]) -> JobState:
    """An order's state as the hub and the resident see it: that of its least advanced living copy.

    Only when every copy failed or was cancelled has the order failed.
    """
    if not jobs:
        raise ValueError("an order has at least one job")
    living = [_OUTSIDE[state] for state in jobs if _OUTSIDE[state] != "failed"]
    return min(living, key=_RANK.index) if living else "failed"


def after_failure(attempts: int) -> JobWord:
    """Where a job goes whose run number ``attempts`` failed."""
    return "queued" if attempts < MAX_ATTEMPTS else "failed"
