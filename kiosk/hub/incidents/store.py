"""Incidents on disk: what was noticed, where and when, and how an officer settled it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.clock import Clock, iso
from provisioning.ids import short_code
from provisioning.store import Store, script

INCIDENTS = Migrations("incidents")
IncidentKind = Literal["copy", "found", "duress", "wrong_person", "guessing", "blocked_here", "pair"]

SAME_CALL = timedelta(minutes=10)  # an emergency code that is typed again at the same screen is the same call


@INCIDENTS()
def m001_incidents(db: Database) -> None:
    """The table; an incident is closed by a named officer, with words, or not at all."""
    script(
        db,
        """
        CREATE TABLE incident (
            incident_id TEXT PRIMARY KEY, kind TEXT NOT NULL, resident_id TEXT NOT NULL DEFAULT '',
            credential_kind TEXT NOT NULL DEFAULT '', uid TEXT NOT NULL DEFAULT '',
            kiosk_id TEXT NOT NULL DEFAULT '', at_utc TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '{}',
            closed_utc TEXT NOT NULL DEFAULT '', closed_by TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '',
            CHECK ((closed_utc = '') = (closed_by = '') AND (closed_utc = '') = (words = ''))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX incident_at ON incident (at_utc);
        """,
    )


@INCIDENTS()
def m002_kept(db: Database) -> None:
    """What was settled stays as it was settled, and nothing goes away."""
    script(
        db,
        """
        CREATE TRIGGER incident_is_kept BEFORE DELETE ON incident BEGIN SELECT RAISE(ABORT, 'incident is kept'); END;
        CREATE TRIGGER incident_is_settled_once BEFORE UPDATE ON incident WHEN OLD.closed_utc <> ''
            BEGIN SELECT RAISE(ABORT, 'incident was settled'); END;
        CREATE INDEX incident_of ON incident (resident_id);
        """,
    )


@INCIDENTS()
def m003_not_ones_own(db: Database) -> None:
    """Nobody settles what was noticed about themselves."""
    script(
        db,
        """
        CREATE TRIGGER incident_is_settled_by_another BEFORE UPDATE ON incident
            WHEN OLD.kind = 'pair' AND NEW.closed_by <> '' AND json_extract(OLD.detail, '$.officer') = NEW.closed_by
            BEGIN SELECT RAISE(ABORT, 'an incident about oneself'); END;
        """,
    )


@dataclass(frozen=True)
class Incident:
    """One incident; ``closed_utc`` is empty while somebody must look at it."""

    incident_id: str
    kind: str
    resident_id: str
    credential_kind: str
    uid: str
    kiosk_id: str
    at_utc: str
    detail: dict[str, str | int]
    closed_utc: str = ""
    closed_by: str = ""
    words: str = ""

    def is_about(self, officer_id: str) -> bool:
        """Whether it was noticed about what this officer did; somebody else settles it then."""
        return self.kind == "pair" and self.detail.get("officer") == officer_id


class IncidentStore:
    """Every statement about incidents. Writes happen inside the caller's ``atomic()``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def open(
        self,
        kind: IncidentKind,
        resident_id: str,
        kiosk_id: str,
        credential_kind: str = "",
        uid: str = "",
        **detail: str | int,
    ) -> str:
        """A new incident; its id, ``I-7K3M9Q``."""
        incident_id = short_code("I")
        self.store.run(
            "INSERT INTO incident (incident_id, kind, resident_id, credential_kind, uid, kiosk_id, at_utc, detail)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (
                incident_id,
                kind,
                resident_id,
                credential_kind,
                uid,
                kiosk_id,
                iso(self._clock.now_utc()),
                msgspec.json.encode(detail).decode(),
            ),
        )
        return incident_id

    def call_for_help(
        self, resident_id: str, kiosk_id: str, credential_kind: str, uid: str, session_id: str = ""
    ) -> None:
        """Somebody typed their emergency code there: one incident, from that moment; a session names itself in it."""
        since_utc = iso(self._clock.now_utc() - SAME_CALL)
        with self.store.atomic():
            row = self.store.row(
                "SELECT incident_id FROM incident WHERE resident_id = ? AND kind = 'duress' AND kiosk_id = ?"
                " AND closed_utc = '' AND at_utc >= ? AND json_extract(detail, '$.session') IS NULL",
                (resident_id, kiosk_id, since_utc),
            )
            named = {"session": session_id} if session_id else {}
            if row is None:
                self.open("duress", resident_id, kiosk_id, credential_kind, uid, **named)
            elif named:
                self.store.run(
                    "UPDATE incident SET detail = ? WHERE incident_id = ?",
                    (msgspec.json.encode(named).decode(), row["incident_id"]),
                )

    def open_like(self, kind: IncidentKind, credential_kind: str, uid: str) -> str:
        """The id of an unsettled incident of this kind about this credential; empty when there is none."""
        row = self.store.row(
            "SELECT incident_id FROM incident WHERE kind = ? AND credential_kind = ? AND uid = ? AND closed_utc = ''",
            (kind, credential_kind, uid),
        )
        return str(row["incident_id"]) if row else ""

    def open_with(self, kind: IncidentKind, resident_id: str, officer_id: str) -> str:
        """The id of an unsettled incident of this kind about this person and officer; empty when there is none."""
        rows = self.store.rows(
            "SELECT incident_id, detail FROM incident WHERE kind = ? AND resident_id = ? AND closed_utc = ''",
            (kind, resident_id),
        )
        named = (row for row in rows if msgspec.json.decode(row["detail"]).get("officer") == officer_id)
        return next((str(row["incident_id"]) for row in named), "")

    def find(self, incident_id: str) -> Incident | None:
        """One incident, or None."""
        row = self.store.row("SELECT * FROM incident WHERE incident_id = ?", (incident_id,))
        return _incident(row) if row else None

    def latest(self, limit: int = 200, kind: str = "", resident_id: str = "") -> list[Incident]:
        """Unsettled ones first, each group newest first; of one kind or about one person on wish."""
        rows = self.store.rows(
            "SELECT * FROM incident WHERE (? = '' OR kind = ?) AND (? = '' OR resident_id = ?)"
            " ORDER BY closed_utc <> '', at_utc DESC LIMIT ?",
            (kind, kind, resident_id, resident_id, limit),
        )
        return [_incident(row) for row in rows]

    def unsettled(self) -> list[Incident]:
        """Everything that somebody must look at, oldest first."""
        rows = self.store.rows("SELECT * FROM incident WHERE closed_utc = '' ORDER BY at_utc")
        return [_incident(row) for row in rows]

    def close(self, incident_id: str, by: str, words: str) -> bool:
        """Settle one; False when it was settled before, or there is none."""
        changed = self.store.run(
            "UPDATE incident SET closed_utc = ?, closed_by = ?, words = ? WHERE incident_id = ? AND closed_utc = ''",
            (iso(self._clock.now_utc()), by, words, incident_id),
        )
        return changed == 1


def _incident(row: dict[str, Any]) -> Incident:
    return Incident(**{**row, "detail": msgspec.json.decode(row["detail"], type=dict[str, str | int])})
