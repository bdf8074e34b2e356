"""The processes that production starts, killed the way that production loses them."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning.clock import SystemClock
from provisioning.config import Node
from provisioning.contracts import PrintRequest
from provisioning.linesock import dial
from provisioning.readers.words import Lift, Touch, Word, line
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import AMIRAS, PINS, hidden, hub_sim, make_nodes
from tests.support import accepts, is_listening, wait_readable, wait_until

SERVE = (
    "from pathlib import Path; from kiosk.terminal.main import serve; import sys; serve(Path(sys.argv[1]))"
)
READER = (
    "from pathlib import Path; from provisioning.readers.agent import run; import sys; run(Path(sys.argv[1]))"
)
CLOCK = SystemClock()


@contextmanager
def running(code: str, node: Node, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our processes; killed at the end of the block if it still runs."""
    command = [sys.executable, "-c", code, str(node.path)]
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


class Person:
    """Somebody with a browser at a kiosk that is another process."""

    def __init__(self, node: Node) -> None:
        self._home = f"http://{node.listen}"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def sees(self, path: str = "/") -> str:
        with self._browser.open(self._home + path, timeout=10) as answer:
            return str(answer.read().decode())

    def press(self, page: str, action: str, **fields: str) -> str:
        form = urllib.parse.urlencode({**hidden(page), **fields}).encode()
        with self._browser.open(self._home + action, data=form, timeout=10) as answer:
            return str(answer.read().decode())

    def screen(self) -> str:
        return str(json.loads(self.sees("/-/pulse/any"))["screen"])

    def signs_in(self) -> str:
        wait_until(lambda: self.screen() == "PinEntry", what="the pad")
        return self.press(self.sees("/"), "/pin", pin=PINS[AMIRAS.uid])


def bench(node: Node, *words: Word) -> None:
    """What the bench panel does to the virtual reader."""
    wait_until(lambda: accepts(node.run_dir / "virtual-reader.sock"), what="the reader listens")
    with dial(node.run_dir / "virtual-reader.sock") as sock:
        sock.sendall(b"".join(line(word) for word in words))


def up(node: Node) -> bool:
    return is_listening(int(node.listen.rpartition(":")[2])) and (node.run_dir / "reader.sock").exists()


@pytest.fixture
def place(run_dir: Path) -> Iterator[tuple[HubSim, Node]]:
    hub_node, kiosk_node = make_nodes(run_dir)
    with hub_sim(hub_node, CLOCK) as hub:
        yield hub, kiosk_node


def test_badge_code_menu_and_a_blank_screen_when_the_badge_goes(place: tuple[HubSim, Node]) -> None:
    hub, node = place
    person = Person(node)
    with hub.on_air(), running(SERVE, node) as serve, running(READER, node):
        wait_until(lambda: up(node), 30)
        bench(node, Touch(AMIRAS.uid))
        assert "Hello Amira" in person.signs_in()
        bench(node, Lift())
        wait_until(lambda: person.screen() in {"Leaving", "Idle"}, what="blank")
        assert "Amira" not in person.sees("/")
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(timeout=10) == 0


def test_a_reader_that_is_killed_ends_the_session_unless_it_sees_the_badge_again(
    place: tuple[HubSim, Node],
) -> None:
    hub, node = place
    person = Person(node)
    with hub.on_air(), running(SERVE, node), running(READER, node) as reader:
        wait_until(lambda: up(node), 30)
        bench(node, Touch(AMIRAS.uid))
        person.signs_in()
        reader.kill()
        wait_until(
            lambda: person.screen() in {"Leaving", "Idle"}, 10, what="nobody can say the badge is there"
        )


def test_a_request_made_while_the_hub_is_away_survives_sigkill_and_is_delivered_exactly_once(
    place: tuple[HubSim, Node],
) -> None:
    hub, node = place
    person = Person(node)
    with running(READER, node):
        with running(SERVE, node) as serve:
            with hub.on_air():
                wait_until(lambda: up(node), 30)
                bench(node, Touch(AMIRAS.uid))
                person.signs_in()
                wait_until(lambda: "Step gauge" in person.sees("/printing/"), what="the public copy")
            page = person.sees("/printing/step-gauge")
            assert "Your request is kept here." in person.press(
                page, "/printing/step-gauge", colour="blue", copies="1", do="ask"
            )
            serve.kill()
            serve.wait()
        with running(SERVE, node):
            wait_until(lambda: up(node), 30)
            wait_until(lambda: "Amira" not in person.sees("/"))
            with hub.on_air():
                wait_until(lambda: hub.heard_of(PrintRequest), 20, what="delivered after the return")
                wait_until(lambda: "restart" in hub.ended.values(), 20, what="the cut session is ended too")
    assert len(hub.heard_of(PrintRequest)) == 1


def test_it_says_ready_and_keeps_petting_its_watchdog(place: tuple[HubSim, Node], run_dir: Path) -> None:
    _hub, node = place
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(run_dir / "notify"))
        with running(SERVE, node, NOTIFY_SOCKET=str(run_dir / "notify"), WATCHDOG_USEC="4000000"):
            said = []
            while len(said) < 2:
                wait_readable(manager, 30)
                said.append(manager.recv(64).decode())
    assert said == ["READY=1", "WATCHDOG=1"]


def test_a_second_process_on_the_same_node_is_refused(place: tuple[HubSim, Node]) -> None:
    _hub, node = place
    with running(SERVE, node):
        wait_until(lambda: up(node), 30)
        command = [sys.executable, "-c", SERVE, str(node.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert re.search(r"Unavailable: store_owned", done.stderr)
