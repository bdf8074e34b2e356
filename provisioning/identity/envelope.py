"""Signed envelopes: a contract inside DSSE over canonical JSON (RFC 8785), addressed to one node.

The signature, not the wire, says who speaks: a message that waited a day in an outbox, was carried on a
stick or came through a proxy is checked the same way.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SslibError
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import SSlibKey

from provisioning.clock import Clock, iso
from provisioning.contracts.base import Contract, contract_name, decode, encode, learn
from provisioning.errors import Corrupt
from provisioning.identity.keys import Keyring, NodeKey
from provisioning.ids import new_key

PAYLOAD_TYPE = "application/vnd.passage+json"


class _Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    sender: str
    to: str
    at_utc: str
    kind: str
    re: str = ""  # an answer names the question: a recorded yes answers nothing else
    body: dict[str, object]


learn(_Letter)


@dataclass(frozen=True)
class Opened:
    """An envelope whose signature was checked."""

    sender: str
    message_id: str
    at_utc: str
    contract: Contract
    re: str = ""  # the message id that this answers


def canonical(plain: dict[str, Any]) -> bytes:
    """RFC 8785 bytes of plain JSON values."""
    return rfc8785.dumps(plain)


def _public(key: Ed25519PublicKey, keyid: str) -> SSlibKey:
    return SSlibKey.from_crypto(key, keyid=keyid)


def _signer(key: Ed25519PrivateKey, keyid: str) -> CryptoSigner:
    return CryptoSigner(key, _public(key.public_key(), keyid))


def seal(
    contract: Contract, to: str, signer: NodeKey, clock: Clock, message_id: str = "", re: str = ""
) -> bytes:
    """The signed envelope of a contract for node ``to``, as JSON bytes; ``re`` is the message that it answers."""
    letter = {
        "id": message_id or new_key(),
        "sender": signer.node_id,
        "to": to,
        "at_utc": iso(clock.now_utc()),
        "kind": contract_name(contract),
        "re": re,
        "body": encode(contract),
    }
    envelope = Envelope(canonical(letter), PAYLOAD_TYPE, {})
    envelope.sign(_signer(signer.key, signer.node_id))
    return json.dumps(envelope.to_dict()).encode()


def open_sealed(data: bytes, keyring: Keyring, to: str) -> Opened:
    """What an envelope says, when the signature is right and it is meant for node ``to``.

    Raises:
        Corrupt: ``envelope_unreadable``, ``envelope_foreign`` (signature or sender not trusted),
            ``envelope_misdirected``, or the contract's own complaints.
    """
    try:
        envelope = Envelope.from_dict(json.loads(data))
        letter = msgspec.json.decode(envelope.payload, type=_Letter)
    except (ValueError, KeyError, TypeError, AttributeError, SslibError) as error:
        raise Corrupt("envelope_unreadable", reason=type(error).__name__) from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Corrupt("envelope_unreadable", reason="payload type")
    try:
        envelope.verify([_public(keyring.key_of(letter.sender), letter.sender)], 1)
    except SslibError as error:
        raise Corrupt("envelope_foreign", sender=letter.sender) from error
    if letter.to != to:
        raise Corrupt("envelope_misdirected", to=letter.to)
    return Opened(letter.sender, letter.id, letter.at_utc, decode(letter.kind, letter.body), letter.re)


def sign_document(data: bytes, payload_type: str, signer: NodeKey) -> bytes:
    """A document that is for every node of the site, not for one: its bytes in a signed envelope."""
    envelope = Envelope(data, payload_type, {})
    envelope.sign(_signer(signer.key, signer.node_id))
    return json.dumps(envelope.to_dict()).encode()


def open_document(data: bytes, payload_type: str, signer_id: str, key: Ed25519PublicKey) -> bytes:
    """The bytes of a signed document, when node ``signer_id`` with this key signed it.

    Raises:
        Corrupt: ``envelope_unreadable``, ``envelope_foreign``.
    """
    try:
        envelope = Envelope.from_dict(json.loads(data))
        if envelope.payload_type != payload_type:
            raise Corrupt("envelope_unreadable", reason="payload type")
        envelope.verify([_public(key, signer_id)], 1)
    except SslibError as error:
        raise Corrupt("envelope_foreign", sender=signer_id) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt("envelope_unreadable", reason=type(error).__name__) from error
    payload: bytes = envelope.payload
    return payload
