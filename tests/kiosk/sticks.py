"""A stick's sectors in memory, read and written by the product's own rules; in a hand, or plugged into a reader."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.identity import NodeKey
from provisioning.identity.stick import (
    Newest,
    StickHeader,
    Ticket,
    newest,
    read_header,
    sign_header,
    sign_ticket,
)
from provisioning.readers.words import Did, Order, StickSeen, WriteSlot

NOW = "2026-11-22T08:00:00.000Z"


@dataclass
class Stick:
    """One stick. As a reader it carries out what the pages order, one sector at a time."""

    stick_id: str
    site_id: str
    key: NodeKey
    header: bytes
    slots: tuple[bytes, bytes]
    pull_after: int | None = None  # bytes of the next write that arrive
    orders: list[Order] = field(default_factory=list)

    @classmethod
    def made(cls, key: NodeKey, site_id: str, stick_id: str, holder: str, counter: int = 1) -> Stick:
        """A fresh stick, as a hub with this key makes it."""
        header = StickHeader(site_id=site_id, stick_id=stick_id, holder=holder, issued_utc=NOW)
        ticket = Ticket(
            site_id=site_id, stick_id=stick_id, holder=holder, counter=counter, at_utc=NOW, nonce="0" * 32
        )
        slots = (sign_ticket(ticket, key), bytes(512))
        return cls(stick_id, site_id, key, sign_header(header, key), slots)

    def copy(self) -> Stick:
        """A clone, sector by sector."""
        return Stick(self.stick_id, self.site_id, self.key, self.header, self.slots)

    def newest(self) -> Newest:
        """The newest ticket and the slot to write next."""
        public = self.key.key.public_key()
        found = newest(self.slots, read_header(self.header, public, self.site_id), public)
        assert found is not None, "the stick shows no ticket any more"
        return found

    def shown(self) -> bytes:
        """The sector with the newest ticket."""
        return self.slots[1 - self.newest().write_next]

    def write(self, sector: bytes, index: int | None = None) -> None:
        """Write a sector where the next one belongs; a shorter one is a stick pulled meanwhile."""
        at = self.newest().write_next if index is None else index
        torn = sector + self.slots[at][len(sector) :]
        self.slots = (torn, self.slots[1]) if at == 0 else (self.slots[0], torn)

    # --- in a reader ---

    def seen(self) -> StickSeen:
        """What a reader says when it is plugged in."""
        return StickSeen("ours", self.header, self.slots)

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Carry out an order of the pages."""
        assert timeout_s > 0
        assert isinstance(order, WriteSlot)
        self.orders.append(order)
        cut, self.pull_after = self.pull_after, None
        self.write(order.sector[:cut], order.index)
        return Did(order.order, "" if cut is None else "stick_gone")

    def cancel(self, order_id: str) -> None:
        """Nothing here takes long."""
