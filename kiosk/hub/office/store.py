"""What the back office itself keeps: the state of each desk, officers' security keys, second signatures, purposes."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database, Migrations

from provisioning.clock import iso, parse_iso
from provisioning.store import Store, script

OFFICE = Migrations("office")


@OFFICE()
def m001_office(db: Database) -> None:
    """The tables; the database itself keeps an officer from signing twice."""
    script(
        db,
        """
        CREATE TABLE desk_state (
            desk_session_id TEXT PRIMARY KEY REFERENCES desk_session, seen_utc TEXT NOT NULL,
            locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
            proof TEXT NOT NULL CHECK (proof IN ('password', 'key')), proven_utc TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE officer_key (
            credential_id TEXT PRIMARY KEY, officer_id TEXT NOT NULL REFERENCES officer, name TEXT NOT NULL,
            kept BLOB NOT NULL, counter INTEGER NOT NULL, added_utc TEXT NOT NULL, used_utc TEXT NOT NULL DEFAULT '',
            refused_utc TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX officer_key_of ON officer_key (officer_id);
        CREATE TABLE countersign (
            form_key TEXT NOT NULL, act TEXT NOT NULL, page TEXT NOT NULL,
            "by" TEXT NOT NULL REFERENCES officer (officer_id), "with" TEXT NOT NULL REFERENCES officer (officer_id),
            proof TEXT NOT NULL CHECK (proof IN ('password', 'key')), at_utc TEXT NOT NULL,
            PRIMARY KEY (form_key, act, page), CHECK ("by" <> "with")
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER countersign_is_kept BEFORE DELETE ON countersign
            BEGIN SELECT RAISE(ABORT, 'countersign is kept'); END;
        CREATE TRIGGER countersign_is_final BEFORE UPDATE ON countersign
            BEGIN SELECT RAISE(ABORT, 'countersign is final'); END;
        CREATE TABLE purpose (
            desk_session_id TEXT NOT NULL REFERENCES desk_session, resident_id TEXT NOT NULL REFERENCES resident,
            purpose TEXT NOT NULL, case_number TEXT NOT NULL, from_day TEXT NOT NULL, to_day TEXT NOT NULL,
            second TEXT NOT NULL DEFAULT '', at_utc TEXT NOT NULL, PRIMARY KEY (desk_session_id, resident_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX audit_by_actor ON audit (actor);
        CREATE INDEX audit_by_action ON audit (action);
        """,
    )


@OFFICE()
def m002_trail_has_its_own(db: Database) -> None:
    """The trail brings these indexes itself now, on every node."""
    script(db, "DROP INDEX audit_by_actor;\nDROP INDEX audit_by_action;")


@dataclass(frozen=True)
class DeskState:
    """One desk: when its officer last touched it, whether it is locked, how and when they last proved themselves."""

    seen: datetime
    locked: bool
    proof: str
    proven: datetime


@dataclass(frozen=True)
class OfficerKey:
    """One officer's security key; ``kept`` is what :mod:`provisioning.identity.fido` needs to check it."""

    credential_id: str
    officer_id: str
    name: str
    kept: bytes
    counter: int
    added_utc: str
    used_utc: str
    refused_utc: str


@dataclass(frozen=True)
class Purpose:
    """Why an officer reads one person's log, and the days that they said they would read."""

    purpose: str
    case_number: str
    from_day: str
    to_day: str
    second: str  # the colleague who signed; empty: none was needed
    at_utc: str


class OfficeStore:
    """The rows of the back office."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # --- desks ---

    def desk(self, desk_session_id: str) -> DeskState | None:
        """The state of a desk; None when nobody ever proved themselves there."""
        row = self.store.row("SELECT * FROM desk_state WHERE desk_session_id = ?", (desk_session_id,))
        if row is None:
            return None
        return DeskState(
            parse_iso(row["seen_utc"]), bool(row["locked"]), row["proof"], parse_iso(row["proven_utc"])
        )

    def prove(self, desk_session_id: str, proof: str, at: datetime) -> None:
        """Somebody proved who they are: the desk is open."""
        self.store.run(
            "INSERT INTO desk_state (desk_session_id, seen_utc, proof, proven_utc) VALUES (?,?,?,?)"
            " ON CONFLICT DO UPDATE SET seen_utc = excluded.seen_utc, locked = 0, proof = excluded.proof,"
            " proven_utc = excluded.proven_utc",
            (desk_session_id, iso(at), proof, iso(at)),
        )

    def see(self, desk_session_id: str, at: datetime) -> None:
        """The officer touched the desk at that moment, unless it is locked."""
        self.store.run(
            "UPDATE desk_state SET seen_utc = ? WHERE desk_session_id = ? AND locked = 0 AND seen_utc < ?",
            (iso(at), desk_session_id, iso(at)),
        )

    def lock(self, desk_session_id: str) -> None:
        """Nobody uses the desk before the officer proves themselves again."""
        self.store.run("UPDATE desk_state SET locked = 1 WHERE desk_session_id = ?", (desk_session_id,))

    # --- keys ---

    def keys(self, officer_id: str = "") -> list[OfficerKey]:
        """One officer's security keys (everybody's without a name), oldest first."""
        rows = self.store.rows(
            "SELECT * FROM officer_key WHERE ? IN ('', officer_id) ORDER BY added_utc, credential_id",
            (officer_id,),
        )
        return [OfficerKey(**row) for row in rows]

    def key(self, credential_id: str) -> OfficerKey | None:
        """A security key by the number it says of itself."""
        row = self.store.row("SELECT * FROM officer_key WHERE credential_id = ?", (credential_id,))
        return OfficerKey(**row) if row else None

    def add_key(self, key: OfficerKey) -> None:
        """Keep a new key."""
        self.store.run(
            "INSERT INTO officer_key (credential_id, officer_id, name, kept, counter, added_utc)"
            " VALUES (?,?,?,?,?,?)",
            (key.credential_id, key.officer_id, key.name, key.kept, key.counter, key.added_utc),
        )

    def key_used(self, credential_id: str, stood: int, counter: int, at: datetime) -> bool:
        """Remember how far a key has counted; False when it stands no longer where it ``stood``: a copy was quicker."""
        changed = self.store.run(
            "UPDATE officer_key SET counter = ?, used_utc = ? WHERE credential_id = ? AND counter = ?",
            (counter, iso(at), credential_id, stood),
        )
        return changed == 1

    def key_refused(self, credential_id: str, at: datetime) -> None:
        """The key counted backwards: it opens nothing any more."""
        self.store.run(
            "UPDATE officer_key SET refused_utc = ? WHERE credential_id = ?", (iso(at), credential_id)
        )

    def drop_key(self, credential_id: str, officer_id: str) -> bool:
        """Forget one of an officer's keys; False when it is not theirs."""
        changed = self.store.run(
            "DELETE FROM officer_key WHERE credential_id = ? AND officer_id = ?", (credential_id, officer_id)
        )
        return changed == 1

    # --- second signatures ---

    def countersign(
        self, form_key: str, act: str, page: str, by: str, second: str, proof: str, at: datetime
    ) -> None:
        """Keep a colleague's signature; the same form sent twice keeps one.

        The database refuses an officer who signs for themselves (``sqlite3.IntegrityError``).
        """
        self.store.run(
            'INSERT INTO countersign (form_key, act, page, "by", "with", proof, at_utc) VALUES (?,?,?,?,?,?,?)'
            " ON CONFLICT DO NOTHING",
            (form_key, act, page, by, second, proof, iso(at)),
        )

    def pairs(self, from_utc: str, before_utc: str) -> list[tuple[str, str, str, int]]:
        """Who asked, who signed with them, what, how often, in a period; most often first."""
        rows = self.store.rows(
            'SELECT "by", "with", act, count(*) AS times FROM countersign WHERE at_utc >= ? AND at_utc < ?'
            ' GROUP BY "by", "with", act ORDER BY times DESC, act, "by", "with"',
            (from_utc, before_utc),
        )
        return [(row["by"], row["with"], row["act"], row["times"]) for row in rows]

    # --- purposes ---

    def purpose(self, desk_session_id: str, resident_id: str, since_utc: str) -> Purpose | None:
        """What was said at this desk about this person since then."""
        row = self.store.row(
            "SELECT purpose, case_number, from_day, to_day, second, at_utc FROM purpose"
            " WHERE desk_session_id = ? AND resident_id = ? AND at_utc >= ?",
            (desk_session_id, resident_id, since_utc),
        )
        return Purpose(**row) if row else None

    def keep_purpose(self, desk_session_id: str, resident_id: str, said: Purpose) -> None:
        """Remember why this person's log is read at this desk."""
        self.store.run(
            "INSERT OR REPLACE INTO purpose VALUES (?,?,?,?,?,?,?,?)",
            (
                desk_session_id,
                resident_id,
                said.purpose,
                said.case_number,
                said.from_day,
                said.to_day,
                said.second,
                said.at_utc,
            ),
        )
