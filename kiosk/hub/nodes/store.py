"""Machines on disk: last contact, what waits for each, and the edition of the roster each farm was told."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database, Migrations

from provisioning.clock import iso, parse_iso
from provisioning.store import Store, script

NODES = Migrations("nodes")


@NODES()
def m001_nodes(db: Database) -> None:
    """The tables."""
    script(
        db,
        """
        CREATE TABLE node_contact (node_id TEXT PRIMARY KEY, at_utc TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE roster_told (
            node_id TEXT PRIMARY KEY, edition INTEGER NOT NULL, sha256 TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    )


@dataclass(frozen=True)
class Queue:
    """What waits in the outbox for one node."""

    waiting: int = 0
    oldest_utc: str = ""
    refused: int = 0


class NodeStore:
    """The hub's notes about other machines."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def answers(self) -> bool:
        """Whether the database can be read: a health check."""
        try:
            return self.store.row("SELECT count(*) AS n FROM node_contact") is not None
        except sqlite3.Error:
            return False

    def keep(self, node_id: str, at: datetime) -> None:
        """Write down that a node was heard then."""
        self.store.run(
            "INSERT INTO node_contact VALUES (?,?) ON CONFLICT DO UPDATE SET at_utc = excluded.at_utc",
            (node_id, iso(at)),
        )

    def heard(self) -> dict[str, datetime]:
        """The last written contact of every node."""
        return {
            row["node_id"]: parse_iso(row["at_utc"]) for row in self.store.rows("SELECT * FROM node_contact")
        }

    def queues(self) -> dict[str, Queue]:
        """What waits for whom."""
        rows = self.store.rows(
            "SELECT destination, sum(refused IS NULL) AS waiting, sum(refused IS NOT NULL) AS refused,"
            " coalesce(min(CASE WHEN refused IS NULL THEN queued_utc END), '') AS oldest"
            " FROM outbox WHERE delivered_utc IS NULL GROUP BY destination"
        )
        return {row["destination"]: Queue(row["waiting"], row["oldest"], row["refused"]) for row in rows}

    def roster_told(self, node_id: str) -> tuple[int, str]:
        """Edition and SHA-256 of the roster that a farm was sent last; (0, "") before the first."""
        row = self.store.row("SELECT edition, sha256 FROM roster_told WHERE node_id = ?", (node_id,))
        return (row["edition"], row["sha256"]) if row else (0, "")

    def keep_roster_told(self, node_id: str, edition: int, sha256: str) -> None:
        """Remember which roster was put into the outbox for a farm."""
        self.store.run(
            "INSERT INTO roster_told VALUES (?,?,?)"
            " ON CONFLICT DO UPDATE SET edition = excluded.edition, sha256 = excluded.sha256",
            (node_id, edition, sha256),
        )
