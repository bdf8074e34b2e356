"""The sectors of a stick: round trips, and everything that is not this hub's is refused."""

from __future__ import annotations

import hashlib
import os
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import Corrupt
from provisioning.identity.stick import (
    MAX_COUNTER,
    SECTOR_BYTES,
    StickHeader,
    Ticket,
    blind_holder,
    newest,
    next_counter,
    read_header,
    read_ticket,
    sign_header,
    sign_ticket,
    verdict,
)

from .stick_kit import (
    AT,
    HOLDER,
    HUB,
    HUB_KEY,
    SITE,
    STICK,
    STRANGER,
    header,
    header_sector,
    ticket,
    ticket_sector,
)

FORGERIES = int(os.environ.get("STICKS", "600"))
IDS = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=64)
HOLDERS = st.text("0123456789abcdef", min_size=32, max_size=32)
COUNTERS = st.integers(1, MAX_COUNTER)


def code_of(data: bytes, site: str = SITE, *, is_header: bool = False) -> str:
    with pytest.raises(Corrupt) as refused:
        (read_header if is_header else read_ticket)(data, HUB_KEY, site)
    return refused.value.reason


@given(IDS, IDS, HOLDERS, COUNTERS, HOLDERS)
def test_every_ticket_fits_one_sector_and_comes_back(
    site: str, stick: str, holder: str, counter: int, nonce: str
) -> None:
    said = Ticket(site_id=site, stick_id=stick, holder=holder, counter=counter, at_utc=AT, nonce=nonce)
    sector = sign_ticket(said, HUB)
    assert len(sector) == SECTOR_BYTES
    assert read_ticket(sector, HUB_KEY, site) == said


@given(IDS, IDS, HOLDERS)
def test_every_header_fits_one_sector_and_comes_back(site: str, stick: str, holder: str) -> None:
    said = StickHeader(site_id=site, stick_id=stick, holder=holder, issued_utc=AT)
    sector = sign_header(said, HUB)
    assert len(sector) == SECTOR_BYTES
    assert read_header(sector, HUB_KEY, site) == said


