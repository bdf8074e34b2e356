"""The door on a real block device of the kernel: a loop device, where this machine lets us make one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.errors import PassageError, Refused
from provisioning.identity.volume import pieces
from provisioning.readers.stick import places
from provisioning.readers.stick.door import StickDoor
from provisioning.sim.stick import issue
from tests.support import wait_until

from .stick_kit import Hub, header_sector, ticket_sector

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def losetup(*words: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("losetup", path=PATH)
    if tool is None or os.geteuid() != 0:
        pytest.skip("loop devices need root and losetup")
    return subprocess.run([tool, *words], capture_output=True, text=True, check=False, timeout=20)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return issue(tmp_path / "stick.img", header_sector(), ticket_sector(1))


@pytest.fixture
def device(image: Path) -> Iterator[Path]:
    made = losetup("--find", "--show", str(image))
    if made.returncode != 0:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    name = made.stdout.strip()
    yield Path(name)
    losetup("--detach", name)


def any_device(_: Path) -> None:
    """A loop device is no USB stick: the tests speak for it."""


def test_a_loop_device_is_no_stick_by_itself(device: Path) -> None:
    with StickDoor(device) as door, pytest.raises(PassageError) as refused:
        door.look()
    assert refused.value.reason == "stick_no_stick"


def test_uses_on_a_block_device_reach_the_medium(device: Path, image: Path) -> None:
    hub = Hub(1)
    for _ in range(3):
        with StickDoor(device, refusal=any_device) as door:
            sight = door.look()
            assert (sight.state, sight.size_bytes) == ("ours", places.VOLUME_BYTES)
            assert hub.shown(sight.slots) == "good"
            index, offered = hub.offer(sight.slots)
            door.write_slot(index, offered)
            hub.confirm()
    medium = image.read_bytes()
    shown = [medium[at : at + 512] for at in places.SLOT_AT]
    assert sorted(shown) == sorted([ticket_sector(3), ticket_sector(4)])


def test_a_block_device_is_made_ours_and_keeps_it(device: Path, image: Path) -> None:
    with StickDoor(device, refusal=any_device) as door:
        door.format(pieces(header_sector(stick="S-2"), ticket_sector(1, stick="S-2")), erase=True)
    with StickDoor(device, refusal=any_device) as door:
        assert door.look().header == header_sector(stick="S-2")
    assert header_sector(stick="S-2") in image.read_bytes()


def test_a_device_that_another_process_has_claimed_is_left_alone(device: Path) -> None:
    """O_EXCL is how the kernel guards a mounted device; claiming it ourselves asks the same question."""
    claim = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        with StickDoor(device, refusal=any_device) as door, pytest.raises(PassageError) as refused:
            door.look()
    finally:
        os.close(claim)
    assert refused.value.reason == "stick_in_use"


def test_a_medium_that_fails_in_mid_visit_is_told_and_believed(device: Path, image: Path) -> None:
    """The file under the device loses its second half: reads of slot A and B become errors of the medium."""
    with StickDoor(device, refusal=any_device) as door:
        assert door.look().state == "ours"
        os.truncate(image, 6 * 1024 * 1024)
        sight = door.look()
        assert (sight.state, sight.slots) == ("ours", (bytes(512), bytes(512)))
        os.truncate(image, 1024 * 1024)
        assert door.look().state == "unreadable"
        with pytest.raises(PassageError) as refused:
            door.write_slot(1, ticket_sector(2))
        assert refused.value.reason in {"stick_io_failed", "stick_changed"}


def test_a_write_protected_device_is_told_as_such(image: Path) -> None:
    made = losetup("--find", "--show", "--read-only", str(image))
    if made.returncode != 0:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    try:
        with StickDoor(Path(made.stdout.strip()), refusal=any_device) as door:
            door.look()
            with pytest.raises(Refused) as refused:
                door.write_slot(1, ticket_sector(2))
        assert refused.value.reason == "stick_write_protected"
    finally:
        losetup("--detach", made.stdout.strip())
    assert ticket_sector(2) not in image.read_bytes()


def tool(*command: str) -> None:
    found = shutil.which(command[0], path=PATH)
    if found is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        pytest.skip(f"{command[0]}: {done.stderr.strip()}")


@pytest.fixture
def freezer(tmp_path: Path) -> Iterator[Path]:
    """A file system that can be frozen: whoever waits for what lies on it waits in the kernel, beyond any signal."""
    if os.geteuid() != 0:
        pytest.skip("only root may freeze a file system")
    disk, place = tmp_path / "disk.img", tmp_path / "place"
    place.mkdir()
    with disk.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tool("mkfs.ext4", "-q", str(disk))
    tool("mount", "-o", "loop", str(disk), str(place))
    yield place
    tool("umount", str(place))


def test_a_stick_that_hangs_in_the_kernel_hangs_only_its_child(freezer: Path) -> None:
    image = issue(freezer / "stick.img", header_sector(), ticket_sector(1))
    made = losetup("--find", "--show", str(image))
    assert made.returncode == 0, made.stderr
    device = Path(made.stdout.strip())
    try:
        with StickDoor(device, refusal=any_device, word_s=0.5) as door:
            door.look()
            pid = door.pid
            tool("fsfreeze", "--freeze", str(freezer))
            try:
                with pytest.raises(PassageError) as refused:
                    door.write_slot(1, ticket_sector(2))
                assert refused.value.reason == "stick_hangs"
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                assert state == "D", "killed, and still there: the kernel does not let it go"
            finally:
                tool("fsfreeze", "--unfreeze", str(freezer))
            wait_until(lambda: is_over(door), what="the child's end")
    finally:
        losetup("--detach", str(device))


def is_over(door: StickDoor) -> bool:
    """White box: a child that was left behind is taken in when it has ended."""
    door.close()
    return not door._leftovers
