"""The audit trail's table: records appended in the caller's transaction, and read again; nothing is ever changed."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.audit.chain import GENESIS, AuditRecord
from provisioning.errors import Unavailable
from provisioning.store.opening import Store, script

AUDIT = Migrations("audit")
LAST_SEQ = (1 << 63) - 1  # the largest integer that SQLite keeps
COLUMNS = "seq, at_utc, node_id, actor, action, subject, detail, previous, digest, signature"


@AUDIT()
def m001_audit(db: Database) -> None:
    """The trail, which no statement may change or shorten."""
    script(
        db,
        """
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY, at_utc TEXT NOT NULL, node_id TEXT NOT NULL, actor TEXT NOT NULL,
            action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL,
            digest TEXT NOT NULL UNIQUE, signature TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is kept'); END;
        CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is final'); END;
        CREATE INDEX audit_subject ON audit (subject);
        """,
    )


@AUDIT()
def m002_questions(db: Database) -> None:
    """A way into five years of records for each question that is asked of them; without one it reads them all."""
    script(
        db,
        """
        CREATE INDEX audit_actor ON audit (actor);
        CREATE INDEX audit_action ON audit (action);
        CREATE INDEX audit_at ON audit (at_utc);
        """,
    )


class TrailStore:
    """The rows of one node's trail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def head(self) -> tuple[int, str]:
        """The last record's number and digest; (0, genesis) when nothing happened yet."""
        last = self._store.row("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1")
        return (last["seq"], last["digest"]) if last else (0, GENESIS)

    def _append(self, record: AuditRecord) -> None:
        """Keep a record that was linked to the head, in the current transaction."""
        self._store.run(
            f"INSERT INTO audit ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - a constant
            (
                record.seq,
                record.at_utc,
                record.node_id,
                record.actor,
                record.action,
                record.subject,
                msgspec.json.encode(record.detail).decode(),
                record.previous,
                record.digest,
                record.signature,
            ),
        )

    def latest(
        self, limit: int = 100, before_seq: int | None = None, *, action: str = "", about: str = ""
    ) -> list[AuditRecord]:
        """The newest records, newest first, for a page; of one ``action``, and with ``about`` as actor or subject."""
        newest = "seq < :before ORDER BY seq DESC LIMIT :limit"
        if about:  # the newest of either kind, and of those the newest: each by its own index
            halves = (
                f"SELECT * FROM (SELECT {COLUMNS} FROM audit WHERE {who} = :about AND :action IN ('', action)"  # noqa: S608
                f" AND {newest})"
                for who in ("actor", "subject")
            )
            sql = " UNION ".join(halves) + " ORDER BY seq DESC LIMIT :limit"
        else:
            only = "action = :action AND" if action else ""
            sql = f"SELECT {COLUMNS} FROM audit WHERE {only} {newest}"  # noqa: S608 - constants
        before = before_seq if before_seq is not None else LAST_SEQ
        rows = self._store.rows(sql, {"before": before, "action": action, "about": about, "limit": limit})
        return [_record(tuple(row.values())) for row in rows]

    def between(
        self,
        from_utc: str,
        before_utc: str,
        *,
        names: Sequence[str] = (),
        action: str = "",
        limit: int = 100_000,
    ) -> list[AuditRecord]:
        """Records of a period, newest first; of one ``action`` and by or about ``names`` (empty: any)."""
        marks = ",".join("?" * len(names))
        whose = f"(actor IN ({marks}) OR subject IN ({marks})) AND" if names else ""
        at = "+at_utc" if names else "at_utc"  # the plus: find them by name, not by time
        rows = self._store.rows(
            f"SELECT {COLUMNS} FROM audit WHERE {whose} ? IN ('', action)"  # noqa: S608 - marks only
            f" AND {at} >= ? AND {at} < ? ORDER BY seq DESC LIMIT ?",
            (*names, *names, action, from_utc, before_utc, limit),
        )
        return [_record(tuple(row.values())) for row in rows]

    def actions(self) -> list[str]:
        """Every action that was ever recorded here, by name."""
        rows = self._store.rows(  # from one to the next by the index; DISTINCT would read every record
            "WITH RECURSIVE found (action) AS (SELECT min(action) FROM audit UNION ALL"
            " SELECT (SELECT min(action) FROM audit WHERE action > found.action) FROM found"
            " WHERE found.action IS NOT NULL) SELECT action FROM found WHERE action IS NOT NULL"
        )
        return [row["action"] for row in rows]

    def about(self, subject: str) -> list[AuditRecord]:
        """All records about one subject, oldest first."""
        rows = self._store.rows(
            f"SELECT {COLUMNS} FROM audit WHERE subject = ? ORDER BY seq",  # noqa: S608 - a constant
            (subject,),
        )
        return [_record(tuple(row.values())) for row in rows]


def _record(row: tuple[object, ...]) -> AuditRecord:
    names = [name.strip() for name in COLUMNS.split(",")]
    plain = dict(zip(names, row, strict=True))
    plain["detail"] = _detail(str(plain["detail"]))
    return msgspec.convert(plain, AuditRecord)


def _detail(text: str) -> dict[str, str | int | float | bool | None]:
    """The detail; one that somebody spoiled becomes a word that cannot fit the record's digest."""
    try:
        return msgspec.json.decode(text, type=dict[str, str | int | float | bool | None])
    except (msgspec.DecodeError, UnicodeError):
        return {"unreadable": True}


def read_trail(path: Path) -> Iterator[AuditRecord]:
    """The records of a database file in order, read-only: safe while its owner runs, for it never checkpoints.

    Raises:
        Unavailable: ``store_missing`` when there is no such database.
    """
    if not path.exists():
        raise Unavailable("store_missing", file=path.name)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for row in connection.execute(f"SELECT {COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608 - a constant
            yield _record(row)
    finally:
        connection.close()