@given(st.integers(0, SECTOR_BYTES * 8 - 1), st.booleans())
def test_no_flipped_bit_goes_unseen(bit: int, is_header: bool) -> None:
    sector = bytearray(header_sector() if is_header else ticket_sector(7))
    sector[bit // 8] ^= 1 << bit % 8
    assert code_of(bytes(sector), is_header=is_header) == "stick_unreadable"


def with_digest(sector: bytes) -> bytes:
    """What a forger does who knows the format: the hash is anyone's to make."""
    return sector[:480] + hashlib.sha256(sector[:480]).digest()


@given(st.integers(12, 479), st.integers(1, 255))
def test_no_change_with_a_mended_hash_is_accepted(at: int, change: int) -> None:
    sector = bytearray(ticket_sector(7))
    sector[at] ^= change
    assert code_of(with_digest(bytes(sector))) == "stick_foreign"


@pytest.mark.parametrize("data", [b"", bytes(512), b"\xff" * 512, bytes(511), ticket_sector(1) + b"\0"])
def test_emptiness_is_unreadable_not_foreign(data: bytes) -> None:
    assert code_of(data) == "stick_unreadable"
    assert code_of(data, is_header=True) == "stick_unreadable"


def test_a_strangers_signature_and_another_site_are_foreign() -> None:
    assert code_of(ticket_sector(7, STRANGER)) == "stick_foreign"
    assert code_of(ticket_sector(7, site="other")) == "stick_foreign"
    assert code_of(header_sector(STRANGER), is_header=True) == "stick_foreign"
    assert code_of(header_sector(site="other"), is_header=True) == "stick_foreign"


def test_a_header_is_no_ticket_and_a_ticket_no_header() -> None:
    assert code_of(header_sector()) == "stick_unreadable"
    assert code_of(ticket_sector(7), is_header=True) == "stick_unreadable"
    disguised = with_digest(b"PSG-TICK" + header_sector()[8:])
    assert code_of(disguised) == "stick_foreign"


def test_another_version_is_not_guessed_at() -> None:
    body = ticket_sector(7)
    later = body[:8] + (2).to_bytes(2, "big") + body[10:416]
    signed = later + HUB.key.sign(b"passage stick ticket v1\0" + later)
    assert code_of(with_digest(signed)) == "stick_unreadable"


@pytest.mark.parametrize("length", [404, 405, 65535, 0, 10])
def test_a_length_that_lies_crashes_nothing(length: int) -> None:
    body = ticket_sector(7)
    lying = body[:10] + length.to_bytes(2, "big") + body[12:416]
    signed = lying + HUB.key.sign(b"passage stick ticket v1\0" + lying)
    assert code_of(with_digest(signed)) == "stick_unreadable"


@pytest.mark.parametrize("counter", [0, -1, MAX_COUNTER + 1])
def test_a_counter_outside_its_bounds_is_never_signed(counter: int) -> None:
    with pytest.raises(ValueError, match="counter"):
        sign_ticket(ticket(counter), HUB)


@pytest.mark.parametrize(("site", "stick"), [("", "a"), ("a", ""), ("a" * 65, "a"), ("a", "a" * 65)])
def test_an_id_that_cannot_be_one_is_never_signed(site: str, stick: str) -> None:
    with pytest.raises(ValueError, match="an id of"):
        sign_header(header(site=site, stick=stick), HUB)


def test_what_does_not_fit_is_never_signed() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        sign_header(header(holder="a" * 400), HUB)


def forgeries(chance: random.Random) -> list[bytes]:
    """One forged slot of each kind."""
    counter = chance.randrange(1, 1000)
    real = ticket_sector(counter)
    cut = chance.randrange(1, 500)
    written_in = real.replace(f'"counter":{counter},'.encode(), f'"counter":{counter + 1},'.encode())
    return [
        chance.randbytes(512),
        ticket_sector(counter, site="other-site"),
        ticket_sector(counter, STRANGER),
        ticket_sector(counter, stick="S-OTHER"),
        ticket_sector(counter, holder=chance.randbytes(16).hex()),
        flipped(real, chance.randrange(512), chance),
        with_digest(flipped(real, chance.randrange(12, 480), chance)),
        with_digest(b"PSG-TICK" + chance.randbytes(504)),
        with_digest(written_in[:512]),
        real[:cut] + chance.choice((b"\0", b"\xff")) * (512 - cut),
    ]


def flipped(sector: bytes, at: int, chance: random.Random) -> bytes:
    return sector[:at] + bytes([sector[at] ^ 1 << chance.randrange(8)]) + sector[at + 1 :]


def test_no_forged_slot_is_ever_accepted() -> None:
    chance = random.Random(4)
    shown = [slot for _ in range(FORGERIES // 10) for slot in forgeries(chance)]
    pairs = zip(shown, [*shown[1:], shown[0]], strict=True)
    assert [pair for pair in pairs if newest(pair, header(), HUB_KEY)] == []


def test_the_older_or_the_broken_slot_is_written_next() -> None:
    four, five, torn = ticket_sector(4), ticket_sector(5), ticket_sector(6)[:300].ljust(512, b"\0")
    for slots, counter, index in [
        ((four, five), 5, 0),
        ((five, four), 5, 1),
        ((five, torn), 5, 1),
        ((torn, five), 5, 0),
        ((five, bytes(512)), 5, 1),
    ]:
        found = newest(slots, header(), HUB_KEY)
        assert found is not None
        assert (found.ticket.counter, found.write_next) == (counter, index)
    assert newest((torn, torn), header(), HUB_KEY) is None


@given(COUNTERS, COUNTERS)
def test_the_newest_is_the_higher_counter_wherever_it_lies(one: int, other: int) -> None:
    found = newest((ticket_sector(one), ticket_sector(other)), header(), HUB_KEY)
    assert found is not None
    assert found.ticket.counter == max(one, other)
    assert one == other or (one, other)[found.write_next] == min(one, other)


@pytest.mark.parametrize(
    ("shown", "current", "offered", "expected"),
    [
        (7, 7, None, "good"),
        (7, 7, 7, "good"),
        (7, 7, 8, "good"),
        (8, 7, 8, "promoted"),
        (8, 7, 9, "promoted"),
        (6, 7, None, "copied"),
        (6, 7, 8, "copied"),
        (1, 7, 8, "copied"),
        (8, 7, None, "ahead"),
        (8, 7, 7, "ahead"),
        (9, 7, 8, "ahead"),
        (9, 7, 3, "ahead"),
    ],
)
def test_what_a_counter_means(shown: int, current: int, offered: int | None, expected: str) -> None:
    assert verdict(shown, current, offered) == expected


@given(st.lists(st.sampled_from(["whole", "unconfirmed", "unwritten"]), max_size=30), st.integers(0, 30))
def test_the_second_use_of_either_copy_is_caught(uses: list[str], cloned_after: int) -> None:
    """However the real stick's uses ended, once copy and original have both been used through, one is caught."""
    current, offered = 1, None
    real = 1
    copy = None
    for number, use in enumerate([*uses, "whole"]):
        if number == min(cloned_after, len(uses)):
            copy = real
        assert verdict(real, current, offered) in {"good", "promoted"}
        current = real
        offered = next_counter(current, offered)
        real = offered if use != "unwritten" else real
        if use == "whole":
            current, offered = offered, None
    assert copy is not None
    assert copy < current
    assert verdict(copy, current, offered) == "copied"


def test_a_copy_that_goes_first_is_told_from_the_original_that_was_pulled_before_the_confirmation() -> None:
    """The original carries an unconfirmed 2; the copy, with 1, is used through: the original is caught at once."""
    offered_to_original = next_counter(1, None)
    offered_to_copy = next_counter(1, offered_to_original)
    assert offered_to_copy != offered_to_original
    assert verdict(offered_to_original, current=offered_to_copy, offered=None) == "copied"


def test_a_holder_is_blinded_by_the_hubs_key_alone() -> None:
    blinded = blind_holder("R-100", b"k" * 32)
    assert blinded == blind_holder("R-100", b"k" * 32)
    assert blinded not in {blind_holder("R-100", b"l" * 32), blind_holder("R-101", b"k" * 32)}
    assert len(blinded) == len(HOLDER)
    assert "R-100" not in blinded


def test_the_stick_says_nothing_of_the_person() -> None:
    resident = "R-4711"
    sector = header_sector(holder=blind_holder(resident, b"k" * 32)) + ticket_sector(3, stick=STICK)
    assert resident.encode() not in sector
