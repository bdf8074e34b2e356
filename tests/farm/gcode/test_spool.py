"""The spool file: every line ready to send, found at once, whole or not there."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from functools import reduce
from itertools import pairwise
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.gcode.compile import compile_spool
from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused
from farm.gcode.spool import HEADER_BYTES, SpoolCorrupt, SpoolFile, frame
from farm.sim.models import FOLDER
from tests.farm.gcode.long_file import write_long_file
from tests.support import wait_until

LIMITS = PrinterLimits()
TOP = Path(__file__).resolve().parents[3]
GAUGE = FOLDER / "step-gauge.gcode"


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    target = tmp_path_factory.mktemp("spool") / "gauge.spool"
    compile_spool(GAUGE, target, LIMITS)
    with SpoolFile(target) as opened:
        yield opened


@pytest.fixture(scope="module")
def long_spool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    write_long_file(folder / "long.gcode", 100_000)
    compile_spool(folder / "long.gcode", folder / "long.spool", LIMITS)
    return folder / "long.spool"


def commands_of(path: Path) -> list[bytes]:
    """A second, naive reading of what a file sends."""
    bodies = (line.partition(b";")[0].strip() for line in path.read_bytes().splitlines())
    return [body for body in bodies if body and not body.startswith(b"M73")]


def test_every_line_is_numbered_and_checked_and_says_what_the_file_says(spool):
    wanted = commands_of(GAUGE)
    assert len(spool) == len(wanted) > 10_000
    for n, command in enumerate(wanted, start=1):
        line = spool.line(n)
        body, _, checksum = line.rpartition(b"*")
        assert body == b"N%d %s" % (n, command)
        assert checksum == b"%d\n" % reduce(xor, body)
        assert spool.command(n) == command


def test_a_run_of_lines_is_one_piece(spool):
    assert spool.lines(1000, 1009) == b"".join(spool.line(n) for n in range(1000, 1010))


def test_the_bytes_before_a_line_are_those_of_the_lines_before_it(spool):
    assert spool.offset(spool.first) == 0
    for n in (1, 2, 1000, spool.last):
        assert spool.offset(n + 1) - spool.offset(n) == len(spool.line(n))
        assert spool.offset(n + 1) == len(spool.lines(spool.first, n))


@pytest.mark.parametrize("n", [0, -1, 10_000_000])
def test_there_is_no_line_outside_the_file(spool, n):
    for ask in (
        spool.line,
        spool.offset,
        lambda n: spool.lines(n, n),
        lambda n: spool.lines(1, max(n, 10**7)),
    ):
        with pytest.raises(IndexError):
            ask(n)


def test_whoever_prints_a_long_file_holds_only_a_small_part_of_it(long_spool):
    code = """if True:
        import sys; from pathlib import Path; from farm.gcode.spool import SpoolFile
        def mapped_kib():
            with open("/proc/self/smaps_rollup") as figures:
                return next(int(line.split()[1]) for line in figures if line.startswith("Rss"))
        with SpoolFile(Path(sys.argv[1])) as spool:
            before = most = mapped_kib()
            for n in range(spool.first, spool.last - 4, 4):
                spool.offset(n), spool.line(n), len(spool.lines(n, n + 3))
                if n % 8_000 == 1:
                    most = max(most, mapped_kib())
        print(most - before)"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(long_spool)], cwd=TOP, capture_output=True, text=True, check=True
    )
    assert long_spool.stat().st_size > 3_000_000
    assert int(done.stdout) < 2_000


def test_layers_are_those_of_the_file(spool):
    assert spool.layers == GAUGE.read_bytes().count(b";LAYER_CHANGE") == 68
    assert spool.layer_at(1) == 0
    assert spool.layer_at(len(spool)) == 68
    layer, n = 0, 0
    for raw in GAUGE.read_bytes().splitlines():
        if raw.startswith(b";LAYER_CHANGE"):
            layer += 1
        body = raw.partition(b";")[0].strip()
        if body and not body.startswith(b"M73"):
            n += 1
            assert spool.layer_at(n) == layer


def test_time_left_falls_from_the_whole_to_nothing_and_agrees_with_the_slicers_minutes(spool):
    left = [spool.seconds_left_at(n) for n in range(len(spool) + 1)]
    assert left[0] == spool.total_s == pytest.approx(1806, abs=5)
    assert left[-1] == 0
    assert all(later <= sooner for sooner, later in pairwise(left))
    n = 0
    for raw in GAUGE.read_bytes().splitlines():
        body = raw.partition(b";")[0].strip()
        if body.startswith(b"M73"):
            minutes = int(body.rpartition(b"R")[2])
            assert abs(left[n] / 60 - minutes) < 1.5
        elif body:
            n += 1


def test_it_names_the_bytes_it_was_made_from_and_knows_itself_whole(spool, tmp_path):
    import hashlib

    assert spool.source_sha256 == hashlib.sha256(GAUGE.read_bytes()).hexdigest()
    spool.verify()
    data = bytearray(spool.path.read_bytes())
    data[HEADER_BYTES + 100_000] ^= 1
    turned = tmp_path / "turned.spool"
    turned.write_bytes(data)
    with SpoolFile(turned) as opened, pytest.raises(SpoolCorrupt, match="checksum"):
        opened.verify()


