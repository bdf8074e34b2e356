"""The bench's supervisor behaves as systemd does: ready when told, restarted when killed, silent ones are killed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.sim.supervisor import Supervisor, resident_kib
from provisioning.sim.units import Unit, UnitRefused, read_unit
from tests.support import wait_until

READY = """
import signal, sys, threading
from provisioning.notify import notify
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
notify("READY=1")
while True:
    threading.Event().wait(0.1)
    if "pets" in sys.argv:
        notify("WATCHDOG=1")
"""
TOP = Path(__file__).parents[3]


def unit(code: str, *words: str, watchdog_s: float | None = None, restart: bool = True) -> Unit:
    return Unit("test", (sys.executable, "-c", code, *words), watchdog_s, restart, 0.05)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    one = Supervisor()
    yield one
    one.stop_all()


def add(supervisor: Supervisor, tmp_path: Path, name: str, what: Unit, node_id: str = "node") -> None:
    supervisor.add(name, node_id, what, {"PYTHONPATH": str(TOP)}, tmp_path / "log" / f"{name}.log")


def pid_of(supervisor: Supervisor, name: str) -> int | None:
    return next(one.pid for one in supervisor.processes() if one.name == name)


def test_a_process_is_ready_when_it_says_so_and_stops_when_told(supervisor: Supervisor, tmp_path: Path):
    add(supervisor, tmp_path, "a", unit(READY))
    supervisor.start_all()
    assert supervisor.wait_ready(["a"], 20) == []
    pid = pid_of(supervisor, "a")
    assert pid is not None
    assert resident_kib(pid) > 1000
    supervisor.stop("a")
    assert pid_of(supervisor, "a") is None
    assert resident_kib(pid) == 0


def test_a_killed_process_is_started_again(supervisor: Supervisor, tmp_path: Path):
    add(supervisor, tmp_path, "a", unit(READY))
    supervisor.start_all()
    assert supervisor.wait_ready(["a"], 20) == []
    first = supervisor.kill("a")
    wait_until(lambda: pid_of(supervisor, "a") not in (None, first), 20)
    assert supervisor.wait_ready(["a"], 20) == []
    assert supervisor.processes()[0].restarts == 1


def test_a_node_without_power_stays_dead_until_it_is_given_back(supervisor: Supervisor, tmp_path: Path):
    add(supervisor, tmp_path, "a", unit(READY), "one")
    add(supervisor, tmp_path, "b", unit(READY), "two")
    supervisor.start_all()
    assert supervisor.wait_ready(["a", "b"], 20) == []
    supervisor.cut("one")
    wait_until(lambda: pid_of(supervisor, "a") is None, 20)
    assert not supervisor.is_powered("one")
    assert pid_of(supervisor, "b") is not None
    supervisor.restore("one")
    assert supervisor.wait_ready(["a"], 20) == []


def test_a_process_that_stops_petting_is_killed_and_started_again(supervisor: Supervisor, tmp_path: Path):
    add(supervisor, tmp_path, "silent", unit(READY, watchdog_s=0.5))
    add(supervisor, tmp_path, "lively", unit(READY, "pets", watchdog_s=5.0))
    supervisor.start_all()
    assert supervisor.wait_ready(["lively"], 20) == []
    wait_until(lambda: next(one.restarts for one in supervisor.processes() if one.name == "silent") >= 1, 20)
    assert next(one.restarts for one in supervisor.processes() if one.name == "lively") == 0


def test_a_process_that_never_comes_up_is_told_not_tried_for_ever(supervisor: Supervisor, tmp_path: Path):
    add(supervisor, tmp_path, "broken", unit("raise SystemExit('no such printer')"))
    supervisor.start_all()
    assert supervisor.wait_ready(["broken"], 20) == ["broken"]
    assert supervisor.processes()[0].state == "failed"
    assert "no such printer" in (tmp_path / "log" / "broken.log").read_text()


def test_nothing_is_left_running_after_stop_all(tmp_path: Path):
    supervisor = Supervisor()
    add(supervisor, tmp_path, "a", unit(READY))
    add(supervisor, tmp_path, "deaf", unit(READY.replace("sys.exit(0)", "None")))
    supervisor.start_all()
    assert supervisor.wait_ready(["a", "deaf"], 20) == []
    pids = [one.pid for one in supervisor.processes()]
    supervisor.stop_all()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_bench_starts_the_very_commands_of_the_units():
    folder = TOP / "systemd"
    units = sorted(folder.glob("*.service"))
    assert len(units) >= 7
    for path in units:
        text = path.read_text()
        read = read_unit(path, Path("/opt/passage/venv/bin"), Path("/etc/passage/node.toml"), "%i")
        assert f"ExecStart={' '.join(read.argv)}\n" in text
        assert read.watchdog_s


def test_a_unit_with_a_foreign_command_is_refused(tmp_path: Path):
    (tmp_path / "x.service").write_text("[Service]\nExecStart=/bin/sh -c 'true'\n")
    with pytest.raises(UnitRefused, match=r"x\.service"):
        read_unit(tmp_path / "x.service", tmp_path, tmp_path)
    with pytest.raises(UnitRefused):
        read_unit(tmp_path / "missing.service", tmp_path, tmp_path)
