"""The hub as systemd starts it: ready, answering signed calls over HTTP, telling the farm, stopping when asked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.clock import SystemClock
from provisioning.config import Node, load_node
from provisioning.contracts import Lease, MyRequests, PublicCopy, PublicCopyAnswer, RequestList, SignIn
from provisioning.errors import Refused
from provisioning.identity import Keyring, NodeKey
from provisioning.sync import NodeClient
from tests.kiosk.hub.hub_kit import AMIRA, make_nodes, people_in, start_hub
from tests.support import free_port, wait_readable

TOP = Path(__file__).parents[3]
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from kiosk.cli import hub; hub(sys.argv[1:])",
    "serve",
    "--config",
]


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Node]:
    made = make_nodes(tmp_path)
    hub = start_hub(made["hub"], SystemClock())
    people_in(hub)
    hub.store.close()
    config = made["hub"].path
    config.write_text(config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    return {**made, "hub": load_node(config)}


def kiosk_client(nodes: dict[str, Node]) -> NodeClient:
    kiosk = nodes["kiosk-a"]
    url = f"http://{nodes['hub'].listen}"
    return NodeClient("hub", url, NodeKey.load(kiosk), Keyring.load(kiosk), SystemClock())


def test_it_says_ready_answers_kiosks_and_stops_when_asked(nodes: dict[str, Node], run_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(run_dir / "notify"))
        environment = {**os.environ, "NOTIFY_SOCKET": str(run_dir / "notify")}
        command = [*COMMAND, str(nodes["hub"].path)]
        with subprocess.Popen(command, cwd=TOP, env=environment, stderr=subprocess.PIPE, text=True) as hub:
            try:
                wait_readable(manager, 30)
                assert manager.recv(100) == b"READY=1"
                kiosk = kiosk_client(nodes)
                lease = kiosk.call(SignIn(kiosk_id="kiosk-a", credential="badge", uid=AMIRA, pin="1234"))
                assert isinstance(lease, Lease)
                assert lease.standing.resident_id == "r-amira"
                assert isinstance(kiosk.call(MyRequests(session_id=lease.session_id)), RequestList)
                assert isinstance(kiosk.call(PublicCopy()), PublicCopyAnswer)
                with pytest.raises(Refused, match="pin_wrong"):
                    kiosk.call(SignIn(kiosk_id="kiosk-a", credential="badge", uid=AMIRA, pin="0000"))
            finally:
                hub.send_signal(signal.SIGTERM)
            assert hub.wait(10) == 0
            assert hub.stderr is not None
            journal = hub.stderr.read()
    assert "farm is away" in journal
    assert "Amira" not in journal
    assert AMIRA not in journal


def test_a_taken_address_is_said_in_one_line(nodes: dict[str, Node]) -> None:
    host, _, port = nodes["hub"].listen.rpartition(":")
    with socket.create_server((host, int(port))):
        command = [*COMMAND, str(nodes["hub"].path)]
        ended = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"Error: address_taken listen='{host}:{port}'"


def test_a_second_hub_on_the_same_record_is_refused(nodes: dict[str, Node]) -> None:
    first = start_hub(nodes["hub"], SystemClock())
    try:
        command = [*COMMAND, str(nodes["hub"].path)]
        ended = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False, timeout=60)
    finally:
        first.store.close()
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Error: store_owned file='hub.sqlite'"
