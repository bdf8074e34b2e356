"""Badges, sticks and security keys on disk: whose they are, whether they work, and where their counter stands."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database, Migrations

from kiosk.hub.people.store import clean_uid
from provisioning.clock import Clock, iso
from provisioning.errors import Refused
from provisioning.store import Store, script

CREDENTIALS = Migrations("credentials")  # after the people's, whose first table this one replaces
FIRST_COUNTER = 1  # of a stick that was just made


@CREDENTIALS()
def m001_ladder(db: Database) -> None:
    """Three kinds, counters, an end for temporary ones, and two different people for each that is given out."""
    script(
        db,
        """
        CREATE TABLE credential_ladder (
            kind TEXT NOT NULL CHECK (kind IN ('badge', 'stick', 'key')), uid TEXT NOT NULL,
            resident_id TEXT REFERENCES resident, officer_id TEXT REFERENCES officer,
            state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'blocked', 'returned')),
            why TEXT NOT NULL DEFAULT '',
            until_utc TEXT NOT NULL DEFAULT '',
            counter INTEGER NOT NULL DEFAULT 0, offered INTEGER NOT NULL DEFAULT 0,
            public_key BLOB NOT NULL DEFAULT x'', aaguid TEXT NOT NULL DEFAULT '',
            last_kiosk TEXT NOT NULL DEFAULT '', last_utc TEXT NOT NULL DEFAULT '',
            origin TEXT NOT NULL DEFAULT 'import' CHECK (origin IN ('import', 'issued')),
            issued_by TEXT NOT NULL DEFAULT '', issued_with TEXT NOT NULL DEFAULT '',
            changed_by TEXT NOT NULL DEFAULT '', changed_utc TEXT NOT NULL,
            PRIMARY KEY (kind, uid), CHECK ((resident_id IS NULL) <> (officer_id IS NULL)),
            CONSTRAINT two_people CHECK (
                origin = 'import' OR (issued_by <> '' AND issued_with <> '' AND issued_by <> issued_with)
            )
        ) STRICT, WITHOUT ROWID;
        INSERT INTO credential_ladder (kind, uid, resident_id, officer_id, state, counter, changed_by, changed_utc)
            SELECT kind, uid, resident_id, officer_id, state, iif(kind = 'stick', 1, 0),
                changed_by, changed_utc FROM credential;
        DROP TABLE credential;
        ALTER TABLE credential_ladder RENAME TO credential;
        CREATE INDEX credential_of ON credential (resident_id);
        """,
    )


@CREDENTIALS()
def m002_for_good(db: Database) -> None:
    """What was copied never works again, and nobody rewrites who gave something out."""
    script(
        db,
        """
        CREATE TRIGGER copied_is_for_good BEFORE UPDATE OF state, why ON credential
            WHEN OLD.why = 'copied' AND (NEW.why <> 'copied' OR NEW.state <> 'blocked')
            BEGIN SELECT RAISE(ABORT, 'what was copied stays blocked'); END;
        CREATE TRIGGER copied_is_kept BEFORE DELETE ON credential WHEN OLD.why = 'copied'
            BEGIN SELECT RAISE(ABORT, 'what was copied stays blocked'); END;
        CREATE TRIGGER hands_stay BEFORE UPDATE OF origin, issued_by, issued_with ON credential
            WHEN NEW.origin <> OLD.origin OR NEW.issued_by <> OLD.issued_by OR NEW.issued_with <> OLD.issued_with
            BEGIN SELECT RAISE(ABORT, 'who gave it out stays'); END;
        """,
    )


@CREDENTIALS()
def m003_as_given(db: Database) -> None:
    """What two officers gave out stays that person's, that key and as temporary as it was; no key comes otherwise."""
    script(
        db,
        """
        CREATE TRIGGER given_stays BEFORE UPDATE OF kind, uid, resident_id, officer_id, public_key, until_utc
            ON credential WHEN OLD.origin = 'issued' AND (
                NEW.kind <> OLD.kind OR NEW.uid <> OLD.uid OR NEW.resident_id IS NOT OLD.resident_id
                OR NEW.officer_id IS NOT OLD.officer_id OR NEW.public_key <> OLD.public_key
                OR NEW.until_utc <> OLD.until_utc
            ) BEGIN SELECT RAISE(ABORT, 'what was given out stays as it is'); END;
        CREATE TRIGGER key_is_given BEFORE INSERT ON credential WHEN NEW.kind = 'key' AND NEW.origin <> 'issued'
            BEGIN SELECT RAISE(ABORT, 'two officers give out a key'); END;
        """,
    )


