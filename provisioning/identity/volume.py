"""A stick's 16 MiB FAT12 volume as the few pieces to write: a PC shows a note, our files lie at fixed offsets.

Nothing of ours ever parses a file system. The volume is there for the people who find a stick, and it is
full, so that no PC writes a file of its own beside ours. Numbers: Microsoft, "FAT: General Overview of On-Disk Format",
1.03 (boot sector, FAT12 entries, directory entries).
"""

import struct
import zlib
from collections.abc import Iterable
from datetime import datetime

from provisioning.clock import parse_iso
from provisioning.readers.stick.places import HEADER_AT, SECTOR_BYTES, SLOT_AT, VOLUME_BYTES

Piece = tuple[int, bytes]  # offset in bytes from the start of the device, and what to write there

CLUSTER_SECTORS = 16  # 8 KiB: the smallest with which 16 MiB stay below FAT12's 4085 clusters
CLUSTER_BYTES = CLUSTER_SECTORS * SECTOR_BYTES
FAT_SECTORS = 6  # 2042 entries of 12 bits
ROOT_ENTRIES = 512  # what every reader of FAT12 on a disk expects
ROOT_SECTORS = ROOT_ENTRIES * 32 // SECTOR_BYTES
DATA_AT = 64 * 1024  # so that clusters, and with them our offsets, start on their own multiples
RESERVED_SECTORS = DATA_AT // SECTOR_BYTES - 2 * FAT_SECTORS - ROOT_SECTORS
CLUSTERS = (VOLUME_BYTES - DATA_AT) // CLUSTER_BYTES
MEDIA = 0xF8
LAST, BAD = 0xFFF, 0xFF7
READ_ONLY, LABEL = 0x01, 0x08
NAME = b"PASSAGE    "

NOTE = """\
Passage

NL  Deze stick hoort bij een kiosk van een gevangenis. Geef hem aan een personeelslid.
    Er staat geen naam op. Zet er niets op en wis hem niet.

FR  Cette clé appartient à une borne de prison. Remettez-la à un membre du personnel.
    Aucun nom n'y figure. N'y copiez rien et ne l'effacez pas.

EN  This stick belongs to a prison's kiosk. Give it to an officer.
    There is no name on it. Put nothing on it and do not erase it.

DE  Dieser Stick gehört zu einem Kiosk einer Haftanstalt. Geben Sie ihn beim Personal ab.
    Es steht kein Name darauf. Speichern Sie nichts darauf und löschen Sie ihn nicht.

AR  ذاكرة USB هذه تخصّ كشكًا في سجن. سلّمها إلى أحد الموظفين.
    لا تحمل أي اسم. لا تحفظ عليها شيئًا ولا تمسحها.
"""


def pieces(header: bytes, slot_a: bytes, slot_b: bytes = bytes(SECTOR_BYTES)) -> list[Piece]:
    """What to write to make a stick ours, in this order: everything that stays out of it keeps what it holds.

    The header's place is emptied first and written last: a stick pulled on the way is no stick of ours.
    Each of the three is a signed sector of 512 bytes.

    Raises:
        ValueError: a sector has another length.
    """
    if {len(header), len(slot_a), len(slot_b)} != {SECTOR_BYTES}:
        raise ValueError("a stick takes whole sectors")
    return [
        (HEADER_AT, bytes(SECTOR_BYTES)),
        (0, _front(zlib.crc32(header))),
        (SLOT_AT[0], slot_a),
        (SLOT_AT[1], slot_b),
        (HEADER_AT, header),
    ]


def note() -> bytes:
    """``LEESMIJ.TXT``: UTF-8 with a mark and DOS line ends, so that every PC's editor shows it."""
    return b"\xef\xbb\xbf" + NOTE.replace("\n", "\r\n").encode()


def _front(serial: int) -> bytes:
    """Everything before the first erase block's end that is not empty: boot sector, both FATs, directory, note."""
    files = [
        (b"LEESMIJ TXT", DATA_AT, len(note())),
        (b"PASSAGE TKT", HEADER_AT, SECTOR_BYTES),
        (b"SLOT-A  TKT", SLOT_AT[0], SECTOR_BYTES),
        (b"SLOT-B  TKT", SLOT_AT[1], SECTOR_BYTES),
    ]
    fat = _fat([_cluster(at) for _, at, _ in files]).ljust(FAT_SECTORS * SECTOR_BYTES, b"\0")
    made = parse_iso(
        "2026-01-01T00:00:00.000Z"
    )  # the same on every stick: a date would tell when it was issued
    entries = _entry(NAME, LABEL, 0, 0, made)
    entries += b"".join(_entry(name, READ_ONLY, _cluster(at), size, made) for name, at, size in files)
    reserved = _boot_sector(serial).ljust(RESERVED_SECTORS * SECTOR_BYTES, b"\0")
    return reserved + 2 * fat + entries.ljust(ROOT_SECTORS * SECTOR_BYTES, b"\0") + note()


def _cluster(offset: int) -> int:
    """The cluster that starts at a byte offset of the volume; the first is number 2."""
    return 2 + (offset - DATA_AT) // CLUSTER_BYTES


def _boot_sector(serial: int) -> bytes:
    parameters = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb\x3c\x90",
        b"PASSAGE ",
        SECTOR_BYTES,
        CLUSTER_SECTORS,
        RESERVED_SECTORS,
        2,
        ROOT_ENTRIES,
        VOLUME_BYTES // SECTOR_BYTES,
        MEDIA,
        FAT_SECTORS,
        32,  # sectors a track and heads: of no meaning on flash, but never zero
        64,
        0,
        0,
    )
    extended = struct.pack("<BBBI11s8s", 0x80, 0, 0x29, serial, NAME, b"FAT12   ")
    asleep = b"\xf4\xeb\xfd"  # a PC that starts from it stands still: hlt, jmp back
    return (parameters + extended + asleep).ljust(510, b"\0") + b"\x55\xaa"


def _fat(files: Iterable[int]) -> bytes:
    """A file allocation table with one cluster a file; the rest counts as bad, so that the volume is full."""
    entries = [0xF00 | MEDIA, LAST] + [BAD] * CLUSTERS
    for cluster in files:
        entries[cluster] = LAST
    entries += [0] * (len(entries) % 2)
    pairs = zip(entries[::2], entries[1::2], strict=True)
    return b"".join((low | high << 12).to_bytes(3, "little") for low, high in pairs)


def _entry(name: bytes, attribute: int, cluster: int, size: int, made: datetime) -> bytes:
    day = (made.year - 1980) << 9 | made.month << 5 | made.day
    return struct.pack("<11sBBBHHHHHHHI", name, attribute, 0, 0, 0, day, day, 0, 0, day, cluster, size)
