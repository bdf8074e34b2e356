"""What the stick tests share: a hub with a key, signed sectors."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.identity.keys import NodeKey
from provisioning.identity.stick import StickHeader, Ticket, sign_header, sign_ticket

SITE = "demo"
STICK = "S-7K3M9Q"
HOLDER = "0123456789abcdef0123456789abcdef"
AT = "2026-11-22T08:31:00.123Z"

HUB = NodeKey("hub-1", Ed25519PrivateKey.generate())
HUB_KEY = HUB.key.public_key()
STRANGER = NodeKey("hub-1", Ed25519PrivateKey.generate())


def header(site: str = SITE, stick: str = STICK, holder: str = HOLDER) -> StickHeader:
    return StickHeader(site_id=site, stick_id=stick, holder=holder, issued_utc=AT)


def ticket(counter: int, site: str = SITE, stick: str = STICK, holder: str = HOLDER) -> Ticket:
    nonce = f"{counter:032x}"
    return Ticket(site_id=site, stick_id=stick, holder=holder, counter=counter, at_utc=AT, nonce=nonce)


def header_sector(key: NodeKey = HUB, **fields: str) -> bytes:
    return sign_header(header(**fields), key)


def ticket_sector(counter: int, key: NodeKey = HUB, **fields: str) -> bytes:
    return sign_ticket(ticket(counter, **fields), key)
