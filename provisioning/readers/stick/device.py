"""Which block device is a stick: removable, on USB, whole, writable, and nothing of the machine's own."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
MOUNTS = Path("/proc/self/mountinfo")
BLOCK_UNIT_BYTES = (
    512  # /sys/block/*/size counts these, whatever the device's own sectors (kernel, ABI sysfs-block)
)
_PORT = re.compile(r"/dev/disk/by-path/[\w.:+-]*-usb-[\w.:+-]+")
_PART = re.compile(r"-part\d+$")


@dataclass(frozen=True)
class BlockFacts:
    """What the kernel says of one block device; ``numbers`` are its own and its partitions', as ``8:0``."""

    on_usb: bool
    whole: bool
    removable: bool
    read_only: bool
    size_bytes: int
    numbers: frozenset[str]
    held: bool  # by LVM, LUKS, RAID: something above it that may well carry the root file system


def is_port(name: str) -> bool:
    """Whether a configured name is a fixed USB port's whole disk, as udev's path_id builtin writes it."""
    return bool(_PORT.fullmatch(name)) and not _PART.search(name)


def judge(facts: BlockFacts, mounted: Iterable[str]) -> str | None:
    """Why a device is not touched, as a code; None for a stick.

    ``stick_no_stick`` (not on USB, not removable, a partition), ``stick_in_use`` (it or a part of it is mounted or
    held), ``stick_gone`` (a reader without a card, or a stick that is leaving), ``stick_write_protected``.
    """
    if not (facts.on_usb and facts.whole and facts.removable):
        return "stick_no_stick"
    if facts.held or facts.numbers & frozenset(mounted):
        return "stick_in_use"
    if facts.size_bytes == 0:
        return "stick_gone"
    return "stick_write_protected" if facts.read_only else None


def mounted_numbers(mountinfo: str) -> frozenset[str]:
    """The device numbers of everything mounted (third field of proc_pid_mountinfo(5)), ``/`` among them."""
    return frozenset(fields[2] for line in mountinfo.splitlines() if len(fields := line.split()) > 2)


def read_facts(number: str, sys: Path = SYS) -> BlockFacts:
    """The facts of the device with a number such as ``8:0``.

    Raises:
        OSError: the kernel knows no such device (any more).
    """
    folder = (sys / "dev" / "block" / number).resolve(strict=True)
    parts = [one.parent for one in folder.glob("*/partition")]
    return BlockFacts(
        on_usb=any(re.fullmatch(r"usb\d+", part) for part in folder.parts),
        whole=not (folder / "partition").exists(),
        removable=_flag(folder / "removable"),
        read_only=_flag(folder / "ro"),
        size_bytes=int((folder / "size").read_text()) * BLOCK_UNIT_BYTES,
        numbers=frozenset({number, *((part / "dev").read_text().strip() for part in parts)}),
        held=any(any((one / "holders").glob("*")) for one in (folder, *parts)),
    )


def refusal_of(path: Path, sys: Path = SYS, mounts: Path = MOUNTS) -> str | None:
    """Why the device at ``path`` is not touched, as :func:`judge`; None for a stick and for an image file.

    The kernel has the last word: opened with O_EXCL, a device that is mounted anywhere refuses.

    Raises:
        OSError: it is gone.
    """
    found = path.stat()
    if not stat.S_ISBLK(found.st_mode):
        return None
    number = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
    return judge(read_facts(number, sys), mounted_numbers(mounts.read_text()))


def _flag(path: Path) -> bool:
    """A yes or no of sysfs; what is not there (a partition has no ``removable``) is no."""
    return path.exists() and path.read_text().strip() == "1"
