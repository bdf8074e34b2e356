"""Orders of badges, sticks and keys on disk. The database refuses an order that one officer signed alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlite_utils import Database, Migrations

from kiosk.hub.issuing.rules import Issue, KioskBusy, Stage
from provisioning.clock import Clock, iso
from provisioning.store import Store, script

ISSUING = Migrations("issuing")


@ISSUING()
def m001_issuing(db: Database) -> None:
    """The tables: at most one thing is being made at a kiosk, and one of a kind for a person."""
    script(
        db,
        """
        CREATE TABLE issue (
            issue_id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('badge', 'stick', 'key')),
            resident_id TEXT NOT NULL REFERENCES resident, kiosk_id TEXT NOT NULL REFERENCES kiosk,
            is_temporary INTEGER NOT NULL CHECK (is_temporary = 0 OR (is_temporary = 1 AND kind = 'badge')),
            may_erase INTEGER NOT NULL DEFAULT 0 CHECK (may_erase IN (0, 1)),
            state TEXT NOT NULL CHECK (state IN ('ordered', 'open', 'writing', 'done', 'cancelled', 'expired')),
            ordered_by TEXT NOT NULL REFERENCES officer (officer_id), ordered_utc TEXT NOT NULL,
            signed_by TEXT REFERENCES officer (officer_id), until_utc TEXT NOT NULL,
            uid TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '',
            ended_by TEXT NOT NULL DEFAULT '', ended_utc TEXT NOT NULL DEFAULT '',
            CONSTRAINT two_people CHECK (signed_by IS NULL OR signed_by <> ordered_by),
            CONSTRAINT signed_first CHECK (
                signed_by IS NOT NULL OR state IN ('ordered', 'cancelled', 'expired')
            )
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_issue_per_kiosk ON issue (kiosk_id) WHERE state IN ('open', 'writing');
        CREATE UNIQUE INDEX one_issue_per_kind ON issue (resident_id, kind)
            WHERE state IN ('ordered', 'open', 'writing');
        CREATE INDEX issue_of ON issue (resident_id, ordered_utc);
        CREATE TRIGGER issue_is_kept BEFORE DELETE ON issue BEGIN SELECT RAISE(ABORT, 'issue is kept'); END;
        CREATE TRIGGER issue_ends_once BEFORE UPDATE ON issue WHEN OLD.state IN ('done', 'cancelled', 'expired')
            BEGIN SELECT RAISE(ABORT, 'issue is over'); END;
        CREATE TRIGGER issue_hands_stay BEFORE UPDATE OF ordered_by, signed_by, resident_id, kind ON issue
            WHEN OLD.signed_by IS NOT NULL OR NEW.ordered_by <> OLD.ordered_by
                OR NEW.resident_id <> OLD.resident_id OR NEW.kind <> OLD.kind
            BEGIN SELECT RAISE(ABORT, 'an order is not rewritten'); END;
        CREATE TABLE pin_envelope (
            envelope_id TEXT PRIMARY KEY, resident_id TEXT NOT NULL REFERENCES resident,
            ordered_by TEXT NOT NULL REFERENCES officer (officer_id), ordered_utc TEXT NOT NULL,
            printed_utc TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER envelope_is_printed_once BEFORE UPDATE ON pin_envelope WHEN OLD.printed_utc <> ''
            BEGIN SELECT RAISE(ABORT, 'an envelope is printed once'); END;
        CREATE TRIGGER envelope_is_kept BEFORE DELETE ON pin_envelope
            BEGIN SELECT RAISE(ABORT, 'an envelope is kept'); END;
        """,
    )


@ISSUING()
def m002_attempts(db: Database) -> None:
    """Which of several tries at a kiosk is the one that counts."""
    script(db, "ALTER TABLE issue ADD COLUMN attempt TEXT NOT NULL DEFAULT '';")


class IssueStore:
    """Every statement about orders. Writes happen inside the caller's ``atomic()``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    @property
    def _now(self) -> str:
        return iso(self._clock.now_utc())

    def add(self, one: Issue) -> None:
        """Keep a new order.

        Raises:
            KioskBusy: something else is being made there.
            sqlite3.IntegrityError: one officer alone, or a person or kiosk that nobody knows.
        """
        with _one_at_a_kiosk():
            self.store.run(
                "INSERT INTO issue (issue_id, kind, resident_id, kiosk_id, is_temporary, may_erase, state,"
                " ordered_by, ordered_utc, signed_by, until_utc) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    one.issue_id,
                    one.kind,
                    one.resident_id,
                    one.kiosk_id,
                    int(one.is_temporary),
                    int(one.may_erase),
                    one.state,
                    one.ordered_by,
                    one.ordered_utc,
                    one.signed_by or None,
                    one.until_utc,
                ),
            )

    def sign(self, issue_id: str, officer_id: str, until_utc: str) -> bool:
        """The second person signs, and it is open at its kiosk; False when it waits for nobody.

        Raises:
            KioskBusy: something else is being made there.
            sqlite3.IntegrityError: whoever ordered it signed.
        """
        with _one_at_a_kiosk():
            changed = self.store.run(
                "UPDATE issue SET signed_by = ?, state = 'open', until_utc = ?"
                " WHERE issue_id = ? AND state = 'ordered'",
                (officer_id, until_utc, issue_id),
            )
        return changed == 1

    def begin(self, issue_id: str, uid: str, attempt: str, until_utc: str) -> None:
        """The kiosk has it in hand and makes it; a try before this one counts no more."""
        self.store.run(
            "UPDATE issue SET state = 'writing', uid = ?, attempt = ?, until_utc = ?, problem = '' WHERE issue_id = ?",
            (uid, attempt, until_utc, issue_id),
        )

    def fail(self, issue_id: str, problem: str, until_utc: str) -> None:
        """This try came to nothing; another one may follow."""
        self.store.run(
            "UPDATE issue SET state = 'open', uid = '', problem = ?, until_utc = ? WHERE issue_id = ?",
            (problem, until_utc, issue_id),
        )

    def let_erase(self, issue_id: str, until_utc: str) -> bool:
        """An officer says that whatever lies on the stick may go; False when nothing waits for that."""
        changed = self.store.run(
            "UPDATE issue SET may_erase = 1, problem = '', until_utc = ?"
            " WHERE issue_id = ? AND kind = 'stick' AND state = 'open' AND may_erase = 0",
            (until_utc, issue_id),
        )
        return changed == 1

    def end(self, issue_id: str, state: Stage, by: str, uid: str = "") -> None:
        """It is done, cancelled or expired; for good."""
        self.store.run(
            "UPDATE issue SET state = ?, ended_by = ?, ended_utc = ?, uid = iif(? = '', uid, ?) WHERE issue_id = ?",
            (state, by, self._now, uid, uid, issue_id),
        )

    # --- looking ---

    def find(self, issue_id: str) -> Issue | None:
        """One order, or None."""
        return _first(self.store.rows("SELECT * FROM issue WHERE issue_id = ?", (issue_id,)))

    def at(self, kiosk_id: str, kind: str) -> Issue | None:
        """What is to be made of this kind at that kiosk now, or None."""
        return _first(
            self.store.rows(
                "SELECT * FROM issue WHERE kiosk_id = ? AND kind = ? AND state IN ('open', 'writing')"
                " AND until_utc > ?",
                (kiosk_id, kind, self._now),
            )
        )

    def running(self, resident_id: str, kind: str) -> Issue | None:
        """The person's order of this kind that is not over, or None."""
        return _first(
            self.store.rows(
                "SELECT * FROM issue WHERE resident_id = ? AND kind = ? AND state IN ('ordered', 'open', 'writing')"
                " AND until_utc > ?",
                (resident_id, kind, self._now),
            )
        )

    def unfinished(self) -> list[Issue]:
        """Every order that is not over, oldest first."""
        rows = self.store.rows(
            "SELECT * FROM issue WHERE state IN ('ordered', 'open', 'writing') AND until_utc > ? ORDER BY ordered_utc",
            (self._now,),
        )
        return [_issue(row) for row in rows]

    def late(self) -> list[Issue]:
        """Orders whose time is over and of which nobody has written so."""
        rows = self.store.rows(
            "SELECT * FROM issue WHERE state IN ('ordered', 'open', 'writing') AND until_utc <= ?",
            (self._now,),
        )
        return [_issue(row) for row in rows]

    def of(self, resident_id: str, limit: int = 5) -> list[Issue]:
        """A person's newest orders, newest first."""
        rows = self.store.rows(
            "SELECT * FROM issue WHERE resident_id = ? ORDER BY ordered_utc DESC LIMIT ?",
            (resident_id, limit),
        )
        return [_issue(row) for row in rows]

    # --- envelopes ---

    def add_envelope(self, envelope_id: str, resident_id: str, officer_id: str) -> None:
        """An envelope with a new PIN may be printed, once; it holds no PIN."""
        self.store.run(
            "INSERT INTO pin_envelope (envelope_id, resident_id, ordered_by, ordered_utc) VALUES (?,?,?,?)",
            (envelope_id, resident_id, officer_id, self._now),
        )

    def envelope(self, envelope_id: str) -> dict[str, str] | None:
        """Whose it is, who ordered it, when, and when it was printed (empty: not yet); None: there is none."""
        return self.store.row("SELECT * FROM pin_envelope WHERE envelope_id = ?", (envelope_id,))

    def print_envelope(self, envelope_id: str) -> bool:
        """It is printed now; False when it was before."""
        changed = self.store.run(
            "UPDATE pin_envelope SET printed_utc = ? WHERE envelope_id = ? AND printed_utc = ''",
            (self._now, envelope_id),
        )
        return changed == 1


@contextmanager
def _one_at_a_kiosk() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        if "issue.kiosk_id" in str(error):
            raise KioskBusy from error
        raise


def _first(rows: list[dict[str, Any]]) -> Issue | None:
    return _issue(rows[0]) if rows else None


def _issue(row: dict[str, Any]) -> Issue:
    flags = {name: bool(row[name]) for name in ("is_temporary", "may_erase")}
    return Issue(**{**row, **flags, "signed_by": row["signed_by"] or ""})
