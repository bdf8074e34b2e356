"""Compiles the G-code of ordered jobs into spool files, one at a time, in a child process."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from farm.desk.intake import sweep
from farm.desk.orders import sha256_of
from farm.desk.spool_child import Reply, Spooling, Task
from farm.desk.telling import Teller
from farm.gcode.compile import part_of
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
SILENT_S = 120.0  # the child speaks five times a second, but for a spool file on its way to a slow card
_WORDS: msgspec.json.Decoder[Spooling | Reply] = msgspec.json.Decoder(Spooling | Reply)


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
        self._under_way: tuple[str, Spooling] | None = None
        self._made: dict[Path, Reply] = {}  # by this process, so under the limits that hold now
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
        if (child := self._child) is not None:
            child.kill()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def nudge(self) -> None:
        """There may be an order: look now."""
        self._wake.set()

    def now_at(self, job_id: str) -> Spooling | None:
        """How far the compilation of this job's file is; None when it is not the one under way. From any thread."""
        under_way = self._under_way
        return under_way[1] if under_way is not None and under_way[0] == job_id else None

    def spool_next(self) -> bool:
        """Compile the first ordered job's file; false when there is none.

        A job that an officer takes out of the queue meanwhile ends its compilation, and no half file stays behind.

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
        finally:
            self._under_way = None
        if reply is not None:
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

    def _compile(self, job: Job) -> Reply | None:
        """The child's answer; None when the job went out of the queue meanwhile."""
        order = job.order
        limits = self._limits.get(order.printer_kind)
        if limits is None:
            return Reply(refused="printer_kind_unknown")
        target = self._spool_path(order.gcode_sha256, order.printer_kind)
        if (made := self._made.get(target)) is not None and sha256_of(target) == made.sha256:
            return made  # another copy, or another order for the same file, under the same limits
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self._gcode_dir / f"{order.gcode_sha256}.gcode"
        if not source.exists():
            return Reply(refused="gcode_gone")
        reply = self._in_child(job.job_id, Task(str(source), str(target), order.gcode_sha256, limits))
        if reply is not None and not reply.refused:
            self._made[target] = reply
        return reply

    def _in_child(self, job_id: str, task: Task) -> Reply | None:
        with subprocess.Popen(
            [sys.executable, "-m", "farm.desk.spool_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TOP,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        ) as child:
            self._child = child
            assert child.stdin is not None
            try:
                child.stdin.write(msgspec.json.encode(task))
                child.stdin.close()
                return self._listen(job_id, child)
            finally:
                child.kill()
                child.wait()
                self._child = None
                part_of(Path(task.target), child.pid).unlink(missing_ok=True)

    def _listen(self, job_id: str, child: subprocess.Popen[bytes]) -> Reply | None:
        """Hear the child out, unless its job is taken out of the queue."""
        for line in _lines(child):
            word = _WORDS.decode(line)
            if isinstance(word, Reply):
                return word
            self._under_way = (job_id, word)
            job = self._queue.job(job_id)
            if job is None or job.state != "spooling":
                return None
        if child.wait() == -signal.SIGXCPU:
            return Reply(refused="file_too_complex")
        raise Unavailable("spooling_failed", status=child.returncode)

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


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What the child says, line by line, until it ends.

    Raises:
        Unavailable: it has said nothing for ``SILENT_S``.
    """
    assert child.stdout is not None
    rest = b""
    while select.select([child.stdout], [], [], SILENT_S)[0]:
        data = os.read(child.stdout.fileno(), 4096)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    raise Unavailable("spooling_failed", why="silent")
