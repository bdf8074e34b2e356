"""The interlock as a real process: sockets, journal, SIGKILL."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.interlock.service import STRANGERS_LOGGED
from provisioning.linesock import dial
from tests.support import wait_readable, wait_until

CONTACTS = ("door", "emergency_stop", "smoke")
TOML = """
node_id = "farm-1"
kind = "farm"
listen = "127.0.0.1:0"
state = "state"
run = "run"
[farm]
name = "Workshop"
[[farm.printers]]
printer_id = "printer-1"
name = "Printer 1"
cell = "cell-1"
port = "/dev/null"
profile = "marlin-2.1-generic-220"
[[farm.printers]]
printer_id = "printer-7"
name = "Printer 7"
cell = "cell-2"
port = "/dev/null"
profile = "marlin-2.1-generic-220"
[[farm.cells]]
cell_id = "cell-1"
name = "Cell 1"
contacts = { door = 5, emergency_stop = 6, smoke = 13 }
relay = 17
red = 22
amber = 23
green = 24
buzzer = 25
"""


class Line:
    """One connection that speaks and hears words."""

    def __init__(self, path: Path) -> None:
        self.sock = dial(path, 10)
        self._rest = b""

    def say(self, **word: object) -> None:
        self.sock.sendall(json.dumps(word).encode() + b"\n")

    def hear(self) -> dict:
        """The next word; an empty one when the other end is gone."""
        while b"\n" not in self._rest:
            wait_readable(self.sock)
            try:
                data = self.sock.recv(4096)
            except ConnectionResetError:
                return {}
            if not data:
                return {}
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)

    def until(self, **wanted: object) -> dict:
        """Hear until a word holds all of ``wanted``."""
        for _ in range(200):
            word = self.hear()
            assert word, f"connection ended while waiting for {wanted}"
            if all(word.get(key) == value for key, value in wanted.items()):
                return word
        raise AssertionError(f"never heard {wanted}")

    def close(self) -> None:
        self.sock.close()


class Site:
    """A farm node's folder with its interlock process."""

    def __init__(self, base: Path) -> None:
        self.base = base
        (base / "site.toml").write_text('site_id = "test"\nname = "Test"\n')
        (base / "node.toml").write_text(TOML)
        self.lines: list[Line] = []
        self.log = base / "interlock.log"
        self.start()

    def start(self) -> None:
        (self.base / "run" / "interlock-cell-1.sock").unlink(missing_ok=True)
        (self.base / "run" / "pins-cell-1.sock").unlink(missing_ok=True)
        code = f"from farm.cli import main; main(['interlock', '--config', {str(self.base / 'node.toml')!r}, "
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code + "'--cell', 'cell-1'])"], stderr=log)
        wait_until((self.base / "run" / "pins-cell-1.sock").exists, 30)

    def dial(self, name: str) -> Line:
        line = Line(self.base / "run" / f"{name}-cell-1.sock")
        self.lines.append(line)
        return line

    def bench(self) -> Line:
        bench = self.dial("pins")
        assert bench.hear()["relay"] is False
        for name in CONTACTS:
            bench.say(t="contact", name=name, closed=True)
        return bench

    def desk(self) -> Line:
        desk = self.dial("interlock")
        desk.say(t="subscribe")
        return desk

    def close(self) -> None:
        for line in self.lines:
            line.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def site(run_dir: Path) -> Iterator[Site]:
    made = Site(run_dir)
    yield made
    made.close()


def go_live(site: Site) -> tuple[Line, Line]:
    bench, desk = site.bench(), site.desk()
    desk.until(t="state", contacts=dict.fromkeys(CONTACTS, True))
    desk.say(t="reset", officer_id="officer-1", role="workshop")
    desk.until(t="state", live=True, relay=True, tripped_by=None)
    bench.until(t="outputs", relay=True, green=True)
    return bench, desk


def test_a_cell_starts_dead_and_goes_live_by_an_officers_reset_that_is_journalled(site: Site) -> None:
    bench, desk = site.bench(), site.desk()
    assert desk.until(t="state")["tripped_by"] == "start"
    started = desk.until(t="event")
    assert (started["seq"], started["what"]) == (1, "started")
    desk.until(t="state", contacts=dict.fromkeys(CONTACTS, True))
    desk.say(t="reset", officer_id="officer-1", role="workshop")
    event = desk.until(t="event", what="reset")
    assert (event["seq"], event["by"]) == (2, "officer-1")
    bench.until(t="outputs", relay=True)


def test_an_opened_door_cuts_the_power_and_says_who_and_when(site: Site) -> None:
    bench, desk = go_live(site)
    bench.say(t="contact", name="door", closed=False)
    assert bench.until(t="outputs", relay=False)["red"] is True
    assert desk.until(t="event", what="tripped")["by"] == "door"
    state = desk.until(t="state", live=False)
    assert (state["relay"], state["tripped_by"], state["contacts"]["door"]) == (False, "door", False)


def test_a_reset_with_a_contact_open_or_by_the_wrong_role_is_refused_with_the_reason(site: Site) -> None:
    bench, desk = site.bench(), site.desk()
    desk.until(t="state", contacts=dict.fromkeys(CONTACTS, True))
    bench.say(t="contact", name="smoke", closed=False)
    desk.until(t="state", contacts={"door": True, "emergency_stop": True, "smoke": False})
    desk.say(t="reset", officer_id="officer-1", role="workshop")
    assert desk.until(t="refused") == {"t": "refused", "code": "contacts_open", "detail": "smoke"}
    desk.say(t="reset", officer_id="officer-2", role="landing")
    assert desk.until(t="refused")["code"] == "role_not_allowed"


