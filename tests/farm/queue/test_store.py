"""The queue's tables: whatever is pressed, sent twice or killed, nothing prints twice without an approval."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.queue.rules import MAX_ATTEMPTS, NEXT, after_failure, outside_state
from farm.queue.store import QUEUE, QueueRefused, QueueStore
from provisioning.clock import FakeClock
from provisioning.store import Store, open_store
from tests.farm.queue.support import GCODE, make_order, make_sheet, open_queue
from tests.support import short_dir, wait_until

SPOOL = "d" * 64


@pytest.fixture
def queue(tmp_path: Path, clock: FakeClock) -> Iterator[QueueStore]:
    store, made = open_queue(tmp_path, clock)
    yield made
    store.close()


def queued(queue: QueueStore, copies: int = 1) -> list[str]:
    queue.add_order(make_order(copies=copies))
    jobs = [job.job_id for job in queue.jobs_of("O-1")]
    for job_id in jobs:
        assert queue.move_job(job_id, "spooling")
        assert queue.move_job(job_id, "queued")
    return jobs


def test_an_order_makes_one_job_a_copy_and_its_second_arrival_none(queue: QueueStore) -> None:
    assert queue.add_order(make_order(copies=3))
    assert not queue.add_order(make_order(copies=3))
    assert not queue.add_order(make_order(order_id="O-2", copies=3))  # the same request under another number
    assert [job.copy for job in queue.jobs_in("ordered")] == [1, 2, 3]


def test_a_refused_order_is_kept_without_jobs(queue: QueueStore) -> None:
    assert queue.add_order(make_order(copies=3), refused="order_expired")
    assert queue.jobs_of("O-1") == []
    order = queue.order("O-1")
    assert order is not None
    assert order.refused == "order_expired"


def test_the_database_itself_refuses_a_copy_beyond_the_approval(tmp_path: Path, clock: FakeClock) -> None:
    store, queue = open_queue(tmp_path, clock)
    queue.add_order(make_order(copies=1))
    with pytest.raises(sqlite3.IntegrityError, match="beyond the approval"):
        store.run(
            "INSERT INTO jobs (job_id, order_id, copy, state, changed_utc, place) VALUES ('x','O-1',2,'queued','',9)"
        )
    store.close()


def test_a_job_is_leased_once_and_a_printer_has_one_run(queue: QueueStore) -> None:
    first, second = queued(queue, copies=2)
    queue.lease(first, "printer-1", "R-1", SPOOL)
    with pytest.raises(QueueRefused):
        queue.lease(first, "printer-2", "R-1", SPOOL)
    with pytest.raises(QueueRefused, match="printer_has_a_run"):
        queue.lease(second, "printer-1", "R-1", SPOOL)
    queue.lease(second, "printer-2", "R-1", SPOOL)


def test_the_database_itself_refuses_a_second_open_run_on_a_printer(tmp_path: Path, clock: FakeClock) -> None:
    store, queue = open_queue(tmp_path, clock)
    first, second = queued(queue, copies=2)
    queue.lease(first, "printer-1", "R-1", SPOOL)
    with pytest.raises(sqlite3.IntegrityError):
        store.run(
            "INSERT INTO runs (run_id, job_id, attempt, printer_id, reel_id, spool_sha256, state, leased_utc)"
            " VALUES ('x', ?, 1, 'printer-1', '', '', 'leased', '')",
            (second,),
        )
    store.close()


def test_the_same_approval_keeps_one_retry_and_no_more(queue: QueueStore) -> None:
    (job_id,) = queued(queue)
    for attempt in (1, 2):
        run = queue.lease(job_id, "printer-1", "R-1", SPOOL)
        assert run.attempt == attempt
        queue.note_run(run.run_id, "failed", "printer_lost")
        assert queue.move_job(job_id, after_failure(attempt))
    job = queue.job(job_id)
    assert job is not None
    assert job.state == "failed"
    with pytest.raises(QueueRefused):
        queue.lease(job_id, "printer-1", "R-1", SPOOL)


def test_an_ended_run_stays_ended_whatever_arrives_late(queue: QueueStore) -> None:
    (job_id,) = queued(queue)
    run = queue.lease(job_id, "printer-1", "R-1", SPOOL)
    assert queue.note_run(run.run_id, "done")
    assert not queue.note_run(run.run_id, "printing")
    assert not queue.note_run(run.run_id, "failed", "late")
    assert not queue.note_run(run.run_id, "done")
    kept = queue.run(run.run_id)
    assert kept is not None
    assert kept.state == "done"


def test_a_job_put_first_goes_before_the_others(queue: QueueStore) -> None:
    queue.add_order(make_order())
    queue.add_order(make_order(order_id="O-2", request_key="2" * 32))
    assert queue.put_first("O-2-1")
    assert [job.job_id for job in queue.jobs_in("ordered")] == ["O-2-1", "O-1-1"]


def test_a_model_waits_for_the_hubs_decision_about_exactly_its_file(queue: QueueStore) -> None:
    queue.add_model(make_sheet())
    model = queue.model("step-gauge")
    assert model is not None
    assert model.state == "proposed"
    assert not queue.decide_model("step-gauge", "b" * 64, approved=True, by=("officer-1", "officer-2"))
    assert queue.decide_model("step-gauge", GCODE, approved=True, by=("officer-1", "officer-2"))
    decided = queue.model("step-gauge")
    assert decided is not None
    assert (decided.state, decided.decided_by) == ("approved", ("officer-1", "officer-2"))
    assert queue.picture("step-gauge", "top") == b"\x89PNG top"


def test_a_bed_is_clear_until_something_lies_on_it(queue: QueueStore) -> None:
    assert queue.bed("printer-1").state == "clear"
    queue.set_bed("printer-1", "remains", "run-1")
    assert (queue.bed("printer-1").state, queue.bed("printer-1").run_id) == ("remains", "run-1")


@pytest.mark.parametrize(
    ("jobs", "seen"),
    [
        (["ordered"], "queued"),
        (["leased", "printed"], "queued"),
        (["printing", "ready"], "printing"),
        (["failed", "ready"], "ready"),
        (["failed", "cancelled"], "failed"),
        (["handed_over", "failed"], "handed_over"),
    ],
)
def test_an_order_stands_where_its_last_living_copy_stands(jobs: list[str], seen: str) -> None:
    assert outside_state(jobs) == seen


OPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "spool", "lease", "report", "lose", "part", "give", "cancel", "restart"]),
        st.integers(0, 5),
        st.sampled_from(["printer-1", "printer-2"]),
        st.sampled_from(["started", "printing", "paused", "cooling", "done", "failed", "cancelled"]),
    ),
    max_size=40,
)


def check_invariants(store: Store, queue: QueueStore) -> None:
    """What must hold after every operation and after every kill."""
    bad = store.rows(
        "SELECT printer_id FROM runs WHERE ended_utc IS NULL GROUP BY printer_id HAVING count(*) > 1"
        " UNION ALL SELECT job_id FROM runs WHERE state = 'done' GROUP BY job_id HAVING count(*) > 1"
        " UNION ALL SELECT job_id FROM runs WHERE ended_utc IS NULL GROUP BY job_id HAVING count(*) > 1"
        " UNION ALL SELECT job_id FROM runs GROUP BY job_id HAVING count(*) > 2"
        " UNION ALL SELECT o.order_id FROM orders o WHERE (SELECT count(*) FROM jobs j WHERE j.order_id = o.order_id)"
        " <> o.copies"
        " UNION ALL SELECT j.order_id FROM jobs j JOIN runs r USING (job_id) JOIN orders o USING (order_id)"
        " WHERE r.state = 'done' GROUP BY j.order_id HAVING count(*) > max(o.copies)"
        " UNION ALL SELECT r.job_id FROM runs r JOIN jobs j USING (job_id) WHERE r.ended_utc IS NULL AND j.state IN"
        " ('ordered','spooling','queued','printed','ready','handed_over','failed','cancelled')"
        " UNION ALL SELECT j.job_id FROM jobs j WHERE j.state IN ('leased','printing','cooling') AND NOT EXISTS"
        " (SELECT 1 FROM runs r WHERE r.job_id = j.job_id AND r.ended_utc IS NULL)"
    )
    assert bad == []
    assert all(job.state in NEXT for job in queue.jobs_in(*NEXT))


def report(store: Store, queue: QueueStore, printer: str, word: str) -> None:
    """What the desk does with a worker's word about its run, as one transaction."""
    makes = {"started": "printing", "printing": "printing", "cooling": "cooling", "done": "printed"}
    with store.atomic():
        run = queue.open_run_on(printer)
        if run is None or not queue.note_run(run.run_id, word):
            return
        job = queue.job(run.job_id)
        assert job is not None
        if word in {"failed", "cancelled"}:
            queue.move_job(job.job_id, after_failure(job.attempts))
        elif word in makes:
            queue.move_job(job.job_id, makes[word])