class CopyStays(Refused):
    """It was copied: somebody else may hold one that looks the same. It is replaced, never unblocked."""

    code = "copy_stays"


@dataclass(frozen=True)
class Credential:
    """A badge, stick or key and whose it is; exactly one of the two owners is named."""

    kind: str
    uid: str
    resident_id: str = ""
    officer_id: str = ""
    state: str = "active"
    why: str = ""
    until_utc: str = ""  # a temporary one works until then; empty: no end
    counter: int = 0  # the ticket that a stick must show; the signatures that a key has made
    offered: int = 0  # the ticket that was handed out and not yet confirmed; 0: none
    public_key: bytes = b""  # of a key (COSE)
    aaguid: str = ""
    last_kiosk: str = ""
    last_utc: str = ""
    origin: str = "import"
    issued_by: str = ""
    issued_with: str = ""
    changed_by: str = ""
    changed_utc: str = ""

    @property
    def blocked(self) -> bool:
        """Whether an officer, or a copy that was found, took it out of use."""
        return self.state == "blocked"

    def is_expired(self, now_utc: str) -> bool:
        """Whether a temporary one has come to its end."""
        return bool(self.until_utc) and self.until_utc <= now_utc


class CredentialStore:
    """Every statement about badges, sticks and keys."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def put(self, kind: str, uid: str, *, resident_id: str = "", officer_id: str = "") -> None:
        """Give an imported badge or stick to its owner; one that is known keeps its state and counter.

        What two officers gave out stays with whom they gave it to.
        """
        self.store.run(
            "INSERT INTO credential (kind, uid, resident_id, officer_id, counter, changed_utc) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET resident_id = excluded.resident_id, officer_id = excluded.officer_id"
            " WHERE origin = 'import'",
            (
                kind,
                clean_uid(uid),
                resident_id or None,
                officer_id or None,
                FIRST_COUNTER if kind == "stick" else 0,
                iso(self._clock.now_utc()),
            ),
        )

    def issue(self, one: Credential) -> None:
        """Add what two officers gave out; a badge that was handed in may be given out anew.

        Raises:
            sqlite3.IntegrityError: one officer alone, or something of this number is with somebody, or blocked.
        """
        self.store.run(
            "DELETE FROM credential WHERE kind = ? AND uid = ? AND state = 'returned'", (one.kind, one.uid)
        )
        self.store.run(
            "INSERT INTO credential (kind, uid, resident_id, officer_id, until_utc, counter, public_key, aaguid,"
            " origin, issued_by, issued_with, changed_by, changed_utc) VALUES (?,?,?,?,?,?,?,?,'issued',?,?,?,?)",
            (
                one.kind,
                one.uid,
                one.resident_id or None,
                one.officer_id or None,
                one.until_utc,
                one.counter,
                one.public_key,
                one.aaguid,
                one.issued_by,
                one.issued_with,
                one.issued_by,
                iso(self._clock.now_utc()),
            ),
        )

    def find(self, kind: str, uid: str) -> Credential | None:
        """A badge, stick or key by its number, or None."""
        row = self.store.row(
            "SELECT * FROM credential WHERE kind = ? AND uid = ?", (kind, _number(kind, uid))
        )
        return _credential(row) if row else None

    def of(self, resident_id: str) -> list[Credential]:
        """Everything a resident carries or carried."""
        rows = self.store.rows(
            "SELECT * FROM credential WHERE resident_id = ? ORDER BY state, kind, uid", (resident_id,)
        )
        return [_credential(row) for row in rows]

    def working(self, wings: tuple[str, ...]) -> list[Credential]:
        """Every credential that works, of residents of these wings."""
        found: list[Credential] = []
        for wing in wings:
            rows = self.store.rows(
                "SELECT c.* FROM credential c JOIN resident r USING (resident_id)"
                " WHERE r.wing = ? AND c.state = 'active' AND (c.until_utc = '' OR c.until_utc > ?)",
                (wing, iso(self._clock.now_utc())),
            )
            found += [_credential(row) for row in rows]
        return found

    def officers(self) -> list[Credential]:
        """Every badge of an officer that works."""
        rows = self.store.rows(
            "SELECT * FROM credential WHERE officer_id IS NOT NULL AND kind = 'badge' AND state = 'active' ORDER BY uid"
        )
        return [_credential(row) for row in rows]

    def carried_badge(self, officer_id: str, at_utc: str) -> bool:
        """Whether this officer has a badge that works, or had one that was taken out of use after ``at_utc``."""
        row = self.store.row(
            "SELECT 1 AS one FROM credential WHERE officer_id = ? AND kind = 'badge'"
            " AND (state = 'active' OR (? <> '' AND changed_utc > ?))",
            (officer_id, at_utc, at_utc),
        )
        return row is not None

    def set_state(self, kind: str, uid: str, state: str, by: str, why: str = "") -> bool:
        """Block, unblock or take back; False when it was so already, or there is none.

        Raises:
            CopyStays: it was copied.
        """
        try:
            changed = self.store.run(
                "UPDATE credential SET state = ?, why = ?, changed_by = ?, changed_utc = ?"
                " WHERE kind = ? AND uid = ? AND state <> ?",
                (state, why, by, iso(self._clock.now_utc()), kind, _number(kind, uid), state),
            )
        except sqlite3.IntegrityError as error:
            raise CopyStays(kind=kind) from error
        return changed == 1

    def condemn(self, kind: str, uid: str, by: str) -> None:
        """What is blocked for another reason turns out to be copied: now it is blocked for good."""
        self.store.run(
            "UPDATE credential SET state = 'blocked', why = 'copied', changed_by = ?, changed_utc = ?"
            " WHERE kind = ? AND uid = ?",
            (by, iso(self._clock.now_utc()), kind, _number(kind, uid)),
        )

    def set_blocked(self, kind: str, uid: str, blocked: bool, by: str) -> bool:
        """Block or unblock; False when it was so already, or there is none."""
        return self.set_state(kind, uid, "blocked" if blocked else "active", by)

    def blocked_residents(self) -> frozenset[str]:
        """Residents who carry something that is blocked and has no successor that works."""
        rows = self.store.rows(
            "SELECT DISTINCT old.resident_id FROM credential old WHERE old.state = 'blocked'"
            " AND old.resident_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credential new WHERE new.state = 'active'"
            " AND new.kind = old.kind AND new.resident_id = old.resident_id AND new.until_utc = '')"
        )
        return frozenset(row["resident_id"] for row in rows)

    # --- counters ---

    def offer(self, uid: str, counter: int) -> None:
        """Remember the ticket that a stick was handed and has not confirmed."""
        self.store.run("UPDATE credential SET offered = ? WHERE kind = 'stick' AND uid = ?", (counter, uid))

    def used(self, kind: str, uid: str, counter: int, kiosk_id: str) -> None:
        """A ticket is on the stick, there: older ones are used up, and one that was handed out later still may come."""
        self.store.run(
            "UPDATE credential SET counter = max(counter, ?), offered = iif(offered > ?, offered, 0), last_kiosk = ?,"
            " last_utc = ? WHERE kind = ? AND uid = ?",
            (counter, counter, kiosk_id, iso(self._clock.now_utc()), kind, _number(kind, uid)),
        )

    def counted(self, uid: str, counter: int, kiosk_id: str) -> bool:
        """A key signed there for the ``counter``-th time; False, and nothing kept, when it stands there already."""
        changed = self.store.run(
            "UPDATE credential SET counter = ?, last_kiosk = ?, last_utc = ?"
            " WHERE kind = 'key' AND uid = ? AND (counter < ? OR (counter = 0 AND ? = 0))",
            (counter, kiosk_id, iso(self._clock.now_utc()), uid, counter, counter),
        )
        return changed == 1


def _number(kind: str, uid: str) -> str:
    """A key's name is case-sensitive base64url; numbers of badges and sticks are read in many spellings."""
    return uid if kind == "key" else clean_uid(uid)


def _credential(row: dict[str, Any]) -> Credential:
    return Credential(
        **{**row, "resident_id": row["resident_id"] or "", "officer_id": row["officer_id"] or ""}
    )
