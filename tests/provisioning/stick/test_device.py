"""Which device is a stick, and when one is plugged and pulled."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.errors import Refused
from provisioning.readers.stick.device import (
    BlockFacts,
    is_port,
    judge,
    mounted_numbers,
    read_facts,
    refusal_of,
)
from provisioning.readers.stick.door import FAMILIES, StickDoor
from provisioning.readers.stick.watch import ASK_EVERY_S, StickWatch
from provisioning.sim.stick import Port, make_blank

STICK = BlockFacts(
    on_usb=True,
    whole=True,
    removable=True,
    read_only=False,
    size_bytes=16 * 1024 * 1024,
    numbers=frozenset({"8:0", "8:1"}),
    held=False,
)


def test_a_removable_disk_on_usb_that_nobody_uses_is_a_stick() -> None:
    assert judge(STICK, {"179:2", "0:22"}) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"on_usb": False}, "stick_no_stick"),
        ({"whole": False}, "stick_no_stick"),
        ({"removable": False}, "stick_no_stick"),
        ({"held": True}, "stick_in_use"),
        ({"size_bytes": 0}, "stick_gone"),
        ({"read_only": True}, "stick_write_protected"),
    ],
)
def test_one_wrong_fact_and_it_is_left_alone(change: dict[str, bool], code: str) -> None:
    assert judge(replace(STICK, **change), ()) == code


@pytest.mark.parametrize("mounted", ["8:0", "8:1"])
def test_a_disk_of_which_anything_is_mounted_is_left_alone(mounted: str) -> None:
    assert judge(STICK, {"0:22", mounted}) == "stick_in_use"


def test_every_refusal_of_a_device_has_its_family() -> None:
    assert {"stick_no_stick", "stick_in_use", "stick_gone", "stick_write_protected"} <= FAMILIES.keys()


MOUNTINFO = """\
22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
29 22 0:22 / /run rw,nosuid,nodev shared:12 - tmpfs tmpfs rw
55 22 8:1 / /media/x\\040y rw - vfat /dev/sda1 rw
"""


def test_the_root_file_system_counts_as_mounted() -> None:
    assert mounted_numbers(MOUNTINFO) == {"179:2", "0:22", "8:1"}
    assert mounted_numbers("") == frozenset()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("/dev/disk/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0-scsi-0:0:0:0", True),
        ("/dev/disk/by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0", True),
        ("/dev/disk/by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0-part1", False),
        ("/dev/disk/by-path/pci-0000:00:17.0-ata-1", False),
        ("/dev/disk/by-path/../../sda-usb-1", False),
        ("/dev/disk/by-id/usb-SanDisk_Cruzer-0:0", False),
        ("/dev/sda", False),
    ],
)
def test_a_port_is_a_place_and_never_a_name_that_a_stick_brings_along(name: str, known: bool) -> None:
    assert is_port(name) is known


def write(folder: Path, **values: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(value + "\n")


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """A sysfs with one stick of two partitions (8:0), the machine's card (179:0), a USB disk under LUKS (8:16)."""
    top = tmp_path / "sys"
    usb = top / "devices" / "pci0000:00" / "0000:00:14.0" / "usb1" / "1-2" / "1-2:1.0" / "host0" / "block"
    card = top / "devices" / "platform" / "mmc0" / "block" / "mmcblk0"
    write(usb / "sda", removable="1", ro="0", size="32768", dev="8:0")
    write(usb / "sda" / "sda1", partition="1", ro="0", size="100", dev="8:1")
    write(usb / "sda" / "sda2", partition="2", ro="0", size="100", dev="8:2")
    write(usb / "sdb", removable="0", ro="0", size="99999", dev="8:16")
    write(usb / "sdb" / "sdb1", partition="1", ro="0", size="100", dev="8:17")
    write(usb / "sdb" / "sdb1" / "holders" / "dm-0")
    write(card, removable="0", ro="0", size="99999", dev="179:0")
    links = top / "dev" / "block"
    links.mkdir(parents=True)
    for number, folder in (
        ("8:0", usb / "sda"),
        ("8:1", usb / "sda" / "sda1"),
        ("8:16", usb / "sdb"),
        ("179:0", card),
    ):
        (links / number).symlink_to(folder)
    return top


def test_the_facts_come_from_sysfs(sys: Path) -> None:
    found = read_facts("8:0", sys)
    assert found == replace(STICK, numbers=frozenset({"8:0", "8:1", "8:2"}))
    assert judge(found, {"8:2"}) == "stick_in_use"
    assert not read_facts("8:1", sys).whole
    assert read_facts("8:16", sys).held
    assert not read_facts("179:0", sys).on_usb
    with pytest.raises(OSError, match="8:99"):
        read_facts("8:99", sys)


def test_no_disk_of_this_machine_that_is_mounted_is_a_stick() -> None:
    mounted = mounted_numbers(Path("/proc/self/mountinfo").read_text())
    seen = 0
    for device in Path("/dev").iterdir():
        found = device.lstat()
        if stat.S_ISBLK(found.st_mode):
            number = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
            if number in mounted:
                seen += 1
                assert refusal_of(device) is not None
                with StickDoor(device) as door, pytest.raises(Refused):
                    door.look()
    if not seen:
        pytest.skip("no mounted disk is to be seen from in here")


def test_an_image_file_is_a_stick_of_the_bench(tmp_path: Path) -> None:
    assert refusal_of(make_blank(tmp_path / "stick.img")) is None


def test_plugged_pulled_and_swapped_are_told_once_each(tmp_path: Path) -> None:
    port, one, other = Port(tmp_path / "port"), make_blank(tmp_path / "one"), make_blank(tmp_path / "other")
    watch = StickWatch(port.name)
    assert watch.turn() == ()
    port.plug(one)
    assert watch.turn() == ("plugged",)
    assert watch.is_plugged
    assert watch.turn() == ()
    port.plug(other)
    assert watch.turn() == ("pulled", "plugged")
    port.pull()
    assert watch.turn() == ("pulled",)
    assert not watch.is_plugged
    assert watch.turn() == ()


def test_a_name_that_leads_nowhere_is_an_empty_port(tmp_path: Path) -> None:
    (tmp_path / "port").symlink_to(tmp_path / "nothing")
    assert StickWatch(tmp_path / "port").turn() == ()


def test_a_pull_is_told_within_a_second_at_the_watchs_pace() -> None:
    """A pull waits one turn at most; the agent's own turn is as long."""
    assert 2 * ASK_EVERY_S <= 1.0
