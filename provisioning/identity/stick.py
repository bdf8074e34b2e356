"""What lies on a resident's stick: a header signed once and two slots for rolling tickets, a 512-byte sector each.

A sector: ``magic`` (8 bytes), version and body length (two bytes each, big-endian), the body as canonical JSON
(RFC 8785), zeros; at 416 the hub's Ed25519 signature over everything before it; at 480 a SHA-256 over everything before
it. The hash carries no trust, anyone can make one: it tells a torn write (``stick_unreadable``) from a sector
that somebody wrote so on purpose (``stick_foreign``).
"""

import hashlib
import hmac
from typing import Literal, NamedTuple, TypeVar

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provisioning.errors import Corrupt
from provisioning.identity.keys import NodeKey

SECTOR_BYTES = 512  # the smallest unit that USB mass storage writes (SCSI SBC-3, logical block of 512 bytes)
VERSION = 1
HEADER_MAGIC = b"PSG-HEAD"
TICKET_MAGIC = b"PSG-TICK"
_SIGNATURE_AT = 416
_DIGEST_AT = 480
_BODY_AT = 12
_DOMAINS = {HEADER_MAGIC: b"passage stick header v1\0", TICKET_MAGIC: b"passage stick ticket v1\0"}
_HOLDER_DOMAIN = b"passage stick holder v1\0"
MAX_ID_CHARS = 64  # site and stick ids; both at their longest still fit before the signature
MAX_COUNTER = 2**53 - 1  # the largest integer of RFC 8785 (ECMAScript's safe integers)


class StickHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose site and which stick: signed when it was issued, never written again."""

    site_id: str
    stick_id: str
    holder: str
    issued_utc: str


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One use of the stick. ``counter`` only grows; ``nonce`` makes two of the same counter differ."""

    site_id: str
    stick_id: str
    holder: str
    counter: int
    at_utc: str
    nonce: str


T = TypeVar("T", StickHeader, Ticket)
Verdict = Literal["good", "promoted", "copied", "ahead"]


class Newest(NamedTuple):
    """The newest ticket that a stick shows, and the index (0 or 1) of the slot that the next one overwrites."""

    ticket: Ticket
    write_next: int


def blind_holder(resident_id: str, key: bytes) -> str:
    """A resident as a stick names them: 32 hexadecimal digits, the first half of an HMAC-SHA256 (NIST SP 800-107).

    ``key`` is the hub's alone: who finds a stick learns nothing, not even whether two belong to one person
    of different sites.
    """
    return hmac.new(key, _HOLDER_DOMAIN + resident_id.encode(), hashlib.sha256).hexdigest()[:32]


def holder_key(pepper: bytes) -> bytes:
    """The hub's key for :func:`blind_holder`; without the site's pepper nobody makes it."""
    return hmac.new(pepper, b"stick holder", hashlib.sha256).digest()


def sign_header(header: StickHeader, key: NodeKey) -> bytes:
    """The header's sector (512 bytes), signed by the hub.

    Raises:
        ValueError: an id is empty or longer than 64 characters, or everything together does not fit.
    """
    return _sector(HEADER_MAGIC, header, key)


def sign_ticket(ticket: Ticket, key: NodeKey) -> bytes:
    """A ticket's sector (512 bytes), signed by the hub.

    Raises:
        ValueError: as :func:`sign_header`, or the counter is not between 1 and 2**53 - 1.
    """
    if not 1 <= ticket.counter <= MAX_COUNTER:
        raise ValueError(f"a ticket's counter cannot be {ticket.counter}")
    return _sector(TICKET_MAGIC, ticket, key)


def read_header(data: bytes, hub_public_key: Ed25519PublicKey, site_id: str) -> StickHeader:
    """What a header's sector says, when this hub signed it for this site.

    Raises:
        Corrupt: ``stick_unreadable`` (torn, empty, or no sector of ours), ``stick_foreign`` (another site's, or
            not signed by this hub).
    """
    return _read(data, HEADER_MAGIC, StickHeader, hub_public_key, site_id)


def read_ticket(data: bytes, hub_public_key: Ed25519PublicKey, site_id: str) -> Ticket:
    """What a slot's sector says, when this hub signed it for this site. Raises as :func:`read_header`."""
    return _read(data, TICKET_MAGIC, Ticket, hub_public_key, site_id)


