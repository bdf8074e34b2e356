"""A policy between machines: its TOML text in an envelope that the hub signed."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provisioning.identity import NodeKey
from provisioning.identity.envelope import open_document, sign_document

PAYLOAD_TYPE = "application/vnd.passage.policy+toml"


def sign_policy(text: str, signer: NodeKey) -> bytes:
    """The signed document of a policy's text."""
    return sign_document(text.encode(), PAYLOAD_TYPE, signer)


def open_policy(document: bytes, signer_id: str, key: Ed25519PublicKey) -> str:
    """The text of a policy, when this node signed it.

    Raises:
        Corrupt: ``envelope_unreadable``, ``envelope_foreign``.
    """
    return open_document(document, PAYLOAD_TYPE, signer_id, key).decode()
