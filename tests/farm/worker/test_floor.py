"""One worker, one virtual printer and one cell, as processes over real pseudo-terminals and sockets."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.worker.floor_kit import LONG_FILAMENT_MM, Floor, digest_of
from tests.support import wait_until


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


def test_a_whole_print_is_done_with_every_line_executed_once(floor: Floor) -> None:
    floor.go_live()
    floor.desk.until(t="printer", state="idle")
    with floor.lease() as spool:
        for state in ("started", "heating", "printing", "cooling", "done"):
            floor.desk.until(t="run", run="run-1", state=state)
        assert floor.show()["motion_sha256"] == digest_of(spool)
    floor.desk.say(t="known", run="run-1", state="done")
    floor.desk.until(t="printer", state="idle")


def test_a_spoiled_wire_changes_nothing_but_the_time(floor: Floor) -> None:
    floor.go_live()
    floor.desk.until(t="printer", state="idle")
    for name in ("drop_out", "corrupt_in"):
        floor.bench.say(t="fault", printer="printer-1", name=name, value=0.0003)
    floor.bench.say(t="fault", printer="printer-1", name="lost_ok", value=1)
    with floor.lease() as spool:
        floor.desk.until(t="run", run="run-1", state="done")
        assert floor.show()["motion_sha256"] == digest_of(spool)


def test_a_cable_pulled_in_mid_print_fails_the_run_and_the_printer_comes_back(floor: Floor) -> None:
    floor.print_long()
    floor.bench.say(t="cable", printer="printer-1", plugged=False)
    assert floor.desk.until(t="run", state="failed")["reason"] == "printer_lost"
    floor.desk.until(t="printer", state="offline")
    floor.bench.say(t="cable", printer="printer-1", plugged=True)
    floor.desk.until(t="printer", state="idle")


def test_a_board_that_restarts_in_mid_print_fails_the_run(floor: Floor) -> None:
    floor.print_long()
    floor.bench.say(t="fault", printer="printer-1", name="reboot", value=1)
    assert floor.desk.until(t="run", state="failed")["reason"] == "printer_reset"
    floor.desk.until(t="printer", state="idle")


def test_a_tripped_cell_fails_the_run_and_the_printer_has_no_power(floor: Floor) -> None:
    floor.print_long()
    floor.pins.say(t="contact", name="door", closed=False)
    assert floor.desk.until(t="run", state="failed")["reason"] == "cell_tripped"
    wait_until(lambda: floor.show()["on"] is False, 10)


def test_a_killed_worker_that_does_not_come_back_in_time_trips_its_cell_and_the_run_has_failed(
    floor: Floor,
) -> None:
    floor.print_long()
    floor.kill_worker()
    floor.cell.until(t="state", live=False, tripped_by="worker:printer-1")
    floor.start_worker()
    report = floor.desk.until(t="run", run="run-1", state="failed")
    assert report["reason"] == "cell_tripped"
    floor.desk.until(t="run", run="run-1", state="failed")  # told again until the desk knows


def test_a_spool_file_that_is_not_the_leased_one_is_not_printed(floor: Floor) -> None:
    floor.go_live()
    floor.desk.until(t="printer", state="idle")
    floor.lease(sha256="0" * 64)
    assert floor.desk.until(t="run", state="failed")["reason"] == "spool_differs"
    assert floor.show()["done_lines"] == 0


def test_a_lease_in_a_cell_without_power_is_refused(floor: Floor) -> None:
    floor.lease()
    assert floor.desk.until(t="run", state="failed")["reason"] == "cell_off"


def test_a_pause_keeps_the_heat_and_a_resumed_print_ends_with_the_same_plastic(floor: Floor) -> None:
    floor.print_long()
    floor.desk.say(t="pause")
    floor.desk.until(t="run", state="paused")
    parked = floor.show()
    assert parked["nozzle_c"] > 175
    assert (parked["x_mm"], parked["y_mm"]) == (5, 210)
    floor.bench.say(t="speed", factor=1000)
    floor.desk.say(t="resume")
    floor.desk.until(t="run", state="done")
    assert floor.show()["e_mm"] == pytest.approx(LONG_FILAMENT_MM, abs=0.02)


def test_a_cancel_leaves_a_cold_printer_with_its_head_up(floor: Floor) -> None:
    floor.print_long()
    floor.desk.say(t="cancel")
    floor.desk.until(t="run", state="cancelled")
    left = floor.show()
    assert left["z_mm"] > 9
    floor.bench.say(t="speed", factor=2000)
    wait_until(lambda: floor.show()["nozzle_c"] < 40, 20)


def test_a_cancel_while_heating_does_not_wait_for_the_heat(floor: Floor) -> None:
    floor.go_live(1)
    floor.desk.until(t="printer", state="idle")
    floor.lease()
    floor.desk.until(t="run", state="heating")
    floor.desk.say(t="cancel")
    floor.desk.until(t="run", state="cancelled")


def test_a_worker_stays_within_its_memory(floor: Floor) -> None:
    floor.go_live()
    floor.desk.until(t="printer", state="idle")
    floor.lease()
    floor.desk.until(t="run", state="done")
    status = Path(f"/proc/{floor.worker.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < 25_000


def test_an_interlock_that_is_killed_leaves_a_hot_printer_stopped_by_its_worker_too(floor: Floor) -> None:
    floor.print_long()
    floor.processes["interlock"].kill()
    assert floor.desk.until(t="run", state="failed")["reason"] == "cell_tripped"
    floor.desk.until(t="printer", state="offline")


def test_an_interlock_that_hangs_is_no_interlock_the_worker_stops_its_printer(floor: Floor) -> None:
    floor.print_long()
    hung = floor.processes["interlock"]
    hung.send_signal(signal.SIGSTOP)
    try:
        assert floor.desk.until(t="run", state="failed")["reason"] == "cell_tripped"
        floor.bench.say(t="speed", factor=2000)
        wait_until(lambda: floor.show()["nozzle_c"] < 40, 20)
        assert (
            floor.show()["on"] is True
        )  # the relay of a process that hangs stays as it was: M112 made it cold
    finally:
        hung.send_signal(signal.SIGCONT)


def test_an_emergency_stop_that_the_firmware_does_not_confirm_takes_the_cells_power(floor: Floor) -> None:
    floor.print_long()
    floor.bench.say(t="fault", printer="printer-1", name="drop_out", value=1)
    floor.desk.say(t="stop")
    floor.cell.until(t="state", live=False, tripped_by="printer:printer-1")
    floor.cell.until(t="event", what="tripped", by="printer:printer-1")


def test_a_stop_that_could_wait_behind_the_firmwares_queue_takes_the_cells_power_at_once(
    floor: Floor,
) -> None:
    floor.print_long()
    assert not [word for word in floor.desk.heard if word.get("is_stop_immediate")]
    floor.desk.say(t="stop")
    assert floor.desk.until(t="run", state="failed")["reason"] == "stopped"
    floor.cell.until(t="event", what="tripped", by="printer:printer-1")
    wait_until(lambda: floor.show()["on"] is False, 10)


def test_what_the_printer_says_reaches_the_desk(floor: Floor) -> None:
    floor.print_long()
    floor.bench.say(t="fault", printer="printer-1", name="run_out", value=1)
    assert floor.desk.until(t="printer_says", what="out_of_filament")["text"] == "T0"
    floor.desk.until(t="run", state="paused")


def test_a_second_worker_for_the_same_printer_does_not_start(floor: Floor) -> None:
    floor.print_long()
    with floor.start_another() as second:
        _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "worker_runs_already" in said.decode()
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")


def test_a_worker_whose_journal_cannot_be_written_takes_no_job_until_it_can(floor: Floor) -> None:
    floor.go_live()
    floor.desk.until(t="printer", state="idle")
    in_the_way = floor.base / "state" / "worker-printer-1.new"
    in_the_way.mkdir()
    floor.lease()
    assert floor.desk.until(t="run", state="failed")["reason"] == "journal_failed"
    floor.desk.say(t="known", run="run-1", state="failed")
    assert floor.desk.until(t="printer", state="offline")["reason"] == "journal_failed"
    assert floor.show()["done_lines"] == 0
    in_the_way.rmdir()
    floor.desk.until(t="printer", state="idle")
    floor.lease("run-2")
    floor.desk.until(t="run", run="run-2", state="done")


def test_a_journal_that_fails_in_mid_print_does_not_end_the_print(floor: Floor) -> None:
    floor.print_long()
    (floor.base / "state" / "worker-printer-1.new").mkdir()
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")
    floor.desk.say(t="known", run="run-1", state="done")
    assert floor.desk.until(t="printer", state="offline")["reason"] == "journal_failed"


def test_words_that_are_none_do_not_end_a_worker_in_mid_print(floor: Floor) -> None:
    floor.print_long()
    floor.desk.say(t="nonsense")
    floor.meet_again()
    floor.bench.say(t="speed", factor=1000)
    floor.desk.until(t="run", state="done")
