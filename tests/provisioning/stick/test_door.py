"""The door to a stick: what it tells, what it writes, and that nothing behind it can hang or fool the agent."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.errors import PassageError, Unavailable
from provisioning.identity.stick import newest
from provisioning.identity.volume import pieces
from provisioning.readers.stick import places
from provisioning.readers.stick.child import identity_of
from provisioning.readers.stick.door import BOOT, TOP, StickDoor
from provisioning.sim.stick import Port, clone, issue, make_blank, make_foreign
from tests.support import wait_until

from .stick_kit import HUB_KEY, Hub, header, header_sector, ticket_sector

STICKS = int(os.environ.get("STICKS", "100"))
LOOKS, COPIES = STICKS // 20, STICKS // 100


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return issue(tmp_path / "stick.img", header_sector(), ticket_sector(1))


def code_of(refused: pytest.ExceptionInfo[PassageError]) -> str:
    return refused.value.reason


def put(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_a_look_tells_the_sectors_that_were_issued(stick: Path) -> None:
    with StickDoor(stick) as door:
        sight = door.look()
    assert (sight.state, sight.size_bytes) == ("ours", places.VOLUME_BYTES)
    assert sight.header == header_sector()
    assert sight.slots == (ticket_sector(1), bytes(512))


def test_a_look_writes_nothing(stick: Path) -> None:
    before = stick.read_bytes()
    with StickDoor(stick) as door:
        door.look()
    assert stick.read_bytes() == before


def test_a_written_slot_lies_on_the_stick_and_nothing_else_changed(stick: Path) -> None:
    before = stick.read_bytes()
    with StickDoor(stick) as door:
        door.look()
        door.write_slot(1, ticket_sector(2))
        assert door.look().slots == (ticket_sector(1), ticket_sector(2))
    at = places.SLOT_AT[1]
    assert stick.read_bytes() == before[:at] + ticket_sector(2) + before[at + 512 :]


@pytest.mark.parametrize(
    ("made", "state"),
    [
        ({}, "blank"),
        ({0: b"\xff" * places.VOLUME_BYTES}, "blank"),
        ({510: b"\x55\xaa"}, "foreign"),
        ({1024: b"\x53\xef"}, "foreign"),
        ({places.VOLUME_BYTES - 512: b"EFI PART"}, "foreign"),
        ({3: b"PASSAGE ", 510: b"\x55\xaa"}, "unreadable"),
        ({places.HEADER_AT: b"PSG-HEAD"}, "ours"),
    ],
)
def test_what_a_stick_is_shows_in_its_bytes(tmp_path: Path, made: dict[int, bytes], state: str) -> None:
    image = make_blank(tmp_path / "stick.img")
    for offset, data in made.items():
        put(image, offset, data)
    with StickDoor(image) as door:
        assert door.look().state == state


@pytest.mark.parametrize("size", [0, 511, 512, 4096, 1024 * 1024, places.VOLUME_BYTES - 512])
def test_a_stick_that_is_too_small_is_seen_and_never_made_ours(tmp_path: Path, size: int) -> None:
    image = tmp_path / "small.img"
    image.write_bytes(bytes(size))
    with StickDoor(image) as door:
        assert door.look().state == "blank"
        with pytest.raises(PassageError) as refused:
            door.format(pieces(header_sector(), ticket_sector(1)), erase=True)
    assert code_of(refused) == "stick_too_small"
    assert image.read_bytes() == bytes(size)


def test_a_stick_that_carries_something_is_only_erased_on_an_officers_word(
    tmp_path: Path, stick: Path
) -> None:
    for image in (make_foreign(tmp_path / "shop.img"), stick):
        before = image.read_bytes()
        with StickDoor(image) as door:
            with pytest.raises(PassageError) as refused:
                door.format(pieces(header_sector(stick="S-NEW"), ticket_sector(1, stick="S-NEW")))
            assert code_of(refused) == "stick_not_blank"
            assert image.read_bytes() == before
            door.format(pieces(header_sector(stick="S-NEW"), ticket_sector(1, stick="S-NEW")), erase=True)
            assert door.look().header == header_sector(stick="S-NEW")


def test_erasing_takes_both_ends_so_that_no_old_table_comes_back(tmp_path: Path) -> None:
    image = tmp_path / "larger.img"
    with image.open("wb") as file:
        file.truncate(2 * places.VOLUME_BYTES)
    put(image, 512, b"EFI PART")
    put(image, 2 * places.VOLUME_BYTES - 512, b"EFI PART")
    with StickDoor(image) as door:
        door.format(pieces(header_sector(), ticket_sector(1)), erase=True)
        assert door.look().state == "ours"
    assert b"EFI PART" not in image.read_bytes()


def test_a_slot_is_only_written_on_the_stick_that_was_looked_at(stick: Path) -> None:
    with StickDoor(stick) as door:
        with pytest.raises(Unavailable) as refused:
            door.write_slot(1, ticket_sector(2))
        assert code_of(refused) == "stick_changed"
        door.look()
        put(stick, places.HEADER_AT, header_sector(stick="S-OTHER"))
        with pytest.raises(Unavailable) as refused:
            door.write_slot(1, ticket_sector(2))
        assert code_of(refused) == "stick_changed"
        assert ticket_sector(2) not in stick.read_bytes()
        door.look()
        door.write_slot(1, ticket_sector(2))
    assert ticket_sector(2) in stick.read_bytes()


@pytest.mark.parametrize(("index", "length"), [(2, 512), (-1, 512), (0, 511), (1, 513)])
def test_there_are_two_slots_of_one_sector(stick: Path, index: int, length: int) -> None:
    with StickDoor(stick) as door:
        door.look()
        with pytest.raises(ValueError, match="a slot is"):
            door.write_slot(index, bytes(length))


@pytest.mark.parametrize("offset", [places.VOLUME_BYTES, places.VOLUME_BYTES - 511, 2**63])
def test_nothing_is_ever_written_outside_the_volume(tmp_path: Path, offset: int) -> None:
    image = make_blank(tmp_path / "stick.img")
    with StickDoor(image) as door, pytest.raises(PassageError) as refused:
        door.format([(0, b"x" * 512), (offset, b"x" * 512)])
    assert code_of(refused) == "word_unreadable"
    assert image.read_bytes() == bytes(places.VOLUME_BYTES)


def test_a_pull_before_the_confirmation_is_told(tmp_path: Path, stick: Path) -> None:
    port = Port(tmp_path / "port")
    port.plug(stick)
    with StickDoor(port.name) as door:
        door.look()
        port.pull()
        with pytest.raises(Unavailable) as refused:
            door.write_slot(1, ticket_sector(2))
    assert code_of(refused) == "stick_gone"


def test_a_swap_before_the_confirmation_is_told(tmp_path: Path, stick: Path) -> None:
    port = Port(tmp_path / "port")
    port.plug(stick)
    other = clone(stick, tmp_path / "other.img")
    with StickDoor(port.name) as door:
        door.look()
        port.plug(other)
        with pytest.raises(Unavailable) as refused:
            door.write_slot(1, ticket_sector(2))
    assert code_of(refused) == "stick_gone"
    assert ticket_sector(2) not in other.read_bytes()


def test_an_empty_port_is_no_stick(tmp_path: Path) -> None:
    with StickDoor(tmp_path / "nothing") as door, pytest.raises(Unavailable) as refused:
        door.look()
    assert code_of(refused) == "stick_gone"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_neither_device_nor_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero")
    with StickDoor(path) as door, pytest.raises(Unavailable) as refused:
        door.look()
    assert code_of(refused) == "stick_no_access"


def test_a_stick_that_hangs_costs_its_patience_and_no_more(stick: Path) -> None:
    with StickDoor(stick, word_s=0.3) as door:
        door.look()
        pid = door.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Unavailable) as refused:
            door.look()
        assert code_of(refused) == "stick_hangs"
        assert not Path(f"/proc/{pid}").exists()
        assert door.look().state == "ours"


def test_a_child_that_dies_is_told_and_replaced(stick: Path) -> None:
    with StickDoor(stick) as door:
        door.look()
        assert door.pid is not None
        os.kill(door.pid, signal.SIGKILL)
        with pytest.raises(Unavailable) as refused:
            door.look()
        assert code_of(refused) == "stick_door_failed"
        assert refused.value.detail["status"] == -signal.SIGKILL
        assert door.look().state == "ours"


def test_no_child_outlives_its_visit(stick: Path) -> None:
    with StickDoor(stick) as door:
        door.look()
        pid = door.pid
    assert not Path(f"/proc/{pid}").exists()
    assert door.pid is None


LIES = {
    "an answer without end": "\nwhile os.write(1, b'\\xff' * 60000): pass",
    "an empty answer": "os.write(1, bytes(4))",
    "a short look": "os.write(1, b'\\0\\0\\0\\2+o')",
    "a state that is none": "os.write(1, (1538).to_bytes(4, 'big') + b'+x' + bytes(1536))",
    "an error that is none": "os.write(1, b'\\0\\0\\0\\5-good')",
    "an error in no letters": "os.write(1, b'\\0\\0\\0\\3-\\xff\\xfe')",
    "silence": "pass",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_child_that_was_taken_over_can_only_be_refused(stick: Path, lie: str) -> None:
    """White box: the worst that a hostile stick could do is to speak with its child's voice."""
    with StickDoor(stick) as door:
        door._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", f"import os; os.read(0, 5); {lie}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        with pytest.raises(PassageError) as refused:
            door.look()
        assert code_of(refused) == "stick_door_failed"


