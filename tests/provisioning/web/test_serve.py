"""The server as production starts it: a process of its own, told to stop by a signal."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.web.serve import Server

TOP = Path(__file__).parents[3]
PROGRAM = """
import sys
from provisioning.clock import SystemClock
from provisioning.log import start_log
from provisioning.web.app import create_app
from provisioning.web.serve import serve

start_log()
app = create_app("served", secret=b"0" * 32, catalogues=[], clock=SystemClock(), ui="kiosk")
serve(app, sys.argv[1])
"""


@pytest.fixture
def short_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="web") as folder:
        yield Path(folder)


def ask(path: Path, request: str = "/-/health") -> int:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.sendall(f"GET {request} HTTP/1.0\r\n\r\n".encode())
        return int(line.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_ready_pets_the_watchdog_and_stops_when_told_leaving_no_socket(short_path, number):
    listen = short_path / "web.sock"
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(short_path / "notify"))
    manager.settimeout(30)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(listen))  # a killed process left its socket file
    environment = {**os.environ, "NOTIFY_SOCKET": str(short_path / "notify"), "WATCHDOG_USEC": "2000000"}
    command = [sys.executable, "-c", PROGRAM, f"unix:{listen}"]
    with manager, subprocess.Popen(command, cwd=TOP, env=environment, stderr=subprocess.PIPE) as process:
        assert manager.recv(100) == b"READY=1"
        assert ask(listen) == 200
        assert listen.stat().st_mode & 0o777 == 0o660
        assert manager.recv(100) == b"WATCHDOG=1"
        process.send_signal(number)
        assert process.wait(10) == 0
        assert b"Traceback" not in process.stderr.read()
    assert not listen.exists()


def test_a_running_request_is_finished_before_the_stop(make_app):
    app = make_app()
    entered, leave = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow():
        entered.set()
        leave.wait(10)
        return "finished"

    server = Server(app, "127.0.0.1:0")
    thread = threading.Thread(target=server.run)
    thread.start()
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    line.request("GET", "/slow")
    assert entered.wait(10)
    leave.set()
    answer = line.getresponse()
    assert (answer.status, answer.read()) == (200, b"finished")
    line.close()
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_taken_port_is_an_error_that_says_so(make_app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            Server(make_app(), f"127.0.0.1:{taken.getsockname()[1]}")


@pytest.mark.parametrize("listen", ["8400", "localhost", "127.0.0.1:http", ""])
def test_an_address_that_is_none_is_refused(make_app, listen):
    with pytest.raises(ValueError, match="cannot listen"):
        Server(make_app(), listen)