def test_a_killed_worker_process_powers_the_cell_down(site: Site) -> None:
    bench, desk = go_live(site)
    path = site.base / "run" / "interlock-cell-1.sock"
    code = (
        "import sys, time; from pathlib import Path; from provisioning.linesock import dial\n"
        "line = dial(Path(sys.argv[1]))\n"
        'while True: line.sendall(b\'{"t":"beat","worker":"printer-1"}\\n\'); time.sleep(0.2)\n'
    )
    worker = subprocess.Popen([sys.executable, "-c", code, str(path)])
    desk.until(t="state", workers={"printer-1": True}, live=True)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    bench.until(t="outputs", relay=False)
    desk.until(t="event", what="tripped", by="worker:printer-1")
    desk.say(t="reset", officer_id="officer-1", role="workshop")
    assert desk.until(t="refused")["code"] == "worker_silent"


def test_a_worker_that_comes_back_in_time_keeps_the_power(site: Site) -> None:
    _bench, desk = go_live(site)
    first = site.dial("interlock")
    first.say(t="beat", worker="printer-1")
    desk.until(t="state", workers={"printer-1": True})
    first.close()
    again = site.dial("interlock")
    again.say(t="subscribe")
    for _ in range(5):  # seconds, for a state comes each second: longer than the grace
        again.say(t="beat", worker="printer-1")
        assert again.until(t="state")["live"] is True


def test_a_worker_that_hangs_without_dying_powers_the_cell_down_too(site: Site) -> None:
    bench, _desk = go_live(site)
    worker = site.dial("interlock")
    worker.say(t="beat", worker="printer-1")
    bench.until(t="outputs", relay=False)


def test_a_killed_interlock_process_leaves_the_relay_off_and_starts_dead_again(site: Site) -> None:
    bench, desk = go_live(site)
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait()
    while bench.hear():
        pass  # the pins' connection ends: for whoever stands at its other end the relay is off
    while desk.hear():
        pass
    site.start()
    again = site.desk()
    state = again.until(t="state")
    assert (state["live"], state["relay"], state["tripped_by"]) == (False, False, "start")
    assert site.dial("pins").hear()["relay"] is False


def test_events_are_said_again_after_a_kill_until_the_desk_acknowledges(site: Site) -> None:
    bench, desk = go_live(site)
    bench.say(t="contact", name="door", closed=False)
    seq = desk.until(t="event", what="tripped")["seq"]
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait()
    site.start()
    again = site.desk()
    heard = [again.until(t="event")["what"] for _ in range(4)]
    assert heard == ["started", "reset", "tripped", "started"]
    again.say(t="ack", seq=seq + 1)
    bystander = site.dial("interlock")
    bystander.say(t="subscribe")
    assert bystander.hear()["t"] == "state"
    assert wait_until(lambda: bystander.hear()["t"]) == "state"


def test_a_clean_stop_switches_off_and_ends_within_its_two_seconds(site: Site) -> None:
    bench, desk = go_live(site)
    desk.say(t="beat", worker="printer-1")  # a worker is still there when the interlock leaves
    desk.until(t="state", workers={"printer-1": True})
    site.process.terminate()
    bench.until(t="outputs", relay=False)
    assert site.process.wait(timeout=10) == 0
    assert not (site.base / "run" / "interlock-cell-1.sock").exists()


@pytest.mark.parametrize(
    "noise", [b"\xff\xfe\n", b'{"t":"open_sesame"}\n', b"[]\n", b'{"t":"beat"}\n', b"x" * 70000]
)
def test_nonsense_on_the_socket_ends_that_connection_and_nothing_else(site: Site, noise: bytes) -> None:
    _bench, desk = go_live(site)
    stranger = site.dial("interlock")
    with contextlib.suppress(BrokenPipeError):
        stranger.sock.sendall(noise)
    assert stranger.hear() == {}
    assert desk.until(t="state")["live"] is True


def test_the_process_stays_small(site: Site) -> None:
    go_live(site)
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    rss_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    assert rss_kb < 40_000  # loose: the benchmark holds the real number


def test_two_printers_or_a_hundred_connections_do_not_stop_the_door(site: Site) -> None:
    bench, _desk = go_live(site)
    crowd = [site.dial("interlock") for _ in range(100)]
    for line in crowd:
        line.say(t="subscribe")
    bench.say(t="contact", name="emergency_stop", closed=False)
    bench.until(t="outputs", relay=False)
    assert all(isinstance(line.sock, socket.socket) for line in crowd)


def test_only_the_workers_of_this_cells_printers_may_beat_and_others_do_not_fill_the_journal(
    site: Site,
) -> None:
    _bench, desk = go_live(site)
    for name in ("printer-7", "", "x" * 5000, *(f"ghost-{number}" for number in range(40))):
        stranger = site.dial("interlock")
        stranger.say(t="beat", worker=name)
        assert stranger.hear() == {}
    worker = site.dial("interlock")
    worker.say(t="beat", worker="printer-1")
    assert desk.until(t="state", workers={"printer-1": True})["live"] is True
    logged = [line for line in site.log.read_text().splitlines() if "no printer" in line]
    assert len(logged) == STRANGERS_LOGGED
    assert max(map(len, logged)) < 200


def test_a_worker_that_cannot_cool_its_printer_takes_the_power_and_a_stranger_cannot(site: Site) -> None:
    bench, desk = go_live(site)
    worker, stranger = site.dial("interlock"), site.dial("interlock")
    worker.say(t="beat", worker="printer-1")
    desk.until(t="state", workers={"printer-1": True})
    stranger.say(t="trip", worker="printer-1")
    stranger.say(t="subscribe")
    assert stranger.hear()["live"] is True
    worker.say(t="trip", worker="printer-1")
    bench.until(t="outputs", relay=False)
    desk.until(t="event", what="tripped", by="printer:printer-1")
