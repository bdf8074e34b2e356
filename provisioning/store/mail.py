"""The outbox (what must be told) and the inbox (what was already heard), inside a process's store.

A fact and the message about it are written in one transaction; a message may arrive twice, and the second is
harmless because its id was kept.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.clock import Clock, iso
from provisioning.contracts.base import Contract, contract_name, decode, encode
from provisioning.errors import Corrupt
from provisioning.ids import new_key
from provisioning.store.opening import Row, Store, script

log = logging.getLogger("passage.mail")
MAIL = Migrations("mail")


@MAIL()
def m001_mail(db: Database) -> None:
    """The two tables."""
    script(
        db,
        """
        CREATE TABLE outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE, destination TEXT NOT NULL,
            kind TEXT NOT NULL, body BLOB NOT NULL, subject TEXT NOT NULL DEFAULT '', queued_utc TEXT NOT NULL,
            delivered_utc TEXT, refused TEXT
        ) STRICT;
        CREATE INDEX outbox_waiting ON outbox (destination, seq) WHERE delivered_utc IS NULL;
        CREATE TABLE inbox (message_id TEXT PRIMARY KEY, sender TEXT NOT NULL, kind TEXT NOT NULL,
            received_utc TEXT NOT NULL) STRICT;
        """,
    )


@dataclass(frozen=True)
class Waiting:
    """A message that was not delivered yet."""

    seq: int
    message_id: str
    destination: str
    contract: Contract
    queued_utc: str
    subject: str = ""


Cipher = Callable[[bytes], bytes]
LETTER = "seq, message_id, destination, kind, body, subject, queued_utc"


def _plain(data: bytes) -> bytes:
    return data


class Outbox:
    """Messages that wait for their destination, oldest first. ``close``/``open_`` encrypt the bodies on disk."""

    def __init__(self, store: Store, clock: Clock, close: Cipher = _plain, open_: Cipher = _plain) -> None:
        self._store = store
        self._clock = clock
        self._close = close
        self._open = open_

    def put(self, destination: str, contract: Contract, subject: str = "") -> str:
        """Queue a message in the current transaction; its message id. ``subject`` finds it again (an opaque id)."""
        message_id = new_key()
        body = self._close(msgspec.json.encode(encode(contract)))
        self._store.run(
            "INSERT INTO outbox (message_id, destination, kind, body, subject, queued_utc) VALUES (?,?,?,?,?,?)",
            (message_id, destination, contract_name(contract), body, subject, iso(self._clock.now_utc())),
        )
        return message_id

    def waiting(self, destination: str, limit: int = 100) -> list[Waiting]:
        """The oldest undelivered messages for a destination."""
        rows = self._store.rows(
            f"SELECT {LETTER} FROM outbox"  # noqa: S608 - a constant
            " WHERE destination = ? AND delivered_utc IS NULL AND refused IS NULL ORDER BY seq LIMIT ?",
            (destination, limit),
        )
        return self._readable(rows)

    def about(self, subject: str) -> list[Waiting]:
        """The undelivered messages about a subject, oldest first."""
        rows = self._store.rows(
            f"SELECT {LETTER} FROM outbox"  # noqa: S608 - a constant
            " WHERE subject = ? AND delivered_utc IS NULL AND refused IS NULL ORDER BY seq",
            (subject,),
        )
        return self._readable(rows)

    def set_aside(self, subject: str) -> list[Waiting]:
        """The messages about a subject that the other side would not take, oldest first."""
        rows = self._store.rows(
            f"SELECT {LETTER} FROM outbox"  # noqa: S608 - a constant
            " WHERE subject = ? AND delivered_utc IS NULL AND refused IS NOT NULL"
            " AND refused <> 'outbox_unreadable' ORDER BY seq",
            (subject,),
        )
        return self._readable(rows)

    def _readable(self, rows: list[Row]) -> list[Waiting]:
        """The letters of these rows; one that cannot be read is kept aside, so that it holds nobody up."""
        found = []
        for row in rows:
            try:
                found.append(self._waiting(row))
            except (Corrupt, msgspec.DecodeError, UnicodeError) as error:
                log.error("message %s in the outbox cannot be read: %s", row["message_id"], error)
                self.refused(str(row["message_id"]), "outbox_unreadable")
        return found

    def _waiting(self, row: Row) -> Waiting:
        plain = msgspec.json.decode(self._open(row["body"]))
        return Waiting(
            seq=int(str(row["seq"])),
            message_id=str(row["message_id"]),
            destination=str(row["destination"]),
            contract=decode(str(row["kind"]), plain),
            queued_utc=str(row["queued_utc"]),
            subject=str(row["subject"]),
        )

    def delivered(self, message_id: str) -> None:
        """Remember that the other side has it on disk; the body is no longer needed here."""
        self._store.run(
            "UPDATE outbox SET delivered_utc = ?, body = x'' WHERE message_id = ?",
            (iso(self._clock.now_utc()), message_id),
        )

    def refused(self, message_id: str, code: str) -> None:
        """The other side will never take it: keep it for a person to look at, and let the next ones pass."""
        self._store.run("UPDATE outbox SET refused = ? WHERE message_id = ?", (code, message_id))

    def forget_delivered(self, before_utc: str) -> int:
        """Let go of what was delivered before then; how many."""
        return self._store.run("DELETE FROM outbox WHERE delivered_utc < ?", (before_utc,))

    def count_waiting(self) -> int:
        """How many messages wait, for all destinations."""
        row = self._store.row(
            "SELECT count(*) AS n FROM outbox WHERE delivered_utc IS NULL AND refused IS NULL"
        )
        return int(row["n"]) if row else 0


class Inbox:
    """The ids of messages that were already acted on."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def first_time(self, message_id: str, sender: str, kind: str) -> bool:
        """True once per message; call it in the transaction that acts on the message."""
        changed = self._store.run(
            "INSERT OR IGNORE INTO inbox (message_id, sender, kind, received_utc) VALUES (?,?,?,?)",
            (message_id, sender, kind, iso(self._clock.now_utc())),
        )
        return changed == 1

    def forget(self, before_utc: str) -> int:
        """Let go of ids heard before then, older than any message that may still come again; how many."""
        return self._store.run("DELETE FROM inbox WHERE received_utc < ?", (before_utc,))
