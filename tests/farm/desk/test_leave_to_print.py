"""Only what is approved prints, and only as often as it was approved: through every accident, to the last second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.clock import iso_after
from provisioning.store import Store
from tests.farm.desk.support import Line
from tests.farm.desk.test_floor import Floor
from tests.support import wait_until


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


def bed(floor: Floor) -> str:
    return floor.desk.queue.bed("printer-1").state


def hear(worker: Line, word: str) -> dict[str, object]:
    """The next word of this kind."""
    while (heard := worker.hear())["t"] != word:
        assert heard
    return heard


def test_an_approval_that_expired_while_its_job_waited_for_a_printer_prints_nothing(floor: Floor) -> None:
    soon = iso_after(floor.desk.clock, 1.0)
    floor.farm.hear(floor.farm.order(floor.sheet, expires_utc=soon))
    while floor.desk.spooler.spool_next():
        pass
    assert floor.job().state == "queued"
    wait_until(lambda: iso_after(floor.desk.clock, 0.0) > soon)
    floor.go_live()
    floor.worker()
    wait_until(lambda: floor.job().state == "failed")
    assert floor.job().reason == "order_expired"
    assert floor.told()[-1] == ("failed", True)


def test_a_model_withdrawn_while_it_prints_is_cancelled_for_good(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    floor.farm.decide(floor.sheet, approved=False)
    hear(worker, "cancel")
    worker.say(t="run", run=run, state="cancelled")
    hear(worker, "known")
    assert (floor.job().state, floor.job().reason) == ("cancelled", "model_withdrawn")
    assert floor.told()[-1] == ("failed", True)


def test_a_failed_run_of_a_model_withdrawn_meanwhile_gets_no_retry(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    floor.farm.decide(floor.sheet, approved=False)
    worker.say(t="run", run=run, state="failed", reason="printer_lost")
    hear(worker, "known")
    assert floor.job().state == "cancelled"


def test_a_run_that_was_given_up_is_cancelled_when_its_worker_turns_out_to_print_it_still(
    floor: Floor,
) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    worker.close()
    wait_until(lambda: not floor.desk.live.printer("printer-1").connected)
    browser = floor.farm.browser()
    browser.post("/printers/printer-1/cancel", run=run, then="end")
    browser.post("/printers/printer-1/clear", grams="0", note="")
    assert bed(floor) == "clear"
    back = floor.worker(state="busy")
    back.say(t="run", run=run, state="printing")
    assert back.hear() == {"t": "cancel"}
    wait_until(lambda: bed(floor) == "remains")  # told first, even when nothing can be written


def test_a_part_that_nobody_expected_any_more_keeps_its_bed_from_the_next_job(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.close()
    wait_until(lambda: not floor.desk.live.printer("printer-1").connected)
    browser = floor.farm.browser()
    browser.post("/printers/printer-1/cancel", run=run, then="retry")
    browser.post("/printers/printer-1/clear", grams="0", note="")
    back = floor.worker(state="quarantined")
    back.say(t="run", run=run, state="done")
    assert hear(back, "known")["run"] == run
    assert bed(floor) == "remains"


def test_a_run_of_which_the_desk_never_heard_the_start_leaves_a_bed_to_look_at(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="failed", reason="worker_restarted")
    hear(worker, "known")
    assert bed(floor) == "remains"


def test_an_end_chosen_by_an_officer_is_an_end_even_when_the_run_fails_on_its_way(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    floor.farm.browser().post("/printers/printer-1/cancel", run=run, then="end")
    hear(worker, "cancel")
    worker.say(t="run", run=run, state="failed", reason="cell_tripped")
    hear(worker, "known")
    assert floor.job().state == "cancelled"


def test_a_job_leased_to_a_printer_that_broke_before_it_heard_goes_to_another(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="printer", state="quarantined")
    reel = floor.desk.workshop.add_reel("PLA", "white", 500.0, "o-els", "R-WHITE2")
    floor.desk.workshop.mount(reel.reel_id, "printer-2")
    other = floor.worker("printer-2")
    wait_until(lambda: floor.desk.queue.run(run) is None)
    floor.go_live()
    assert hear(other, "lease")["job"] == "O-1-1"
    assert floor.job().attempts == 1
    worker.say(t="run", run=run, state="started")  # the first one heard late, after all
    hear(worker, "cancel")


def test_a_pause_that_the_worker_would_pass_unheard_is_refused_in_words(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="heating")
    wait_until(lambda: floor.desk.queue.run(run).state == "heating")  # type: ignore[union-attr]
    answer = floor.farm.browser().post("/printers/printer-1/pause", run=run)
    assert answer.status_code == 409


def test_an_emergency_stop_reaches_the_printer_although_nothing_can_be_written(floor: Floor) -> None:
    floor.go_live()
    worker = floor.worker(state="busy")
    wait_until(lambda: floor.desk.live.printer("printer-1").connected)
    browser = floor.farm.browser()
    drawn = browser.fields("/")
    read_only(floor.desk.store)
    browser.client.post("/printers/printer-1/stop", data=drawn)
    assert worker.hear() == {"t": "stop"}


def read_only(store: Store) -> None:
    store.db.conn.execute("PRAGMA query_only = ON")
