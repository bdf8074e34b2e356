"""Versions of the policy on disk. The database refuses a version in force that two different officers did not make."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlite_utils import Database, Migrations

from kiosk.hub.drafts.store import DraftStore
from provisioning.clock import Clock, iso
from provisioning.errors import Refused
from provisioning.store import Store, script

POLICY = Migrations("policy")
MARKED_FOR = timedelta(days=30)  # longer than any offline pass lives
Origin = Literal["shipped", "office"]


@POLICY()
def m001_policy(db: Database) -> None:
    """The tables. An officer has one hand in a version: who wrote at it cannot approve it (the primary key)."""
    script(
        db,
        """
        CREATE TABLE policy_version (
            version INTEGER PRIMARY KEY, origin TEXT NOT NULL CHECK (origin IN ('shipped', 'office')),
            text TEXT NOT NULL, begun_utc TEXT NOT NULL, document BLOB, effective_utc TEXT,
            proposed_utc TEXT, dropped_utc TEXT,
            CHECK ((document IS NULL) = (effective_utc IS NULL))
        ) STRICT;
        CREATE UNIQUE INDEX one_draft ON policy_version (origin) WHERE document IS NULL AND dropped_utc IS NULL;
        CREATE TABLE policy_hand (
            version INTEGER NOT NULL REFERENCES policy_version, officer_id TEXT NOT NULL REFERENCES officer,
            part TEXT NOT NULL CHECK (part IN ('wrote', 'approved')), at_utc TEXT NOT NULL,
            PRIMARY KEY (version, officer_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER policy_needs_two BEFORE UPDATE OF document ON policy_version
        WHEN NEW.document IS NOT NULL AND (
            NOT EXISTS (SELECT 1 FROM policy_hand WHERE version = NEW.version AND part = 'wrote')
            OR NOT EXISTS (SELECT 1 FROM policy_hand WHERE version = NEW.version AND part = 'approved'))
        BEGIN SELECT RAISE(ABORT, 'a policy needs two officers'); END;
        CREATE TRIGGER policy_arrives_unsigned BEFORE INSERT ON policy_version
        WHEN NEW.document IS NOT NULL AND NEW.origin <> 'shipped'
        BEGIN SELECT RAISE(ABORT, 'a policy needs two officers'); END;
        CREATE TRIGGER policy_is_not_rewritten BEFORE UPDATE ON policy_version
        WHEN OLD.document IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a policy in force is not rewritten'); END;
        """,
    )


@POLICY()
def m002_suspensions(db: Database) -> None:
    """A service taken from a person for a time, by whom and why; it ends by itself, or earlier by an officer's hand."""
    script(
        db,
        """
        CREATE TABLE suspension (
            suspension_id TEXT PRIMARY KEY, form_key TEXT NOT NULL UNIQUE,
            resident_id TEXT NOT NULL REFERENCES resident, service TEXT NOT NULL,
            from_utc TEXT NOT NULL, until_utc TEXT NOT NULL, reason TEXT NOT NULL CHECK (reason <> ''),
            officer_id TEXT NOT NULL REFERENCES officer, ended_utc TEXT, ended_by TEXT REFERENCES officer,
            CHECK (from_utc < until_utc), CHECK ((ended_utc IS NULL) = (ended_by IS NULL))
        ) STRICT;
        CREATE INDEX suspension_of ON suspension (resident_id, until_utc);
        """,
    )


@POLICY()
def m003_wanted(db: Database) -> None:
    """From when the writers of a draft want it in force; empty: as soon as it is approved."""
    script(db, "ALTER TABLE policy_version ADD COLUMN wanted_utc TEXT NOT NULL DEFAULT '';")


class PolicyOwn(Refused):
    """Whoever wrote at a draft cannot approve it: the database says so."""

    code = "policy_own"


@dataclass(frozen=True)
class Version:
    """One version; ``document`` is the signed TOML, empty while it is a draft."""

    version: int
    origin: Origin
    text: str
    begun_utc: str
    document: bytes = b""
    effective_utc: str = ""
    proposed_utc: str = ""
    dropped_utc: str = ""
    wanted_utc: str = ""

    @property
    def sha256(self) -> str:
        """Names the text: whoever approves says which text they read."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class PolicyStore(DraftStore[Version]):
    """Every statement about versions of the policy."""

    name, approved = "policy", "document"

    def ship(self, text: str, document: bytes) -> bool:
        """Keep what the release brought as the first version; False when the site has one already."""
        with self.store.atomic():
            if self.store.row("SELECT 1 AS one FROM policy_version"):
                return False
            self.store.run(
                "INSERT INTO policy_version (version, origin, text, begun_utc, document, effective_utc)"
                " VALUES (1, 'shipped', ?, ?, ?, '')",
                (text, self._now(), document),
            )
        return True

    def in_force(self, at_utc: str) -> Version | None:
        """The version that held at an instant: of those effective by then, the one that began last."""
        return self._one(
            "document IS NOT NULL AND effective_utc <= ? ORDER BY effective_utc DESC, version DESC", at_utc
        )

    def _some(self, where: str, *values: object) -> list[Version]:
        rows = self.store.rows(
            "SELECT version, origin, text, begun_utc, coalesce(document, x'') AS document,"  # noqa: S608
            " coalesce(effective_utc, '') AS effective_utc, coalesce(proposed_utc, '') AS proposed_utc,"
            f" coalesce(dropped_utc, '') AS dropped_utc, wanted_utc FROM policy_version WHERE {where}",
            values,
        )
        return [Version(**row) for row in rows]

    def approve(self, version: int, officer_id: str, document: bytes, effective_utc: str) -> None:
        """Put a draft in force from then.

        Raises:
            PolicyOwn: this officer wrote at it; nothing was written.
        """
        try:
            with self.store.atomic():
                self.store.run(
                    "INSERT INTO policy_hand VALUES (?, ?, 'approved', ?)", (version, officer_id, self._now())
                )
                self.store.run(
                    "UPDATE policy_version SET document = ?, effective_utc = ? WHERE version = ?",
                    (document, effective_utc, version),
                )
        except sqlite3.IntegrityError as error:
            raise PolicyOwn(version=version) from error


@dataclass(frozen=True)
class KeptSuspension:
    """A suspension as the hub keeps it; ``until_utc`` is the effective end."""

    suspension_id: str
    resident_id: str
    service: str
    from_utc: str
    until_utc: str
    reason: str
    officer_id: str
    ended_by: str = ""


_SUSPENSION = (
    "SELECT suspension_id, resident_id, service, from_utc, coalesce(ended_utc, until_utc) AS until_utc, reason,"
    " officer_id, coalesce(ended_by, '') AS ended_by FROM suspension"
)


class SuspensionStore:
    """Every statement about suspensions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def add(self, form_key: str, one: KeptSuspension) -> bool:
        """Keep one, once per ``form_key``; False when it is there already."""
        changed = self.store.run(
            "INSERT INTO suspension (suspension_id, form_key, resident_id, service, from_utc, until_utc, reason,"
            " officer_id) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (form_key) DO NOTHING",
            (
                one.suspension_id,
                form_key,
                one.resident_id,
                one.service,
                one.from_utc,
                one.until_utc,
                one.reason,
                one.officer_id,
            ),
        )
        return changed == 1

    def end(self, suspension_id: str, resident_id: str, officer_id: str) -> bool:
        """End one now; False when it is over already, or not this person's."""
        now = iso(self._clock.now_utc())
        changed = self.store.run(
            "UPDATE suspension SET ended_utc = max(?, from_utc), ended_by = ?"
            " WHERE suspension_id = ? AND resident_id = ? AND ended_utc IS NULL AND until_utc > ?",
            (now, officer_id, suspension_id, resident_id, now),
        )
        return changed == 1

    def of(self, resident_id: str, after_utc: str = "") -> list[KeptSuspension]:
        """A person's suspensions that end after then, newest first."""
        rows = self.store.rows(
            f"{_SUSPENSION} WHERE resident_id = ? AND coalesce(ended_utc, until_utc) > ? ORDER BY from_utc DESC",
            (resident_id, after_utc),
        )
        return [KeptSuspension(**row) for row in rows]

    def marks(self) -> dict[str, str]:
        """By person: a text that changes whenever one of their suspensions of the last month does, and only then."""
        since = iso(self._clock.now_utc() - MARKED_FOR)
        rows = self.store.rows(
            "SELECT resident_id, group_concat(suspension_id || coalesce(ended_utc, ''), ' ') AS marks FROM"
            " (SELECT * FROM suspension WHERE until_utc > ? ORDER BY suspension_id) GROUP BY resident_id",
            (since,),
        )
        return {row["resident_id"]: row["marks"] for row in rows}
