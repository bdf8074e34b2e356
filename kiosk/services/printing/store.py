"""The only file with SQL of this service: models with their two signatures, requests, decisions, objections.

What must never happen is forbidden by the tables themselves: one person in both slots, an approval without two
signatures or by the person who added the file, a second decision, an order without a decision.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from sqlite_utils import Database, Migrations

from kiosk.services.printing.records import Answer, Decision, MadePart, Model, Request, Signature, Step
from kiosk.services.printing.rules import OPEN_STATES, Progress, Wish
from provisioning.contracts import ModelSheet
from provisioning.store import Row, Store, script

PRINTING = Migrations("printing")

MODELS = """
CREATE TABLE print_pictures (sha256 TEXT PRIMARY KEY, png BLOB NOT NULL) STRICT;
CREATE TABLE print_models (
    sheet_no INTEGER PRIMARY KEY AUTOINCREMENT, model_id TEXT NOT NULL, gcode_sha256 TEXT NOT NULL,
    farm TEXT NOT NULL, added_by TEXT NOT NULL, sheet TEXT NOT NULL,
    top_sha256 TEXT NOT NULL REFERENCES print_pictures, angle_sha256 TEXT NOT NULL REFERENCES print_pictures,
    received_utc TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'approved', 'refused', 'revoked', 'replaced')),
    ended_by TEXT NOT NULL DEFAULT '', ended_utc TEXT NOT NULL DEFAULT '', ended_words TEXT NOT NULL DEFAULT '',
    CHECK (state NOT IN ('refused', 'revoked') OR (ended_by <> '' AND ended_words <> ''))
) STRICT;
CREATE UNIQUE INDEX print_models_offered ON print_models (model_id) WHERE state = 'approved';
CREATE UNIQUE INDEX print_models_live ON print_models (model_id, gcode_sha256)
    WHERE state IN ('waiting', 'approved');
CREATE TABLE print_model_signatures (
    sheet_no INTEGER NOT NULL REFERENCES print_models, slot TEXT NOT NULL CHECK (slot IN ('workshop', 'security')),
    officer_id TEXT NOT NULL CHECK (officer_id <> ''), role TEXT NOT NULL, at_utc TEXT NOT NULL,
    PRIMARY KEY (sheet_no, slot), UNIQUE (sheet_no, officer_id),
    CHECK (role = slot OR (slot = 'security' AND role = 'director'))
) STRICT;

CREATE TRIGGER print_model_begins_waiting BEFORE INSERT ON print_models
WHEN NEW.state <> 'waiting' OR EXISTS (SELECT 1 FROM print_models WHERE sheet_no = NEW.sheet_no)
BEGIN SELECT RAISE(ABORT, 'a model begins waiting'); END;
CREATE TRIGGER print_model_is_bound BEFORE UPDATE ON print_models
WHEN NEW.model_id <> OLD.model_id OR NEW.gcode_sha256 <> OLD.gcode_sha256 OR NEW.added_by <> OLD.added_by
    OR NEW.sheet <> OLD.sheet OR NEW.sheet_no <> OLD.sheet_no
BEGIN SELECT RAISE(ABORT, 'what was measured is final'); END;
CREATE TRIGGER print_model_moves_forward BEFORE UPDATE OF state ON print_models
WHEN NOT ((OLD.state = 'waiting' AND NEW.state IN ('approved', 'refused', 'replaced'))
    OR (OLD.state = 'approved' AND NEW.state IN ('revoked', 'replaced')))
BEGIN SELECT RAISE(ABORT, 'a model moves forward'); END;
CREATE TRIGGER print_model_needs_two BEFORE UPDATE OF state ON print_models
WHEN NEW.state = 'approved' AND (SELECT count(DISTINCT officer_id) FROM print_model_signatures
    WHERE sheet_no = NEW.sheet_no AND officer_id <> NEW.added_by) < 2
BEGIN SELECT RAISE(ABORT, 'a model needs two people'); END;
CREATE TRIGGER print_model_is_kept BEFORE DELETE ON print_models
BEGIN SELECT RAISE(ABORT, 'a model is kept'); END;
CREATE TRIGGER print_signature_is_first BEFORE INSERT ON print_model_signatures
WHEN EXISTS (SELECT 1 FROM print_model_signatures
        WHERE sheet_no = NEW.sheet_no AND (slot = NEW.slot OR officer_id = NEW.officer_id))
    OR NOT EXISTS (SELECT 1 FROM print_models
        WHERE sheet_no = NEW.sheet_no AND state = 'waiting' AND added_by <> NEW.officer_id)
