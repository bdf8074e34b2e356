"""The bench measures what it says: every line, on a printer that judges as Marlin does. Nothing here is timed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.link.framing import frame
from tests.bench import harness
from tests.bench.harness import (
    INSTANT,
    OURS,
    RAW,
    UART,
    Child,
    Host,
    Trouble,
    Wire,
    build_fake,
    measure,
    with_marks,
)
from tests.bench.tables import serial_table
from tests.support import wait_readable

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="the fake printer wants a C compiler")
COMMANDS = [f"G1 X{n} F3000 ; to and fro" for n in range(60)]


@pytest.fixture
def gcode(tmp_path: Path) -> Path:
    source = tmp_path / "source.gcode"
    source.write_text("; a comment\n" + "\n".join(COMMANDS) + "\n")
    assert with_marks(source, 50, tmp_path / "marked.gcode") == 52
    return tmp_path / "marked.gcode"


@needs_cc
@pytest.mark.parametrize("host", [RAW, OURS], ids=lambda host: host.name)
@pytest.mark.parametrize("wire", [INSTANT, UART], ids=lambda wire: wire.name)
def test_a_file_is_carried_whole_over_either_wire(host: Host, wire: Wire, gcode: Path) -> None:
    row = measure(build_fake(), host, wire, gcode)
    assert (row["resends"], row["overruns"]) == (0, 0)
    assert row["lines_s"] > 0
    assert (row["wire_share"] is None) == (wire is INSTANT)
    table = serial_table([{**row, "host": RAW.name}], wire, (RAW, OURS))
    assert "1.00 (1.00-1.00)" in table[-1]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    printer = Child(str(build_fake()), str(tmp_path), "1")
    printer.hear("ready")
    fd = os.open(tmp_path / "port0", os.O_RDWR | os.O_NOCTTY)
    yield fd
    os.close(fd)
    printer.end()


def ask(port: int, line: bytes) -> bytes:
    """What the fake printer says to a line."""
    os.write(port, line)
    wait_readable(port)
    return os.read(port, 4096)


@needs_cc
def test_the_fake_printer_judges_numbers_and_checksums_as_marlin_does(port: int) -> None:
    assert ask(port, frame(1, "G28")) == b"ok\n"
    assert ask(port, frame(3, "G28")).startswith(
        b"Error:Line Number is not Last Line Number+1, Last Line: 1\nResend: 2\n"
    )
    assert ask(port, b"N2 G28*1\n") == b"Error:checksum mismatch, Last Line: 1\nResend: 2\nok\n"
    assert ask(port, b"N2 G28\n").startswith(b"Error:No Checksum with line number, Last Line: 1\n")
    assert ask(port, frame(1, "G28") + b"M105\n").startswith(b"ok T:"), (
        "a repeated line is dropped without a word"
    )
    assert ask(port, frame(9, "M110 N9")) == b"ok\n"
    assert ask(port, frame(10, "M105")).startswith(b"ok T:")


def test_without_a_compiler_the_bench_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Trouble, match="need a C compiler"):
        build_fake()


def test_a_host_that_ends_too_early_is_named_and_not_waited_for() -> None:
    child = Child("sh", "-c", "echo gone wrong >&2")
    with pytest.raises(Trouble, match="no 'ready'"):
        child.hear("ready")
    child.end()


def test_the_file_that_is_measured_is_one_of_ours() -> None:
    assert (harness.TOP / "farm" / "sim" / "models" / "wall-hook.gcode").exists()
