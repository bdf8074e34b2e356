"""What the stick tests share: a hub with a key and a memory, signed sectors."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.identity.keys import NodeKey
from provisioning.identity.stick import (
    StickHeader,
    Ticket,
    newest,
    next_counter,
    sign_header,
    sign_ticket,
    verdict,
)

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


class Hub:
    """The hub's record of one stick, as the session core keeps it: two counters."""

    def __init__(self, current: int = 1) -> None:
        self.current = current
        self.offered: int | None = None

    def shown(self, slots: tuple[bytes, bytes]) -> str:
        """What the hub says to a stick that shows these slots."""
        found = newest(slots, header(), HUB_KEY)
        return "nothing" if found is None else verdict(found.ticket.counter, self.current, self.offered)

    def offer(self, slots: tuple[bytes, bytes]) -> tuple[int, bytes]:
        """The slot to write and the ticket for it; what was shown counts from now on."""
        found = newest(slots, header(), HUB_KEY)
        assert found is not None
        self.current = found.ticket.counter
        self.offered = next_counter(self.current, self.offered)
        return found.write_next, ticket_sector(self.offered)

    def confirm(self) -> None:
        """The kiosk read the offered ticket back."""
        assert self.offered is not None
        self.current, self.offered = self.offered, None
