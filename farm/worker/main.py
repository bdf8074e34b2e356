"""Starting a worker: its printer's section of node.toml to sockets, port, journal and readiness."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
from pathlib import Path

from farm.worker.place import worker_place
from farm.worker.shell import Worker
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.errors import Unavailable
from provisioning.log import start_log
from provisioning.notify import loop_petter, notify


def run_worker(config: Path, printer_id: str) -> None:
    """Own one printer until SIGTERM.

    Raises:
        ConfigRefused: the node has no such printer.
        BadProfile: its profile is refused.
        Unavailable: ``worker_runs_already``.
    """
    start_log()
    node = load_node(config)
    place = worker_place(node, printer_id)
    place.journal.parent.mkdir(parents=True, exist_ok=True)
    claim = _claim(place.journal.with_suffix(".lock"), printer_id)
    clock = SystemClock()
    log = logging.getLogger(f"worker {printer_id}")
    worker = Worker(place, clock.monotonic_s, log.info, loop_petter(clock.monotonic_s), os.getpid())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    notify("READY=1")
    worker.run()
    os.close(claim)


def _claim(path: Path, printer_id: str) -> int:
    """Be this printer's only worker: a second one would read the first one's journal and call its run failed."""
    claim = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(claim)
        raise Unavailable("worker_runs_already", printer=printer_id) from error
    return claim
