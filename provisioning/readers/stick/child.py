"""The sandboxed child: opens one device, locks itself in, then answers a few fixed questions about fixed places.

Words come on standard input as ``kind (1 byte), length (4 bytes, big-endian), content`` and are answered on standard
output as ``length (4 bytes), b"+" or b"-", content``; after ``-`` the content is an error's code. The first
answer, unasked, says that the walls stand, and how large the device is (8 bytes).
It imports nothing but the standard library and its two neighbours: its start is most of what a look costs.
"""

import contextlib
import errno
import mmap
import os
import stat
import struct
import sys
from typing import NamedTuple, NoReturn

from provisioning.readers.stick.places import (
    EDGE_BYTES,
    HEADER_AT,
    HEADER_MAGIC,
    SECTOR_BYTES,
    SLOT_AT,
    VOLUME_BYTES,
)
from provisioning.readers.stick.sandbox import NoSandboxError, lock_in

MAX_WORD_BYTES = 256 * 1024  # a whole volume's pieces are 67 KiB
PAGE_BYTES = 4096  # what a read past the cache must be aligned to, at most, on sticks
EMPTY = bytes(SECTOR_BYTES)
STATES = {b"o": "ours", b"b": "blank", b"f": "foreign", b"u": "unreadable"}
PIECE = struct.Struct(">QI")

CODES = {
    errno.ENODEV: "stick_gone",
    errno.ENXIO: "stick_gone",
    errno.ENOENT: "stick_gone",
    errno.ENOMEDIUM: "stick_gone",
    errno.ESHUTDOWN: "stick_gone",
    errno.EBUSY: "stick_in_use",
    errno.EROFS: "stick_write_protected",
    errno.EACCES: "stick_no_access",
    errno.EPERM: "stick_write_protected",  # what a write to such a block device gets; its opening goes through
}


class NotDoneError(Exception):
    """A word that cannot be done; ``code`` goes back."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Device(NamedTuple):
    """An open stick. ``direct`` is a second descriptor that reads past the page cache, or -1 where none can."""

    descriptor: int
    direct: int
    page: mmap.mmap
    size_bytes: int


def opened(path: str, identity: str) -> Device:
    """The device or image file at ``path``, when it still is the one with this identity.

    A block device is claimed (O_EXCL without O_CREAT, open(2)): the kernel refuses one that is mounted.
    """
    mode = os.stat(path).st_mode  # noqa: PTH116 pathlib would cost as much as all the rest
    if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
        raise NotDoneError("stick_no_access")
    kind = os.O_EXCL if stat.S_ISBLK(mode) else 0
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | kind)
    if identity_of(os.fstat(descriptor)) != identity:
        raise NotDoneError("stick_gone")
    direct = -1
    with contextlib.suppress(OSError):
        direct = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECT)
        if identity_of(os.fstat(direct)) != identity:
            raise NotDoneError("stick_gone")
    size_bytes = os.lseek(descriptor, 0, os.SEEK_END)
    return Device(descriptor, direct, mmap.mmap(-1, PAGE_BYTES), size_bytes)


def identity_of(found: os.stat_result) -> str:
    """What tells one device node or file from another that takes its name."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_rdev}"


def fresh(device: Device, offset: int) -> bytes:
    """The sector at ``offset`` as the device itself gives it, not as some cache remembers it; short at its end."""
    if device.direct >= 0:
        with contextlib.suppress(
            OSError
        ):  # EINVAL: a device with larger sectors; an error of the medium comes again
            got = os.preadv(device.direct, [device.page], offset)
            return device.page[: min(got, SECTOR_BYTES)]
    os.posix_fadvise(device.descriptor, offset, PAGE_BYTES, os.POSIX_FADV_DONTNEED)
    return os.pread(device.descriptor, SECTOR_BYTES, offset)


def sector(device: Device, offset: int) -> bytes:
    """The sector at ``offset``; empty when the medium cannot give it, so that the other slot still can.

    Raises:
        OSError: the device is gone.
    """
    try:
        return fresh(device, offset).ljust(SECTOR_BYTES, b"\0")
    except OSError as error:
        if error.errno in CODES:
            raise
        return EMPTY


def look(device: Device) -> bytes:
    """State (1 byte), header, slot A, slot B."""
    header = sector(device, HEADER_AT)
    slots = b"".join(sector(device, at) for at in SLOT_AT)
    if header.startswith(HEADER_MAGIC):
        return b"o" + header + slots
    if sector(device, 0)[3:11] == b"PASSAGE ":
        return b"u" + header + slots
    return _stranger(device) + header + slots


def _stranger(device: Device) -> bytes:
    try:
        return b"b" if is_blank(device) else b"f"
    except OSError as error:
        if error.errno in CODES:
            raise
        return b"u"


