"""A printer's own page: how it is stopped, what it says, and an officer's word for a firmware nobody described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from farm.desk.runs import percent_of
from farm.words import Progress
from provisioning.contracts import JobProgress
from tests.farm.desk.support import Line
from tests.farm.desk.test_floor import Floor
from tests.support import wait_until

PAGE = "/printers/printer-1"
STRANGER = "Sprinter experimental 0.3"
DIFFERS = "FIRMWARE_NAME is 'Sprinter experimental 0.3'; the profile wants '^Marlin 2\\.1'."


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


def strange(floor: Floor) -> Line:
    """A worker whose printer is quarantined for its firmware."""
    worker = floor.worker(state="identifying")
    worker.say(t="printer", state="quarantined", firmware=STRANGER, reason=DIFFERS)
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "quarantined")
    return worker


def actions(floor: Floor) -> list[str]:
    return [record.action for record in floor.desk.trail.latest(50)]


def test_the_page_says_how_the_emergency_stop_acts_and_what_firmware_it_is(floor: Floor) -> None:
    worker, browser = floor.worker(), floor.farm.browser()
    report: dict[str, Any] = {
        "t": "printer", "state": "idle", "firmware": "Marlin 2.1.2", "dialect": "marlin", "window": 4,
    }  # fmt: skip
    worker.say(**report)
    wait_until(lambda: "Lines in flight" in (page := browser.get(PAGE).text) and "<dd>4</dd>" in page)
    page = browser.get(PAGE).text
    assert "Marlin 2.1.2" in page
    assert "marlin-2.1-generic-220" in page
    assert "power is the stop of this printer." in page
    assert "This printer may hear it seconds late." in browser.get("/").text
    worker.say(**report, is_stop_immediate=True)
    wait_until(lambda: "The stop button reaches this printer at once" in browser.get(PAGE).text)
    assert "This printer may hear it seconds late." not in _dialogs(browser.get("/").text, "printer-1")


def test_nothing_is_said_of_a_printer_whose_program_is_away(floor: Floor) -> None:
    page = floor.farm.browser().get(PAGE).text
    assert "The program that drives this printer is not running." in page
    assert "How it stops is known once its firmware has answered." in page


def test_an_unknown_firmware_is_accepted_by_name_told_and_told_again_after_each_hello(floor: Floor) -> None:
    worker, browser = strange(floor), floor.farm.browser()
    page = browser.get(PAGE).text
    assert "FIRMWARE_NAME is" in page
    assert STRANGER in page
    first, second = browser.post_twice(f"{PAGE}/accept", PAGE, firmware=STRANGER)
    assert (first.status_code, second.status_code) == (303, 303)
    assert worker.hear() == {"t": "accept", "firmware": STRANGER}
    kept = floor.desk.own.acceptance("printer-1")
    assert kept is not None
    assert (kept.firmware, kept.officer_id) == (STRANGER, "o-els")
    assert actions(floor).count("firmware_accepted") == 1
    page = browser.get(PAGE).text
    assert "Its program has been told" in page
    assert 'data-dialog="accept"' not in page
    again = floor.worker()
    assert again.hear() == {"t": "accept", "firmware": STRANGER}
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "idle")
    page = browser.get(PAGE).text
    assert "Unknown firmware, accepted" in page
    assert f"Els accepted {STRANGER}" in page


def test_what_was_accepted_is_taken_back_and_not_said_again(floor: Floor) -> None:
    worker, browser = strange(floor), floor.farm.browser()
    browser.post(f"{PAGE}/accept", PAGE, firmware=STRANGER)
    assert worker.hear()["firmware"] == STRANGER
    worker.say(t="printer", state="idle", firmware=STRANGER)
    wait_until(lambda: "Take this back" in browser.get(PAGE).text)
    assert browser.post(f"{PAGE}/take-back", PAGE).status_code == 303
    assert worker.hear() == {"t": "accept", "firmware": ""}
    assert floor.desk.own.acceptance("printer-1") is None
    assert actions(floor).count("firmware_taken_back") == 1
    again = floor.worker()
    again.say(t="printer", state="quarantined", firmware=STRANGER, reason=DIFFERS)
    wait_until(lambda: 'data-dialog="accept"' in browser.get(PAGE).text)
    assert browser.post(f"{PAGE}/take-back", PAGE).status_code == 409


def test_a_firmware_that_is_another_one_by_now_is_not_accepted(floor: Floor) -> None:
    worker, browser = strange(floor), floor.farm.browser()
    fields = {**browser.fields(PAGE), "firmware": STRANGER}
    worker.say(t="printer", state="quarantined", firmware="Something else", reason="another")
    wait_until(lambda: "Something else" in browser.get(PAGE).text)
    answer = browser.client.post(f"{PAGE}/accept", data=fields)
    assert answer.status_code == 409
    assert "The firmware is another one by now." in answer.text
    assert floor.desk.own.acceptance("printer-1") is None


def test_a_printer_that_is_what_its_profile_says_needs_nobodys_word(floor: Floor) -> None:
    floor.worker()
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "idle")
    browser = floor.farm.browser()
    assert browser.post(f"{PAGE}/accept", PAGE, firmware="Marlin 2.1.2").status_code == 409


def test_a_known_firmware_that_lacks_what_its_profile_wants_is_for_the_technician(floor: Floor) -> None:
    worker, browser = floor.worker(state="identifying"), floor.farm.browser()
    known = "Marlin 2.1.2 (Nov 22 2026 12:00:00)"
    worker.say(
        t="printer", state="quarantined", firmware=known, reason="The firmware lacks THERMAL_PROTECTION."
    )
    wait_until(lambda: "lacks THERMAL_PROTECTION" in browser.get(PAGE).text)
    page = browser.get(PAGE).text
    assert "Ask the technician." in page
    assert 'data-dialog="accept"' not in page
    assert browser.post(f"{PAGE}/accept", PAGE, firmware=known).status_code == 409
    assert floor.desk.own.acceptance("printer-1") is None


@pytest.mark.parametrize("name", ["marc", "ines", "paul"])
def test_only_the_workshop_lets_an_unknown_firmware_print(floor: Floor, name: str) -> None:
    strange(floor)
    browser = floor.farm.browser(name)
    page = browser.get(PAGE).text
    assert "A workshop officer may accept it." in page
    assert 'data-dialog="accept"' not in page
    assert browser.post(f"{PAGE}/accept", PAGE, firmware=STRANGER).status_code == 403
    assert floor.desk.own.acceptance("printer-1") is None


def test_what_the_printer_asks_stands_on_the_page_until_nobody_need_answer(floor: Floor) -> None:
    worker, browser = floor.worker(), floor.farm.browser()
    worker.say(t="printer_says", what="prompt", text="Nozzle <parked>", buttons=["Continue", "Disable"])
    wait_until(lambda: floor.desk.live.printer("printer-1").prompt)
    for path in ("/", PAGE):
        page = browser.get(path).text
        assert "The printer asks" in page
        assert "Nozzle &lt;parked&gt;" in page
        assert "<bdi>Disable</bdi>" in page
        assert "Answer at the printer." in page
    worker.say(t="printer_says", what="prompt_end")
    wait_until(lambda: floor.desk.live.printer("printer-1").prompt is None)
    assert "Answer at the printer." not in browser.get("/").text
    assert "Nozzle &lt;parked&gt;" in browser.get(PAGE).text  # what it said stays said


def test_only_the_latest_of_what_a_printer_says_is_kept(floor: Floor) -> None:
    worker = floor.worker()
    for number in range(60):
        worker.say(t="printer_says", what="notification", text=f"note {number}")
    wait_until(lambda: "note 59" in (page := floor.farm.browser().get(PAGE).text) and "note 39" not in page)


def test_the_page_is_only_drawn_anew_when_something_changed(floor: Floor) -> None:
    worker, browser = floor.worker(), floor.farm.browser()
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "idle")
    page = browser.get(PAGE).text
    was = page.split("/live?was=")[1].split('"')[0]
    assert browser.get(f"{PAGE}/live?was={was}").status_code == 204
    worker.say(t="printer_says", what="thermal", text="Thermal Runaway, system stopped! Heater_ID: 0")
    wait_until(lambda: floor.desk.live.notes("printer-1"))
    assert "Heater_ID: 0" in browser.get(f"{PAGE}/live?was={was}").text


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("worker_restarted", "The program of this printer started anew in mid-print."),
        ("out_of_filament", "The filament has run out."),
        ("at_printer", "Somebody paused it at the printer."),
    ],
)
def test_a_print_that_paused_by_itself_says_why_and_what_to_do(floor: Floor, reason: str, said: str) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    browser = floor.farm.browser()
    worker.say(t="run", run=run, state="printing")
    worker.say(t="printer", state="busy")
    worker.say(t="run", run=run, state="paused", reason=reason)
    wait_until(lambda: said in browser.get("/").text)
    page = browser.get("/").text
    assert "Go on" in page
    assert "End the print" in page
    assert next(one for one in floor.desk.trail.latest(50) if one.action == "run_paused").actor == "printer-1"
    browser.post("/printers/printer-1/resume", run=run)
    assert worker.hear() == {"t": "resume"}
    worker.say(t="run", run=run, state="printing")
    wait_until(lambda: said not in browser.get("/").text)


def test_a_print_paused_by_hand_and_found_again_after_a_crash_says_the_crash(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    worker.say(t="run", run=run, state="paused")
    worker.say(t="printer", state="busy")
    wait_until(lambda: floor.desk.queue.run(run).state == "paused")  # type: ignore[union-attr]
    worker.say(t="run", run=run, state="paused", reason="worker_restarted")
    wait_until(lambda: "started anew in mid-print" in floor.farm.browser().get("/").text)


def test_progress_goes_on_where_it_was_when_a_worker_comes_back_in_mid_print(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    job = floor.job()
    total_s = job.order.seconds
    worker.say(t="run", run=run, state="printing")
    worker.say(t="printer", state="busy")

    def tell(line: Line, done: float, elapsed_s: float) -> None:
        line.say(
            t="progress", run=run, line=int(1000 * done), of=1000, layer=1, layers=2, elapsed_s=elapsed_s,
            left_s=total_s * (1 - done),
        )  # fmt: skip

    def percent() -> int:
        printers = floor.farm.browser().get("/live.json").get_json()["printers"]
        return int(printers[0]["percent"])

    tell(worker, 0.601, 600)
    wait_until(lambda: percent() == 60)
    worker.close()
    wait_until(lambda: not floor.desk.live.printer("printer-1").connected)
    assert percent() == 60
    back = floor.worker(state="identifying")
    back.say(t="run", run=run, state="printing")
    back.say(t="printer", state="busy")
    tell(back, 0.592, 2)  # a few lines earlier on the paper, its own clock begins anew
    wait_until(lambda: percent() == 59)
    tell(back, 0.702, 4)
    wait_until(lambda: percent() == 70)
    told = [word.percent for word in floor.farm.told() if isinstance(word, JobProgress) and word.percent]
    assert told == sorted(told) == [60, 70]


def test_a_new_run_shows_nothing_of_the_one_before(floor: Floor) -> None:
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    worker.say(t="run", run=run, state="printing")
    worker.say(t="progress", run=run, line=5, of=9, layer=33, layers=77, elapsed_s=1, left_s=1)
    browser = floor.farm.browser()
    wait_until(lambda: "/ 77" in browser.get("/").text)
    worker.say(t="run", run=run, state="failed", reason="printer_lost")
    worker.say(t="printer", state="idle")
    wait_until(lambda: floor.desk.queue.bed("printer-1").state == "remains")
    assert "/ 77" not in browser.get("/").text
    assert browser.post("/printers/printer-1/clear", grams="2").status_code == 303
    floor.go_live()  # a cell's word is believed for three seconds
    while worker.hear()["t"] != "lease":
        pass
    page = browser.get("/").text
    assert "/ 77" not in page
    assert "0 %" in page


@pytest.mark.parametrize(
    ("line", "left_s", "total_s", "percent"),
    [
        (0, 100.0, 100.0, 0),
        (10, 75.0, 100.0, 25),
        (50, 130.0, 100.0, 50),  # a time that cannot be: the lines stand
        (50, 0.0, 0.0, 50),  # no time known
        (99, 0.001, 100.0, 99),
        (100, 0.0, 100.0, 100),
    ],
)
def test_per_cent_are_those_of_the_work_left(line: int, left_s: float, total_s: float, percent: int) -> None:
    progress = Progress(run="r", line=line, of=100, layer=1, layers=2, elapsed_s=3.0, left_s=left_s)
    assert percent_of(progress, total_s) == percent


def _dialogs(page: str, printer: str) -> str:
    return page.split(f'id="dialogs-{printer}"')[1].split('id="dialogs-', maxsplit=1)[0]
