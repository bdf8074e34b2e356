"""A worker killed in mid-print and back in time: every line runs once, or the run ends and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.gcode.spool import SpoolFile
from tests.farm.worker.floor_kit import LONG, LONG_FILAMENT_MM, Floor, digest_of
from tests.support import wait_until

LINE_FILE = Path("run") / "worker-printer-1.line"


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    """A board on native USB: many lines in flight, and quick to be known."""
    made = Floor(run_dir)
    yield made
    made.close()


@pytest.fixture
def serial_floor(run_dir: Path) -> Iterator[Floor]:
    """A board behind a USB-serial chip."""
    made = Floor(run_dir, "marlin-2.1-generic-220")
    yield made
    made.close()


def ends_whole(floor: Floor, spool: SpoolFile) -> None:
    """The print is done, and its motion is exactly the file's."""
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", run="run-1", state="done")
    assert floor.show()["motion_sha256"] == digest_of(spool)
    spool.close()


@pytest.mark.parametrize("lines", [5, 300])
def test_a_worker_killed_in_mid_print_goes_on_where_the_printer_stands(floor: Floor, lines: int) -> None:
    spool = floor.print_long()
    floor.reach(lines)
    floor.kill_and_return()
    ends_whole(floor, spool)


def test_a_narrow_window_goes_on_too(serial_floor: Floor) -> None:
    spool = serial_floor.print_long()
    serial_floor.reach(100)
    serial_floor.kill_and_return()
    ends_whole(serial_floor, spool)


def test_a_worker_killed_again_while_it_comes_back_still_repeats_and_skips_nothing(floor: Floor) -> None:
    spool = floor.print_long()
    floor.reach(100)
    floor.kill_and_return()
    floor.kill_and_return()
    floor.cell.until(t="state", workers={"printer-1": True})
    floor.cell.until(t="state", workers={"printer-1": True})
    floor.kill_and_return()
    ends_whole(floor, spool)


def test_progress_goes_on_from_the_line_that_was_found(floor: Floor) -> None:
    spool = floor.print_long()
    floor.reach(400)
    floor.kill_and_return()
    assert floor.desk.until(t="progress")["line"] > 300
    ends_whole(floor, spool)


def test_a_worker_killed_while_the_printer_heats_ends_the_run_and_leaves_it_cold(floor: Floor) -> None:
    floor.go_live(1)
    floor.desk.until(t="printer", state="idle")
    floor.lease().close()
    floor.desk.until(t="run", state="heating")
    floor.kill_and_return()
    floor.bench.say(t="speed", factor=1000)
    state = ends_somehow(floor)
    assert state in {"done", "failed"}
    wait_until(lambda: floor.show()["nozzle_c"] < 60, 30)


def ends_somehow(floor: Floor) -> str:
    """The state that the run ended in."""
    while True:
        word = floor.desk.hear()
        if word["t"] == "run" and word["state"] in {"done", "failed", "cancelled"}:
            return str(word["state"])


def test_a_print_that_stood_still_for_nobody_knows_how_long_waits_for_an_officer(floor: Floor) -> None:
    spool = floor.print_long()
    floor.reach(200)
    floor.kill_worker()
    (floor.base / LINE_FILE).unlink()
    floor.start_worker()
    assert floor.desk.until(t="run", state="paused")["reason"] == "worker_restarted"
    parked = floor.show()
    assert (parked["x_mm"], parked["y_mm"]) == (5, 210)
    assert parked["nozzle_c"] > 175
    floor.desk.say(t="resume")
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")
    assert floor.show()["e_mm"] == pytest.approx(LONG_FILAMENT_MM, abs=0.02)
    spool.close()


def test_a_pause_outlives_its_worker_and_is_resumed_in_the_same_place(floor: Floor) -> None:
    spool = floor.print_long()
    floor.desk.say(t="pause")
    floor.desk.until(t="run", state="paused")
    before = floor.show()
    floor.kill_and_return()
    floor.desk.until(t="run", state="paused")
    floor.cell.until(t="state", workers={"printer-1": True})
    after = floor.show()
    assert {k: after[k] for k in ("x_mm", "y_mm", "z_mm", "e_mm")} == {
        k: before[k] for k in ("x_mm", "y_mm", "z_mm", "e_mm")
    }
    floor.desk.until(
        t="run", state="paused"
    )  # the first was from the card, this one from the printer's own word
    floor.desk.say(t="resume")
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")
    assert floor.show()["e_mm"] == pytest.approx(LONG_FILAMENT_MM, abs=0.02)
    spool.close()


