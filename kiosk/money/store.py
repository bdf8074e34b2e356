"""The ledger on disk: accounts, moves and entries; the database itself keeps a purse from falling below zero."""

from dataclasses import dataclass

from sqlite_utils import Database, Migrations

from kiosk.money import rules
from kiosk.money.rules import Leg, Move, purse
from provisioning.clock import Clock, iso
from provisioning.store import Store, script

MONEY = Migrations("money")


@MONEY()
def m001_ledger(db: Database) -> None:
    """Accounts, moves, entries; an entry is final, and it alone changes a balance."""
    script(
        db,
        """
        CREATE TABLE account (
            account_id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('purse', 'counter')),
            balance_cents INTEGER NOT NULL DEFAULT 0, CHECK (kind = 'counter' OR balance_cents >= 0)
        ) STRICT;
        CREATE TABLE move (
            move_id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, text TEXT NOT NULL,
            at_utc TEXT NOT NULL
        ) STRICT;
        CREATE TABLE entry (
            entry_id INTEGER PRIMARY KEY, move_id INTEGER NOT NULL REFERENCES move,
            account_id TEXT NOT NULL REFERENCES account, cents INTEGER NOT NULL CHECK (cents <> 0)
        ) STRICT;
        CREATE INDEX entry_account ON entry (account_id, entry_id);
        CREATE INDEX entry_move ON entry (move_id);
        CREATE TRIGGER entry_counts AFTER INSERT ON entry BEGIN
            UPDATE account SET balance_cents = balance_cents + NEW.cents WHERE account_id = NEW.account_id;
        END;
        CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are final'); END;
        CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are kept'); END;
        INSERT INTO account (account_id, kind) VALUES ('workshop', 'counter'), ('opening', 'counter');
        """,
    )


@dataclass(frozen=True)
class Line:
    """One line of a resident's statement; ``after_cents`` is the balance once it was written."""

    at_utc: str
    kind: str
    text: str
    cents: int
    after_cents: int


class Ledger:
    """The site's money. Writes join the caller's ``store.atomic()``; each happens once per key."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def open_purse(self, resident_id: str, opening_cents: int = 0) -> None:
        """Make a resident's purse; a second call changes nothing, whatever the amount."""
        with self._store.atomic():
            made = self._store.run(
                "INSERT OR IGNORE INTO account (account_id, kind) VALUES (?, 'purse')", (purse(resident_id),)
            )
            if made and opening_cents > 0:
                self._write(rules.opening(resident_id, opening_cents))

    def balance_cents(self, resident_id: str) -> int:
        """What the resident has, in cents; 0 without a purse."""
        row = self._store.row("SELECT balance_cents FROM account WHERE account_id = ?", (purse(resident_id),))
        return int(row["balance_cents"]) if row else 0

    def debit(self, resident_id: str, amount_cents: int, key: str, text: str) -> bool:
        """Take money once per ``key``; False when nothing was taken because the key or the amount says so.

        Raises:
            NotEnoughMoney: nothing was written.
        """
        if amount_cents == 0:
            return False
        with self._store.atomic():
            if self._move_id(f"debit/{key}") is not None:
                return False
            balance_cents = self.balance_cents(resident_id)
            self._write(rules.payment(balance_cents, resident_id, amount_cents, key, text))
        return True

    def refund(self, key: str, text: str) -> bool:
        """Give back what was debited under ``key``, once; False when there is nothing (more) to give back."""
        with self._store.atomic():
            paid = self._read(f"debit/{key}")
            if paid is None or self._move_id(f"refund/{key}") is not None:
                return False
            self._write(rules.giving_back(paid, key, text))
        return True

    def statement(self, resident_id: str, limit: int = 20) -> list[Line]:
        """The newest lines of a purse, newest first."""
        rows = self._store.rows(
            "SELECT * FROM (SELECT m.at_utc, m.kind, m.text, e.cents, e.entry_id,"
            " sum(e.cents) OVER (ORDER BY e.entry_id) AS after_cents"
            " FROM entry e JOIN move m USING (move_id) WHERE e.account_id = ?)"
            " ORDER BY entry_id DESC LIMIT ?",
            (purse(resident_id), limit),
        )
        return [Line(r["at_utc"], r["kind"], r["text"], r["cents"], r["after_cents"]) for r in rows]

    def is_sound(self) -> bool:
        """Whether all entries add up to nothing, move by move, and every balance is its entries' sum."""
        crooked = self._store.row("SELECT 1 FROM entry GROUP BY move_id HAVING sum(cents) <> 0 LIMIT 1")
        wrong = self._store.row(
            "SELECT 1 FROM account a WHERE balance_cents <>"
            " (SELECT coalesce(sum(cents), 0) FROM entry e WHERE e.account_id = a.account_id) LIMIT 1"
        )
        return crooked is None and wrong is None

    def _move_id(self, key: str) -> int | None:
        row = self._store.row("SELECT move_id FROM move WHERE key = ?", (key,))
        return int(row["move_id"]) if row else None

    def _read(self, key: str) -> Move | None:
        rows = self._store.rows(
            "SELECT m.kind, m.text, e.account_id, e.cents FROM move m JOIN entry e USING (move_id)"
            " WHERE m.key = ? ORDER BY e.entry_id",
            (key,),
        )
        if not rows:
            return None
        legs = tuple(Leg(row["account_id"], row["cents"]) for row in rows)
        return Move(key, rows[0]["kind"], rows[0]["text"], legs)

    def _write(self, move: Move) -> None:
        self._store.run(
            "INSERT INTO move (key, kind, text, at_utc) VALUES (?,?,?,?)",
            (move.key, move.kind, move.text, iso(self._clock.now_utc())),
        )
        move_id = self._move_id(move.key)
        for leg in move.legs:
            self._store.run(
                "INSERT INTO entry (move_id, account_id, cents) VALUES (?,?,?)",
                (move_id, leg.account_id, leg.cents),
            )
