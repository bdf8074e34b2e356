"""Sticks made of files, for the demo, trainings and tests: the very bytes and the very door of real ones."""

import itertools
from pathlib import Path

from provisioning.readers.stick.door import StickDoor
from provisioning.readers.stick.places import VOLUME_BYTES

CHUNK_BYTES = 64 * 1024
FAT32_BOOT = (
    b"\xeb\x58\x90MSDOS5.0".ljust(510, b"\0") + b"\x55\xaa"
)  # as shops sell them: Windows' own format


def make_blank(image: Path) -> Path:
    """An empty stick of 16 MiB that takes no room on the disk; whatever lay there is gone."""
    with image.open("wb") as file:
        file.truncate(VOLUME_BYTES)
    return image


def make_foreign(image: Path) -> Path:
    """A stick from the shop, formatted for a PC."""
    make_blank(image)
    with image.open("r+b") as file:
        file.write(FAT32_BOOT)
    return image


def issue(image: Path, header: bytes, ticket: bytes) -> Path:
    """A new stick with the hub's signed header and its first ticket, made through the door."""
    from provisioning.identity.volume import (
        pieces,  # brings cryptography along: a reader that only plugs has none
    )

    make_blank(image)
    with StickDoor(image) as door:
        door.format(pieces(header, ticket))
    return image


def clone(image: Path, copy: Path) -> Path:
    """What somebody makes with ``dd``: every byte of a stick, on another."""
    with image.open("rb") as source, copy.open("wb") as target:
        for number in itertools.count():
            if not (chunk := source.read(CHUNK_BYTES)):
                break
            if chunk.strip(b"\0"):
                target.seek(number * CHUNK_BYTES)
                target.write(chunk)
        target.truncate(image.stat().st_size)
    return copy


class Port:
    """A USB port made of a name in a folder, as udev keeps one under ``/dev/disk/by-path``."""

    def __init__(self, name: Path) -> None:
        self.name = name

    def plug(self, image: Path) -> None:
        """Put a stick in; one that was in comes out."""
        coming = self.name.with_name(f"{self.name.name}.coming")
        coming.unlink(missing_ok=True)
        coming.symlink_to(image.resolve())
        coming.replace(self.name)

    def pull(self) -> None:
        """Pull out whatever is in."""
        self.name.unlink(missing_ok=True)
