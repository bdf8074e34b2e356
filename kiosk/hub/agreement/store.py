"""Versions of the agreement and who signed them. The database refuses a version that one officer made alone."""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database, Migrations

from provisioning.clock import Clock, iso
from provisioning.errors import Refused
from provisioning.store import Store, script

AGREEMENT = Migrations("agreement")
Origin = Literal["shipped", "office"]
ON_PAPER = ""  # instead of a kiosk's id: signed before there was a screen


@AGREEMENT()
def m001_agreement(db: Database) -> None:
    """The tables. An officer has one hand in a version: who wrote at it cannot approve it (the primary key)."""
    script(
        db,
        """
        CREATE TABLE agreement_version (
            version INTEGER PRIMARY KEY, origin TEXT NOT NULL CHECK (origin IN ('shipped', 'office')),
            text TEXT NOT NULL, begun_utc TEXT NOT NULL, wanted_utc TEXT NOT NULL DEFAULT '',
            proposed_utc TEXT, approved_utc TEXT, effective_utc TEXT, dropped_utc TEXT,
            CHECK ((approved_utc IS NULL) = (effective_utc IS NULL)),
            CHECK (approved_utc IS NULL OR dropped_utc IS NULL)
        ) STRICT;
        CREATE UNIQUE INDEX one_agreement_draft ON agreement_version (origin)
            WHERE approved_utc IS NULL AND dropped_utc IS NULL;
        CREATE TABLE agreement_hand (
            version INTEGER NOT NULL REFERENCES agreement_version, officer_id TEXT NOT NULL REFERENCES officer,
            part TEXT NOT NULL CHECK (part IN ('wrote', 'approved')), at_utc TEXT NOT NULL,
            PRIMARY KEY (version, officer_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE agreement_signature (
            resident_id TEXT NOT NULL REFERENCES resident, version INTEGER NOT NULL REFERENCES agreement_version,
            language TEXT NOT NULL, read_aloud INTEGER NOT NULL CHECK (read_aloud IN (0, 1)),
            pages_seen INTEGER NOT NULL, at_utc TEXT NOT NULL, kiosk_id TEXT NOT NULL,
            PRIMARY KEY (resident_id, version)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX agreement_signed_by ON agreement_signature (version);
        CREATE TRIGGER agreement_needs_two BEFORE UPDATE OF approved_utc ON agreement_version
        WHEN NEW.approved_utc IS NOT NULL AND (
            NOT EXISTS (SELECT 1 FROM agreement_hand WHERE version = NEW.version AND part = 'wrote')
            OR NOT EXISTS (SELECT 1 FROM agreement_hand WHERE version = NEW.version AND part = 'approved'))
        BEGIN SELECT RAISE(ABORT, 'an agreement needs two officers'); END;
        CREATE TRIGGER agreement_arrives_unapproved BEFORE INSERT ON agreement_version
        WHEN NEW.approved_utc IS NOT NULL AND NEW.origin <> 'shipped'
        BEGIN SELECT RAISE(ABORT, 'an agreement needs two officers'); END;
        CREATE TRIGGER agreement_is_not_rewritten BEFORE UPDATE ON agreement_version
        WHEN OLD.approved_utc IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'an agreement that was approved is not rewritten'); END;
        CREATE TRIGGER agreement_is_not_removed BEFORE DELETE ON agreement_version
        BEGIN SELECT RAISE(ABORT, 'an agreement stays'); END;
        CREATE TRIGGER hand_stays BEFORE DELETE ON agreement_hand
        BEGIN SELECT RAISE(ABORT, 'a hand in an agreement stays'); END;
        CREATE TRIGGER hand_is_not_another BEFORE UPDATE ON agreement_hand
        BEGIN SELECT RAISE(ABORT, 'a hand in an agreement stays'); END;
        CREATE TRIGGER nobody_signs_a_draft BEFORE INSERT ON agreement_signature
        WHEN NOT EXISTS (SELECT 1 FROM agreement_version WHERE version = NEW.version AND approved_utc IS NOT NULL)
        BEGIN SELECT RAISE(ABORT, 'a draft is not signed'); END;
        CREATE TRIGGER signature_is_not_rewritten BEFORE UPDATE ON agreement_signature
        BEGIN SELECT RAISE(ABORT, 'a signature is not rewritten'); END;
        """,
    )