def operate(store: Store, queue: QueueStore, op: tuple[str, int, str, str]) -> None:
    name, number, printer, word = op
    jobs = [job.job_id for job in queue.jobs_in(*NEXT)]
    job_id = jobs[number % len(jobs)] if jobs else ""
    if name == "order":
        queue.add_order(
            make_order(order_id=f"O-{number}", request_key=str(number) * 32, copies=1 + number % 2)
        )
    elif name == "spool":
        queue.move_job(job_id, "spooling")
        queue.move_job(job_id, "queued")
    elif name == "lease":
        try:
            queue.lease(job_id, printer, "R-1", SPOOL)
        except QueueRefused:
            return
    elif name == "report":
        report(store, queue, printer, word)
    elif name == "part":
        queue.move_job(job_id, "ready")
    elif name == "give":
        queue.move_job(job_id, "handed_over")
    elif name == "cancel" and (job := queue.job(job_id)) and job.state in {"ordered", "spooling", "queued"}:
        queue.move_job(job_id, "cancelled")


@settings(max_examples=60)
@given(OPS)
def test_no_order_of_events_leases_twice_or_prints_a_copy_twice(ops: list[tuple[str, int, str, str]]) -> None:
    with short_dir() as folder:
        store, queue = open_queue(folder, FakeClock())
        try:
            for op in ops:
                if op[0] == "restart":
                    store.close()
                    store, queue = open_queue(folder, FakeClock())
                operate(store, queue, op)
                check_invariants(store, queue)
        finally:
            store.close()


