"""A long file on its way into a spool file: seen while it is made, ended at a press, never half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from farm.desk.spool_child import Reply, Spooling, Task
from farm.gcode.limits import PrinterLimits
from farm.gcode.spool import SpoolFile
from provisioning.contracts import JobProgress
from provisioning.errors import Unavailable
from tests.farm.desk.support import Farm
from tests.farm.gcode.long_file import write_long_file
from tests.support import wait_until

TOP = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some two seconds of work."""
    path = tmp_path_factory.mktemp("long") / "long.gcode"
    write_long_file(path, 200_000)
    return path


@pytest.fixture
def ordered(farm: Farm, long_file: Path) -> Farm:
    """A desk with an order for the long file, its spooler not yet started."""
    farm.hear(farm.order(farm.add_model(long_file.read_bytes())))
    assert farm.desk.queue.jobs_of("O-1")[0].state == "ordered"
    return farm


def folder(farm: Farm) -> Path:
    return farm.desk.node.state_dir / "spool"


def left_over(farm: Farm) -> list[str]:
    return sorted(path.name for path in folder(farm).iterdir())


def compiler_of(farm: Farm) -> int:
    """The process that writes a spool file now; its number is part of the name it writes under."""
    parts = wait_until(lambda: list(folder(farm).glob(".*.part")) if folder(farm).exists() else [])
    return int(parts[0].name.rsplit(".", 2)[1])


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_queue_shows_how_far_a_file_is_and_then_that_it_waits_for_a_printer(ordered: Farm) -> None:
    desk, browser = ordered.desk, ordered.browser()
    assert 'hx-get="/queue/live?job=O-1-1"' in browser.get("/queue/").text
    desk.spooler.start()
    seen = wait_until(lambda: desk.spooler.now_at("O-1-1"))
    later = wait_until(lambda: (at := desk.spooler.now_at("O-1-1")) and at.lines > seen.lines and at)
    assert 0 <= seen.percent <= later.percent < 100
    live = browser.get("/queue/live?job=O-1-1").text
    assert " % · " in live
    assert "lines</span>" in live
    assert 'hx-trigger="every 1s"' in live
    assert live.count('hx-swap-oob="true"') == 2
    wait_until(lambda: desk.queue.jobs_of("O-1")[0].state == "queued", 60)
    assert desk.spooler.now_at("O-1-1") is None
    live = browser.get("/queue/live?job=O-1-1").text
    assert "hx-trigger" not in live
    assert "Why it is not printing" in live
    assert left_over(ordered) == [desk.runs.spool_path(_sha256(ordered), "fdm-220").name]


def test_pages_are_drawn_while_a_file_is_compiled_and_the_farm_page_as_well(ordered: Farm) -> None:
    browser = ordered.browser()
    ordered.desk.spooler.start()
    wait_until(lambda: ordered.desk.spooler.now_at("O-1-1"))
    for page in ("/", "/queue/", "/models/"):
        assert browser.get(page).status_code == 200
    assert ordered.desk.spooler.now_at("O-1-1") is not None


def test_a_job_taken_out_of_the_queue_ends_its_compilation_and_leaves_no_file(ordered: Farm) -> None:
    desk, browser = ordered.desk, ordered.browser()
    desk.spooler.start()
    wait_until(lambda: desk.spooler.now_at("O-1-1"))
    pid = compiler_of(ordered)
    assert browser.post("/queue/O-1-1/cancel", "/queue/").status_code == 303
    assert desk.queue.jobs_of("O-1")[0].state == "cancelled"
    wait_until(lambda: desk.spooler.now_at("O-1-1") is None and not is_alive(pid))
    wait_until(lambda: left_over(ordered) == [])
    assert desk.queue.spool_sha256(_sha256(ordered), "fdm-220") is None
    (job,) = desk.queue.jobs_of("O-1")
    assert (job.state, job.reason) == ("cancelled", "cancelled_by_officer")
    assert [word.final for word in ordered.told() if isinstance(word, JobProgress)][-1]
    assert "An officer ended this order." in browser.get("/queue/").text


def test_a_compiler_killed_at_its_work_leaves_no_half_file_and_is_begun_anew(ordered: Farm) -> None:
    spooler, queue = ordered.desk.spooler, ordered.desk.queue
    spooler.start()
    wait_until(lambda: spooler.now_at("O-1-1"))
    os.kill(compiler_of(ordered), signal.SIGKILL)
    wait_until(lambda: queue.jobs_of("O-1")[0].state == "ordered")
    assert left_over(ordered) == []
    spooler.stop()
    assert spooler.spool_next()
    assert queue.jobs_of("O-1")[0].state == "queued"
    with SpoolFile(ordered.desk.runs.spool_path(_sha256(ordered), "fdm-220")) as spool:
        spool.verify()
        assert spool.last > 150_000


def test_a_desk_that_is_killed_takes_its_compiler_along(tmp_path: Path, long_file: Path) -> None:
    task = Task(str(long_file), str(tmp_path / "a.spool"), "", PrinterLimits())
    with subprocess.Popen(
        [sys.executable, "-m", "farm.desk.spool_child"],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(msgspec.json.encode(task))
        child.stdin.close()
        assert isinstance(msgspec.json.decode(child.stdout.readline(), type=Spooling | Reply), Spooling)
        child.stdout.close()  # all that a dead reader leaves
        assert child.wait(30) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_second_copy_uses_the_file_that_was_made_for_the_first(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet, copies=2))
    assert farm.desk.spooler.spool_next()
    path = farm.desk.runs.spool_path(sheet.gcode_sha256, "fdm-220")
    first = path.stat()
    assert farm.desk.spooler.spool_next()
    assert {job.state for job in farm.desk.queue.jobs_of("O-1")} == {"queued"}
    assert path.stat().st_ino == first.st_ino


def test_a_damaged_file_is_not_used_again_but_made_again(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet, copies=2))
    assert farm.desk.spooler.spool_next()
    path = farm.desk.runs.spool_path(sheet.gcode_sha256, "fdm-220")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    assert farm.desk.spooler.spool_next()
    assert path.read_bytes() == whole


def test_what_the_machine_cannot_do_now_is_tried_again_later(farm: Farm) -> None:
    farm.hear(farm.order(farm.add_model()))
    folder(farm).write_text("a file where a folder should be")
    with pytest.raises(Unavailable):
        farm.desk.spooler.spool_next()
    folder(farm).unlink()
    assert farm.desk.spooler.spool_next()
    assert farm.desk.queue.jobs_of("O-1")[0].state == "queued"


def _sha256(farm: Farm) -> str:
    return farm.desk.queue.jobs_of("O-1")[0].order.gcode_sha256


def test_the_child_never_says_all_is_done_before_it_is() -> None:
    assert Spooling(100, 100, 7).percent == 99
    assert Spooling(0, 0, 0).percent == 0
