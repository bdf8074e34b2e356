"""The stick's FAT12 volume against the programs of others: dosfstools, mtools and the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioning.identity import stick
from provisioning.identity.volume import note, pieces
from provisioning.readers.stick import places

from .stick_kit import header_sector, ticket_sector

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
ROOM = {"PATH": PATH, "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "0"}


def tool(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, env=ROOM, capture_output=True, check=False, timeout=30)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "stick.img"
    with path.open("wb") as file:
        file.truncate(places.VOLUME_BYTES)
        for offset, data in pieces(header_sector(), ticket_sector(1), ticket_sector(2)):
            file.seek(offset)
            file.write(data)
    return path


def test_both_sides_mean_the_same_sector() -> None:
    assert places.HEADER_MAGIC == stick.HEADER_MAGIC
    assert places.SECTOR_BYTES == stick.SECTOR_BYTES


def test_dosfstools_finds_nothing_to_mend(image: Path) -> None:
    checked = run(tool("fsck.fat"), "-n", "-v", str(image))
    assert checked.returncode == 0, checked.stdout
    assert b"5 files, 2040/2040 clusters" in checked.stdout


def test_dosfstools_would_complain_about_a_broken_table(image: Path) -> None:
    with image.open("r+b") as file:
        file.seek(84 * 512 + 4)
        file.write(b"\x12\x34\x56")
    assert run(tool("fsck.fat"), "-n", str(image)).returncode != 0


def test_mtools_read_every_file_where_we_put_it(image: Path, tmp_path: Path) -> None:
    expected = {
        "LEESMIJ.TXT": note(),
        "PASSAGE.TKT": image.read_bytes()[places.HEADER_AT :][:512],
        "SLOT-A.TKT": image.read_bytes()[places.SLOT_AT[0] :][:512],
        "SLOT-B.TKT": image.read_bytes()[places.SLOT_AT[1] :][:512],
    }
    listed = run(tool("mdir"), "-i", str(image), "-b", "::").stdout.decode()
    assert sorted(listed.split()) == [f"::/{name}" for name in sorted(expected)]
    for name, content in expected.items():
        target = tmp_path / name
        copied = run(tool("mcopy"), "-i", str(image), f"::{name}", str(target))
        assert copied.returncode == 0, copied.stderr
        assert target.read_bytes() == content
    assert expected["PASSAGE.TKT"].startswith(b"PSG-HEAD")
    assert expected["SLOT-A.TKT"] != expected["SLOT-B.TKT"]


def test_a_pc_finds_no_room_for_a_file_of_its_own(image: Path, tmp_path: Path) -> None:
    intruder = tmp_path / "INTRUDER.TXT"
    intruder.write_bytes(b"x")
    before = image.read_bytes()
    refused = run(tool("mcopy"), "-i", str(image), str(intruder), "::")
    assert refused.returncode != 0
    assert image.read_bytes()[places.HEADER_AT :] == before[places.HEADER_AT :]


def test_the_kernel_mounts_it_and_shows_the_note(image: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "mounted"
    place.mkdir()
    mounted = run(tool("mount"), "-t", "vfat", "-o", "loop,ro", str(image), str(place))
    if mounted.returncode != 0:
        pytest.skip(f"no loop device or no vfat here: {mounted.stderr.decode().strip()}")
    try:
        assert (place / "leesmij.txt").read_bytes() == note()
        assert (place / "slot-b.tkt").read_bytes() == ticket_sector(2)
    finally:
        subprocess.run(["umount", str(place)], env=ROOM, check=True)


def test_the_note_speaks_five_languages_and_fits_its_cluster() -> None:
    text = note().decode("utf-8-sig")
    assert len(note()) <= 8192
    for line in ("NL  ", "FR  ", "EN  ", "DE  ", "AR  "):
        assert f"\r\n{line}" in text


def test_header_and_slots_have_an_erase_block_each() -> None:
    blocks = [at // places.ERASE_BLOCK_BYTES for at in (0, places.HEADER_AT, *places.SLOT_AT)]
    assert len(set(blocks)) == 4
    assert max(blocks) < places.VOLUME_BYTES // places.ERASE_BLOCK_BYTES
    for offset, data in pieces(header_sector(), ticket_sector(1)):
        assert offset // places.ERASE_BLOCK_BYTES == (offset + len(data) - 1) // places.ERASE_BLOCK_BYTES


def test_a_stick_pulled_while_it_is_made_is_none_of_ours() -> None:
    written = pieces(header_sector(), ticket_sector(1))
    assert written[0] == (places.HEADER_AT, bytes(512))
    assert written[-1] == (places.HEADER_AT, header_sector())


@pytest.mark.parametrize("length", [0, 511, 513])
def test_only_whole_sectors_are_taken(length: int) -> None:
    with pytest.raises(ValueError, match="whole sectors"):
        pieces(header_sector(), bytes(length))