@given(st.data())
def test_a_cut_or_foreign_file_is_never_taken_for_a_spool_file(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "foreign.spool"
    source = tmp_path_factory.getbasetemp() / "small.gcode"
    if not source.exists():
        source.write_text("G28\nM109 S200\nG1 X10 E1\nG1 X20 E2\n")
    compile_spool(source, path, LIMITS)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["cut", "longer", "header"]))
    if kind == "cut":
        path.write_bytes(whole[:at])
    elif kind == "longer":
        path.write_bytes(whole + bytes(1 + at % 8))
    else:
        path.write_bytes(whole[: at % 72] + bytes([whole[at % 72] ^ 0x55]) + whole[at % 72 + 1 :])
    with pytest.raises(SpoolCorrupt):
        SpoolFile(path)


def test_another_version_is_said_by_name(tmp_path):
    import zlib

    path = tmp_path / "new.spool"
    (tmp_path / "a.gcode").write_text("G28\nM109 S200\nG1 X10 E1\n")
    compile_spool(tmp_path / "a.gcode", path, LIMITS)
    data = bytearray(path.read_bytes())
    data[8:10] = struct.pack("<H", 2)
    data[72:76] = struct.pack("<I", zlib.crc32(data[:72]))
    path.write_bytes(data)
    with pytest.raises(SpoolCorrupt, match="version 2"):
        SpoolFile(path)


def test_only_the_approved_bytes_are_compiled(tmp_path):
    target = tmp_path / "a.spool"
    with pytest.raises(GcodeRefused, match="not_the_approved_file"):
        compile_spool(GAUGE, target, LIMITS, expected_sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_became_stricter_is_asked_again(tmp_path):
    with pytest.raises(GcodeRefused, match="nozzle_too_hot"):
        compile_spool(GAUGE, tmp_path / "a.spool", PrinterLimits(nozzle_max_c=200))
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_and_can_cancel(tmp_path):
    told = []
    compile_spool(GAUGE, tmp_path / "a.spool", LIMITS, progress=lambda *said: told.append(said))
    assert told == sorted(told)
    with SpoolFile(tmp_path / "a.spool") as opened:
        assert told[-1] == (GAUGE.stat().st_size, GAUGE.stat().st_size, opened.last)

    def cancel(done: int, of: int, lines: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile_spool(GAUGE, tmp_path / "b.spool", LIMITS, progress=cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["a.spool"]


def test_what_compiling_holds_is_four_bytes_a_line_and_no_more(tmp_path):
    code = """if True:
        import resource, sys; from pathlib import Path; from farm.gcode.compile import compile_spool
        from farm.gcode.limits import PrinterLimits
        done = compile_spool(Path(sys.argv[1]), Path(sys.argv[2]), PrinterLimits())
        print(done.lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"""
    figures = []
    for least_lines in (30_000, 180_000):
        source = tmp_path / "long.gcode"
        write_long_file(source, least_lines)
        told = subprocess.check_output(
            [sys.executable, "-c", code, str(source), str(tmp_path / "a.spool")], cwd=TOP, text=True
        )
        figures.append([int(word) for word in told.split()])
    (few, small_bytes), (many, large_bytes) = figures
    assert many > 5 * few
    assert (
        large_bytes - small_bytes < 8 * (many - few) + 2_000_000
    )  # a growing array is copied once in a while


def test_killed_while_writing_it_leaves_the_old_file_whole(tmp_path):
    target = tmp_path / "a.spool"
    compile_spool(FOLDER / "plant-label.gcode", target, LIMITS)
    before = target.read_bytes()
    code = (
        "import sys, signal; from pathlib import Path; from farm.gcode.compile import compile_spool;"
        "from farm.gcode.limits import PrinterLimits\n"
        "def hold(done, of, lines):\n"
        "    if done * 2 > of: print('half', flush=True); signal.pause()\n"
        "compile_spool(Path(sys.argv[1]), Path(sys.argv[2]), PrinterLimits(), progress=hold)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(GAUGE), str(target)],
        stdout=subprocess.PIPE,
        cwd=TOP,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    child.send_signal(signal.SIGKILL)
    wait_until(lambda: child.poll() is not None)
    child.stdout.close()
    assert target.read_bytes() == before
    compile_spool(GAUGE, target, LIMITS)
    with SpoolFile(target) as opened:
        opened.verify()
        assert len(opened) > 10_000


@given(st.integers(1, 2**31 - 1), st.binary(min_size=1, max_size=80))
def test_a_frames_bytes_cancel_out(number, command):
    body, _, checksum = frame(number, command).rpartition(b"*")
    assert reduce(xor, body) == int(checksum)


def test_a_workers_reader_loads_nothing_heavy():
    code = (
        "import sys, farm.gcode.spool;"
        "heavy = {'PIL', 'flask', 'cryptography', 'sqlite3', 'sqlite_utils', 'asyncio', 'msgspec'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
