"""A killed hub, a full disk, a read-only record: what was acknowledged is kept, what was not is said plainly."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.hub.node import Hub
from provisioning.audit.trail import verify_trail
from provisioning.clock import SystemClock
from provisioning.contracts import PublicCopy
from provisioning.errors import Unavailable
from tests.kiosk.hub.hub_kit import AMIRA, Officer, Peer, app_of, make_nodes, office, people_in, start_hub
from tests.support import wait_readable

TOP = Path(__file__).parents[3]
CHILD = [sys.executable, "-m", "tests.kiosk.hub.crash_child"]


def killed_after(config: Path, first: int, lines: int, seed: int) -> list[str]:
    """Start a working hub, kill it a moment after its ``lines``-th acknowledgement; all that it acknowledged."""
    command = [*CHILD, "work", str(config), str(first)]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True, bufsize=1) as child:
        assert child.stdout is not None
        heard = [child.stdout.readline() for _ in range(lines)]
        busy = random.Random(seed).randrange(1_500_000)
        for _ in range(busy):  # anywhere in the next piece of work, without looking at a clock
            pass
        child.kill()
        heard += child.stdout.readlines()
    return [line.strip() for line in heard if line.endswith("\n")]


def test_sigkill_at_any_moment_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    nodes = make_nodes(tmp_path)
    clock = SystemClock()
    hub = start_hub(nodes["hub"], clock)
    people_in(hub)
    hub.store.close()
    sessions: set[str] = set()
    debits: set[str] = set()
    for turn in range(4):
        for line in killed_after(nodes["hub"].path, 1000 * turn, 3 + turn, seed=turn):
            kind, key = line.split()
            (sessions if kind == "session" else debits).add(key)
        hub = start_hub(nodes["hub"], clock)
        assert hub.ledger.is_sound()
        assert all(hub.sessions.fact(session_id) for session_id in sessions)
        open_now = hub.sessions.all_open()
        assert (
            len(open_now)
            == len({one.resident_id for one in open_now})
            == len({one.kiosk_id for one in open_now})
        )
        decided = {one.subject for one in hub.trail.latest(1000, action="request_decided")}
        spent_cents = 3000 - sum(hub.ledger.balance_cents(one) for one in ("r-amira", "r-bram", "r-chloe"))
        assert debits <= decided
        assert spent_cents == len(decided)  # a debit and its decision: both or neither
        head = hub.trail.head()
        hub.store.close()
        assert verify_trail(hub.store.path, "hub", hub.key.key.public_key(), head) is None
    assert len(debits) > 4


def test_a_full_disk_is_said_and_everything_works_again_when_it_was_cleared(tmp_path: Path) -> None:
    nodes = make_nodes(tmp_path)
    hub = start_hub(nodes["hub"], SystemClock())
    people_in(hub)
    hub.store.close()
    command = [*CHILD, "full", str(nodes["hub"].path)]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        wait_readable(child.stdout.fileno(), 30)
        said = child.stdout.read().split("\n")
    assert said[:3] == ["full store_full"] * 3
    assert said[3].startswith("cleared ")
    assert said[4] == "open 1"


@pytest.fixture
def read_only(hub: Hub) -> Hub:
    hub.store.rows("PRAGMA query_only=ON")
    return hub


def test_a_read_only_record_still_shows_the_public_copy_and_refuses_a_sign_in(
    read_only: Hub, kiosk_a: Peer
) -> None:
    kiosk_a.ask(PublicCopy())
    with pytest.raises(Unavailable, match="store_read_only"):
        kiosk_a.sign_in(AMIRA)
    read_only.store.rows("PRAGMA query_only=OFF")
    kiosk_a.sign_in(AMIRA)


def test_an_officer_gets_a_sentence_and_503_while_nothing_can_be_saved(hub: Hub) -> None:
    officer = office(hub, "landing")
    hub.store.rows("PRAGMA query_only=ON")
    assert "Work" in officer.read("/")
    page = officer.read("/people/r-amira", status=503)  # a look that cannot be recorded does not happen
    assert "Nothing can be saved right now." in page
    assert "Ask the technician." in page
    hub.store.rows("PRAGMA query_only=OFF")
    officer.read("/people/r-amira")


def test_nobody_can_sign_in_at_a_desk_while_nothing_can_be_saved(read_only: Hub) -> None:
    page = Officer(app_of(read_only)).sign_in("landing", status=503)
    assert "Nothing can be saved right now." in page


def test_a_full_record_refuses_a_notice_and_keeps_the_form(hub: Hub) -> None:
    officer = office(hub, "landing")
    pages = hub.store.rows("PRAGMA page_count")[0]["page_count"]
    hub.store.rows(f"PRAGMA max_page_count={pages}")
    days = {"first_day": "2026-11-22", "last_day": "2026-11-30"}
    fields = {"title-nl": "Lang", "body-nl": "x" * 700, "title-fr": "Long", "body-fr": "y" * 700, **days}
    saved = 0
    for number in range(60):
        page = officer.web.get("/notices/new").get_data(as_text=True)
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        data = {"csrf_token": token, "form_key": f"{number:032x}", **fields}
        answer = officer.web.post("/notices/", data=data)
        if answer.status_code == 503:
            break
        saved += 1
    assert answer.status_code == 503
    assert "The storage is full" in answer.get_data(as_text=True)
    hub.store.rows("PRAGMA max_page_count=1000000")
    assert len(hub.services[0].notices()) == saved
    assert hub.ledger.is_sound()
