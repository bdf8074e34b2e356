"""Notices on disk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlite_utils import Database, Migrations

from kiosk.services.notices.rules import Draft, state_of
from provisioning.clock import Clock, iso, parse_iso
from provisioning.contracts import Notice
from provisioning.store import Store, script

NOTICES = Migrations("notices")


@NOTICES()
def m001_notices(db: Database) -> None:
    """The table."""
    script(
        db,
        """
        CREATE TABLE notice (
            notice_id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, urgent INTEGER NOT NULL,
            from_utc TEXT NOT NULL, until_utc TEXT NOT NULL, wings TEXT NOT NULL, written_by TEXT NOT NULL,
            changed_utc TEXT NOT NULL, withdrawn_utc TEXT
        ) STRICT;
        CREATE INDEX notice_until ON notice (until_utc);
        """,
    )


@dataclass(frozen=True)
class KeptNotice:
    """A notice with its history."""

    notice_id: str
    draft: Draft
    written_by: str
    changed_utc: str
    withdrawn_utc: str

    def state(self, now: datetime) -> str:
        """``planned shown over withdrawn``."""
        return state_of(self.draft.begins, self.draft.ends, bool(self.withdrawn_utc), now)

    @property
    def last_moment(self) -> datetime:
        """The last second it is shown: within its last day."""
        return self.draft.ends - timedelta(seconds=1)

    @property
    def public(self) -> Notice:
        """As kiosks get it."""
        return Notice(
            notice_id=self.notice_id,
            title=self.draft.title,
            body=self.draft.body,
            urgent=self.draft.urgent,
            from_utc=iso(self.draft.begins),
            until_utc=iso(self.draft.ends),
            wings=self.draft.wings,
        )


class NoticeStore:
    """The site's notices."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, notice_id: str, draft: Draft, written_by: str) -> None:
        """Add a notice, or change it; a withdrawn one stays withdrawn."""
        self._store.run(
            "INSERT INTO notice (notice_id, title, body, urgent, from_utc, until_utc, wings, written_by, changed_utc)"
            " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET title = excluded.title, body = excluded.body,"
            " urgent = excluded.urgent, from_utc = excluded.from_utc, until_utc = excluded.until_utc,"
            " wings = excluded.wings, written_by = excluded.written_by, changed_utc = excluded.changed_utc",
            (
                notice_id,
                msgspec.json.encode(draft.title).decode(),
                msgspec.json.encode(draft.body).decode(),
                int(draft.urgent),
                iso(draft.begins),
                iso(draft.ends),
                msgspec.json.encode(draft.wings).decode(),
                written_by,
                iso(self._clock.now_utc()),
            ),
        )

    def withdraw(self, notice_id: str) -> bool:
        """Take a notice off the kiosks; False when it was off already."""
        changed = self._store.run(
            "UPDATE notice SET withdrawn_utc = ? WHERE notice_id = ? AND withdrawn_utc IS NULL",
            (iso(self._clock.now_utc()), notice_id),
        )
        return changed == 1

    def get(self, notice_id: str) -> KeptNotice | None:
        """One notice."""
        row = self._store.row("SELECT * FROM notice WHERE notice_id = ?", (notice_id,))
        return _kept(row) if row else None

    def latest(self, limit: int = 100) -> list[KeptNotice]:
        """The newest notices: those that end last come first."""
        rows = self._store.rows("SELECT * FROM notice ORDER BY until_utc DESC, notice_id LIMIT ?", (limit,))
        return [_kept(row) for row in rows]

    def for_kiosks(self) -> tuple[Notice, ...]:
        """What is not over and not withdrawn, urgent first, then the newest."""
        rows = self._store.rows(
            "SELECT * FROM notice WHERE withdrawn_utc IS NULL AND until_utc > ?"
            " ORDER BY urgent DESC, from_utc DESC, notice_id",
            (iso(self._clock.now_utc()),),
        )
        return tuple(_kept(row).public for row in rows)


def _kept(row: dict[str, object]) -> KeptNotice:
    draft = Draft(
        title=msgspec.json.decode(str(row["title"]), type=dict[str, str]),
        body=msgspec.json.decode(str(row["body"]), type=dict[str, str]),
        urgent=bool(row["urgent"]),
        begins=parse_iso(str(row["from_utc"])),
        ends=parse_iso(str(row["until_utc"])),
        wings=msgspec.json.decode(str(row["wings"]), type=tuple[str, ...]),
    )
    return KeptNotice(
        notice_id=str(row["notice_id"]),
        draft=draft,
        written_by=str(row["written_by"]),
        changed_utc=str(row["changed_utc"]),
        withdrawn_utc=str(row["withdrawn_utc"] or ""),
    )
