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


@TERMINAL()
def m003_own_word(db: Database) -> None:
    """What a kiosk needs to act by its own word; passes of badges alone are gone, they never open anything again."""
    script(
        db,
        """
        DELETE FROM offline_pass;
        ALTER TABLE offline_pass ADD COLUMN greeting BLOB NOT NULL DEFAULT x'';
        ALTER TABLE offline_pass ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE officer_badge (one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB NOT NULL) STRICT;
        CREATE TABLE local_block (lookup TEXT PRIMARY KEY, at_utc TEXT NOT NULL) STRICT;
        """,
    )


@dataclass(frozen=True)
class PassRow:
    """One offline pass as it lies on disk."""

    salt: bytes
    sealed: bytes
    made_utc: str
    failures: int
    locked_until_utc: str
    greeting: bytes = b""
    paused: int = 0


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
            "SELECT salt, sealed, made_utc, failures, locked_until_utc, greeting, paused FROM offline_pass"
            " WHERE lookup = ?",
            (lookup,),
        )
        if row is None:
            return None
        try:
            return msgspec.convert(row, PassRow)
        except msgspec.ValidationError as error:
            raise Corrupt("pass_unreadable") from error

    def keep_pass(
        self, lookup: str, salt: bytes, sealed: bytes, made_utc: str, stamp: str, greeting: bytes
    ) -> None:
        """Keep a fresh pass; failures are forgotten with the old one."""
        self.store.run(
            "INSERT OR REPLACE INTO offline_pass (lookup, salt, sealed, made_utc, stamp, greeting)"
            " VALUES (?,?,?,?,?,?)",
            (lookup, salt, sealed, made_utc, stamp, greeting),
        )

    def keep_greeting(self, lookup: str, greeting: bytes) -> None:
        """Replace what a pass tells before the PIN."""
        self.store.run("UPDATE offline_pass SET greeting = ? WHERE lookup = ?", (greeting, lookup))

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

    def pause_passes(self, stamps: frozenset[str]) -> None:
        """Exactly these passes open nothing until the hub says otherwise."""
        paused = {row["stamp"] for row in self.store.rows("SELECT stamp FROM offline_pass WHERE paused = 1")}
        if paused == stamps:
            return
        with self.store.atomic():
            for stamp in paused ^ stamps:
                self.store.run(
                    "UPDATE offline_pass SET paused = ? WHERE stamp = ?", (int(stamp in stamps), stamp)
                )

    # --- officers at this kiosk ---

    def keep_officers(self, sealed: bytes) -> None:
        """Remember the officers' badges, sealed."""
        self.store.run("INSERT OR REPLACE INTO officer_badge (one, sealed) VALUES (1, ?)", (sealed,))

    def officers(self) -> bytes | None:
        """The officers' badges, sealed; None when the hub never told them."""
        row = self.store.row("SELECT sealed FROM officer_badge")
        return bytes(row["sealed"]) if row else None

    def block_here(self, lookup: str, at_utc: str) -> None:
        """An officer blocked this credential at this kiosk."""
        self.store.run("INSERT OR REPLACE INTO local_block (lookup, at_utc) VALUES (?,?)", (lookup, at_utc))

    def is_blocked_here(self, lookup: str) -> bool:
        """Whether an officer blocked this credential at this kiosk."""
        return self.store.row("SELECT 1 AS one FROM local_block WHERE lookup = ?", (lookup,)) is not None

    def unblock_here(self, lookup: str) -> None:
        """The hub has its own word about this credential."""
        self.store.run("DELETE FROM local_block WHERE lookup = ?", (lookup,))

    def forget_pass(self, lookup: str) -> None:
        """Let a pass go."""
        self.store.run("DELETE FROM offline_pass WHERE lookup = ?", (lookup,))
