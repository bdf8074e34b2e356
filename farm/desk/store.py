"""What the desk itself remembers: the officers who may act here, wrong PINs, pressed forms, cell events heard."""

from __future__ import annotations

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.clock import Clock, iso, iso_after
from provisioning.contracts import OfficerRoster, RosterOfficer
from provisioning.identity.attempts import Limit
from provisioning.store import Store, script

DESK = Migrations("desk")
KEYS_KEPT_S = 7 * 86400  # a page that was open for longer than a week is refused by its session anyway


@DESK()
def m001_desk(db: Database) -> None:
    """Roster, tries, form keys, cell events."""
    script(
        db,
        """
        CREATE TABLE roster (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), edition INTEGER NOT NULL,
            body TEXT NOT NULL, received_utc TEXT NOT NULL) STRICT;
        CREATE TABLE tries (sign_in_name TEXT PRIMARY KEY, wrong INTEGER NOT NULL, locked_until_utc TEXT NOT NULL)
            STRICT;
        CREATE TABLE form_keys (form_key TEXT PRIMARY KEY, at_utc TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '')
            STRICT;
        CREATE TABLE cell_events (cell TEXT NOT NULL, seq INTEGER NOT NULL, at_utc TEXT NOT NULL,
            PRIMARY KEY (cell, seq, at_utc)) STRICT;
        """,
    )


@DESK()
def m002_accepted_firmwares(db: Database) -> None:
    """Firmwares that no profile describes, and who let them print."""
    script(
        db,
        """
        CREATE TABLE accepted_firmwares (printer_id TEXT PRIMARY KEY, firmware TEXT NOT NULL CHECK (firmware <> ''),
            officer_id TEXT NOT NULL, at_utc TEXT NOT NULL) STRICT;
        """,
    )


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """An officer's word that a printer may print with a firmware that its profile does not describe."""

    printer_id: str
    firmware: str
    officer_id: str
    at_utc: str


class DeskStore:
    """The desk's own tables."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def _now(self) -> str:
        return iso(self._clock.now_utc())

    # --- officers -------------------------------------------------------------------------------------------------

    def keep_roster(self, roster: OfficerRoster) -> bool:
        """Replace the roster by a later edition; false when this one is not later."""
        kept = self._store.run(
            "INSERT INTO roster (only_one, edition, body, received_utc) VALUES (1,?,?,?)"
            " ON CONFLICT (only_one) DO UPDATE SET edition = excluded.edition, body = excluded.body,"
            " received_utc = excluded.received_utc WHERE excluded.edition > roster.edition",
            (roster.edition, msgspec.json.encode(roster).decode(), self._now()),
        )
        return kept == 1

    def officers(self) -> tuple[RosterOfficer, ...]:
        """Every officer who may act here; none before the hub's first word."""
        row = self._store.row("SELECT body FROM roster")
        return msgspec.json.decode(row["body"], type=OfficerRoster).officers if row else ()

    def officer(self, officer_id: str) -> RosterOfficer | None:
        """One officer by id."""
        return next((one for one in self.officers() if one.officer_id == officer_id), None)

    def officer_named(self, sign_in_name: str) -> RosterOfficer | None:
        """One officer by the name they sign in with, whatever its capitals."""
        wanted = sign_in_name.strip().casefold()
        return next((one for one in self.officers() if one.sign_in_name.casefold() == wanted), None)

    # --- wrong secrets --------------------------------------------------------------------------------------------

    def locked_until(self, sign_in_name: str) -> str | None:
        """Until when nobody may sign in under this name."""
        row = self._store.row(
            "SELECT locked_until_utc FROM tries WHERE sign_in_name = ? AND locked_until_utc > ?",
            (sign_in_name.casefold(), self._now()),
        )
        return str(row["locked_until_utc"]) if row else None

    def note_wrong(self, sign_in_name: str, limit: Limit) -> None:
        """Count a wrong secret; each time the limit is reached a pause begins."""
        name = sign_in_name.casefold()
        with self._store.atomic():
            row = self._store.row("SELECT wrong FROM tries WHERE sign_in_name = ?", (name,))
            wrong = 1 + (int(row["wrong"]) if row else 0)
            self._store.run(
                "INSERT OR REPLACE INTO tries (sign_in_name, wrong, locked_until_utc) VALUES (?,?,?)",
                (name, wrong, iso_after(self._clock, limit.pause_after(wrong))),
            )

    def forget_wrong(self, sign_in_name: str) -> None:
        """The right secret came."""
        self._store.run("DELETE FROM tries WHERE sign_in_name = ?", (sign_in_name.casefold(),))

    # --- firmwares that an officer accepted ------------------------------------------------------------------------

    def acceptance(self, printer_id: str) -> Acceptance | None:
        """Which unknown firmware may print on a printer, and by whose word."""
        row = self._store.row("SELECT * FROM accepted_firmwares WHERE printer_id = ?", (printer_id,))
        return msgspec.convert(row, Acceptance) if row else None

    def accept_firmware(self, printer_id: str, firmware: str, officer_id: str) -> None:
        """Let this firmware, by this name and no other, print on this printer."""
        self._store.run(
            "INSERT OR REPLACE INTO accepted_firmwares (printer_id, firmware, officer_id, at_utc) VALUES (?,?,?,?)",
            (printer_id, firmware, officer_id, self._now()),
        )

    def take_back_firmware(self, printer_id: str) -> bool:
        """Accept none on this printer any more; false when none was."""
        return self._store.run("DELETE FROM accepted_firmwares WHERE printer_id = ?", (printer_id,)) == 1

    # --- once each ------------------------------------------------------------------------------------------------

    def first_press(self, form_key: str) -> bool:
        """True once per drawn form; call it in the transaction that does what the form asks."""
        self._store.run("DELETE FROM form_keys WHERE at_utc < ?", (iso_after(self._clock, -KEYS_KEPT_S),))
        added = self._store.run(
            "INSERT OR IGNORE INTO form_keys (form_key, at_utc) VALUES (?,?)", (form_key, self._now())
        )
        return added == 1

    def keep_outcome(self, form_key: str, outcome: str) -> None:
        """Where the first press led, so that the second one leads there too."""
        self._store.run("UPDATE form_keys SET outcome = ? WHERE form_key = ?", (outcome, form_key))

    def outcome(self, form_key: str) -> str:
        """Where the first press of this form led; empty when unknown."""
        row = self._store.row("SELECT outcome FROM form_keys WHERE form_key = ?", (form_key,))
        return str(row["outcome"]) if row else ""

    def first_hearing(self, cell: str, seq: int, at_utc: str) -> bool:
        """True once per event of a cell; the time is part of it, for a cell whose journal was lost counts anew."""
        added = self._store.run(
            "INSERT OR IGNORE INTO cell_events (cell, seq, at_utc) VALUES (?,?,?)", (cell, seq, at_utc)
        )
        return added == 1