@pytest.mark.parametrize("way", ["pausing", "parking"])
def test_a_worker_killed_on_the_way_to_its_parking_place_ends_parked(floor: Floor, way: str) -> None:
    spool = floor.print_long()
    floor.bench.say(t="speed", factor=10)  # slow enough to be caught on the way
    floor.desk.say(t="pause")
    floor.stands(way)
    floor.kill_and_return()
    floor.desk.until(t="run", state="paused", reason="worker_restarted")
    assert (floor.show()["x_mm"], floor.show()["y_mm"]) == (5, 210)
    floor.desk.say(t="resume")
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")
    assert floor.show()["e_mm"] == pytest.approx(LONG_FILAMENT_MM, abs=0.02)
    spool.close()


@pytest.mark.parametrize("way", ["pausing", "leaving"])
def test_a_cancel_outlives_its_worker(floor: Floor, way: str) -> None:
    floor.print_long().close()
    floor.bench.say(t="speed", factor=10)
    floor.desk.say(t="cancel")
    floor.stands(way)
    floor.kill_and_return()
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="cancelled")
    wait_until(lambda: floor.show()["nozzle_c"] < 40, 20)


def test_a_part_that_cools_is_done_though_its_worker_died(floor: Floor) -> None:
    floor.go_live(1000)
    floor.desk.until(t="printer", state="idle")
    floor.bench.say(t="speed", factor=60)
    floor.lease().close()
    floor.desk.until(t="run", state="cooling")
    floor.kill_and_return()
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")


def test_a_board_that_restarted_meanwhile_ends_the_run(floor: Floor) -> None:
    floor.print_long().close()
    floor.reach(50)
    floor.kill_worker()
    floor.bench.say(t="fault", printer="printer-1", name="reboot", value=1)
    floor.start_worker()
    assert floor.desk.until(t="run", state="failed")["reason"] == "printer_reset"


def test_a_stand_that_the_card_did_not_take_never_repeats_the_print(floor: Floor) -> None:
    floor.print_long().close()
    floor.reach(100)
    fresh = floor.base / "state" / "worker-printer-1.new"
    fresh.mkdir()  # the card takes no file any more
    floor.desk.say(t="pause")
    floor.desk.until(t="run", state="paused")
    floor.kill_worker()
    fresh.rmdir()
    floor.start_worker()
    assert floor.desk.until(t="run", state="failed")["reason"] == "line_in_doubt"


def test_a_printer_whose_own_profile_wants_an_officers_word_is_not_a_stranger_to_the_next_worker(
    run_dir: Path,
) -> None:
    floor = Floor(run_dir, "generic-cautious")
    try:
        floor.go_live(60)
        floor.desk.say(t="accept", firmware=floor.desk.until(t="printer", state="quarantined")["firmware"])
        floor.desk.until(t="printer", state="idle")
        floor.lease(lines=LONG).close()
        floor.desk.until(t="run", state="printing")
        floor.reach(50)
        floor.kill_and_return()
        assert floor.desk.until(t="run", state="paused")["reason"] == "worker_restarted"
        floor.desk.say(t="resume")
        floor.bench.say(t="speed", factor=1000)
        floor.desk.until(t="run", state="done")
        assert floor.show()["e_mm"] == pytest.approx(LONG_FILAMENT_MM, abs=0.02)
    finally:
        floor.close()


def test_a_spool_file_that_is_gone_ends_the_run_and_leaves_a_cold_printer(floor: Floor) -> None:
    floor.print_long().close()
    floor.kill_worker()
    (floor.base / "job.spool").unlink()
    floor.start_worker()
    assert floor.desk.until(t="run", state="failed")["reason"] == "worker_restarted"
    floor.bench.say(t="speed", factor=1000)
    wait_until(lambda: floor.show()["nozzle_c"] < 40, 20)
    assert floor.show()["on"] is True
