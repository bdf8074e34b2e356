"""Starting a worker: its printer's section of node.toml becomes a place, the place a lean program."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from farm.worker.lean import become_lean
from farm.worker.place import worker_place
from provisioning.config import load_node
from provisioning.errors import Unavailable


def run_worker(config: Path, printer_id: str) -> None:
    """Own one printer until SIGTERM, as a program of its own in this process's place: does not return.

    Raises:
        ConfigRefused: the node has no such printer.
        BadProfile: its profile is refused.
        Unavailable: ``worker_runs_already``.
        OSError: the lean program cannot be started.
    """
    place = worker_place(load_node(config), printer_id)
    journal = Path(place.journal)
    journal.parent.mkdir(parents=True, exist_ok=True)
    become_lean(place, _claim(journal.with_suffix(".lock"), printer_id))


def _claim(path: Path, printer_id: str) -> int:
    """Be this printer's only worker: a second one would read the first one's journal and call its run failed."""
    claim = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(claim)
        raise Unavailable("worker_runs_already", printer=printer_id) from error
    return claim
