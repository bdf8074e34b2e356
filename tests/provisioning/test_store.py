"""A process's own database: one owner, all or nothing, and what was acknowledged stays."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlite_utils import Migrations

from provisioning.clock import FakeClock
from provisioning.contracts import WhoseBadge
from provisioning.errors import Corrupt, Unavailable
from provisioning.store import Inbox, Outbox, Store, open_store
from provisioning.store.mail import MAIL

NOTES = Migrations("notes")


@NOTES()
def notes(db):
    db.conn.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(tmp_path / "a.sqlite", [NOTES, MAIL])
    yield opened
    opened.close()


def texts(store: Store) -> list[str]:
    return [row["text"] for row in store.rows("SELECT text FROM note ORDER BY id")]


def test_a_second_owner_is_refused(store: Store):
    with pytest.raises(Unavailable, match="store_owned"):
        open_store(store.path, [NOTES])


def test_the_next_owner_may_open_what_the_first_closed(tmp_path: Path):
    open_store(tmp_path / "b.sqlite", [NOTES]).close()
    open_store(tmp_path / "b.sqlite", [NOTES]).close()


def test_an_update_that_fails_in_the_middle_leaves_the_tables_of_before(tmp_path: Path):
    path, later = tmp_path / "c.sqlite", Migrations("later")

    @later()
    def half(db):
        db.conn.execute("CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT")

    @later()
    def fails(db):
        raise KeyError

    open_store(path, [NOTES]).close()
    with pytest.raises(KeyError):
        open_store(path, [NOTES, MAIL, later])
    before = open_store(path, [NOTES])
    tables = [row["name"] for row in before.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    assert sorted(tables) == ["_sqlite_migrations", "note"]
    before.close()


def test_a_failed_block_leaves_nothing_and_a_failed_inner_block_only_itself(store: Store):
    def write_and_fail(text: str) -> None:
        with store.atomic():
            store.run("INSERT INTO note (text) VALUES (?)", (text,))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail("lost")
    with store.atomic():
        store.run("INSERT INTO note (text) VALUES ('kept')")
        with pytest.raises(KeyError):
            write_and_fail("undone")
    assert texts(store) == ["kept"]


def test_this_sqlite_is_whole_or_has_one_owner_only(store: Store):
    fixed = sqlite3.sqlite_version_info >= (3, 51, 3)
    if not fixed:  # the WAL-reset loss needs a second writer: the owner's lock is what keeps it away
        with pytest.raises(Unavailable, match="store_owned"):
            open_store(store.path, [])
    assert store.row("PRAGMA journal_mode") == {"journal_mode": "wal"}
    assert store.row("PRAGMA synchronous") == {"synchronous": 2}


def test_a_full_disk_is_said_and_nothing_is_half_written(store: Store):
    pages = store.row("PRAGMA page_count")
    store.rows(f"PRAGMA max_page_count = {pages['page_count']}")

    def write_too_much() -> None:
        with store.atomic():
            store.run("INSERT INTO note (text) VALUES ('small')")
            store.run("INSERT INTO note (text) VALUES (?)", ("x" * 100_000,))

    with pytest.raises(Unavailable, match="store_full"):
        write_too_much()
    assert texts(store) == []


def test_a_read_only_database_is_said(store: Store):
    store.rows("PRAGMA query_only = ON")
    with pytest.raises(Unavailable, match="store_read_only"):
        store.run("INSERT INTO note (text) VALUES ('no')")


def test_a_file_that_is_no_database_is_said_and_kept(tmp_path: Path):
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(Corrupt, match="store_damaged"):
        open_store(path, [NOTES])
    assert path.read_bytes().startswith(b"this is not")


CHILD = """
    import sys
    from pathlib import Path
    from provisioning.store import open_store
    from tests.provisioning.test_store import NOTES
    store = open_store(Path(sys.argv[1]), [NOTES])
    number = 0
    while True:
        with store.atomic():
            store.run("INSERT INTO note (text) VALUES (?)", (f"{number} first",))
            store.run("INSERT INTO note (text) VALUES (?)", (f"{number} second",))
        print(number, flush=True)
        number += 1
"""


@pytest.mark.parametrize("after", [3, 17, 40])
def test_a_killed_process_loses_nothing_it_acknowledged_and_leaves_no_half(tmp_path: Path, after: int):
    path = tmp_path / "d.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    acknowledged = -1
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged >= after:
            break
    os.kill(child.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in child.stdout)])
    child.wait()
    child.stdout.close()
    store = open_store(path, [NOTES])
    found = texts(store)
    store.close()
    assert found[: 2 * (acknowledged + 1)] == [
        f"{number} {half}" for number in range(acknowledged + 1) for half in ("first", "second")
    ]
    assert len(found) % 2 == 0


def test_the_outbox_keeps_order_and_forgets_the_body_once_delivered(store: Store):
    outbox = Outbox(store, FakeClock(), close=lambda data: data[::-1], open_=lambda data: data[::-1])
    for uid in ("1", "2", "3"):
        outbox.put("hub", WhoseBadge(uid=uid), subject=uid)
    letters = outbox.waiting("hub")
    assert [letter.contract.uid for letter in letters] == ["1", "2", "3"]
    assert [letter.contract.uid for letter in outbox.about("2")] == ["2"]
    outbox.delivered(letters[0].message_id)
    outbox.refused(letters[1].message_id, "badge_unknown")
    assert [letter.contract.uid for letter in outbox.waiting("hub")] == ["3"]
    assert outbox.count_waiting() == 1
    assert store.row("SELECT body FROM outbox WHERE message_id = ?", (letters[0].message_id,)) == {
        "body": b""
    }


def test_a_message_counts_the_first_time_only(store: Store):
    inbox = Inbox(store, FakeClock())
    assert inbox.first_time("m1", "hub", "PrintOrder/1")
    assert not inbox.first_time("m1", "hub", "PrintOrder/1")


def test_a_database_is_its_owners_alone_from_its_first_byte(tmp_path: Path):
    before = os.umask(0)
    try:
        opened = open_store(tmp_path / "own" / "x.sqlite", [MAIL])
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "own").iterdir()}
        opened.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}, modes


def test_what_was_heard_long_ago_is_let_go(store: Store):
    inbox = Inbox(store, clock := FakeClock())
    inbox.first_time("old", "kiosk-a", "X/1")
    clock.advance(200 * 24 * 3600)
    inbox.first_time("new", "kiosk-a", "X/1")
    assert inbox.forget("2027-01-01T00:00:00.000Z") == 1
    assert not inbox.first_time("new", "kiosk-a", "X/1")
