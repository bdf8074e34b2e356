"""The child's work on devices that lie: they forget what was written, or cannot flush it."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.identity.volume import pieces
from provisioning.readers.stick.child import (
    PIECE,
    Device,
    NotDoneError,
    format_stick,
    fresh,
    identity_of,
    look,
    opened,
    write_slot,
)
from provisioning.readers.stick.door import BOOT, TOP
from provisioning.readers.stick.places import SLOT_AT, VOLUME_BYTES
from provisioning.sim.stick import clone, issue, make_blank

from .stick_kit import header_sector, ticket_sector

ORDER = b"\1" + header_sector() + ticket_sector(2)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return issue(tmp_path / "stick.img", header_sector(), ticket_sector(1))


@pytest.fixture
def forgetful(image: Path, tmp_path: Path) -> Iterator[Device]:
    """A stick whose controller says yes to every write and keeps what it had: reads past the cache show it."""
    descriptor = os.open(image, os.O_RDWR)
    kept = os.open(clone(image, tmp_path / "kept.img"), os.O_RDONLY)
    yield Device(descriptor, kept, mmap.mmap(-1, 4096), VOLUME_BYTES)
    os.close(descriptor)
    os.close(kept)


def test_a_stick_that_forgets_a_ticket_is_found_out(forgetful: Device) -> None:
    with pytest.raises(NotDoneError) as refused:
        write_slot(forgetful, ORDER)
    assert refused.value.code == "stick_write_differs"


def test_a_stick_that_forgets_what_it_was_made_is_found_out(forgetful: Device) -> None:
    whole = pieces(header_sector(stick="S-2"), ticket_sector(1, stick="S-2"))
    content = b"\1" + b"".join(PIECE.pack(offset, len(data)) + data for offset, data in whole)
    with pytest.raises(NotDoneError) as refused:
        format_stick(forgetful, content)
    assert refused.value.code == "stick_write_differs"


def test_what_is_seen_comes_from_the_device_and_not_from_a_cache(forgetful: Device) -> None:
    os.pwrite(forgetful.descriptor, ticket_sector(9), SLOT_AT[0])
    assert look(forgetful) == b"o" + header_sector() + ticket_sector(1) + bytes(512)


def test_a_device_that_cannot_read_past_the_cache_is_read_through_it(image: Path) -> None:
    descriptor = os.open(image, os.O_RDWR)
    without = Device(descriptor, -1, mmap.mmap(-1, 4096), VOLUME_BYTES)
    assert write_slot(without, ORDER) == b""
    assert fresh(without, SLOT_AT[1]) == ticket_sector(2)
    os.close(descriptor)


def test_an_opened_file_is_read_directly_where_its_file_system_can(image: Path) -> None:
    device = opened(str(image), identity_of(image.stat()))
    try:
        if device.direct < 0:
            pytest.skip("this file system has no direct reads")
        assert fresh(device, SLOT_AT[0]) == ticket_sector(1)
    finally:
        os.close(device.descriptor)


def test_another_device_under_the_same_name_is_not_touched(image: Path, tmp_path: Path) -> None:
    other = make_blank(tmp_path / "other.img")
    with pytest.raises(NotDoneError) as refused:
        opened(str(image), identity_of(other.stat()))
    assert refused.value.code == "stick_gone"


FAILING = """
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7FFF0000)))
number = library.seccomp_syscall_resolve_name(b"fdatasync")
assert library.seccomp_rule_add_array(context, ctypes.c_uint32(0x00050005), number, 0, None) == 0  # EIO
assert library.seccomp_load(context) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_a_ticket_that_cannot_be_flushed_is_not_confirmed(image: Path) -> None:
    inner = ["-I", "-S", "-B", "-c", BOOT, str(TOP), str(image), identity_of(image.stat())]
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", FAILING, *inner],
        input=b"W" + len(ORDER).to_bytes(4, "big") + ORDER,
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert ended.stdout.endswith(b"-stick_io_failed")
