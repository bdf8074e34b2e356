"""What a hostile wire, a peer with a bug and a spoiled outbox do to messages: nothing is lost or in the way."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provisioning.clock import FakeClock
from provisioning.config import Node, load_node
from provisioning.contracts import BadgeOwner, Contract, SignIn, WhoseBadge
from provisioning.errors import Corrupt, Unavailable
from provisioning.identity import Keyring, NodeKey, open_sealed
from provisioning.store import Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import NodeClient, OutboxDrain, Receiver
from provisioning.sync.client import client_of

from .node_kit import make_site

Answer = tuple[int, bytes]


def note(text: str) -> SignIn:
    """A message with a word in it."""
    return SignIn(kiosk_id="kiosk-a", credential="badge", uid=text, pin="0000")


@dataclass
class Wire:
    """A hub behind a wire that the test may bend: ``bend`` gets what was asked and what the hub would answer."""

    nodes: dict[str, Node]
    clock: FakeClock
    store: Store
    told: list[str] = field(default_factory=list)
    bugs: set[str] = field(default_factory=set)
    bend: Callable[[bytes, Answer], Answer] | None = None
    seen: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.receiver = Receiver(
            NodeKey.load(self.nodes["hub"]), Keyring.load(self.nodes["hub"]), self.store, self.clock
        )
        self.receiver.on_call(WhoseBadge, lambda _sender, question: BadgeOwner(label=_uid(question)))
        self.receiver.on_message(SignIn, self._hear)

    def _hear(self, _sender: str, message: Contract) -> None:
        if _uid(message) in self.bugs:
            raise ZeroDivisionError
        self.told.append(_uid(message))

    def answer(self, path: str, body: bytes) -> Answer:
        """As a node's web app answers, then bent."""
        self.seen.append(body)
        try:
            act = self.receiver.answer if path.endswith("call") else self.receiver.take
            honest: Answer = 200, act(body)
        except Corrupt as error:
            honest = 500, json.dumps({"error": {"family": "corrupt", "code": error.reason}}).encode()
        except ZeroDivisionError:
            honest = 500, b'{"error": {"family": "corrupt", "code": "bug", "detail": {"number": "E-1"}}}'
        return self.bend(body, honest) if self.bend else honest


def _uid(contract: Contract) -> str:
    assert isinstance(contract, SignIn | WhoseBadge)
    return contract.uid


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Node]:
    return make_site(tmp_path, {"hub": "hub", "kiosk-a": "kiosk"})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wire(nodes: dict[str, Node], clock: FakeClock, tmp_path: Path) -> Iterator[Wire]:
    store = open_store(tmp_path / "hub.sqlite", [MAIL])
    yield Wire(nodes, clock, store)
    store.close()


@pytest.fixture
def client(wire: Wire, nodes: dict[str, Node], clock: FakeClock) -> Iterator[NodeClient]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, data = wire.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    key, ring = NodeKey.load(nodes["kiosk-a"]), Keyring.load(nodes["kiosk-a"])
    yield NodeClient("hub", f"http://127.0.0.1:{server.server_port}", key, ring, clock)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "kiosk.sqlite", [MAIL])
    yield opened
    opened.close()


@pytest.fixture
def outbox(store: Store, clock: FakeClock) -> Outbox:
    return Outbox(store, clock)


@pytest.fixture
def drain(outbox: Outbox, client: NodeClient, clock: FakeClock) -> OutboxDrain:
    return OutboxDrain(outbox, client, clock)


@pytest.mark.parametrize(
    "page", [b"<html>Please accept the terms of this network.</html>", b"", b"{}", b'{"payload": "e30="}']
)
def test_an_answer_that_the_peer_did_not_sign_never_ends_a_message(
    wire: Wire, drain: OutboxDrain, outbox: Outbox, page: bytes
) -> None:
    outbox.put("hub", note("wish"))
    wire.bend = lambda _asked, _honest: (200, page)
    with pytest.raises(Unavailable):
        drain.drain_once()
    assert outbox.count_waiting() == 1
    wire.bend = None
    assert drain.drain_once() == 1
    assert wire.told == ["wish"]


def test_a_recorded_receipt_does_not_make_another_message_delivered(
    wire: Wire, drain: OutboxDrain, outbox: Outbox
) -> None:
    receipts: list[bytes] = []

    def record(_asked: bytes, honest: Answer) -> Answer:
        receipts.append(honest[1])
        return honest

    wire.bend = record
    outbox.put("hub", note("first"))
    drain.drain_once()
    outbox.put("hub", note("second"))
    wire.bend = lambda _asked, _honest: (200, receipts[0])
    with pytest.raises(Unavailable):
        drain.drain_once()
    assert outbox.count_waiting() == 1


def test_a_recorded_yes_does_not_answer_another_question(wire: Wire, client: NodeClient) -> None:
    answers: list[bytes] = []

    def record(_asked: bytes, honest: Answer) -> Answer:
        answers.append(honest[1])
        return honest

    wire.bend = record
    client.call(WhoseBadge(uid="04A1"))
    wire.bend = lambda _asked, _honest: (200, answers[0])
    with pytest.raises(Unavailable, match="peer_unreadable"):
        client.call(WhoseBadge(uid="04B2"))


