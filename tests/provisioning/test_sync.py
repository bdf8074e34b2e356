"""Nodes that ask and tell each other over real HTTP on loopback."""

import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from provisioning.clock import FakeClock, SystemClock
from provisioning.contracts import BadgeOwner, Contract, SignIn, WhoseBadge
from provisioning.errors import Corrupt, Refused, Unavailable
from provisioning.identity import Keyring, NodeKey, seal
from provisioning.store import Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import NodeClient, OutboxDrain, Receiver

from .node_kit import make_site


class Quiet(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing."""


class Hub:
    """A node that answers, on a real port, and remembers what it was told."""

    def __init__(self, nodes, base: Path) -> None:
        self.store: Store = open_store(base / "hub.sqlite", [MAIL])
        self.told: list[Contract] = []
        self.receiver = Receiver(
            NodeKey.load(nodes["hub"]), Keyring.load(nodes["hub"]), self.store, SystemClock()
        )
        self.receiver.on_call(WhoseBadge, self._whose)
        self.receiver.on_message(SignIn, lambda _sender, contract: self.told.append(contract))
        self.receiver.on_message(WhoseBadge, self._refuse)
        self.server = make_server("127.0.0.1", 0, self._wsgi, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _whose(self, _sender: str, question: Contract) -> Contract:
        assert isinstance(question, WhoseBadge)
        if question.uid == "none":
            raise Refused("badge_unknown", uid=question.uid)
        return BadgeOwner(resident_id="r-1", label=question.uid)

    def _refuse(self, _sender: str, _contract: Contract) -> None:
        raise Refused("badge_unknown")

    def _wsgi(self, environ, start_response):
        data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            act = self.receiver.answer if environ["PATH_INFO"].endswith("call") else self.receiver.take
            body, status = act(data), "200 OK"
        except Corrupt as error:
            body, status = b'{"error": {"code": "%s"}}' % error.reason.encode(), "400 Bad Request"
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.store.close()


@pytest.fixture
def nodes(tmp_path: Path):
    return make_site(tmp_path, {"hub": "hub", "kiosk-a": "kiosk"})


@pytest.fixture
def hub(nodes, tmp_path: Path) -> Iterator[Hub]:
    running = Hub(nodes, tmp_path)
    yield running
    running.close()


def client(nodes, url: str) -> NodeClient:
    return NodeClient(
        "hub", url, NodeKey.load(nodes["kiosk-a"]), Keyring.load(nodes["kiosk-a"]), SystemClock()
    )


ASK = SignIn(kiosk_id="kiosk-a", credential="badge", uid="04A1", pin="1234")


def test_a_call_is_answered_or_refused_with_the_code_the_other_side_named(nodes, hub: Hub):
    asking = client(nodes, hub.url)
    assert asking.call(WhoseBadge(uid="04")) == BadgeOwner(resident_id="r-1", label="04")
    with pytest.raises(Refused, match="badge_unknown"):
        asking.call(WhoseBadge(uid="none"))
    with pytest.raises(Corrupt, match="call_unknown"):
        asking.call(ASK)


def test_a_peer_that_does_not_answer_is_unavailable(nodes, hub: Hub):
    hub.close()
    with pytest.raises(Unavailable, match="peer_away"):
        client(nodes, hub.url).call(WhoseBadge(uid="04"))


def test_an_old_recording_of_a_call_is_refused(nodes, hub: Hub):
    recording = seal(
        WhoseBadge(uid="04"), "hub", NodeKey.load(nodes["kiosk-a"]), FakeClock("2020-01-01T00:00:00Z")
    )
    old = client(nodes, hub.url)._post("/api/v1/call", recording)
    assert b"call_too_old" in __import__("base64").b64decode(__import__("json").loads(old)["payload"])


def test_what_waits_is_delivered_in_order_and_acted_on_once_even_when_sent_twice(
    nodes, hub: Hub, tmp_path: Path
):
    store = open_store(tmp_path / "kiosk.sqlite", [MAIL])
    outbox = Outbox(store, SystemClock())
    drain = OutboxDrain(outbox, client(nodes, hub.url))
    keys = [
        outbox.put("hub", SignIn(kiosk_id="k", credential="badge", uid=str(n), pin="0")) for n in range(3)
    ]
    assert drain.drain_once() == 3
    store.run(
        "UPDATE outbox SET delivered_utc = NULL WHERE message_id = ?", (keys[1],)
    )  # the receipt was lost
    store.run(
        "UPDATE outbox SET body = ? WHERE message_id = ?",
        (b'{"kiosk_id":"k","credential":"badge","uid":"1","pin":"0"}', keys[1]),
    )
    assert drain.drain_once() == 1
    assert [told.uid for told in hub.told] == ["0", "1", "2"]
    store.close()


def test_a_refused_message_is_kept_aside_and_lets_the_next_pass(nodes, hub: Hub, tmp_path: Path):
    store = open_store(tmp_path / "kiosk.sqlite", [MAIL])
    outbox = Outbox(store, SystemClock())
    outbox.put("hub", WhoseBadge(uid="1"))
    outbox.put("hub", ASK)
    OutboxDrain(outbox, client(nodes, hub.url)).drain_once()
    assert hub.told == [ASK]
    assert store.row("SELECT refused FROM outbox WHERE refused IS NOT NULL") == {"refused": "badge_unknown"}
    store.close()


def test_a_drain_keeps_everything_while_the_peer_is_away(nodes, hub: Hub, tmp_path: Path):
    hub.close()
    store = open_store(tmp_path / "kiosk.sqlite", [MAIL])
    outbox = Outbox(store, SystemClock())
    outbox.put("hub", ASK)
    with pytest.raises(Unavailable):
        OutboxDrain(outbox, client(nodes, hub.url)).drain_once()
    assert outbox.count_waiting() == 1
    store.close()
