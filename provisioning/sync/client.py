"""Asking another node: a signed question, a signed answer, or a reason why not."""

import ssl
from pathlib import Path

import msgspec
import urllib3

from provisioning.clock import Clock
from provisioning.contracts.base import Contract, Refusal
from provisioning.errors import FAMILIES, Corrupt, Unavailable
from provisioning.identity.envelope import open_sealed, seal
from provisioning.identity.keys import Keyring, NodeKey

CONNECT_S = 2.0
READ_S = 10.0
CALL_PATH = "/api/v1/call"
INBOX_PATH = "/api/v1/inbox"
HEADERS = {"Content-Type": "application/json"}


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
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=4, block=False, retries=False, timeout=timeout, ssl_context=tls
        )

    def call(self, contract: Contract) -> Contract:
        """The peer's answer.

        Raises:
            Unavailable: the peer cannot be reached, or said so itself.
            Refused, Tripped, Corrupt: what the peer named.
        """
        data = self._post(CALL_PATH, seal(contract, self.peer, self._signer, self._clock))
        opened = open_sealed(data, self._keyring, self._signer.node_id)
        if opened.sender != self.peer:
            raise Corrupt("envelope_foreign", sender=opened.sender)
        if isinstance(opened.contract, Refusal):
            refusal = opened.contract
            raise FAMILIES.get(refusal.family, Corrupt)(refusal.code, **refusal.detail)
        return opened.contract

    def deliver(self, message_id: str, contract: Contract) -> None:
        """Hand over one message; returns when the peer has it on disk. Raises as :meth:`call`."""
        data = self._post(INBOX_PATH, seal(contract, self.peer, self._signer, self._clock, message_id))
        opened = open_sealed(data, self._keyring, self._signer.node_id)
        if isinstance(opened.contract, Refusal):
            refusal = opened.contract
            raise FAMILIES.get(refusal.family, Corrupt)(refusal.code, **refusal.detail)

    def _post(self, path: str, body: bytes) -> bytes:
        try:
            answer = self._pool.request("POST", self._url + path, body=body, headers=HEADERS)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("peer_away", peer=self.peer) from error
        if answer.status != 200:
            raise _plain_refusal(answer.status, answer.data, self.peer)
        return bytes(answer.data)


class _Plain(msgspec.Struct, frozen=True):
    code: str = ""


def _plain_refusal(status: int, data: bytes, peer: str) -> Exception:
    """An unsigned no: from a proxy, or because the peer could not even read who asks. Never a final answer."""
    try:
        code = msgspec.json.decode(data, type=_Plain).code
    except (msgspec.DecodeError, msgspec.ValidationError):
        code = ""
    return Unavailable("peer_refused", peer=peer, status=status, reason=code)