def test_a_recorded_call_is_answered_once(wire: Wire, client: NodeClient, nodes: dict[str, Node]) -> None:
    client.call(WhoseBadge(uid="04A1"))
    again = open_sealed(wire.receiver.answer(wire.seen[0]), Keyring.load(nodes["kiosk-a"]), "kiosk-a")
    assert "call_repeated" in str(again.contract)


def test_a_message_over_which_the_peer_stumbles_stays_and_lets_the_others_pass(
    wire: Wire, drain: OutboxDrain, outbox: Outbox, clock: FakeClock
) -> None:
    wire.bugs.add("poison")
    for word, subject in (("poison", "s1"), ("same", "s1"), ("other", "s2"), ("free", "")):
        outbox.put("hub", note(word), subject)
    for _ in range(3):  # at first it may be a hiccup: the order is kept
        with pytest.raises(Unavailable):
            drain.drain_once()
        assert wire.told == []
    assert drain.drain_once() == 2
    assert wire.told == ["other", "free"], "what is about the same thing keeps its place behind"
    assert drain.drain_once() == 0
    assert len(wire.seen) == 6, "it is not hammered"
    clock.advance(61)
    wire.bugs.clear()  # the peer was mended
    assert drain.drain_once() == 2
    assert wire.told == ["other", "free", "poison", "same"]
    assert outbox.count_waiting() == 0


def test_a_message_that_cannot_be_read_is_kept_aside_and_lets_the_next_pass(
    wire: Wire, drain: OutboxDrain, outbox: Outbox, store: Store
) -> None:
    spoiled = outbox.put("hub", note("spoiled"), "s1")
    outbox.put("hub", note("good"), "s1")
    store.run("UPDATE outbox SET body = x'ff00' WHERE message_id = ?", (spoiled,))
    assert drain.drain_once() == 1
    assert wire.told == ["good"]
    kept = store.row("SELECT refused, body FROM outbox WHERE message_id = ?", (spoiled,))
    assert kept == {"refused": "outbox_unreadable", "body": b"\xff\x00"}


def test_a_signed_not_now_is_asked_again(wire: Wire, drain: OutboxDrain, outbox: Outbox) -> None:
    full = True

    def hear(_sender: str, message: Contract) -> None:
        if full:
            raise Unavailable("store_full")
        wire.told.append(_uid(message))

    wire.receiver.on_message(SignIn, hear)
    outbox.put("hub", note("wish"))
    with pytest.raises(Unavailable, match="store_full"):
        drain.drain_once()
    full = False
    assert drain.drain_once() == 1
    assert wire.told == ["wish"]


def test_a_bug_in_the_middle_of_a_message_leaves_no_trace_of_it(wire: Wire, client: NodeClient) -> None:
    wire.bugs.add("poison")
    with pytest.raises(Unavailable):
        client.deliver("m-1", note("poison"))
    wire.bugs.clear()
    client.deliver("m-1", note("poison"))
    client.deliver("m-1", note("poison"))
    assert wire.told == ["poison"]


def test_a_stop_does_not_wait_for_a_peer_that_never_answers(
    wire: Wire, drain: OutboxDrain, outbox: Outbox
) -> None:
    asked, release = threading.Event(), threading.Event()

    def hang(_asked: bytes, honest: Answer) -> Answer:
        asked.set()
        release.wait(10)
        return honest

    wire.bend = hang
    outbox.put("hub", note("wish"))
    drain.start()
    assert asked.wait(5)
    drain.stop()
    assert not release.is_set()
    release.set()
    drain._thread.join(5)
    assert outbox.count_waiting() == 1, "it is sent again after the start"


def test_a_peer_that_never_answers_is_said_to_be_slow(wire: Wire, client: NodeClient) -> None:
    release = threading.Event()

    def hang(_asked: bytes, honest: Answer) -> Answer:
        release.wait(5)
        return honest

    wire.bend = hang
    with pytest.raises(Unavailable, match="peer_slow"):
        client.call(WhoseBadge(uid="04"), read_s=0.05)
    release.set()


def test_lines_of_delivered_messages_do_not_pile_up(
    drain: OutboxDrain, outbox: Outbox, store: Store, clock: FakeClock
) -> None:
    outbox.put("hub", note("old"))
    drain.drain_once()
    clock.advance(15 * 24 * 3600)
    outbox.put("hub", note("waits"))
    drain._tidy()
    assert store.rows("SELECT delivered_utc FROM outbox") == [{"delivered_utc": None}]


def test_a_peer_behind_https_is_shown_this_nodes_certificate(
    nodes: dict[str, Node], clock: FakeClock, tmp_path: Path
) -> None:
    file = nodes["kiosk-a"].path
    file.write_text(file.read_text() + '[[peers]]\nnode_id = "hub"\nurl = "https://hub"\n')
    node = load_node(file)
    made = client_of(node, "hub", NodeKey.load(node), Keyring.load(node), clock)
    context = made._pool.connection_pool_kw["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [one["subject"] for one in context.get_ca_certs()] == [((("commonName", "Passage test"),),)]


def test_a_thread_that_dies_of_a_bug_takes_its_process_along() -> None:
    code = (
        "import threading, time\nfrom provisioning.log import end_with_any_thread, start_log\n"
        "start_log(); end_with_any_thread()\n"
        "threading.Thread(target=lambda: 1 / 0, name='drain-hub').start(); threading.Event().wait(20)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == 70
    assert "thread drain-hub died" in ended.stderr
