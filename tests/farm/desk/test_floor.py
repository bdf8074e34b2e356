"""The desk towards its machines: a scripted worker on desk.sock, a scripted cell, scale and reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.clock import SystemClock
from provisioning.contracts import JobProgress
from provisioning.errors import Tripped, Unavailable
from provisioning.linesock import listen
from tests.farm.desk.support import Farm, Line
from tests.support import wait_readable, wait_until

CONTACTS = {"door": True, "smoke": True}


class ScriptedCell:
    """The interlock's end of its socket, in the test's own hands."""

    def __init__(self, run_dir: Path) -> None:
        run_dir.mkdir(exist_ok=True)
        self._listening = listen(run_dir / "interlock-cell-1.sock")
        self.line: Line | None = None

    def meet(self) -> ScriptedCell:
        wait_readable(self._listening)
        sock, _ = self._listening.accept()
        sock.setblocking(True)
        self.line = Line(sock)
        assert self.line.hear() == {"t": "subscribe"}
        return self

    def state(self, *, live: bool, contacts: dict[str, bool] = CONTACTS) -> None:
        assert self.line is not None
        self.line.say(
            t="state",
            cell="cell-1",
            live=live,
            relay=live,
            tripped_by=None if live else "door",
            contacts=contacts,
            workers={},
            since_utc="2026-11-22T08:00:00.000Z",
        )

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
        self._listening.close()


class Floor:
    """A farm whose floor runs, with one cell that is live and the white reel on printer 1."""

    def __init__(self, base: Path) -> None:
        self.farm = Farm(base, SystemClock())  # type: ignore[arg-type]
        self.farm.hear_roster()
        self.desk = self.farm.desk
        self.cell = ScriptedCell(self.desk.node.run_dir)
        self.lines: list[Line] = []
        self.desk.floor.start()
        self.cell.meet()
        reel = self.desk.workshop.add_reel("PLA", "white", 500.0, "o-els", "R-WHITE1")
        self.desk.workshop.mount(reel.reel_id, "printer-1")
        self.sheet = self.farm.add_model()

    def go_live(self) -> None:
        self.cell.state(live=True)
        wait_until(lambda: self.desk.live.is_live("cell-1"))

    def order(self, **changes: Any) -> None:
        self.farm.hear(self.farm.order(self.sheet, expires_utc="2099-01-01T00:00:00.000Z", **changes))
        while self.desk.spooler.spool_next():
            pass

    def worker(self, printer: str = "printer-1", state: str = "idle") -> Line:
        line = Line.to(self.desk.node.run_dir / "desk.sock")
        self.lines.append(line)
        line.say(t="hello", printer=printer, pid=1)
        line.say(t="printer", state=state, firmware="Marlin 2.1.2")
        return line

    def leased(self) -> tuple[Line, str]:
        """A worker that has been given the job, and its run."""
        worker = self.worker()
        word = worker.hear()
        assert word["t"] == "lease"
        return worker, word["run"]

    def job(self, job_id: str = "O-1-1") -> Any:
        return self.desk.queue.job(job_id)

    def told(self) -> list[tuple[str, bool]]:
        return [(word.state, word.final) for word in self.farm.told() if isinstance(word, JobProgress)]

    def close(self) -> None:
        for line in self.lines:
            line.close()
        self.cell.close()
        self.farm.close()


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


def test_a_print_goes_from_the_queue_to_the_bed_and_every_step_is_told(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    for state in ("started", "heating", "printing", "cooling", "done"):
        worker.say(t="run", run=run, state=state)
    assert worker.hear() == {"t": "known", "run": run, "state": "done"}
    assert floor.job().state == "printed"
    assert floor.desk.queue.bed("printer-1").state == "part"
    assert [state for state, _ in floor.told()] == ["queued", "printing", "cooling", "printed"]
    assert floor.desk.workshop.reel("R-WHITE1").grams_left == 487.5
    actions = [record.action for record in reversed(floor.desk.trail.latest(20))]
    assert [one for one in actions if one.startswith(("job_", "run_"))] == [
        "job_leased",
        "run_started",
        "run_done",
    ]


def test_a_job_waits_while_its_cell_has_no_power(floor: Floor) -> None:
    floor.cell.state(live=False)
    floor.order()
    floor.worker()
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "idle")
    assert floor.job().state == "queued"
    floor.go_live()
    wait_until(lambda: floor.job().state == "leased")


def test_a_worker_is_told_its_lease_again_when_it_comes_back_without_having_started(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.close()
    wait_until(lambda: not floor.desk.live.printer("printer-1").connected)
    again, same = floor.leased()
    assert same == run
    assert again.sock.fileno() > 0
    assert floor.job().attempts == 1


def test_an_end_that_is_said_again_and_again_changes_nothing_and_is_always_answered(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    for _ in range(3):
        worker.say(t="run", run=run, state="done")
        assert worker.hear() == {"t": "known", "run": run, "state": "done"}
    worker.say(t="run", run=run, state="failed", reason="late")
    assert worker.hear()["t"] == "known"
    assert floor.job().state == "printed"
    assert floor.desk.workshop.reel("R-WHITE1").grams_left == 487.5


def test_a_failed_run_keeps_one_retry_that_waits_until_the_bed_is_clear(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    worker.say(t="run", run=run, state="failed", reason="printer_lost")
    worker.hear()
    worker.say(t="printer", state="idle")
    assert floor.job().state == "queued"
    assert floor.told()[-2:] == [("failed", False), ("queued", False)]
    assert floor.desk.queue.bed("printer-1").state == "remains"
    browser = floor.farm.browser()
    answer = browser.post("/printers/printer-1/clear", grams="3,2", note="half a gauge")
    assert answer.status_code == 303
    second = worker.hear()
    assert second["t"] == "lease"
    assert second["run"] != run
    worker.say(t="run", run=second["run"], state="printing")
    worker.say(t="run", run=second["run"], state="failed", reason="printer_lost")
    worker.hear()
    assert floor.job().state == "failed"
    assert floor.told()[-1] == ("failed", True)
    assert floor.desk.workshop.waste_g() == 3.2


def test_a_run_that_its_worker_does_not_know_any_more_is_given_up(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    worker.say(t="printer", state="idle")
    wait_until(lambda: floor.desk.queue.run(run).state == "failed", 15)  # type: ignore[union-attr]
    assert floor.desk.queue.run(run).reason == "run_lost"  # type: ignore[union-attr]


def test_a_run_that_has_just_begun_is_not_given_up_because_its_worker_was_idle_before(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    long_ago_s = floor.desk.clock.monotonic_s() - 60
    floor.desk.live.printer("printer-1").free_since_s = long_ago_s
    worker.say(t="run", run=run, state="started")
    wait_until(lambda: floor.desk.live.printer("printer-1").free_since_s != long_ago_s)
    floor.desk.runs.turn()
    assert floor.desk.queue.run(run).state == "started"  # type: ignore[union-attr]


def test_a_spool_file_that_changed_on_the_disk_is_not_leased_but_made_again(floor: Floor) -> None:
    floor.order()
    path = floor.desk.runs.spool_path(floor.sheet.gcode_sha256, floor.sheet.printer_kind)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    floor.go_live()
    worker = floor.worker()
    wait_until(lambda: floor.job().state == "ordered")
    assert floor.desk.spooler.spool_next()
    assert worker.hear()["t"] == "lease"


@pytest.mark.parametrize("reason", ["cell_off", "printer_not_ready", "spool_differs"])
def test_a_lease_that_is_turned_down_before_anything_moved_is_no_attempt(floor: Floor, reason: str) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    floor.cell.state(live=False)
    wait_until(lambda: not floor.desk.live.is_live("cell-1"))
    worker.say(t="run", run=run, state="failed", reason=reason)
    assert worker.hear()["t"] == "known"
    job = floor.job()
    assert (job.attempts, floor.desk.queue.bed("printer-1").state) == (0, "clear")
    assert job.state in {"queued", "ordered"}


def test_a_lease_that_the_worker_did_not_take_up_is_said_again(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    again = worker.hear()
    assert (again["t"], again["run"]) == ("lease", run)


def test_progress_reaches_the_page_at_once_and_the_hub_in_steps(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    for line in range(1, 100):
        worker.say(
            t="progress", run=run, line=line, of=100, layer=1, layers=2, elapsed_s=line, left_s=100 - line
        )
    wait_until(lambda: (floor.desk.live.printer("printer-1").progress or worker) is not worker)
    wait_until(lambda: floor.desk.live.printer("printer-1").progress.line == 99)  # type: ignore[union-attr]
    percents = [word.percent for word in floor.farm.told() if isinstance(word, JobProgress) and word.percent]
    assert percents[-1] == 99 - 99 % 5
    assert len(percents) < 30


@pytest.mark.parametrize(
    "noise", [b"nonsense\n", b'{"t":"hello","printer":"printer-9","pid":1}\n', b'{"t":"temps"}\n']
)
def test_a_worker_that_talks_nonsense_loses_its_line_and_no_one_else_does(floor: Floor, noise: bytes) -> None:
    worker = floor.worker()
    wait_until(lambda: floor.desk.live.printer("printer-1").connected)
    stranger = Line.to(floor.desk.node.run_dir / "desk.sock")
    stranger.sock.sendall(noise)
    assert stranger.hear() == {}
    stranger.close()
    assert floor.desk.live.printer("printer-1").connected
    assert worker.sock.fileno() > 0


def test_a_second_worker_for_the_same_printer_replaces_the_first(floor: Floor) -> None:
    first = floor.worker()
    wait_until(lambda: floor.desk.live.printer("printer-1").connected)
    floor.worker()
    assert first.hear() == {}
    wait_until(lambda: floor.desk.live.printer("printer-1").connected)


def test_a_cells_event_is_in_the_trail_before_it_is_acknowledged_and_only_once(floor: Floor) -> None:
    line = floor.cell.line
    assert line is not None
    for _ in range(2):
        line.say(t="event", seq=7, at_utc="2026-11-22T08:00:00.000Z", what="tripped", by="door")
        assert line.hear() == {"t": "ack", "seq": 7}
    line.say(t="event", seq=7, at_utc="2026-11-23T08:00:00.000Z", what="tripped", by="smoke")  # a new journal
    assert line.hear() == {"t": "ack", "seq": 7}
    tripped = [
        record.detail["by"] for record in floor.desk.trail.latest(20) if record.action == "cell_tripped"
    ]
    assert tripped == ["smoke", "door"]


def test_a_reset_is_asked_of_the_cell_by_name_and_its_no_reaches_the_page(floor: Floor) -> None:
    floor.cell.state(live=False)
    wait_until(lambda: floor.desk.live.cell("cell-1"))
    browser, line = floor.farm.browser(), floor.cell.line
    assert line is not None
    answers = []
    asked = threading.Thread(target=lambda: answers.append(browser.post("/cells/cell-1/reset")))
    asked.start()
    assert line.hear() == {"t": "reset", "officer_id": "o-els", "role": "workshop"}
    line.say(t="refused", code="contacts_open", detail="door")
    asked.join()
    assert answers[0].status_code == 423
    assert "a contact is open (door)" in answers[0].text


def test_without_its_interlock_a_reset_says_so(floor: Floor) -> None:
    floor.cell.close()
    wait_until(lambda: floor.desk.live.cell("cell-1") is None)
    with pytest.raises(Unavailable, match="interlock_away"):
        floor.desk.floor.reset("cell-1", "o-els", "workshop")


def test_a_live_cell_answers_a_reset_with_yes(floor: Floor) -> None:
    line = floor.cell.line
    assert line is not None
    failed: list[Exception] = []

    def ask() -> None:
        try:
            floor.desk.floor.reset("cell-1", "o-marc", "security")
        except (Tripped, Unavailable) as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert line.hear()["officer_id"] == "o-marc"
    floor.cell.state(live=True)
    asking.join()
    assert failed == []


def test_the_scale_and_the_badge_reader_are_heard(floor: Floor) -> None:
    scale = Line.to(floor.desk.node.run_dir / "virtual-scale.sock")
    scale.say(t="weight", grams=12.34)
    assert wait_until(floor.desk.live.weight_g) == 12.3
    reader = Line.to(floor.desk.node.run_dir / "reader.sock")
    reader.say(t="reader_ready", driver="virtual")
    reader.say(t="badge_seen", uid="04A1B2C3")
    assert wait_until(floor.desk.live.badge) == "04A1B2C3"
    assert floor.desk.live.take_badge() == "04A1B2C3"
    assert floor.desk.live.take_badge() is None
    scale.close()
    reader.close()


def test_buttons_reach_the_worker_and_a_second_press_does_not(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    browser = floor.farm.browser()
    first, second = browser.post_twice("/printers/printer-1/pause", run=run)
    assert (first.status_code, second.status_code) == (303, 303)
    assert worker.hear() == {"t": "pause"}
    worker.say(t="run", run=run, state="paused")
    wait_until(lambda: floor.desk.queue.run(run).state == "paused")
    browser.post("/printers/printer-1/resume", run=run)
    assert worker.hear() == {"t": "resume"}
    browser.post("/printers/printer-1/cancel", run=run, then="end")
    assert worker.hear() == {"t": "cancel"}
    worker.say(t="run", run=run, state="cancelled")
    worker.hear()
    assert floor.job().state == "cancelled"
    assert floor.told()[-1] == ("failed", True)
    browser.post("/printers/printer-1/stop")
    assert worker.hear() == {"t": "stop"}


def test_a_button_drawn_for_another_run_does_nothing(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    floor.leased()
    answer = floor.farm.browser().post("/printers/printer-1/pause", run="f" * 32)
    assert answer.status_code == 409
    assert "moved on" in answer.text


def test_a_run_whose_worker_is_gone_can_be_given_up(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: floor.job().state == "printing")
    worker.close()
    wait_until(lambda: not floor.desk.live.printer("printer-1").connected)
    answer = floor.farm.browser().post("/printers/printer-1/cancel", run=run, then="retry")
    assert answer.status_code == 303
    assert (floor.job().state, floor.job().reason) == ("queued", "given_up")


def test_the_page_says_of_each_contact_how_it_stands_in_its_own_words(floor: Floor) -> None:
    floor.go_live()
    browser = floor.farm.browser()
    assert "Smoke detector: clear" in browser.get("/").text
    floor.cell.state(live=False, contacts={"door": False, "smoke": False})
    page = wait_until(lambda: text if "Door: open" in (text := browser.get("/").text) else "", 10)
    assert "Smoke detector: smoke" in page
