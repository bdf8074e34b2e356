"""The kiosk's own tables: the public copy, what was sent already, and the sealed offline passes."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database, Migrations

from provisioning.contracts import PublicCopyAnswer
from provisioning.errors import Corrupt
from provisioning.store import Store
from provisioning.store.opening import script

STORE_FILE = "kiosk.sqlite"
TERMINAL = Migrations("terminal")


@TERMINAL()
def m001_terminal(db: Database) -> None:
    """The tables. No column holds a name, a badge number or a wish in clear."""
    script(
        db,
        """
        CREATE TABLE public_copy (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL) STRICT;
        CREATE TABLE picture (sha256 TEXT PRIMARY KEY, png BLOB NOT NULL) STRICT;
        CREATE TABLE sent (key TEXT PRIMARY KEY, message_id TEXT NOT NULL, at_utc TEXT NOT NULL) STRICT;
        CREATE TABLE offline_pass (
            lookup TEXT PRIMARY KEY, salt BLOB NOT NULL, sealed BLOB NOT NULL, made_utc TEXT NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0, locked_until_utc TEXT NOT NULL DEFAULT ''
        ) STRICT;
        """,
    )


@TERMINAL()
def m002_pass_stamps(db: Database) -> None:
    """The hub's opaque name of each pass; one without a name falls at the next question."""
    script(db, "ALTER TABLE offline_pass ADD COLUMN stamp TEXT NOT NULL DEFAULT '';")


@dataclass(frozen=True)
class PassRow:
    """One offline pass as it lies on disk."""

    salt: bytes
    sealed: bytes
    made_utc: str
    failures: int
    locked_until_utc: str


class TerminalStore:
    """Every statement of the kiosk's own."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # --- the public copy ---

    def public_copy(self) -> PublicCopyAnswer | None:
        """The last public copy; None when there was none, or another release wrote it."""
        row = self.store.row("SELECT body FROM public_copy")
        if row is None:
            return None
        try:
            return msgspec.json.decode(row["body"], type=PublicCopyAnswer)
        except (msgspec.ValidationError, msgspec.DecodeError):
            return None

    def keep_public_copy(self, copy: PublicCopyAnswer) -> None:
        """Replace the public copy, and let go of pictures that it does not name."""
        wanted = {model.picture_sha256 for model in copy.models}
        with self.store.atomic():
            self.store.run(
                "INSERT OR REPLACE INTO public_copy (one, body) VALUES (1, ?)", (msgspec.json.encode(copy),)
            )
            for sha256 in self.pictures() - wanted:
                self.store.run("DELETE FROM picture WHERE sha256 = ?", (sha256,))

    def pictures(self) -> set[str]:
        """The hashes of the pictures at hand."""
        return {row["sha256"] for row in self.store.rows("SELECT sha256 FROM picture")}

    def picture(self, sha256: str) -> bytes | None:
        """A PNG."""
        row = self.store.row("SELECT png FROM picture WHERE sha256 = ?", (sha256,))
        return bytes(row["png"]) if row else None

    def keep_picture(self, sha256: str, png: bytes) -> None:
        """Keep a PNG under its hash."""
        self.store.run("INSERT OR REPLACE INTO picture (sha256, png) VALUES (?, ?)", (sha256, png))

    # --- what was sent ---

    def sent_message(self, key: str) -> str | None:
        """The message that was queued for this key."""
        row = self.store.row("SELECT message_id FROM sent WHERE key = ?", (key,))
        return str(row["message_id"]) if row else None

    def note_sent(self, key: str, message_id: str, at_utc: str) -> None:
        """Remember what was queued for a key, in the transaction that queues it."""
        self.store.run("INSERT INTO sent (key, message_id, at_utc) VALUES (?,?,?)", (key, message_id, at_utc))

    def is_delivered(self, message_id: str) -> bool:
        """Whether the hub has the message on disk."""
        row = self.store.row("SELECT delivered_utc FROM outbox WHERE message_id = ?", (message_id,))
        return row is not None and row["delivered_utc"] is not None

    def prune(self, before_utc: str) -> None:
        """Forget what was delivered before then."""
        with self.store.atomic():
            self.store.run("DELETE FROM outbox WHERE delivered_utc < ?", (before_utc,))
            self.store.run(
                "DELETE FROM sent WHERE at_utc < ? AND message_id NOT IN (SELECT message_id FROM outbox)",
                (before_utc,),
            )
            self.store.run("DELETE FROM offline_pass WHERE made_utc < ?", (before_utc,))

    # --- offline passes ---

    def offline_pass(self, lookup: str) -> PassRow | None:
        """One pass."""
        row = self.store.row(
            "SELECT salt, sealed, made_utc, failures, locked_until_utc FROM offline_pass WHERE lookup = ?",
            (lookup,),
        )
        if row is None:
            return None
        try:
            return msgspec.convert(row, PassRow)
        except msgspec.ValidationError as error:
            raise Corrupt("pass_unreadable") from error

    def keep_pass(self, lookup: str, salt: bytes, sealed: bytes, made_utc: str, stamp: str) -> None:
        """Keep a fresh pass; failures are forgotten with the old one."""
        self.store.run(
            "INSERT OR REPLACE INTO offline_pass (lookup, salt, sealed, made_utc, stamp) VALUES (?,?,?,?,?)",
            (lookup, salt, sealed, made_utc, stamp),
        )

    def count_failure(self, lookup: str, failures: int, locked_until_utc: str) -> None:
        """Write down a try before it is made: pulling the plug gives no tries back."""
        self.store.run(
            "UPDATE offline_pass SET failures = ?, locked_until_utc = ? WHERE lookup = ?",
            (failures, locked_until_utc, lookup),
        )

    def pass_stamps(self) -> frozenset[str]:
        """The hub's names of all passes here."""
        return frozenset(row["stamp"] for row in self.store.rows("SELECT stamp FROM offline_pass"))

    def drop_passes(self, stamps: Iterable[str]) -> None:
        """Let go of the passes of these names."""
        with self.store.atomic():
            for stamp in stamps:
                self.store.run("DELETE FROM offline_pass WHERE stamp = ?", (stamp,))

    def forget_pass(self, lookup: str) -> None:
        """Let a pass go."""
        self.store.run("DELETE FROM offline_pass WHERE lookup = ?", (lookup,))
