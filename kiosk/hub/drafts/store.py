"""Versions that two officers make: one draft at a time, who had a hand in it, and giving it up.

The tables are ``<name>_version`` and ``<name>_hand``; their constraints keep an officer from approving what they wrote.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from provisioning.clock import Clock, iso
from provisioning.store import Store

V = TypeVar("V")


@dataclass(frozen=True)
class Hand:
    """What one officer did to a version: ``wrote`` or ``approved``."""

    officer_id: str
    part: str
    at_utc: str


class DraftStore(ABC, Generic[V]):
    """What the rules and the agreement have alike. A subclass names its tables and reads its own versions."""

    name: str  # of the tables
    approved: str  # the column that an approval fills

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    @abstractmethod
    def _some(self, where: str, *values: object) -> list[V]:
        """The versions that fit; a constant of ours, and its values."""

    def _now(self) -> str:
        return iso(self._clock.now_utc())

    def _one(self, where: str, *values: object) -> V | None:
        found = self._some(where + " LIMIT 1", *values)
        return found[0] if found else None

    def latest(self, limit: int = 30) -> list[V]:
        """Every version that was approved or dropped, newest first."""
        over = f"{self.approved} IS NOT NULL OR dropped_utc IS NOT NULL"
        return self._some(f"{over} ORDER BY version DESC LIMIT ?", limit)

    def version(self, version: int) -> V | None:
        """One version, or None."""
        return self._one("version = ?", version)

    def draft(self) -> V | None:
        """The one draft, or None."""
        return self._one(self._is_draft)

    @property
    def _is_draft(self) -> str:
        return f"{self.approved} IS NULL AND dropped_utc IS NULL"

    def hands(self, version: int) -> list[Hand]:
        """Who did what to a version, in order of time."""
        rows = self.store.rows(
            f"SELECT officer_id, part, at_utc FROM {self.name}_hand WHERE version = ? ORDER BY at_utc, officer_id",  # noqa: S608
            (version,),
        )
        return [Hand(**row) for row in rows]

    def begin(self, text: str, officer_id: str) -> V:
        """A new draft with this text; the one that is there already, when there is one."""
        with self.store.atomic():
            if found := self.draft():
                return found
            last = self.store.rows(f"SELECT max(version) AS last FROM {self.name}_version")[0]["last"]  # noqa: S608
            self.store.run(
                f"INSERT INTO {self.name}_version (version, origin, text, begun_utc) VALUES (?, 'office', ?, ?)",  # noqa: S608
                (last + 1, text, self._now()),
            )
            self._wrote(last + 1, officer_id)
        found = self.version(last + 1)
        assert found is not None
        return found

    def _wrote(self, version: int, officer_id: str) -> None:
        self.store.run(
            f"INSERT INTO {self.name}_hand VALUES (?, ?, 'wrote', ?) ON CONFLICT DO NOTHING",  # noqa: S608
            (version, officer_id, self._now()),
        )

    def _set(self, what: str, version: int, *values: object) -> bool:
        """Change a draft; False when it is none any more."""
        changed = self.store.run(
            f"UPDATE {self.name}_version SET {what} WHERE version = ? AND {self._is_draft}",  # noqa: S608
            (*values, version),
        )
        return changed == 1

    def rewrite(self, version: int, text: str, officer_id: str) -> None:
        """Change a draft; whoever wanted to approve what it was before must look again."""
        with self.store.atomic():
            if self._set("text = ?, proposed_utc = NULL", version, text):
                self._wrote(version, officer_id)

    def propose(self, version: int, wanted_utc: str, officer_id: str) -> None:
        """A draft is ready for a colleague, to hold from then (empty: at once); who says so had a hand in it."""
        with self.store.atomic():
            if self._set("proposed_utc = ?, wanted_utc = ?", version, self._now(), wanted_utc):
                self._wrote(version, officer_id)

    def drop(self, version: int) -> bool:
        """Give a draft up; False when it is none any more."""
        return self._set("dropped_utc = ?", version, self._now())