def newest(slots: tuple[bytes, bytes], header: StickHeader, key: Ed25519PublicKey) -> Newest | None:
    """The newest ticket of this very stick, and where the next belongs; None when neither slot holds one.

    The next ticket goes into the slot that does not hold the newest: whatever happens to that write, the newest stays.
    A ticket of another stick or holder counts as none, whoever signed it.
    """
    shown = [(ticket, index) for index in (0, 1) if (ticket := _slot(slots[index], header, key))]
    if not shown:
        return None
    ticket, index = max(shown, key=lambda one: (one[0].counter, one[0].at_utc))
    return Newest(ticket, 1 - index)


def verdict(shown: int, current: int, offered: int | None) -> Verdict:
    """What the counter of a signed ticket means, against the hub's record of the stick.

    ``current`` is the last counter that was confirmed, ``offered`` the last that was handed out and not yet confirmed
    (None or ``current`` when none is out).

    - ``good``: the last confirmed one.
    - ``promoted``: handed out and written, but the confirmation was lost (pulled, line away): now it counts.
    - ``copied``: already used up, so somebody used a copy (or this is the copy). Block every copy.
    - ``ahead``: signed by this hub, which does not remember it: restored from a backup. Accept and follow.

    Source of the rule: pam_usb rotates a pad at each login and locks people out when the write is lost
    (practice.md 2.6); two slots and two remembered counters close that gap.
    """
    if shown < current:
        return "copied"
    if shown == current:
        return "good"
    return "promoted" if offered is not None and shown <= offered else "ahead"


def next_counter(current: int, offered: int | None) -> int:
    """The counter to hand out: never the same one twice, so that no two sticks ever show the same new ticket.

    Were an unconfirmed counter handed out again, a copy could take the one that the real stick already carries.
    """
    return max(current, offered or 0) + 1


def _slot(data: bytes, header: StickHeader, key: Ed25519PublicKey) -> Ticket | None:
    try:
        ticket = read_ticket(data, key, header.site_id)
    except Corrupt:
        return None
    same = (ticket.stick_id, ticket.holder) == (header.stick_id, header.holder)
    return ticket if same else None


def _sector(magic: bytes, content: StickHeader | Ticket, key: NodeKey) -> bytes:
    for name in (content.site_id, content.stick_id):
        if not 1 <= len(name) <= MAX_ID_CHARS:
            raise ValueError(f"an id of {len(name)} characters does not belong on a stick")
    body = rfc8785.dumps(msgspec.to_builtins(content))
    signed = magic + VERSION.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
    if len(signed) > _SIGNATURE_AT:
        raise ValueError(f"{len(signed)} bytes do not fit before the signature")
    signed = signed.ljust(_SIGNATURE_AT, b"\0")
    with_signature = signed + key.key.sign(_DOMAINS[magic] + signed)
    return with_signature + hashlib.sha256(with_signature).digest()


def _read(data: bytes, magic: bytes, kind: type[T], key: Ed25519PublicKey, site_id: str) -> T:
    if len(data) != SECTOR_BYTES or data[:8] != magic:
        raise Corrupt("stick_unreadable", reason="no sector of ours")
    if hashlib.sha256(data[:_DIGEST_AT]).digest() != data[_DIGEST_AT:]:
        raise Corrupt("stick_unreadable", reason="torn")
    try:
        key.verify(data[_SIGNATURE_AT:_DIGEST_AT], _DOMAINS[magic] + data[:_SIGNATURE_AT])
    except InvalidSignature as error:
        raise Corrupt("stick_foreign", reason="signature") from error
    content = _content(data, kind)
    if content.site_id != site_id:
        raise Corrupt("stick_foreign", reason="site")
    return content


def _content(data: bytes, kind: type[T]) -> T:
    version, length = int.from_bytes(data[8:10], "big"), int.from_bytes(data[10:12], "big")
    if version != VERSION or length > _SIGNATURE_AT - _BODY_AT:
        raise Corrupt("stick_unreadable", reason=f"version {version}, body of {length} bytes")
    try:
        return msgspec.json.decode(data[_BODY_AT : _BODY_AT + length], type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt("stick_unreadable", reason=type(error).__name__) from error
