"""The queue's tables. The database itself refuses a second lease, a second success and a third attempt."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlite_utils import Database, Migrations

from farm.queue import rules
from farm.queue.model import RUN_ENDED, Bed, BedState, Job, Model, ModelState, Order, Run
from provisioning.clock import Clock, iso
from provisioning.contracts import ModelSheet, PrintOrder
from provisioning.errors import Refused
from provisioning.ids import new_key
from provisioning.store import Row, Store, script

QUEUE = Migrations("queue")

_JOBS = (
    "SELECT j.job_id, j.copy, j.state, j.reason, j.changed_utc, o.*,"
    " (SELECT count(*) FROM runs r WHERE r.job_id = j.job_id) AS attempts"
    " FROM jobs j JOIN orders o ON o.order_id = j.order_id "
)


@QUEUE()
def m001_queue(db: Database) -> None:
    """Models, orders, jobs, runs, beds."""
    script(
        db,
        """
        CREATE TABLE models (
            model_id TEXT PRIMARY KEY, gcode_sha256 TEXT NOT NULL, sheet TEXT NOT NULL,
            top_png BLOB NOT NULL, angle_png BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('proposed','approved','withdrawn')),
            decided_by TEXT NOT NULL DEFAULT '[]', added_by TEXT NOT NULL, at_utc TEXT NOT NULL
        ) STRICT;
        CREATE TABLE orders (
            order_id TEXT PRIMARY KEY, request_key TEXT NOT NULL UNIQUE, model_id TEXT NOT NULL, body TEXT NOT NULL,
            copies INTEGER NOT NULL CHECK (copies >= 0), received_utc TEXT NOT NULL,
            step INTEGER NOT NULL DEFAULT 0, told TEXT NOT NULL DEFAULT '', refused TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE TABLE jobs (
            job_id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (order_id),
            copy INTEGER NOT NULL CHECK (copy >= 1), state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
            changed_utc TEXT NOT NULL, place INTEGER NOT NULL, UNIQUE (order_id, copy)
        ) STRICT;
        CREATE TRIGGER no_copy_beyond_the_approval BEFORE INSERT ON jobs
        WHEN NEW.copy > (SELECT copies FROM orders WHERE order_id = NEW.order_id)
        BEGIN SELECT RAISE(ABORT, 'copy beyond the approval'); END;
        CREATE TABLE runs (
            run_id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (job_id),
            attempt INTEGER NOT NULL CHECK (attempt IN (1, 2)), printer_id TEXT NOT NULL, reel_id TEXT NOT NULL,
            spool_sha256 TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
            after_cancel TEXT NOT NULL DEFAULT 'retry' CHECK (after_cancel IN ('retry','end')),
            leased_utc TEXT NOT NULL, ended_utc TEXT, UNIQUE (job_id, attempt)
        ) STRICT;
        CREATE UNIQUE INDEX one_lease_per_printer ON runs (printer_id) WHERE ended_utc IS NULL;
        CREATE UNIQUE INDEX one_lease_per_job ON runs (job_id) WHERE ended_utc IS NULL;
        CREATE UNIQUE INDEX one_success_per_job ON runs (job_id) WHERE state = 'done';
        CREATE TRIGGER no_run_after_success BEFORE INSERT ON runs
        WHEN EXISTS (SELECT 1 FROM runs WHERE job_id = NEW.job_id AND state = 'done')
        BEGIN SELECT RAISE(ABORT, 'job already printed'); END;
        CREATE TRIGGER an_ended_run_stays_ended BEFORE UPDATE ON runs
        WHEN OLD.ended_utc IS NOT NULL AND (NEW.state <> OLD.state OR NEW.ended_utc IS NOT OLD.ended_utc)
        BEGIN SELECT RAISE(ABORT, 'run already ended'); END;
        CREATE TABLE spools (
            gcode_sha256 TEXT NOT NULL, printer_kind TEXT NOT NULL, sha256 TEXT NOT NULL, lines INTEGER NOT NULL,
            seconds INTEGER NOT NULL, made_utc TEXT NOT NULL, PRIMARY KEY (gcode_sha256, printer_kind)
        ) STRICT;
        CREATE TABLE beds (
            printer_id TEXT PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('clear','part','remains')),
            run_id TEXT NOT NULL DEFAULT ''
        ) STRICT;
        """,
    )


_STANDING = (
    "SELECT state, EXISTS (SELECT 1 FROM runs WHERE runs.job_id = jobs.job_id AND ended_utc IS NULL) AS runs"
    " FROM jobs WHERE job_id = ?"
)


class QueueRefused(Refused):
    """The queue cannot do this now."""

    code = "job_moved_on"


class QueueStore:
    """Models, orders, jobs, runs and beds of one farm node."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def _now(self) -> str:
        return iso(self._clock.now_utc())

    # --- models ---------------------------------------------------------------------------------------------------

    def add_model(self, sheet: ModelSheet) -> None:
        """Keep a model that was taken in; it may not print before the hub says that it was approved."""
        plain = msgspec.to_builtins(sheet)
        del plain["top_png"], plain["angle_png"]
        self._store.run(
            "INSERT INTO models (model_id, gcode_sha256, sheet, top_png, angle_png, state, added_by, at_utc)"
            " VALUES (?,?,?,?,?,'proposed',?,?)",
            (
                sheet.model_id,
                sheet.gcode_sha256,
                msgspec.json.encode(plain).decode(),
                sheet.top_png,
                sheet.angle_png,
                sheet.added_by,
                sheet.at_utc,
            ),
        )

    def model_with_file(self, gcode_sha256: str) -> Model | None:
        """The model whose G-code this is."""
        row = self._store.row(
            "SELECT * FROM models WHERE gcode_sha256 = ? ORDER BY at_utc DESC", (gcode_sha256,)
        )
        return _model(row) if row else None

    def model(self, model_id: str) -> Model | None:
        """One model."""
        row = self._store.row("SELECT * FROM models WHERE model_id = ?", (model_id,))
        return _model(row) if row else None

    def models(self) -> list[Model]:
        """Every model, newest first."""
        return [
            _model(row) for row in self._store.rows("SELECT * FROM models ORDER BY at_utc DESC, model_id")
        ]

    def picture(self, model_id: str, view: str) -> bytes | None:
        """A model's picture from above (``top``) or at an angle, PNG."""
        column = "top_png" if view == "top" else "angle_png"
        row = self._store.row(f"SELECT {column} AS png FROM models WHERE model_id = ?", (model_id,))  # noqa: S608
        return bytes(row["png"]) if row else None

    def decide_model(self, model_id: str, gcode_sha256: str, *, approved: bool, by: Iterable[str]) -> bool:
        """Remember what the hub decided; false when no such model with that file is here."""
        state: ModelState = "approved" if approved else "withdrawn"
        return bool(
            self._store.run(
                "UPDATE models SET state = ?, decided_by = ? WHERE model_id = ? AND gcode_sha256 = ?",
                (state, msgspec.json.encode(list(by)).decode(), model_id, gcode_sha256),
            )
        )

    def add_order(self, order: PrintOrder, refused: str = "") -> bool:
        """Keep an order and its jobs; false when this order or its request was here before: nothing changed."""
        body = msgspec.json.encode(order).decode()
        copies = 0 if refused else order.copies
        with self._store.atomic():
            added = self._store.run(
                "INSERT OR IGNORE INTO orders (order_id, request_key, model_id, body, copies, received_utc, refused)"
                " VALUES (?,?,?,?,?,?,?)",
                (order.order_id, order.request_key, order.model_id, body, copies, self._now(), refused),
            )
            for copy in range(1, copies + 1) if added else ():
                self._store.run(
                    "INSERT INTO jobs (job_id, order_id, copy, state, changed_utc, place)"
                    " VALUES (?,?,?,'ordered',?,(SELECT coalesce(max(place), 0) + 1 FROM jobs))",
                    (f"{order.order_id}-{copy}", order.order_id, copy, self._now()),
                )
        return bool(added)

    def has_order(self, order_id: str, request_key: str) -> bool:
        """Whether this order, or another for the same request, was received before."""
        sql = "SELECT 1 AS there FROM orders WHERE order_id = ? OR request_key = ?"
        return self._store.row(sql, (order_id, request_key)) is not None

    def order(self, order_id: str) -> Order | None:
        """One order."""
        row = self._store.row("SELECT * FROM orders WHERE order_id = ?", (order_id,))
        return _order(row) if row else None

    def next_step(self, order_id: str, told: str) -> int:
        """Count one more word to the hub about this order; the number that the word carries."""
        with self._store.atomic():
            self._store.run(
                "UPDATE orders SET step = step + 1, told = ? WHERE order_id = ?", (told, order_id)
            )
            row = self._store.row("SELECT step FROM orders WHERE order_id = ?", (order_id,))
        return int(row["step"]) if row else 0

    # --- jobs -----------------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job | None:
        """One job with its order."""
        found = self._jobs("WHERE j.job_id = ?", (job_id,))
        return found[0] if found else None

    def jobs_in(self, *states: str) -> list[Job]:
        """Jobs in any of ``states``, in the order of the queue."""
        return self._jobs(f"WHERE j.state IN ({','.join('?' * len(states))}) ORDER BY j.place", states)

    def jobs_of(self, order_id: str) -> list[Job]:
        """All copies of an order."""
        return self._jobs("WHERE j.order_id = ? ORDER BY j.copy", (order_id,))

    def latest_jobs(self, limit: int = 50) -> list[Job]:
        """Jobs that have ended, the latest first."""
        sql = "WHERE j.state IN ('handed_over','failed','cancelled') ORDER BY j.changed_utc DESC, j.place DESC LIMIT ?"
        return self._jobs(sql, (limit,))

    def move_job(self, job_id: str, then: str, reason: str = "") -> bool:
        """Let a job go on to ``then``; false when it may not, or its run has not ended: nothing changed."""
        with self._store.atomic():
            row = self._store.row(_STANDING, (job_id,))
            if row is None or not rules.may_become(row["state"], then):
                return False
            if row["runs"] and then not in rules.ON_A_PRINTER:
                return False
            self._store.run(
                "UPDATE jobs SET state = ?, reason = ?, changed_utc = ? WHERE job_id = ?",
                (then, reason, self._now(), job_id),
            )
        return True

    def put_first(self, job_id: str) -> bool:
        """Let a waiting job go before all others."""
        return bool(
            self._store.run(
                "UPDATE jobs SET place = (SELECT min(place) - 1 FROM jobs)"
                " WHERE job_id = ? AND state IN ('ordered','spooling','queued')",
                (job_id,),
            )
        )

    # --- runs -----------------------------------------------------------------------------------------------------

    def lease(self, job_id: str, printer_id: str, reel_id: str, spool_sha256: str) -> Run:
        """Give a queued job to one printer: a new run.

        Raises:
            QueueRefused: the job is not queued any more, its attempts are used up, or the printer has a run.
        """
        with self._store.atomic():
            job = self.job(job_id)
            if job is None or job.state != "queued" or job.attempts >= rules.MAX_ATTEMPTS:
                raise QueueRefused(job_id=job_id)
            if self.open_run_on(printer_id) is not None:
                raise QueueRefused("printer_has_a_run", printer_id=printer_id)
            run_id = new_key()
            self._store.run(
                "INSERT INTO runs (run_id, job_id, attempt, printer_id, reel_id, spool_sha256, state, leased_utc)"
                " VALUES (?,?,?,?,?,?,'leased',?)",
                (run_id, job_id, job.attempts + 1, printer_id, reel_id, spool_sha256, self._now()),
            )
            self.move_job(job_id, "leased")
        run = self.run(run_id)
        assert run is not None
        return run

    def run(self, run_id: str) -> Run | None:
        """One run."""
        row = self._store.row("SELECT * FROM runs WHERE run_id = ?", (run_id,))
        return _run(row) if row else None

    def runs_of(self, job_id: str) -> list[Run]:
        """A job's attempts."""
        return [
            _run(row)
            for row in self._store.rows("SELECT * FROM runs WHERE job_id = ? ORDER BY attempt", (job_id,))
        ]

    def open_run_on(self, printer_id: str) -> Run | None:
        """The run that a printer has not ended."""
        row = self._store.row("SELECT * FROM runs WHERE printer_id = ? AND ended_utc IS NULL", (printer_id,))
        return _run(row) if row else None

    def note_run(self, run_id: str, state: str, reason: str = "") -> bool:
        """Remember a run's state; false when state and reason are no news, or the run had ended: nothing changed."""
        with self._store.atomic():
            run = self.run(run_id)
            if run is None or run.state in RUN_ENDED or (run.state == state and reason in {"", run.reason}):
                return False
            ended = self._now() if state in RUN_ENDED else None
            self._store.run(
                "UPDATE runs SET state = ?, reason = ?, ended_utc = ? WHERE run_id = ?",
                (state, reason, ended, run_id),
            )
        return True

    def drop_unstarted(self, run_id: str) -> bool:
        """Forget a lease that its worker never took up: it was no attempt. False when it had begun."""
        return self._store.run("DELETE FROM runs WHERE run_id = ? AND state = 'leased'", (run_id,)) == 1

    def end_after_cancel(self, run_id: str, then: str) -> None:
        """What becomes of the job once its run is cancelled: ``retry`` or ``end``."""
        self._store.run(
            "UPDATE runs SET after_cancel = ? WHERE run_id = ? AND ended_utc IS NULL", (then, run_id)
        )

    # --- spool files ----------------------------------------------------------------------------------------------

    def keep_spool(self, gcode_sha256: str, printer_kind: str, sha256: str, lines: int, seconds: int) -> None:
        """Remember what a spool file must be, from the moment that it was compiled."""
        self._store.run(
            "INSERT OR REPLACE INTO spools (gcode_sha256, printer_kind, sha256, lines, seconds, made_utc)"
            " VALUES (?,?,?,?,?,?)",
            (gcode_sha256, printer_kind, sha256, lines, seconds, self._now()),
        )

    def spool_sha256(self, gcode_sha256: str, printer_kind: str) -> str | None:
        """The SHA-256 of the spool file compiled from this G-code; None when there is none."""
        row = self._store.row(
            "SELECT sha256 FROM spools WHERE gcode_sha256 = ? AND printer_kind = ?",
            (gcode_sha256, printer_kind),
        )
        return str(row["sha256"]) if row else None

    def forget_spool(self, gcode_sha256: str, printer_kind: str) -> None:
        """This spool file cannot be trusted any more."""
        self._store.run(
            "DELETE FROM spools WHERE gcode_sha256 = ? AND printer_kind = ?", (gcode_sha256, printer_kind)
        )

    def bed(self, printer_id: str) -> Bed:
        """What lies on a printer's bed; a printer never heard of is clear."""
        row = self._store.row("SELECT * FROM beds WHERE printer_id = ?", (printer_id,))
        return msgspec.convert(row, Bed) if row else Bed(printer_id=printer_id, state="clear", run_id="")

    def set_bed(self, printer_id: str, state: BedState, run_id: str = "") -> None:
        """Remember what lies on a bed."""
        self._store.run(
            "INSERT INTO beds (printer_id, state, run_id) VALUES (?,?,?)"
            " ON CONFLICT (printer_id) DO UPDATE SET state = excluded.state, run_id = excluded.run_id",
            (printer_id, state, run_id),
        )

    def _jobs(self, rest: str, parameters: Iterable[object]) -> list[Job]:
        return [_job(row) for row in self._store.rows(_JOBS + rest, tuple(parameters))]


def _model(row: Row) -> Model:
    sheet = msgspec.json.decode(row["sheet"])
    kept = {name: sheet[name] for name in Model.__struct_fields__ if name in sheet}
    decided = msgspec.json.decode(row["decided_by"])
    return msgspec.convert({**kept, "state": row["state"], "decided_by": decided}, Model)


def _order(row: Row) -> Order:
    body = msgspec.json.decode(row["body"])
    kept = {name: body[name] for name in Order.__struct_fields__ if name in body}
    here = {name: row[name] for name in ("received_utc", "step", "told", "refused")}
    return msgspec.convert({**kept, **here}, Order)


def _job(row: Row) -> Job:
    names = ("job_id", "order_id", "copy", "state", "attempts", "reason", "changed_utc")
    return Job(**{name: row[name] for name in names}, order=_order(row))


def _run(row: Row) -> Run:
    return msgspec.convert(
        {**{k: v for k, v in row.items() if k != "after_cancel"}, "then": row["after_cancel"]}, Run
    )
