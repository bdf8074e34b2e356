"""A print on the table never ends with hot heaters in silence, and a pause has a way on."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.farm.bench.table_kit import PROFILE, Workbench, cube, start
from tests.support import wait_until

COUNTS_NO_LINES = "reprapfirmware-3.5-generic-300"
MAY_BE_HOT = "may be on"
Lay = Callable[..., Workbench]


@pytest.fixture
def lay(tmp_path: Path) -> Iterator[Lay]:
    benches: list[Workbench] = []

    def one(profile: str = PROFILE) -> Workbench:
        benches.append(Workbench(tmp_path, profile))
        return benches[-1]

    yield one
    for bench in benches:
        bench.close()


def rows(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text().split("\n") if log.exists() else []
    return [json.loads(line) for line in lines[1:-1]]  # the last one may be half written


def sent(log: Path) -> str:
    return "".join(row["text"] for row in rows(log) if row["d"] == "out")


def begin(bench: Workbench, folder: Path, dwell_s: int = 100) -> tuple[subprocess.Popen[str], Path]:
    """A print in its first layer, and its log."""
    file, log = folder / "long.gcode", folder / "talk.log"
    file.write_text(cube(layers=20, dwell_s=dwell_s))
    streaming = start("stream", str(file), *bench.at, "--json", "--record", str(log))
    wait_until(lambda: "G4 S" in sent(log), 60)
    assert bench.targets_c == (200, 50)
    return streaming, log


def end(streaming: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = streaming.communicate(timeout=90)
    return streaming.returncode, json.loads(out), err


def test_a_print_whose_line_is_in_doubt_ends_with_its_heaters_off(lay: Lay, tmp_path: Path) -> None:
    bench = lay(COUNTS_NO_LINES)
    streaming, _log = begin(bench, tmp_path)
    bench.do(lambda board, _now: setattr(board.mischief, "lost_oks", 1))
    code, told, err = end(streaming)
    assert (code, told["reason"], told["are_heaters_off"]) == (1, "line_in_doubt", True)
    assert bench.targets_c == (0, 0)
    assert MAY_BE_HOT not in err


def test_a_stop_is_waited_for_until_the_printer_confirms_it(lay: Lay, tmp_path: Path) -> None:
    bench = lay()
    streaming, log = begin(bench, tmp_path, 600)
    streaming.send_signal(signal.SIGINT)
    wait_until(lambda: any(row["text"] == "hold" for row in rows(log)))
    streaming.send_signal(signal.SIGINT)
    code, told, err = end(streaming)
    assert (code, told["reason"], told["are_heaters_off"]) == (1, "stopped", True)
    assert bench.targets_c == (0, 0)
    assert any(row["text"].startswith("PrinterHalted") for row in rows(log) if row["d"] == "event")
    assert MAY_BE_HOT not in err


def test_a_stop_that_nobody_confirms_is_said_to_have_left_it_hot(lay: Lay, tmp_path: Path) -> None:
    bench = lay()
    streaming, log = begin(bench, tmp_path, 600)
    bench.do(lambda board, now: board.cut_power(now))  # as a board that hangs: it hears and says nothing
    streaming.send_signal(signal.SIGINT)
    wait_until(lambda: any(row["text"] == "hold" for row in rows(log)))
    streaming.send_signal(signal.SIGINT)
    code, told, err = end(streaming)
    assert (code, told["reason"], told["are_heaters_off"]) == (1, "stopped", False)
    assert MAY_BE_HOT in err


def test_a_board_that_started_anew_is_not_said_to_be_hot(lay: Lay, tmp_path: Path) -> None:
    bench = lay()
    streaming, _log = begin(bench, tmp_path)
    bench.do(lambda board, now: board.reset(now))
    code, told, err = end(streaming)
    assert (code, told["reason"], told["are_heaters_off"]) == (1, "printer_reset", True)
    assert MAY_BE_HOT not in err


def test_a_run_out_reel_pauses_and_a_signal_lets_the_print_go_on(lay: Lay, tmp_path: Path) -> None:
    bench = lay()
    streaming, log = begin(bench, tmp_path)
    bench.do(lambda board, now: board.tell(board.machine.run_out_line, now))
    assert streaming.stderr is not None
    said = next(line for line in streaming.stderr if "paused" in line)
    assert "out_of_filament" in said
    assert f"kill -USR1 {streaming.pid}" in said
    before = sent(log).count("G4 S")
    streaming.send_signal(signal.SIGUSR1)
    wait_until(lambda: sent(log).count("G4 S") >= before + 3, 60)
    streaming.send_signal(signal.SIGINT)
    code, told, _err = end(streaming)
    assert (code, told["outcome"]) == (130, "cancelled")
