"""Reels, parts and waste of one farm node."""

from __future__ import annotations

import sqlite3
from typing import Literal

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.clock import Clock, iso
from provisioning.errors import Refused
from provisioning.ids import short_code
from provisioning.store import Store, script

WORKSHOP = Migrations("workshop")


@WORKSHOP()
def m001_workshop(db: Database) -> None:
    """Reels, parts, waste."""
    script(
        db,
        """
        CREATE TABLE reels (
            reel_id TEXT PRIMARY KEY, material TEXT NOT NULL, colour TEXT NOT NULL,
            grams_new REAL NOT NULL CHECK (grams_new > 0), grams_left REAL NOT NULL CHECK (grams_left >= 0),
            printer_id TEXT UNIQUE, state TEXT NOT NULL DEFAULT 'in_use' CHECK (state IN ('in_use','used_up')),
            added_by TEXT NOT NULL, added_utc TEXT NOT NULL
        ) STRICT;
        CREATE TABLE parts (
            part_id TEXT PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, run_id TEXT NOT NULL UNIQUE,
            order_id TEXT NOT NULL, title TEXT NOT NULL, resident_id TEXT NOT NULL, resident_label TEXT NOT NULL,
            expected_g REAL NOT NULL, measured_g REAL NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL,
            weighed_by TEXT NOT NULL, weighed_utc TEXT NOT NULL,
            handed_over_by TEXT, handed_over_utc TEXT, handed_over_how TEXT
        ) STRICT;
        CREATE TRIGGER a_part_is_handed_over_once BEFORE UPDATE ON parts
        WHEN OLD.handed_over_utc IS NOT NULL BEGIN SELECT RAISE(ABORT, 'part already handed over'); END;
        CREATE TABLE waste (
            run_id TEXT PRIMARY KEY, printer_id TEXT NOT NULL, grams REAL NOT NULL CHECK (grams >= 0),
            note TEXT NOT NULL, noted_by TEXT NOT NULL, noted_utc TEXT NOT NULL
        ) STRICT;
        """,
    )


class Reel(msgspec.Struct, frozen=True, kw_only=True):
    """A roll of filament; its id is the code on its label."""

    reel_id: str
    material: str
    colour: str
    grams_new: float
    grams_left: float
    printer_id: str | None
    state: Literal["in_use", "used_up"]
    added_by: str
    added_utc: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What came off a bed and was weighed; its id is the code on its label."""

    part_id: str
    job_id: str
    run_id: str
    order_id: str
    title: str
    resident_id: str
    resident_label: str
    expected_g: float
    measured_g: float
    verdict: Literal["green", "amber", "red"]
    note: str
    weighed_by: str
    weighed_utc: str
    handed_over_by: str | None
    handed_over_utc: str | None
    handed_over_how: str | None


class NewPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that has just been weighed."""

    job_id: str
    run_id: str
    order_id: str
    title: str
    resident_id: str
    resident_label: str
    expected_g: float
    measured_g: float
    verdict: Literal["green", "amber", "red"]
    note: str
    weighed_by: str


class ReelRefused(Refused):
    """This cannot be done with this reel."""

    code = "reel_refused"