BEGIN SELECT RAISE(ABORT, 'this officer cannot sign here'); END;
CREATE TRIGGER print_signature_is_final BEFORE UPDATE ON print_model_signatures
BEGIN SELECT RAISE(ABORT, 'a signature is final'); END;
CREATE TRIGGER print_signature_is_kept BEFORE DELETE ON print_model_signatures
BEGIN SELECT RAISE(ABORT, 'a signature is kept'); END;
"""

REQUESTS = """
CREATE TABLE print_requests (
    request_key TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, resident_id TEXT NOT NULL, created_by TEXT NOT NULL,
    session_id TEXT NOT NULL, kiosk_id TEXT NOT NULL, sheet_no INTEGER REFERENCES print_models,
    model_id TEXT NOT NULL, gcode_sha256 TEXT NOT NULL, colour TEXT NOT NULL, copies INTEGER NOT NULL,
    price_cents INTEGER NOT NULL CHECK (price_cents >= 0), asked_utc TEXT NOT NULL, received_utc TEXT NOT NULL,
    due_utc TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'refused', 'objected', 'approved', 'queued', 'printing',
        'cooling', 'printed', 'ready', 'handed_over', 'failed')),
    rule_code TEXT NOT NULL DEFAULT '', order_id TEXT UNIQUE, progress_step INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0, percent INTEGER, left_s INTEGER, part_code TEXT NOT NULL DEFAULT '',
    part_g REAL, refunded INTEGER NOT NULL DEFAULT 0, fail_reason TEXT NOT NULL DEFAULT '',
    CHECK ((order_id IS NULL) = (state IN ('received', 'refused', 'objected')))
) STRICT;
CREATE INDEX print_requests_resident ON print_requests (resident_id, received_utc);
CREATE INDEX print_requests_state ON print_requests (state, received_utc);
CREATE TABLE print_decisions (
    request_key TEXT PRIMARY KEY REFERENCES print_requests, verdict TEXT NOT NULL
        CHECK (verdict IN ('approved', 'refused')),
    officer_id TEXT NOT NULL CHECK (officer_id <> ''), role TEXT NOT NULL, reason TEXT NOT NULL,
    words TEXT NOT NULL, at_utc TEXT NOT NULL, CHECK (verdict = 'approved' OR reason <> '')
) STRICT;
CREATE TABLE print_objections (
    request_key TEXT PRIMARY KEY REFERENCES print_requests, why TEXT NOT NULL, at_utc TEXT NOT NULL
) STRICT;
CREATE TABLE print_answers (
    request_key TEXT PRIMARY KEY REFERENCES print_objections, verdict TEXT NOT NULL
        CHECK (verdict IN ('stands', 'overturned')),
    officer_id TEXT NOT NULL CHECK (officer_id <> ''), role TEXT NOT NULL,
    words TEXT NOT NULL CHECK (words <> ''), at_utc TEXT NOT NULL
) STRICT;
CREATE TABLE print_steps (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, request_key TEXT NOT NULL REFERENCES print_requests,
    state TEXT NOT NULL, at_utc TEXT NOT NULL, officer_id TEXT NOT NULL, role TEXT NOT NULL, words TEXT NOT NULL
) STRICT;
CREATE INDEX print_steps_request ON print_steps (request_key, seq);

CREATE TRIGGER print_request_is_kept BEFORE DELETE ON print_requests
BEGIN SELECT RAISE(ABORT, 'a request is kept'); END;
CREATE TRIGGER print_request_is_bound BEFORE UPDATE ON print_requests
WHEN NEW.request_key <> OLD.request_key OR NEW.resident_id <> OLD.resident_id OR NEW.price_cents <> OLD.price_cents
    OR NEW.gcode_sha256 <> OLD.gcode_sha256 OR NEW.copies <> OLD.copies OR NEW.colour <> OLD.colour
    OR (OLD.order_id IS NOT NULL AND NEW.order_id IS NOT OLD.order_id)