def test_sticks_of_random_bytes_are_looked_at_and_never_accepted(tmp_path: Path) -> None:
    chance = random.Random(11)
    image = make_blank(tmp_path / "stick.img")
    for number in range(LOOKS):
        places_hit = (0, places.HEADER_AT, *places.SLOT_AT)
        for offset in places_hit:
            magic = chance.choice((b"", b"PSG-HEAD", b"PSG-TICK"))
            put(image, offset, magic + chance.randbytes(512 - len(magic)))
        with StickDoor(image) as door:
            sight = door.look()
        assert sight.state in {"ours", "foreign"}
        assert newest(sight.slots, header(), HUB_KEY) is None, number


def talk(image: Path, words: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-S", "-c", BOOT, str(TOP), str(image), identity_of(image.stat())]
    return subprocess.run(command, input=words, capture_output=True, check=False, timeout=20)


def test_random_words_to_the_child_change_nothing_and_end_it_at_worst(stick: Path) -> None:
    chance, before = random.Random(12), stick.read_bytes()
    for _ in range(LOOKS):
        length = chance.randrange(0, 700)
        kind = chance.choice((b"W", b"F", b"L", b"?"))
        words = kind + length.to_bytes(4, "big") + b"\2" + chance.randbytes(length)
        talk(stick, words)
    assert stick.read_bytes() == before


def test_a_word_that_is_too_long_ends_the_child(stick: Path) -> None:
    assert talk(stick, b"L\xff\xff\xff\xff" + bytes(100)).returncode == 1


def test_the_child_ends_with_its_agent(stick: Path) -> None:
    assert talk(stick, b"").returncode == 0


@pytest.mark.parametrize("first", ["original", "copy"])
def test_the_second_use_of_either_copy_is_caught_on_real_images(tmp_path: Path, first: str) -> None:
    for number in range(COPIES):
        hub, stick = Hub(1), issue(tmp_path / f"{number}.img", header_sector(), ticket_sector(1))
        for _ in range(number % 3):
            use(stick, hub)
        images = {"original": stick, "copy": clone(stick, tmp_path / f"{number}.copy")}
        use(images.pop(first), hub)
        with StickDoor(images.popitem()[1]) as door:
            assert hub.shown(door.look().slots) == "copied", number


def use(image: Path, hub: Hub) -> None:
    with StickDoor(image) as door:
        index, offered = hub.offer(door.look().slots)
        door.write_slot(index, offered)
        hub.confirm()


def test_a_door_costs_no_file_of_the_agent(stick: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with StickDoor(stick) as door:
        door.look()
    before = count()
    for _ in range(3):
        with StickDoor(stick) as door:
            door.look()
    assert wait_until(lambda: count() <= before)


def test_the_childs_limits_are_tight(stick: Path) -> None:
    with StickDoor(stick) as door:
        door.look()
        assert door.pid is not None
        for what, most in (
            (resource.RLIMIT_NPROC, 0),
            (resource.RLIMIT_NOFILE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, 10),
            (resource.RLIMIT_AS, 128 * 1024 * 1024),
            (resource.RLIMIT_FSIZE, places.VOLUME_BYTES),
        ):
            assert resource.prlimit(door.pid, what)[1] <= most
        status = Path(f"/proc/{door.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
