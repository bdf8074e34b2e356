"""A stick pulled at every byte of the write-back still signs in: exhaustively as values, sampled through the door."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.errors import Unavailable
from provisioning.identity.stick import newest
from provisioning.readers.stick.door import StickDoor
from provisioning.readers.stick.places import SLOT_AT
from provisioning.sim.stick import issue

from .stick_kit import HUB_KEY, Hub, header, header_sector, ticket_sector

N = 41
BEFORE = {
    "newest first": (ticket_sector(N), ticket_sector(N - 1)),
    "newest second": (ticket_sector(N - 1), ticket_sector(N)),
    "first use": (ticket_sector(N), bytes(512)),
    "torn before": (ticket_sector(N - 1)[:99] + b"\xff" * 413, ticket_sector(N)),
}


def torn(new: bytes, old: bytes, cut: int) -> Iterator[bytes]:
    """What a slot can hold after a pull: every way that flash is known to tear a sector at one byte."""
    yield new[:cut] + old[cut:]
    yield old[:cut] + new[cut:]
    yield new[:cut] + b"\xff" * (512 - cut)
    yield new[:cut] + bytes(512 - cut)
    yield b"\xff" * cut + new[cut:]


def after_pull(before: tuple[bytes, bytes], index: int, left: bytes) -> tuple[bytes, bytes]:
    return (left, before[1]) if index == 0 else (before[0], left)


@pytest.mark.parametrize("slots", BEFORE.values(), ids=BEFORE)
def test_a_pull_at_any_byte_leaves_the_old_or_the_new_ticket(slots: tuple[bytes, bytes]) -> None:
    seen = set()
    for cut in range(513):
        hub = Hub(N)
        index, offered = hub.offer(slots)
        for left in torn(offered, slots[index], cut):
            said = hub.shown(after_pull(slots, index, left))
            assert said in {"good", "promoted"}, cut
            seen.add(said)
    assert seen == {"good", "promoted"}


@pytest.mark.parametrize("slots", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("wiped", [bytes(512), b"\xff" * 512], ids=["zeros", "ones"])
def test_a_whole_erase_block_lost_leaves_the_other_slot(slots: tuple[bytes, bytes], wiped: bytes) -> None:
    """The slots lie in erase blocks of their own (see test_volume): the write takes one along, never both."""
    hub = Hub(N)
    index, _ = hub.offer(slots)
    assert hub.shown(after_pull(slots, index, wiped)) == "good"


@pytest.mark.parametrize("slots", BEFORE.values(), ids=BEFORE)
def test_after_any_pull_the_next_write_goes_through_and_the_stick_lives_on(
    slots: tuple[bytes, bytes],
) -> None:
    for cut in range(0, 513, 16):
        hub = Hub(N)
        index, offered = hub.offer(slots)
        for left in torn(offered, slots[index], cut):
            again = Hub(hub.current)
            again.offered = hub.offered
            now = after_pull(slots, index, left)
            slot, fresh = again.offer(now)
            now = after_pull(now, slot, fresh)
            again.confirm()
            assert again.shown(now) == "good"


def test_pulled_at_every_second_use_for_ever_never_locks_out() -> None:
    hub, slots = Hub(1), (ticket_sector(1), bytes(512))
    for use in range(200):
        assert hub.shown(slots) in {"good", "promoted"}
        index, offered = hub.offer(slots)
        left = next(torn(offered, slots[index], use * 37 % 513))
        slots = after_pull(slots, index, left)
        if left == offered and use % 2:
            hub.confirm()


CUTS = (0, 1, 7, 8, 12, 200, 415, 416, 479, 480, 511)


@pytest.mark.parametrize("first", [0, 1])
def test_a_write_that_the_device_tears_is_reported_and_harmless(tmp_path: Path, first: int) -> None:
    """The kernel itself takes only so many bytes of the sector: the child's limit on file sizes ends within it."""
    image = issue(tmp_path / "stick.img", header_sector(), ticket_sector(1))
    hub = Hub(1)
    for _ in range(first):
        use(image, hub)
    for cut in CUTS:
        with StickDoor(image) as door:
            slots = door.look().slots
            assert hub.shown(slots) in {"good", "promoted"}
            index, offered = hub.offer(slots)
            assert door.pid is not None
            hard = resource.prlimit(door.pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (SLOT_AT[index] + cut, hard))
            with pytest.raises(Unavailable) as refused:
                door.write_slot(index, offered)
            assert refused.value.reason == "stick_io_failed"
        with StickDoor(image) as door:
            left = door.look().slots
        assert left[index][:cut] == offered[:cut]
        assert left[index] != offered
        assert hub.shown(left) == "good"
    use(image, hub)


def use(image: Path, hub: Hub) -> None:
    """One whole use: shown, offered, written, read back, confirmed."""
    with StickDoor(image) as door:
        slots = door.look().slots
        assert hub.shown(slots) in {"good", "promoted"}
        index, offered = hub.offer(slots)
        door.write_slot(index, offered)
        hub.confirm()
        found = newest(door.look().slots, header(), HUB_KEY)
        assert found is not None
        assert found.ticket.counter == hub.current
