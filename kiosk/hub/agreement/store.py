"""Versions of the agreement and who signed them. The database refuses a version that one officer made alone."""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database, Migrations

from kiosk.hub.drafts.store import DraftStore
from provisioning.errors import Refused
from provisioning.store import script

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


class AgreementStore(DraftStore[Version]):
    """Every statement about the agreement."""

    name, approved = "agreement", "approved_utc"

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

    def _some(self, where: str, *values: object) -> list[Version]:
        rows = self.store.rows(
            "SELECT version, origin, text, begun_utc, wanted_utc, coalesce(proposed_utc, '') AS proposed_utc,"  # noqa: S608
            " coalesce(approved_utc, '') AS approved_utc, coalesce(effective_utc, '') AS effective_utc,"
            f" coalesce(dropped_utc, '') AS dropped_utc FROM agreement_version WHERE {where}",
            values,
        )
        return [Version(**row) for row in rows]

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