class AgreementOwn(Refused):
    """Whoever wrote at a draft cannot approve it: the database says so."""

    code = "agreement_own"


@dataclass(frozen=True)
class Hand:
    """What one officer did to a version: ``wrote`` or ``approved``."""

    officer_id: str
    part: str
    at_utc: str


@dataclass(frozen=True)
class Version:
    """One version; ``text`` is what :mod:`kiosk.hub.agreement.rules` reads."""

    version: int
    origin: Origin
    text: str
    begun_utc: str
    wanted_utc: str = ""
    proposed_utc: str = ""
    approved_utc: str = ""
    effective_utc: str = ""
    dropped_utc: str = ""

    @property
    def sha256(self) -> str:
        """Names the text: whoever approves or signs says which text they read."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Signature:
    """One person's yes to one version; ``kiosk_id`` is :data:`ON_PAPER` when no screen was used."""

    resident_id: str
    version: int
    language: str
    read_aloud: bool
    pages_seen: int
    at_utc: str
    kiosk_id: str


class AgreementStore:
    """Every statement about the agreement."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def _now(self) -> str:
        return iso(self._clock.now_utc())

    # --- versions ---

    def ship(self, text: str) -> bool:
        """Keep what the release brought as the first version; False when the site has one already."""
        with self.store.atomic():
            if self.store.row("SELECT 1 AS one FROM agreement_version"):
                return False
            self.store.run(
                "INSERT INTO agreement_version (version, origin, text, begun_utc, approved_utc, effective_utc)"
                " VALUES (1, 'shipped', ?, ?, ?, '')",
                (text, self._now(), self._now()),
            )
        return True

    def in_force(self, at_utc: str) -> Version | None:
        """The version that held at an instant: of those effective by then, the one that began last."""
        return self._one(
            "approved_utc IS NOT NULL AND effective_utc <= ? ORDER BY effective_utc DESC, version DESC",
            at_utc,
        )

    def latest(self, limit: int = 30) -> list[Version]:
        """Every version that was approved or dropped, newest first."""
        return self._some(
            "approved_utc IS NOT NULL OR dropped_utc IS NOT NULL ORDER BY version DESC LIMIT ?", limit
        )

    def version(self, version: int) -> Version | None:
        """One version, or None."""
        return self._one("version = ?", version)

    def draft(self) -> Version | None:
        """The one draft, or None."""
        return self._one("approved_utc IS NULL AND dropped_utc IS NULL")

    def _one(self, where: str, *values: object) -> Version | None:
        found = self._some(where + " LIMIT 1", *values)
        return found[0] if found else None

    def _some(self, where: str, *values: object) -> list[Version]:
        rows = self.store.rows(
            "SELECT version, origin, text, begun_utc, wanted_utc, coalesce(proposed_utc, '') AS proposed_utc,"  # noqa: S608
            " coalesce(approved_utc, '') AS approved_utc, coalesce(effective_utc, '') AS effective_utc,"
            f" coalesce(dropped_utc, '') AS dropped_utc FROM agreement_version WHERE {where}",
            values,
        )
        return [Version(**row) for row in rows]

    def hands(self, version: int) -> list[Hand]:
        """Who did what to a version, in order of time."""
        rows = self.store.rows(
            "SELECT officer_id, part, at_utc FROM agreement_hand WHERE version = ? ORDER BY at_utc, officer_id",
            (version,),
        )
        return [Hand(**row) for row in rows]

    # --- drafts ---

    def begin(self, text: str, officer_id: str) -> Version:
        """A new draft with this text; the one that is there already, when there is one."""
        with self.store.atomic():
            if found := self.draft():
                return found
            number = self.store.rows("SELECT max(version) AS last FROM agreement_version")[0]["last"] + 1
            self.store.run(
                "INSERT INTO agreement_version (version, origin, text, begun_utc) VALUES (?, 'office', ?, ?)",
                (number, text, self._now()),
            )
            self._wrote(number, officer_id)
        found = self.version(number)
        assert found is not None
        return found

    def _wrote(self, version: int, officer_id: str) -> None:
        self.store.run(
            "INSERT INTO agreement_hand VALUES (?, ?, 'wrote', ?) ON CONFLICT DO NOTHING",
            (version, officer_id, self._now()),
        )

    def rewrite(self, version: int, text: str, officer_id: str) -> None:
        """Change a draft; whoever wanted to approve what it was before must look again."""
        with self.store.atomic():
            self.store.run(
                "UPDATE agreement_version SET text = ?, proposed_utc = NULL"
                " WHERE version = ? AND approved_utc IS NULL AND dropped_utc IS NULL",
                (text, version),
            )
            self._wrote(version, officer_id)

    def propose(self, version: int, wanted_utc: str, officer_id: str) -> None:
        """A draft is ready for a colleague, to hold from then (empty: at once); who says so had a hand in it."""
        with self.store.atomic():
            self.store.run(
                "UPDATE agreement_version SET proposed_utc = ?, wanted_utc = ?"
                " WHERE version = ? AND approved_utc IS NULL AND dropped_utc IS NULL",
                (self._now(), wanted_utc, version),
            )
            self._wrote(version, officer_id)

    def approve(self, version: int, officer_id: str, effective_utc: str) -> None:
        """Put a draft in force from then.

        Raises:
            AgreementOwn: this officer wrote at it; nothing was written.
        """
        try:
            with self.store.atomic():
                self.store.run(
                    "INSERT INTO agreement_hand VALUES (?, ?, 'approved', ?)",
                    (version, officer_id, self._now()),
                )
                self.store.run(
                    "UPDATE agreement_version SET approved_utc = ?, effective_utc = ? WHERE version = ?",
                    (self._now(), effective_utc, version),
                )
        except sqlite3.IntegrityError as error:
            raise AgreementOwn(version=version) from error

    def drop(self, version: int) -> bool:
        """Give a draft up; False when it is none any more."""
        changed = self.store.run(
            "UPDATE agreement_version SET dropped_utc = ?"
            " WHERE version = ? AND approved_utc IS NULL AND dropped_utc IS NULL",
            (self._now(), version),
        )
        return changed == 1

    # --- signatures ---

    def sign(self, one: Signature) -> bool:
        """Keep a signature; False when this person signed this version before (the first one stays)."""
        changed = self.store.run(
            "INSERT INTO agreement_signature (resident_id, version, language, read_aloud, pages_seen, at_utc, kiosk_id)"
            " VALUES (?,?,?,?,?,?,?) ON CONFLICT (resident_id, version) DO NOTHING",
            (
                one.resident_id,
                one.version,
                one.language,
                int(one.read_aloud),
                one.pages_seen,
                one.at_utc,
                one.kiosk_id,
            ),
        )
        return changed == 1

    def has_signed(self, resident_id: str, version: int) -> bool:
        """Whether this person signed this version."""
        found = self.store.row(
            "SELECT 1 AS one FROM agreement_signature WHERE resident_id = ? AND version = ?",
            (resident_id, version),
        )
        return found is not None

    def signatures_of(self, resident_id: str) -> list[Signature]:
        """What one person signed, newest version first."""
        rows = self.store.rows(
            "SELECT * FROM agreement_signature WHERE resident_id = ? ORDER BY version DESC", (resident_id,)
        )
        return [Signature(**{**row, "read_aloud": bool(row["read_aloud"])}) for row in rows]

    def counts(self) -> dict[int, tuple[int, int]]:
        """By version: how many signed it, and how many of them had it read aloud."""
        rows = self.store.rows(
            "SELECT version, count(*) AS signed, sum(read_aloud) AS aloud FROM agreement_signature GROUP BY version"
        )
        return {row["version"]: (row["signed"], row["aloud"]) for row in rows}

    def unsigned(self, version: int) -> list[tuple[str, str, str]]:
        """Who has not signed a version: wing, first name and resident id, in that order."""
        rows = self.store.rows(
            "SELECT wing, first_name, resident_id FROM resident WHERE resident_id NOT IN"
            " (SELECT resident_id FROM agreement_signature WHERE version = ?) ORDER BY wing, first_name, resident_id",
            (version,),
        )
        return [(row["wing"], row["first_name"], row["resident_id"]) for row in rows]