class WorkshopStore:
    """Reels, parts and waste."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def _now(self) -> str:
        return iso(self._clock.now_utc())

    # --- reels ----------------------------------------------------------------------------------------------------

    def add_reel(self, material: str, colour: str, grams: float, by: str, reel_id: str = "") -> Reel:
        """Take a reel in; ``reel_id`` only where a code already stands on it.

        Raises:
            ReelRefused: ``reel_known``: that code is taken.
        """
        name = reel_id or short_code("R")
        try:
            self._store.run(
                "INSERT INTO reels (reel_id, material, colour, grams_new, grams_left, added_by, added_utc)"
                " VALUES (?,?,?,?,?,?,?)",
                (name, material, colour, grams, grams, by, self._now()),
            )
        except sqlite3.IntegrityError as error:
            raise ReelRefused("reel_known", reel=name) from error
        return self.reel(name)

    def reel(self, reel_id: str) -> Reel:
        """One reel.

        Raises:
            ReelRefused: ``reel_unknown``.
        """
        row = self._store.row("SELECT * FROM reels WHERE reel_id = ?", (reel_id,))
        if row is None:
            raise ReelRefused("reel_unknown", reel=reel_id)
        return msgspec.convert(row, Reel)

    def reels(self) -> list[Reel]:
        """Every reel: mounted ones first, used-up ones last."""
        sql = "SELECT * FROM reels ORDER BY state = 'used_up', printer_id IS NULL, printer_id, added_utc DESC"
        return [msgspec.convert(row, Reel) for row in self._store.rows(sql)]

    def reel_on(self, printer_id: str) -> Reel | None:
        """The reel mounted on a printer."""
        row = self._store.row("SELECT * FROM reels WHERE printer_id = ?", (printer_id,))
        return msgspec.convert(row, Reel) if row else None

    def mount(self, reel_id: str, printer_id: str | None) -> None:
        """Put a reel on a printer (taking another off it), or on the shelf."""
        with self._store.atomic():
            reel = self.reel(reel_id)
            if reel.state == "used_up" and printer_id is not None:
                raise ReelRefused("reel_used_up", reel=reel_id)
            self._store.run("UPDATE reels SET printer_id = NULL WHERE printer_id = ?", (printer_id,))
            self._store.run("UPDATE reels SET printer_id = ? WHERE reel_id = ?", (printer_id, reel_id))

    def use(self, reel_id: str, grams: float) -> None:
        """Take what a run used off a reel; never below nothing."""
        self._store.run(
            "UPDATE reels SET grams_left = max(0, grams_left - ?) WHERE reel_id = ?", (grams, reel_id)
        )

    def weigh_reel(self, reel_id: str, grams_left: float) -> None:
        """What the scale says is left; a reel with nothing left is used up and comes off its printer."""
        with self._store.atomic():
            reel = self.reel(reel_id)
            if grams_left > reel.grams_new:
                raise ReelRefused("reel_too_heavy", reel=reel_id, new_g=reel.grams_new)
            used_up = grams_left <= 0
            self._store.run(
                "UPDATE reels SET grams_left = ?, state = ?, printer_id = CASE WHEN ? THEN NULL ELSE printer_id END"
                " WHERE reel_id = ?",
                (max(0.0, grams_left), "used_up" if used_up else "in_use", used_up, reel_id),
            )

    # --- parts ----------------------------------------------------------------------------------------------------

    def add_part(self, new: NewPart) -> Part:
        """Take a weighed part down and give it its code; the same job again gives the part it already has."""
        with self._store.atomic():
            if earlier := self._part("WHERE job_id = ?", new.job_id):
                return earlier
            part_id = short_code("P")
            row = {"part_id": part_id, **msgspec.to_builtins(new), "weighed_utc": self._now()}
            names = ",".join(row)
            values = ",".join("?" * len(row))
            self._store.run(f"INSERT INTO parts ({names}) VALUES ({values})", tuple(row.values()))  # noqa: S608 - struct fields
        part = self._part("WHERE part_id = ?", part_id)
        assert part is not None
        return part

    def part(self, part_id: str) -> Part | None:
        """The part with this code, as typed or scanned."""
        return self._part("WHERE part_id = ?", part_id.strip().upper())

    def parts_waiting(self) -> list[Part]:
        """Parts that lie ready, oldest first."""
        return self._parts("WHERE handed_over_utc IS NULL ORDER BY weighed_utc")

    def parts_gone(self, limit: int = 50) -> list[Part]:
        """Parts that were handed over, latest first."""
        return self._parts("WHERE handed_over_utc IS NOT NULL ORDER BY handed_over_utc DESC LIMIT ?", limit)

    def hand_over(self, part_id: str, by: str, how: str) -> bool:
        """Take down that a part went to its owner; false when it had already gone."""
        changed = self._store.run(
            "UPDATE parts SET handed_over_by = ?, handed_over_utc = ?, handed_over_how = ?"
            " WHERE part_id = ? AND handed_over_utc IS NULL",
            (by, self._now(), how, part_id),
        )
        return changed == 1

    # --- waste ----------------------------------------------------------------------------------------------------

    def add_waste(self, run_id: str, printer_id: str, grams: float, note: str, by: str) -> bool:
        """Take down the remains of a failed run; false when they were weighed before."""
        changed = self._store.run(
            "INSERT OR IGNORE INTO waste (run_id, printer_id, grams, note, noted_by, noted_utc) VALUES (?,?,?,?,?,?)",
            (run_id, printer_id, grams, note, by, self._now()),
        )
        return changed == 1

    def waste_g(self) -> float:
        """All waste so far, in grams."""
        row = self._store.row("SELECT coalesce(sum(grams), 0.0) AS grams FROM waste")
        return float(row["grams"]) if row else 0.0

    def _part(self, rest: str, *parameters: object) -> Part | None:
        found = self._parts(rest, *parameters)
        return found[0] if found else None

    def _parts(self, rest: str, *parameters: object) -> list[Part]:
        rows = self._store.rows(f"SELECT * FROM parts {rest}", parameters)  # noqa: S608 - constants of this file
        return [msgspec.convert(row, Part) for row in rows]
