"""One database file, one owning process, one connection.

SQLite 3.7.0 to 3.51.2 can lose an acknowledged transaction when two connections write and checkpoint at once
in WAL mode (fixed in 3.51.3, back-ported to 3.44.6 and 3.50.7), and Debian 12 and 13 ship such versions. So a
second owner is refused at start, by a lock on a file beside the database.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from provisioning.errors import Corrupt, Unavailable

Row = dict[str, Any]


class Store:
    """A process's own database: every read and write goes through here, under one lock."""

    def __init__(self, path: Path, db: Database, owner_fd: int) -> None:
        self.path = path
        self.db = db
        self._owner_fd = owner_fd
        self._lock = threading.RLock()

    @contextmanager
    def atomic(self) -> Iterator["Store"]:
        """All of the block or none of it, on disk when the block ends; may be nested.

        Begins IMMEDIATE: a deferred read-then-write could find that it lost the race only when it writes.

        Raises:
            Unavailable: ``store_read_only`` or ``store_full``; nothing was written.
        """
        with self._lock:
            if self.db.conn.in_transaction:
                with self.db.atomic():
                    yield self
                return
            try:
                self.db.conn.execute("BEGIN IMMEDIATE")
                try:
                    yield self
                    self.db.conn.execute("COMMIT")
                except BaseException:
                    self.db.conn.rollback()
                    raise
            except sqlite3.OperationalError as error:
                raise _named(error) from error

    def rows(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> list[Row]:
        """All rows of a query, as dictionaries."""
        with self._lock:
            cursor = self.db.conn.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> int:
        """Execute one statement; the number of rows it changed.

        Alone or inside :meth:`atomic` it happens whole or not at all: SQLite sees to that for every statement.

        Raises:
            Unavailable: ``store_read_only`` or ``store_full``; nothing was written.
        """
        with self._lock:
            try:
                return self.db.conn.execute(sql, parameters).rowcount
            except sqlite3.OperationalError as error:
                raise _named(error) from error

    def close(self) -> None:
        """Close the connection and let the next owner in; a second close is harmless."""
        with self._lock:
            self.db.conn.close()
            _release(self._owner_fd)
            self._owner_fd = -1


def script(db: Database, sql: str) -> None:
    """Run several statements inside the current transaction (sqlite3's own ``executescript`` commits first)."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
    if statement.strip():
        raise ValueError(f"unfinished statement: {statement.strip()!r}")


def _named(error: sqlite3.OperationalError) -> Exception:
    text = str(error)
    if "readonly" in text or "read-only" in text:
        return Unavailable("store_read_only")
    if "full" in text or "disk I/O" in text:
        return Unavailable("store_full")
    if "locked" in text or "unable to open" in text:
        return Unavailable("store_locked")
    return error


def _own(path: Path) -> int:
    descriptor = os.open(f"{path}.owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Unavailable("store_owned", file=path.name) from error
    return descriptor


def open_store(path: Path, migrations: Iterable[Migrations]) -> Store:
    """Open (or make) a process's own database and bring its tables up to date: all of them or none.

    After an update that fails in the middle the release before finds its database as it left it.

    WAL with ``synchronous=FULL``: what was acknowledged is on disk (edge-lab: 1,029 crash points, none lost;
    with NORMAL 217 of 310 lost acknowledged records).

    Raises:
        Unavailable: ``store_owned`` (another process owns it), ``store_read_only``, ``store_full``.
        Corrupt: ``store_damaged``: this is not a database, or a page is unreadable.
    """
    owner_fd = -1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        owner_fd = _own(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # WAL and SHM take its mode on
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        db = Database(connection)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-2048"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        store = Store(path, db, owner_fd)
        with store.atomic():
            for migration in migrations:
                migration.apply(db)
        return store
    except (OSError, sqlite3.DatabaseError) as error:
        _release(owner_fd)
        raise _opening_error(error, path) from error
    except BaseException:
        _release(owner_fd)
        raise


def read_store(path: Path) -> Store:
    """A database of another process to look into: reads only, safe while its owner runs, for it never checkpoints.

    Raises:
        Unavailable: ``store_missing`` when there is no such database.
    """
    if not path.exists():
        raise Unavailable("store_missing", file=path.name)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=5)
    return Store(path, Database(connection), -1)


def _release(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _opening_error(error: OSError | sqlite3.DatabaseError, path: Path) -> Exception:
    match error:
        case OSError():
            return Unavailable("store_read_only", file=path.name)
        case sqlite3.OperationalError():
            return _named(error)
        case _:
            return Corrupt("store_damaged", file=path.name)
