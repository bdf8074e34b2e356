"""Asking another node: a signed question, a signed answer, or a reason why not."""

import ssl
from pathlib import Path

import msgspec
import urllib3

from provisioning.clock import Clock
from provisioning.config import Node
from provisioning.contracts.base import Contract, Refusal
from provisioning.errors import FAMILIES, Corrupt, Unavailable
from provisioning.identity.envelope import Opened, open_sealed, seal
from provisioning.identity.keys import Keyring, NodeKey
from provisioning.ids import new_key

CONNECT_S = 2.0
READ_S = 10.0
CALL_PATH = "/api/v1/call"
INBOX_PATH = "/api/v1/inbox"
HEADERS = {"Content-Type": "application/json"}
ABOUT_THE_MESSAGE = frozenset(
    {400, 413, 500}
)  # not a word about the peer's health: this message it cannot take


class PeerStumbled(Unavailable):
    """The peer is there and cannot read or handle this one message; no final word, and no reason to hold the others."""

    code = "peer_refused"


def mutual_tls(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """A client context that trusts only the site's authority and shows this node's certificate."""
    context = ssl.create_default_context(cafile=str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(str(certificate), str(key))
    return context


class NodeClient:
    """One peer, as this node reaches it."""

    def __init__(
        self,
        peer: str,
        url: str,
        signer: NodeKey,
        keyring: Keyring,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.peer = peer
        self._url = url.rstrip("/")
        self._signer = signer
        self._keyring = keyring
        self._clock = clock
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=4, block=False, retries=False, ssl_context=tls)

    def call(self, contract: Contract, read_s: float = READ_S) -> Contract:
        """The peer's answer, waited for ``read_s`` seconds at most.

        Raises:
            Unavailable: the peer cannot be reached (``peer_away``), does not answer (``peer_slow``), answers what is
                no answer of its own (``peer_unreadable``), or said so itself.
            Refused, Tripped, Corrupt: what the peer named, under its signature.
        """
        return self._ask(CALL_PATH, contract, new_key(), read_s)

    def deliver(self, message_id: str, contract: Contract) -> None:
        """Hand over one message; returns when the peer has it on disk. Raises as :meth:`call`."""
        self._ask(INBOX_PATH, contract, message_id, READ_S)

    def _ask(self, path: str, contract: Contract, message_id: str, read_s: float) -> Contract:
        sealed = seal(contract, self.peer, self._signer, self._clock, message_id)
        answer = self._opened(self._post(path, sealed, read_s), message_id).contract
        if isinstance(answer, Refusal):
            raise FAMILIES.get(answer.family, Corrupt)(answer.code, **answer.detail)
        return answer

    def _opened(self, data: bytes, message_id: str) -> Opened:
        """Only the peer's own answer to this very message counts; anything else is as good as none."""
        try:
            opened = open_sealed(data, self._keyring, self._signer.node_id)
        except Corrupt as error:
            raise Unavailable("peer_unreadable", peer=self.peer, reason=error.reason) from error
        if opened.sender != self.peer or opened.re != message_id:
            raise Unavailable("peer_unreadable", peer=self.peer, reason="answer_foreign")
        return opened

    def _post(self, path: str, body: bytes, read_s: float = READ_S) -> bytes:
        timeout = urllib3.Timeout(connect=CONNECT_S, read=read_s)
        try:
            answer = self._pool.request("POST", self._url + path, body=body, headers=HEADERS, timeout=timeout)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise Unavailable("peer_slow", peer=self.peer) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("peer_away", peer=self.peer) from error
        if answer.status != 200:
            raise _plain_refusal(answer.status, answer.data, self.peer)
        return bytes(answer.data)


def client_of(node: Node, peer: str, signer: NodeKey, keyring: Keyring, clock: Clock) -> NodeClient:
    """The way from this node to a peer that node.toml names; with certificates of both when its url is https.

    Raises:
        ConfigRefused: node.toml does not name it.
    """
    url, base = node.peer_url(peer), node.path.parent
    tls = None
    if url.startswith("https:"):
        tls = mutual_tls(base / "ca.crt", base / "node.crt", node.credentials_dir / "node.key")
    return NodeClient(peer, url, signer, keyring, clock, tls)


class _Named(msgspec.Struct, frozen=True):
    code: str = ""


class _Plain(msgspec.Struct, frozen=True):
    error: _Named = _Named()


def _plain_refusal(status: int, data: bytes, peer: str) -> Unavailable:
    """An unsigned no: from a proxy, or because the peer could not even read who asks. Never a final answer."""
    try:
        code = msgspec.json.decode(data, type=_Plain).error.code
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
        code = ""
    kind = PeerStumbled if status in ABOUT_THE_MESSAGE else Unavailable
    return kind("peer_refused", peer=peer, status=status, reason=code)