CHILD = """
import random, sys
from pathlib import Path
from provisioning.clock import SystemClock
from farm.queue.store import QueueStore, QUEUE
from provisioning.store import open_store
from tests.farm.queue import test_store as t
store = open_store(Path(sys.argv[1]) / "farm.sqlite", [QUEUE])
queue = QueueStore(store, SystemClock())
chance = random.Random(int(sys.argv[2]))
names = ["order", "spool", "lease", "report", "report", "report", "part", "give", "cancel"]
words = ["started", "printing", "cooling", "done", "failed", "cancelled"]
while True:
    t.operate(store, queue, (chance.choice(names), chance.randrange(1000), chance.choice(["printer-1", "printer-2"]),
        chance.choice(words)))
    print(".", end="", flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_instant_the_queue_still_holds_its_promises(
    run_dir: Path, seed: int, clock: FakeClock
) -> None:
    for kill in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(run_dir), str(seed * 10 + kill)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        os.read(child.stdout.fileno(), 1)
        for _ in range(5 + seed * 3 + kill):
            os.read(child.stdout.fileno(), 7)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        store = wait_until(lambda: open_store(run_dir / "farm.sqlite", [QUEUE]))
        check_invariants(store, QueueStore(store, clock))
        store.close()


def test_every_state_can_be_reached_and_every_living_one_left() -> None:
    reached = set().union(*NEXT.values())
    assert reached >= set(NEXT) - {"ordered"}
    assert all(NEXT[state] for state in NEXT if state not in {"handed_over", "failed", "cancelled"})
    assert MAX_ATTEMPTS == 2