def is_blank(device: Device) -> bool:
    """Whether both ends of a stick, where file systems and tables tell themselves, are all zeros or all ones."""
    for start in (0, max(0, device.size_bytes - EDGE_BYTES)):
        for offset in range(start, start + EDGE_BYTES, 65536):
            data = os.pread(device.descriptor, 65536, offset)
            if data.strip(b"\0") and data.strip(b"\xff"):
                return False
    return True


def write_slot(device: Device, content: bytes) -> bytes:
    """Slot number (1 byte), the header that must lie there, the ticket's sector: written, flushed, read back.

    Raises:
        NotDoneError: ``stick_changed`` (another header), ``stick_write_differs`` (not what was written).
        OSError: the device refused.
    """
    index, header, ticket = content[0], content[1:513], content[513:]
    if index not in {0, 1} or len(ticket) != SECTOR_BYTES:
        raise NotDoneError("word_unreadable")
    if fresh(device, HEADER_AT) != header:
        raise NotDoneError("stick_changed")
    write(device, SLOT_AT[index], ticket)
    os.fdatasync(device.descriptor)
    if fresh(device, SLOT_AT[index]) != ticket:
        raise NotDoneError("stick_write_differs")
    return b""


def write(device: Device, offset: int, data: bytes) -> None:
    """Write all of it; a device that takes less than that is asked again, until it takes it or refuses."""
    done = 0
    while done < len(data):
        done += os.pwrite(device.descriptor, data[done:], offset + done)


def format_stick(device: Device, content: bytes) -> bytes:
    """May it be erased (1 byte), then pieces: offset (8 bytes), length (4 bytes), data. Each is read back.

    Raises:
        NotDoneError: ``stick_too_small``, ``stick_not_blank``, ``stick_write_differs``.
    """
    pieces = list(_pieces(content[1:]))
    if device.size_bytes < VOLUME_BYTES:
        raise NotDoneError("stick_too_small")
    if content[:1] == b"\1":
        for start in (0, device.size_bytes - EDGE_BYTES):
            write(device, start, bytes(EDGE_BYTES))
    elif sector(device, HEADER_AT).startswith(HEADER_MAGIC) or not is_blank(device):
        raise NotDoneError("stick_not_blank")
    for offset, data in pieces:
        write(device, offset, data)
        os.fdatasync(device.descriptor)  # the order of the pieces is part of what they say
    for offset, data in dict(pieces).items():
        for at in range(0, len(data), SECTOR_BYTES):
            wanted = data[at : at + SECTOR_BYTES]
            if fresh(device, offset + at)[: len(wanted)] != wanted:
                raise NotDoneError("stick_write_differs")
    return b""


def _pieces(content: bytes) -> "list[tuple[int, bytes]]":
    found, at = [], 0
    while at < len(content):
        if len(content) - at < PIECE.size:
            raise NotDoneError("word_unreadable")
        offset, length = PIECE.unpack_from(content, at)
        at += PIECE.size
        data = content[at : at + length]
        if len(data) != length or offset + length > VOLUME_BYTES:
            raise NotDoneError("word_unreadable")
        found.append((offset, data))
        at += length
    return found


WORDS = {b"W": write_slot, b"F": format_stick}


def answer(device: Device, kind: bytes, content: bytes) -> bytes:
    """The whole answer to one word."""
    try:
        if kind == b"L":
            return b"+" + look(device)
        if kind not in WORDS:
            raise NotDoneError("word_unreadable")
        return b"+" + WORDS[kind](device, content)
    except NotDoneError as error:
        return b"-" + error.code.encode()
    except OSError as error:
        return b"-" + CODES.get(error.errno or 0, "stick_io_failed").encode()


def say(data: bytes) -> None:
    """Write one answer."""
    whole = len(data).to_bytes(4, "big") + data
    while whole:
        whole = whole[os.write(1, whole) :]


def hear(length: int) -> bytes:
    """So many bytes of standard input; the process ends with it."""
    data = b""
    while len(data) < length:
        more = os.read(0, min(65536, length - len(data)))
        if not more:
            os._exit(0)
        data += more
    return data


def main() -> NoReturn:
    """``PATH IDENTITY``: open, lock in, then answer until standard input ends."""
    path, identity = sys.argv[-2:]
    try:
        device = opened(path, identity)
        lock_in([one for one in device[:2] if one >= 0], device.size_bytes)
    except OSError as error:
        say(b"-" + CODES.get(error.errno or 0, "stick_io_failed").encode())
        os._exit(0)
    except NotDoneError as error:
        say(b"-" + error.code.encode())
        os._exit(0)
    except NoSandboxError:
        say(b"-stick_no_sandbox")
        os._exit(0)
    say(b"+" + device.size_bytes.to_bytes(8, "big"))
    while True:
        kind, length = struct.unpack(">cI", hear(5))
        if length > MAX_WORD_BYTES:
            os._exit(1)
        say(answer(device, kind, hear(length)))
