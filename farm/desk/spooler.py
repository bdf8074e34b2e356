"""Compiles the G-code of ordered jobs into spool files, one at a time, in a child process."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from farm.desk.intake import sweep
from farm.desk.spool_child import Reply, Task
from farm.desk.telling import Teller
from farm.gcode.limits import PrinterLimits
from farm.queue.model import Job
from farm.queue.store import QueueStore
from provisioning.audit import Trail
from provisioning.errors import Unavailable
from provisioning.store import Store

log = logging.getLogger("passage.spooler")

TOP = Path(__file__).resolve().parent.parent.parent
IDLE_S = 2.0
AGAIN_S = 10.0  # after something that is not the file's fault: a full disk, a killed child
TIMEOUT_S = 600.0


class Spooler:
    """A thread that turns ``ordered`` into ``queued``. A job found half done at start begins anew."""

    def __init__(
        self,
        store: Store,
        queue: QueueStore,
        teller: Teller,
        trail: Trail,
        limits: Mapping[str, PrinterLimits],
        gcode_dir: Path,
        spool_path: Callable[[str, str], Path],
        after: Callable[[], None],
    ) -> None:
        self._store, self._queue, self._teller, self._trail = store, queue, teller, trail
        self._limits, self._gcode_dir, self._spool_path, self._after = limits, gcode_dir, spool_path, after
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self.failed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spooler", daemon=True)

    def start(self) -> None:
        """Begin; half a spool file of a compilation that was killed is taken away first."""
        sweep(self._spool_path("", "").parent, ".*.part")
        for job in self._queue.jobs_in("spooling"):
            self._queue.move_job(job.job_id, "ordered")
        self._thread.start()

    def stop(self) -> None:
        """End; a compilation under way is dropped and begins anew at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._child is not None:
            self._child.kill()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def nudge(self) -> None:
        """There may be an order: look now."""
        self._wake.set()

    def spool_next(self) -> bool:
        """Compile the first ordered job's file; false when there is none.

        Raises:
            Unavailable: not the file's fault; the job is ordered still.
        """
        waiting = self._queue.jobs_in("ordered")
        if not waiting:
            return False
        job = waiting[0]
        self._queue.move_job(job.job_id, "spooling")
        try:
            reply = self._compile(job)
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError, Unavailable) as error:
            self._queue.move_job(job.job_id, "ordered")
            raise Unavailable("spooling_failed", job=job.job_id, why=str(error)[:200]) from error
        with self._store.atomic():
            self._settle(job, reply)
        self._after()
        return True

    def _settle(self, job: Job, reply: Reply) -> None:
        order = job.order
        if reply.refused:
            self._trail.record(
                job.order.approved_by, "job_refused", job.job_id, reason=reply.refused, line=reply.line
            )
            if self._queue.move_job(job.job_id, "failed", reply.refused):
                self._teller.tell(job.order_id, reason=reply.refused)
            return
        self._queue.keep_spool(
            order.gcode_sha256, order.printer_kind, reply.sha256, reply.lines, reply.seconds
        )
        if self._queue.move_job(job.job_id, "queued"):
            self._teller.tell(job.order_id)

    def _compile(self, job: Job) -> Reply:
        order = job.order
        limits = self._limits.get(order.printer_kind)
        if limits is None:
            return Reply(refused="printer_kind_unknown")
        target = self._spool_path(order.gcode_sha256, order.printer_kind)
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self._gcode_dir / f"{order.gcode_sha256}.gcode"
        if not source.exists():
            return Reply(refused="gcode_gone")
        task = Task(str(source), str(target), order.gcode_sha256, limits)
        return self._in_child(task)

    def _in_child(self, task: Task) -> Reply:
        with subprocess.Popen(
            [sys.executable, "-m", "farm.desk.spool_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TOP,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        ) as child:
            self._child = child
            try:
                out, _ = child.communicate(msgspec.json.encode(task), timeout=TIMEOUT_S)
            finally:
                child.kill()
                self._child = None
        if child.returncode:
            raise Unavailable("spooling_failed", status=child.returncode)
        return msgspec.json.decode(out, type=Reply)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                self._wake.wait(self._turn())
        finally:
            if not self._stopping.is_set():
                self.failed.set()  # a bug: the process ends with its traceback, see farm/cli.py

    def _turn(self) -> float:
        """One compilation; how long to pause after it."""
        try:
            return 0.0 if self.spool_next() else IDLE_S
        except Unavailable as error:
            log.error("%s", error)
            return AGAIN_S
