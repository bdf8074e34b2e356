"""The reader's process: what it tells, to whom, after which interruptions."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from provisioning.config import ConfigRefused, load_node
from provisioning.linesock import Client, LineServer, dial, turn
from provisioning.readers.agent import Agent
from provisioning.readers.drivers import make_readers
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    Lift,
    ReaderReady,
    ReaderWord,
    Touch,
    Word,
    line,
    read_reader_word,
)
from tests.provisioning.node_kit import make_site
from tests.support import accepts, wait_readable, wait_until

READY = ReaderReady("virtual", tells_removal=True)
RUN = (
    "from pathlib import Path; from provisioning.readers.agent import run; import sys; run(Path(sys.argv[1]))"
)


class Pages:
    """The listening end of reader.sock, as a node's pages hold it."""

    def __init__(self, run_dir: Path) -> None:
        self.heard: list[ReaderWord] = []
        self.selector = selectors.DefaultSelector()
        self._server = LineServer(run_dir / "reader.sock", self.selector, self._on_line)

    def _on_line(self, _client: Client, data: bytes) -> None:
        self.heard.append(read_reader_word(data))

    def close(self) -> None:
        self._server.close()
        self.selector.close()


def bench_says(bench: socket.socket, *words: Word) -> None:
    bench.sendall(b"".join(line(word) for word in words))


def heard_by(pages: Pages, wanted: list[ReaderWord], agent: Agent | None = None) -> None:
    def enough() -> bool:
        turn(pages.selector, 0)
        if agent is not None:
            agent.turn(0)
        return len(pages.heard) >= len(wanted)

    wait_until(enough, what=f"{wanted}")
    assert pages.heard == wanted


def test_touch_and_lift_reach_the_pages_in_order(run_dir: Path) -> None:
    node = make_site(run_dir, {"k": "kiosk"})["k"]
    agent = Agent(node)
    with (
        closing(agent),
        closing(Pages(node.run_dir)) as pages,
        dial(node.run_dir / "virtual-reader.sock") as bench,
    ):
        heard_by(pages, [READY], agent)
        bench_says(bench, Touch("04a1b2c3"), Lift())
        heard_by(
            pages,
            [READY, BadgeSeen("04A1B2C3"), BadgeGone()],
            agent,
        )


def test_pages_that_come_back_hear_what_still_lies_there_and_nothing_older(run_dir: Path) -> None:
    node = make_site(run_dir, {"k": "kiosk"})["k"]
    agent = Agent(node)
    with closing(agent), dial(node.run_dir / "virtual-reader.sock") as bench:
        bench_says(bench, Touch("04A1"), Lift(), Touch("04B2"))
        for _ in range(3):
            agent.turn(0)
        with closing(Pages(node.run_dir)) as pages:
            heard_by(pages, [READY, BadgeSeen("04B2")], agent)
        wait_until(lambda: (agent.turn(0), not agent.uplink.is_connected)[1], what="the agent notices")
        bench_says(bench, Lift())
        with closing(Pages(node.run_dir)) as pages:
            heard_by(pages, [READY], agent)


def test_a_bench_that_speaks_nonsense_is_hung_up_and_the_badge_stays(run_dir: Path) -> None:
    node = make_site(run_dir, {"k": "kiosk"})["k"]
    agent = Agent(node)
    with closing(agent), dial(node.run_dir / "virtual-reader.sock") as bench:
        bench_says(bench, Touch("04A1"))
        bench.sendall(b"open sesame\n")
        bench.settimeout(0.01)
        for _ in range(5):
            agent.turn(0)
        wait_readable(bench)
        assert bench.recv(1) == b""
        assert agent.readers.badge.present() == [BadgeSeen("04A1")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('reader = "hid"', "reader_device is missing"),
        ('reader = "hid"\nreader_device = "/dev/input/by-id/usb-any"', "/dev/input/by-path/"),
        ('reader = "hid"\nreader_device = "/dev/input/by-path/p"', "reader_usb is missing"),
        ('reader = "hid"\nreader_usb = "08FF:9"', "reader_usb"),
        ('reader = "rdm6300"', "/dev/serial/by-path/"),
        ('stick_port = "/dev/sda"', "stick_port is no USB socket"),
        ('stick_port = "/dev/disk/by-path/platform-x-usb-0:1:1.0-scsi-0:0:0:0-part1"', "the whole disk"),
        ('keys = "any"', "keys"),
    ],
)
def test_an_option_that_no_reader_can_use_is_refused_with_file_and_reason(
    run_dir: Path, options: str, said: str
) -> None:
    sections = {"k": f'[kiosk]\nwing = "A"\nname = "K"\n{options}\n'}
    with selectors.DefaultSelector() as selector, pytest.raises(ConfigRefused) as refused:
        make_readers(make_site(run_dir, {"k": "kiosk"}, sections)["k"], selector, lambda _word: None)
    assert "node.toml" in str(refused.value)
    assert said in str(refused.value)


def test_a_node_may_have_a_serial_badge_reader_a_stick_socket_and_keys_at_once(run_dir: Path) -> None:
    options = (
        'reader = "rdm6300"\nreader_device = "/dev/serial/by-path/none"\nkeys = "usb"\n'
        'stick_port = "/dev/disk/by-path/platform-x-usb-0:1:1.0-scsi-0:0:0:0"\n'
    )
    node = make_site(run_dir, {"k": "kiosk"}, {"k": f'[kiosk]\nwing = "A"\nname = "K"\n{options}'})["k"]
    with closing(Agent(node)) as agent, closing(Pages(node.run_dir)) as pages:
        assert len(agent.readers.all) == 3
        heard_by(pages, [ReaderReady("rdm6300")], agent)
    assert not (node.run_dir / "virtual-reader.sock").exists()


@contextmanager
def running(config: Path, notify: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "200000"}
    with subprocess.Popen([sys.executable, "-c", RUN, str(config)], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_process_says_ready_pets_its_watchdog_tells_badges_and_stops_on_sigterm(run_dir: Path) -> None:
    node = make_site(run_dir, {"k": "kiosk"})["k"]
    assert load_node(node.path).kiosk is not None
    node.run_dir.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, closing(Pages(node.run_dir)) as pages:
        manager.bind(str(run_dir / "notify"))
        with running(node.path, run_dir / "notify") as process:
            wait_readable(manager)
            assert manager.recv(64) == b"READY=1"
            wait_readable(manager)
            assert manager.recv(64) == b"WATCHDOG=1"
            wait_until(lambda: accepts(node.run_dir / "virtual-reader.sock"))
            with dial(node.run_dir / "virtual-reader.sock") as bench:
                bench_says(bench, Touch("04A1"))
                heard_by(pages, [READY, BadgeSeen("04A1")])
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0


def test_the_process_carries_no_web_no_keys_and_no_database() -> None:
    code = (
        "import sys; import provisioning.readers.agent, provisioning.readers.virtual, provisioning.readers.hid\n"
        "import provisioning.readers.stickport, provisioning.readers.keyport, provisioning.sim.stick\n"
        "large = {'flask', 'cryptography', 'sqlite3', 'evdev', 'fido2', 'serial'}\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & large))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
