"""Each command of the bench as it is typed, over real pseudo-terminals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from farm.bench.identify import identify, sentences
from farm.bench.search import findings_text, search, shipped_profiles
from farm.profiles import find_profile
from tests.farm.bench.table_kit import PROFILE, Table, cube, run, start
from tests.support import wait_until

Lay = Callable[..., Table]


@pytest.fixture
def lay() -> Iterator[Lay]:
    tables: list[Table] = []

    def one(*options: str) -> Table:
        tables.append(Table(*options))
        return tables[-1]

    yield one
    for table in tables:
        table.close()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    file = tmp_path / "cube.gcode"
    file.write_text(cube())
    return file


def test_a_file_is_streamed_whole_and_its_figures_are_told(lay: Lay, job: Path) -> None:
    done = run("stream", str(job), *lay("--speed", "1000").at, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["lines"], told["of"]) == ("done", told["of"], 94 - 6)
    assert told["seconds"] > 0
    assert told["cpu_us_line"] > 0
    assert told["peak_memory_kib"] > 1000


def test_a_bad_wire_is_survived_and_its_resends_are_counted(lay: Lay, job: Path) -> None:
    table = lay("--speed", "1000", "--faults", "drop_out=0.002,corrupt_out=0.002")
    done = run("stream", str(job), *table.at, "--json")
    told = json.loads(done.stdout)
    assert told["outcome"] == "done", done.stderr
    assert told["lines"] == told["of"]


def test_a_record_replayed_gives_the_same_events(lay: Lay, job: Path, tmp_path: Path) -> None:
    log = tmp_path / "talk.log"
    table = lay("--speed", "1000", "--faults", "corrupt=0.0005,lost_ok=2")
    assert run("stream", str(job), *table.at, "--record", str(log)).returncode == 0
    recorded = [
        row["text"] for row in map(json.loads, log.read_text().splitlines()[1:]) if row["d"] == "event"
    ]
    replayed = run("replay", str(log))
    assert replayed.returncode == 0, replayed.stdout[-2000:]
    *events, verdict = replayed.stdout.splitlines()
    assert [event.split("  ")[-1] for event in events] == recorded
    assert verdict == "as recorded"


def test_a_record_that_the_link_no_longer_agrees_with_is_told_apart(
    lay: Lay, job: Path, tmp_path: Path
) -> None:
    log = tmp_path / "talk.log"
    assert run("stream", str(job), *lay("--speed", "1000").at, "--record", str(log)).returncode == 0
    log.write_text(log.read_text().replace("SourceDone", "SourceGone"))
    replayed = run("replay", str(log))
    assert replayed.returncode == 1
    assert "Recorded was: SourceGone" in replayed.stdout


def test_a_log_of_another_program_needs_only_what_went_over_the_wire(tmp_path: Path) -> None:
    log = tmp_path / "other.log"
    rows = [
        {"v": 1, "profile": "marlin-2.1-generic-220"},
        {"t": 0.5, "d": "in", "text": "start\n"},
        {"t": 9.0, "d": "in", "text": "Error:Printer halted. kill() called!\n"},
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    replayed = run("replay", str(log))
    assert replayed.returncode == 0
    assert "PrinterHalted" in replayed.stdout


def test_what_is_no_log_is_refused_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "bad.log"
    log.write_text('{"v":1,"profile":"marlin-2.1-generic-220"}\n{"t":1,"d":"sideways","text":""}\n')
    replayed = run("replay", str(log))
    assert replayed.returncode == 1
    assert re.search(r"^Error: bad\.log is no dialogue that can be read: line 2, ", replayed.stderr)


def rows(log: Path) -> list[dict[str, str]]:
    lines = log.read_text().split("\n") if log.exists() else []
    return [json.loads(line) for line in lines[1:-1]]  # the last one may be half written


def start_long(table: Table, folder: Path, dwell_s: int = 60) -> tuple[subprocess.Popen[str], Path]:
    """A print in its first layer, and its log."""
    file, log = folder / "long.gcode", folder / "talk.log"
    file.write_text(cube(layers=20, dwell_s=dwell_s))
    streaming = start("stream", str(file), *table.at, "--json", "--record", str(log))
    wait_until(lambda: any("G4 S" in row["text"] for row in rows(log) if row["d"] == "out"), 60)
    return streaming, log


def test_ctrl_c_cancels_and_leaves_the_heaters_off(lay: Lay, tmp_path: Path) -> None:
    streaming, log = start_long(lay("--speed", "100"), tmp_path)
    streaming.send_signal(signal.SIGINT)
    out, _err = streaming.communicate(timeout=90)
    told = json.loads(out)
    assert (streaming.returncode, told["outcome"]) == (130, "cancelled")
    assert told["lines"] < told["of"]
    sent = "".join(row["text"] for row in rows(log) if row["d"] == "out")
    assert sent.index("G4 S60") < sent.index("M104 S0") < sent.index("M84")
    assert "M140 S0" in sent
    (*_, last) = (row["text"] for row in rows(log) if row["text"].startswith("Temperatures"))
    assert '"nozzle_target_c":0.0,' in last


def test_ctrl_c_pressed_again_is_an_emergency_stop(lay: Lay, tmp_path: Path) -> None:
    streaming, log = start_long(lay("--speed", "100"), tmp_path, 600)  # six seconds a cancel must wait
    streaming.send_signal(signal.SIGINT)
    wait_until(lambda: any(row["text"] == "hold" for row in rows(log)))
    streaming.send_signal(signal.SIGINT)
    out, _err = streaming.communicate(timeout=90)
    assert (streaming.returncode, json.loads(out)["reason"]) == (1, "stopped")
    assert any(row["text"] == "\nM112\n" for row in rows(log) if row["d"] == "out")


def test_a_printer_that_is_lost_in_mid_print_is_said_to_be_hot(lay: Lay, tmp_path: Path) -> None:
    table = lay("--speed", "100")
    streaming, _log = start_long(table, tmp_path)
    table.process.terminate()
    table.process.wait(timeout=30)  # a second signal, at the end of the test, must not meet it half gone
    out, err = streaming.communicate(timeout=90)
    assert (streaming.returncode, json.loads(out)["reason"]) == (1, "printer_lost")
    assert "switch it off" in err


def test_a_fault_that_happens_once_comes_when_it_was_asked_for(lay: Lay, tmp_path: Path) -> None:
    file = tmp_path / "long.gcode"
    file.write_text(cube(layers=20, dwell_s=600))
    done = run("stream", str(file), *lay("--speed", "100", "--faults", "halt=8").at)
    assert done.returncode == 1
    assert "printer_halted" in done.stdout or "stopped for good" in done.stderr


def test_a_file_that_may_not_run_here_never_opens_the_port(tmp_path: Path) -> None:
    file = tmp_path / "hot.gcode"
    file.write_text("M104 S300\n")
    done = run("stream", str(file), "--port", "/dev/null", "--profile", "marlin-2.1-generic-220")
    assert done.returncode == 1
    assert "Line 1 heats the nozzle to 300" in done.stderr


def test_a_missing_port_is_one_line() -> None:
    done = run("identify", "--port", "/dev/no-such-port", "--profile", "marlin-2.1-generic-220")
    assert done.returncode == 1
    assert done.stderr == "Error: There is no serial device at /dev/no-such-port.\n"


def test_a_printer_that_is_what_its_profile_says_is_identified(lay: Lay) -> None:
    done = run("identify", *lay("--speed", "1000").at)
    assert done.returncode == 0, done.stderr
    assert "Marlin 2.1" in done.stdout
    assert "This printer is what profile marlin-2.1-generic-220 says." in done.stdout


def test_a_printer_that_is_not_is_told_by_a_sentence(lay: Lay) -> None:
    profile = find_profile(PROFILE)
    other = msgspec.structs.replace(profile.identify, firmware_name="^Prusa-Firmware")
    table = lay("--speed", "1000")
    answer = identify(Path(table.port), msgspec.structs.replace(profile, identify=other))
    assert sentences(answer, profile)[-1].startswith("The firmware calls itself 'Marlin 2.1")


@pytest.mark.parametrize(
    "faults",
    [
        "dorp=1",
        "drop=often",
        "drop=-1",
        "drop",
        "drop=2",
        "drop=inf",
        "halt=inf",
        "slow=nan",
        "rx_bytes=0",
        "lost_ok=0.5",
    ],
)
def test_a_fault_that_does_not_exist_is_one_sentence(faults: str) -> None:
    done = run("simulate", "--profile", "marlin-2.1-generic-220", "--faults", faults)
    assert done.returncode == 2
    assert len(done.stderr.split("Error: ")[1].splitlines()) == 1


@pytest.mark.parametrize("speed", ["-1", "nan", "0", "inf", "1e9"])
def test_a_speed_that_no_printer_has_is_one_sentence(speed: str) -> None:
    done = run("simulate", "--profile", PROFILE, "--speed", speed)
    assert done.returncode == 2
    assert len(done.stderr.split("Error: ")[1].splitlines()) == 1


@pytest.mark.parametrize(
    "option",
    [
        ("--faults", "drop=0.1"),
        ("--speed", "2"),
        ("--baud", "115200"),
        ("--usb-ms", "1"),
        ("--rx-bytes", "99"),
    ],
    ids=lambda option: option[0],
)
def test_what_is_for_one_printer_is_refused_without_its_profile(option: tuple[str, str]) -> None:
    done = run("simulate", *option)
    assert done.returncode == 2
    assert f"{option[0]} needs --profile" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("identify", "--port", "nope"), ("stream", "/dev/null", "--port", "nope"), ("simulate",)],
    ids=lambda words: words[0],
)
def test_a_profile_that_does_not_exist_names_those_that_do(words: tuple[str, ...]) -> None:
    done = run(*words, "--profile", "no-such-printer")
    assert done.returncode == 2
    assert "there is no profile no-such-printer; there are generic-cautious, klipper-" in done.stderr


def test_what_is_no_serial_device_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    done = run("identify", "--port", str(file))
    assert (done.returncode, done.stderr) == (1, f"Error: {file} is no serial device.\n")


@pytest.mark.parametrize(
    "profile_id",
    ["marlin-1.1-generic-220", "prusa-3.14-mk3s", "repetier-1.0-generic-200", "klipper-0.12-generic-235",
     "smoothieware-2021-generic-300", "reprapfirmware-3.5-generic-300"],
)  # fmt: skip
def test_a_printer_that_nobody_knows_is_found_among_the_profiles(lay: Lay, profile_id: str) -> None:
    done = run("identify", "--port", lay("--profile", profile_id, "--speed", "100").port)
    assert (done.returncode, done.stderr) == (0, "")
    *_, speed, verdict = done.stdout.splitlines()
    assert speed.endswith(" baud")
    assert profile_id in verdict


def test_an_empty_port_is_said_to_be_empty() -> None:
    ours, theirs = os.openpty()
    try:
        finding = search(Path(os.ttyname(theirs)), shipped_profiles()[:1])
    finally:
        os.close(ours)
        os.close(theirs)
    assert findings_text(finding) == ["Nobody answers at this port, at any speed that a profile names."]


def test_a_harness_drives_real_workers(lay: Lay, job: Path) -> None:
    ports = [lay("--speed", "1000").port for _ in range(2)]
    driver = start("bench-driver", "--gcode", str(job), *ports, stdin=subprocess.PIPE)
    assert driver.stdin is not None
    assert driver.stdout is not None
    ready = json.loads(driver.stdout.readline())
    assert ready["ev"] == "ready"
    assert all("farm.worker" in Path(f"/proc/{pid}/cmdline").read_text() for pid in ready["pids"])
    driver.stdin.write("go\nreconnect 1\n")
    driver.stdin.flush()
    assert json.loads(driver.stdout.readline()) == {"ev": "reconnected"}  # idle again: the file is through
    driver.stdin.write("go\nestop 0\nreconnect 0\nquit\n")
    driver.stdin.flush()
    driver.communicate(timeout=60)
    assert driver.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in ready["pids"])