BEGIN SELECT RAISE(ABORT, 'what was asked is final'); END;
CREATE TRIGGER print_order_needs_decision BEFORE UPDATE ON print_requests
WHEN NEW.order_id IS NOT NULL AND OLD.order_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM print_decisions WHERE request_key = NEW.request_key AND verdict = 'approved')
    AND NOT EXISTS (SELECT 1 FROM print_answers WHERE request_key = NEW.request_key AND verdict = 'overturned')
BEGIN SELECT RAISE(ABORT, 'an order needs a decision'); END;
CREATE TRIGGER print_request_begins BEFORE INSERT ON print_requests
WHEN NEW.state NOT IN ('received', 'refused')
    OR EXISTS (SELECT 1 FROM print_requests WHERE request_key = NEW.request_key OR number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a request begins received'); END;
CREATE TRIGGER print_decision_is_first BEFORE INSERT ON print_decisions
WHEN EXISTS (SELECT 1 FROM print_decisions WHERE request_key = NEW.request_key)
    OR NOT EXISTS (SELECT 1 FROM print_requests
        WHERE request_key = NEW.request_key AND state = 'received' AND created_by <> NEW.officer_id)
BEGIN SELECT RAISE(ABORT, 'one decision, and not on one''s own request'); END;
CREATE TRIGGER print_decision_is_final BEFORE UPDATE ON print_decisions
BEGIN SELECT RAISE(ABORT, 'a decision is final'); END;
CREATE TRIGGER print_decision_is_kept BEFORE DELETE ON print_decisions
BEGIN SELECT RAISE(ABORT, 'a decision is kept'); END;
CREATE TRIGGER print_answer_is_second BEFORE INSERT ON print_answers
WHEN EXISTS (SELECT 1 FROM print_answers WHERE request_key = NEW.request_key)
    OR NOT EXISTS (SELECT 1 FROM print_decisions WHERE request_key = NEW.request_key
        AND verdict = 'refused' AND officer_id <> NEW.officer_id)
BEGIN SELECT RAISE(ABORT, 'an objection is answered once, by another officer'); END;
CREATE TRIGGER print_answer_is_final BEFORE UPDATE ON print_answers
BEGIN SELECT RAISE(ABORT, 'an answer is final'); END;
CREATE TRIGGER print_answer_is_kept BEFORE DELETE ON print_answers
BEGIN SELECT RAISE(ABORT, 'an answer is kept'); END;
CREATE TRIGGER print_step_is_kept BEFORE DELETE ON print_steps
BEGIN SELECT RAISE(ABORT, 'a step is kept'); END;
"""


@PRINTING()
def m001_printing(db: Database) -> None:
    """Models with two signatures, and the life of a print request."""
    script(db, MODELS)
    script(db, REQUESTS)


HELD = """
ALTER TABLE print_requests ADD COLUMN held_in TEXT NOT NULL DEFAULT '';
CREATE INDEX print_requests_held ON print_requests (held_in) WHERE held_in <> '';
CREATE TRIGGER print_held_is_not_decided BEFORE INSERT ON print_decisions
WHEN EXISTS (SELECT 1 FROM print_requests WHERE request_key = NEW.request_key AND held_in <> '')
BEGIN SELECT RAISE(ABORT, 'a held request waits'); END;
CREATE TRIGGER print_held_is_not_answered BEFORE INSERT ON print_answers
WHEN EXISTS (SELECT 1 FROM print_requests WHERE request_key = NEW.request_key AND held_in <> '')
BEGIN SELECT RAISE(ABORT, 'a held request waits'); END;
CREATE TRIGGER print_held_is_not_ordered BEFORE UPDATE ON print_requests
WHEN NEW.held_in <> '' AND NEW.order_id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a held request waits'); END;
"""


@PRINTING()
def m002_held(db: Database) -> None:
    """Requests of held sessions: no decision, no answer and no order before the security officer settled them."""
    script(db, HELD)


class ModelStore:
    """Sheets from farms, their pictures and signatures. Writes belong inside the caller's ``atomic()``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, farm: str, sheet: ModelSheet, received_utc: str) -> int:
        """Keep a sheet as one that waits; its number."""
        top, angle = self._keep(sheet.top_png), self._keep(sheet.angle_png)
        plain = msgspec.structs.replace(sheet, top_png=b"", angle_png=b"")
        self._store.run(
            "INSERT INTO print_models (model_id, gcode_sha256, farm, added_by, sheet, top_sha256, angle_sha256,"
            " received_utc) VALUES (?,?,?,?,?,?,?,?)",
            (
                sheet.model_id,
                sheet.gcode_sha256,
                farm,
                sheet.added_by,
                msgspec.json.encode(plain).decode(),
                top,
                angle,
                received_utc,
            ),
        )
        row = self._store.row("SELECT last_insert_rowid() AS n")
        return int(row["n"]) if row else 0

    def _keep(self, png: bytes) -> str:
        sha256 = hashlib.sha256(png).hexdigest()
        self._store.run("INSERT OR IGNORE INTO print_pictures (sha256, png) VALUES (?,?)", (sha256, png))
        return sha256

    def get(self, sheet_no: int) -> Model | None:
        """One sheet."""
        found = self._models("WHERE sheet_no = ?", (sheet_no,))
        return found[0] if found else None

    def newest(self, model_id: str) -> Model | None:
        """The sheet residents are offered for a model; else the newest one there is."""
        found = self._models(
            "WHERE model_id = ? ORDER BY state = 'approved' DESC, sheet_no DESC LIMIT 1", (model_id,)
        )
        return found[0] if found else None

    def live(self, model_id: str) -> list[Model]:
        """The sheets of a model that wait or are offered."""
        return self._models("WHERE model_id = ? AND state IN ('waiting', 'approved')", (model_id,))

    def in_state(self, state: str) -> list[Model]:
        """Sheets in one state, oldest first."""
        return self._models("WHERE state = ? ORDER BY sheet_no", (state,))

    def every(self) -> list[Model]:
        """Every sheet, newest first."""
        return self._models("ORDER BY sheet_no DESC", ())

    def _models(self, where: str, values: Sequence[object]) -> list[Model]:
        rows = self._store.rows(f"SELECT * FROM print_models {where}", values)  # noqa: S608 - our own words
        return [_model(row, self._signatures(row["sheet_no"])) for row in rows]

    def _signatures(self, sheet_no: int) -> tuple[Signature, ...]:
        rows = self._store.rows(
            "SELECT slot, officer_id, role, at_utc FROM print_model_signatures WHERE sheet_no = ? ORDER BY at_utc",
            (sheet_no,),
        )
        return tuple(Signature(**row) for row in rows)

    def sign(self, sheet_no: int, signature: Signature) -> None:
        """Put an officer into a slot; the table refuses the same person twice and the one who added the file."""
        self._store.run(
            "INSERT INTO print_model_signatures (sheet_no, slot, officer_id, role, at_utc) VALUES (?,?,?,?,?)",
            (sheet_no, signature.slot, signature.officer_id, signature.role, signature.at_utc),
        )

    def move(self, sheet_no: int, state: str, by: str = "", at_utc: str = "", words: str = "") -> None:
        """Change a sheet's state; the table lets it move forward only, and be approved by two people only."""
        self._store.run(
            "UPDATE print_models SET state = ?, ended_by = ?, ended_utc = ?, ended_words = ? WHERE sheet_no = ?",
            (state, by, at_utc, words, sheet_no),
        )

    def picture(self, sha256: str, *, offered_only: bool = False) -> bytes | None:
        """The PNG of that hash; with ``offered_only`` just those that residents may see."""
        sql = "SELECT png FROM print_pictures WHERE sha256 = ?"
        if offered_only:
            sql += " AND sha256 IN (SELECT angle_sha256 FROM print_models WHERE state = 'approved'"
            sql += " UNION SELECT top_sha256 FROM print_models WHERE state = 'approved')"
        row = self._store.row(sql, (sha256,))
        return bytes(row["png"]) if row else None


def _model(row: Row, signatures: tuple[Signature, ...]) -> Model:
    return Model(
        sheet_no=row["sheet_no"],
        farm=row["farm"],
        sheet=msgspec.json.decode(row["sheet"], type=ModelSheet),
        state=row["state"],
        top_sha256=row["top_sha256"],
        angle_sha256=row["angle_sha256"],
        received_utc=row["received_utc"],
        signatures=signatures,
        ended_by=row["ended_by"],
        ended_utc=row["ended_utc"],
        ended_words=row["ended_words"],
    )


ASKED = (
    *("request_key", "number", "resident_id", "created_by", "session_id", "kiosk_id", "sheet_no", "model_id"),
    *("price_cents", "asked_utc", "received_utc", "due_utc", "state", "rule_code", "held_in"),
)


class RequestStore:
    """Requests and everything said about them. Writes belong inside the caller's ``atomic()``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, request: Request) -> None:
        """Keep a new request, received or refused by rule."""
        values = [getattr(request, name) for name in ASKED]
        wish = request.wish
        self._store.run(
            f"INSERT INTO print_requests ({', '.join(ASKED)}, gcode_sha256, colour, copies)"  # noqa: S608 - ours
            f" VALUES ({','.join('?' * (len(ASKED) + 3))})",
            (*values, wish.gcode_sha256, wish.colour, wish.copies),
        )

    def get(self, request_key: str) -> Request | None:
        """One request with all its steps."""
        found = self._requests("WHERE request_key = ?", (request_key,), steps=True)
        return found[0] if found else None

    def by_number(self, number: str) -> Request | None:
        """The request with the number that people read aloud."""
        found = self._requests("WHERE number = ?", (number,), steps=True)
        return found[0] if found else None

    def by_order(self, order_id: str) -> Request | None:
        """The request an order was made from."""
        found = self._requests("WHERE order_id = ?", (order_id,), steps=True)
        return found[0] if found else None

    def of(self, resident_id: str, limit: int = 50) -> list[Request]:
        """A resident's requests, newest first, with steps."""
        return self._requests(
            "WHERE resident_id = ? ORDER BY received_utc DESC, rowid DESC LIMIT ?",
            (resident_id, limit),
            steps=True,
        )

    def in_states(self, states: Sequence[str], limit: int = 500) -> list[Request]:
        """Requests in these states (all when none is named), newest first, without steps and held ones."""
        where = "WHERE held_in = ''" + (f" AND state IN ({','.join('?' * len(states))})" if states else "")
        return self._requests(f"{where} ORDER BY received_utc DESC, rowid DESC LIMIT ?", (*states, limit))

    def count_by_state(self) -> dict[str, int]:
        """How many requests are in each state; held ones are not counted."""
        rows = self._store.rows(
            "SELECT state, count(*) AS n FROM print_requests WHERE held_in = '' GROUP BY state"
        )
        return {row["state"]: row["n"] for row in rows}

    def count_open(self, resident_id: str) -> int:
        """How many of a resident's requests are unanswered or unfinished."""
        marks = ",".join("?" * len(OPEN_STATES))
        row = self._store.row(
            "SELECT count(*) AS n FROM print_requests"  # noqa: S608 - question marks
            f" WHERE resident_id = ? AND ended = 0 AND state IN ({marks}, 'failed')",
            (resident_id, *sorted(OPEN_STATES)),
        )
        return int(row["n"]) if row else 0

    def parts_since(self, resident_id: str, since_utc: str) -> list[MadePart]:
        """What was made for a resident since an instant, newest first."""
        rows = self._store.rows(
            "SELECT r.number, r.sheet_no, r.copies, r.colour, max(s.at_utc) AS at_utc FROM print_requests r"
            " JOIN print_steps s ON s.request_key = r.request_key AND s.state IN ('printed', 'ready', 'handed_over')"
            " WHERE r.resident_id = ? AND r.sheet_no IS NOT NULL GROUP BY r.request_key"
            " HAVING max(s.at_utc) >= ? ORDER BY 5 DESC",
            (resident_id, since_utc),
        )
        return [MadePart(**row) for row in rows]

    def step(self, request_key: str, step: Step) -> None:
        """Remember what happened."""
        self._store.run(
            "INSERT INTO print_steps (request_key, state, at_utc, officer_id, role, words) VALUES (?,?,?,?,?,?)",
            (request_key, step.state, step.at_utc, step.officer_id, step.role, step.words),
        )

    def decide(self, request_key: str, decision: Decision) -> None:
        """Keep the one decision; the table refuses a second."""
        self._store.run(
            "INSERT INTO print_decisions (request_key, verdict, officer_id, role, reason, words, at_utc)"
            " VALUES (?,?,?,?,?,?,?)",
            (
                request_key,
                decision.verdict,
                decision.officer_id,
                decision.role,
                decision.reason,
                decision.words,
                decision.at_utc,
            ),
        )

    def object_to(self, request_key: str, why: str, at_utc: str) -> None:
        """Keep the one objection."""
        self._store.run(
            "INSERT INTO print_objections (request_key, why, at_utc) VALUES (?,?,?)",
            (request_key, why, at_utc),
        )

    def answer(self, request_key: str, answer: Answer) -> None:
        """Keep the one answer to an objection; the table refuses the first officer."""
        self._store.run(
            "INSERT INTO print_answers (request_key, verdict, officer_id, role, words, at_utc) VALUES (?,?,?,?,?,?)",
            (request_key, answer.verdict, answer.officer_id, answer.role, answer.words, answer.at_utc),
        )

    def move(self, request_key: str, state: str, order_id: str | None = None) -> None:
        """Change the state; with an order when a decision allows one."""
        self._store.run(
            "UPDATE print_requests SET state = ?, order_id = coalesce(?, order_id) WHERE request_key = ?",
            (state, order_id, request_key),
        )

    def held(self) -> list[Request]:
        """Requests that wait for the security officer, oldest first, without steps."""
        return self._requests("WHERE held_in <> '' ORDER BY received_utc, rowid", ())

    def hold(self, request_key: str, session_id: str) -> None:
        """A request waits from now on for the security officer."""
        self._store.run(
            "UPDATE print_requests SET held_in = ? WHERE request_key = ?", (session_id, request_key)
        )

    def let_go(self, request_key: str) -> None:
        """It waits no more."""
        self._store.run("UPDATE print_requests SET held_in = '' WHERE request_key = ?", (request_key,))

    def drop(self, request_key: str, rule_code: str) -> None:
        """Refuse it by a rule; one that an officer had refused before keeps that reason."""
        self._store.run(
            "UPDATE print_requests SET rule_code = iif(state = 'received', ?, rule_code), state = 'refused'"
            " WHERE request_key = ?",
            (rule_code, request_key),
        )

    def progress(self, request_key: str, now: Progress, changes: Row) -> None:
        """Where the order stands; ``changes`` are columns ``percent left_s part_code part_g refunded fail_reason``."""
        columns: Row = {
            "state": now.state,
            "progress_step": now.step,
            "ended": int(now.ended),
            **changes,
        }
        sets = ", ".join(f"{name} = ?" for name in columns)
        self._store.run(
            f"UPDATE print_requests SET {sets} WHERE request_key = ?",  # noqa: S608 - our own names
            (*columns.values(), request_key),
        )

    def _requests(self, where: str, values: Sequence[object], *, steps: bool = False) -> list[Request]:
        rows = self._store.rows(f"SELECT * FROM print_requests {where}", values)  # noqa: S608 - our own words
        return [self._request(row, steps=steps) for row in rows]

    def _request(self, row: Row, *, steps: bool) -> Request:
        key = row["request_key"]
        decision, answer = self._one("print_decisions", key), self._one("print_answers", key)
        objection = self._one("print_objections", key)
        wish = Wish(row.pop("gcode_sha256"), row.pop("colour"), row.pop("copies"))
        row.update(order_id=row["order_id"] or "", ended=bool(row["ended"]), refunded=bool(row["refunded"]))
        return Request(
            **row,
            wish=wish,
            decision=Decision(**decision) if decision else None,
            objection=objection["why"] if objection else "",
            objected_utc=objection["at_utc"] if objection else "",
            answer=Answer(**answer) if answer else None,
            steps=self._steps(key) if steps else (),
        )

    def _one(self, table: str, request_key: str) -> Row | None:
        row = self._store.row(f"SELECT * FROM {table} WHERE request_key = ?", (request_key,))  # noqa: S608 - ours
        if row:
            del row["request_key"]
        return row

    def _steps(self, request_key: str) -> tuple[Step, ...]:
        rows = self._store.rows(
            "SELECT state, at_utc, officer_id, role, words FROM print_steps WHERE request_key = ? ORDER BY seq",
            (request_key,),
        )
        return tuple(Step(**row) for row in rows)
