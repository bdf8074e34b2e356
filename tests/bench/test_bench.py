"""The bench measures what it says: every line, on a printer that judges as Marlin does. Nothing here is timed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.gcode.spool import frame
from kiosk.services.base import SessionFact
from tests.bench.burst import Door, Reader, burst_table, together
from tests.bench.harness import (
    INSTANT,
    RAW,
    UART,
    Child,
    Host,
    Row,
    Session,
    Trouble,
    Wire,
    build_fake,
    measure,
    ours,
    with_marks,
)
from tests.bench.login import login_table
from tests.bench.one import one_table, overlapping
from tests.bench.parts import GCODE, Stops
from tests.bench.reach import Change, Seen, later_ones_count_too, reach_table
from tests.bench.site import HUB, BenchSite, people
from tests.bench.tables import part_table, percentile_us
from tests.bench.targets import OCTOPRINT, target_table
from tests.support import wait_readable

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="the fake printer wants a C compiler")
COMMANDS = [f"G1 X{n} F3000 ; to and fro" for n in range(60)]
OURS = ours()


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
    assert "  1.00  " in part_table([{**row, "host": RAW.name, "part": "instant", "round": 0}], "instant")[0]


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[Child]:
    child = Child(str(build_fake()), str(tmp_path), "1")
    child.hear("ready")
    yield child
    child.end()


@pytest.fixture
def port(tmp_path: Path, printer: Child) -> Iterator[int]:
    fd = os.open(tmp_path / "port0", os.O_RDWR | os.O_NOCTTY)
    yield fd
    os.close(fd)


def ask(port: int, line: bytes) -> bytes:
    """What the fake printer says to a line."""
    os.write(port, line)
    wait_readable(port)
    return os.read(port, 4096)


@needs_cc
def test_the_fake_printer_judges_numbers_and_checksums_as_marlin_does(port: int) -> None:
    assert ask(port, frame(1, b"G28")) == b"ok\n"
    assert ask(port, frame(3, b"G28")).startswith(
        b"Error:Line Number is not Last Line Number+1, Last Line: 1\nResend: 2\n"
    )
    assert ask(port, b"N2 G28*1\n") == b"Error:checksum mismatch, Last Line: 1\nResend: 2\nok\n"
    assert ask(port, b"N2 G28\n").startswith(b"Error:No Checksum with line number, Last Line: 1\n")
    assert ask(port, frame(1, b"G28") + b"M105\n").startswith(b"ok T:"), (
        "a repeated line is dropped without a word"
    )
    assert ask(port, frame(9, b"M110 N9")) == b"ok\n"
    assert ask(port, frame(10, b"M105")).startswith(b"ok T:")


@needs_cc
def test_the_fake_printer_counts_a_reaction_for_every_line_after_an_ok(port: int, printer: Child) -> None:
    assert ask(port, b"M117 BENCH_BEGIN\n") == b"ok\n"
    printer.say("pace 1000")
    for _ in range(30):
        assert ask(port, b"G1 X1\n") == b"ok\n"
    os.write(port, b"M117 BENCH_END\n")
    end = printer.hear("end")
    assert (end["lines"], end["resends"], end["overruns"]) == (32, 0, 0)
    assert sum(count for _us, count in end["reaction"]) == 31


@needs_cc
def test_the_fake_printer_halts_at_once_and_is_then_as_after_a_reset(port: int, printer: Child) -> None:
    assert ask(port, frame(7, b"M110 N7")) == b"ok\n"
    printer.say("pace 30000000")
    os.write(port, b"G1 X1\n" * 20 + b"M112\n")
    assert printer.hear("m112")["port"] == 0
    printer.say("pace 0")
    while b"halted. kill() called!\n" not in (said := ask(port, b"")):
        assert set(said.split()) == {b"ok"}
    assert ask(port, frame(1, b"M105")).startswith(b"ok T:")


@needs_cc
def test_a_stopped_printer_comes_back_and_is_stopped_again(gcode: Path) -> None:
    with Session(build_fake(), OURS, INSTANT, gcode) as session:
        session.pace(200_000)
        stops = Stops(session, at_least=1)
        stops.run(2)
    assert (len(stops.waits_ms), stops.missed) == (2, 0)


def test_a_percentile_is_the_bound_of_its_bucket() -> None:
    histogram = [(10, 98), (500, 1), (9000, 1)]
    assert [percentile_us(histogram, share) for share in (0.5, 0.98, 0.99, 1.0)] == [10, 10, 500, 9000]


def test_a_target_says_whether_it_is_met_and_when_nobody_looked() -> None:
    row: Row = {"part": "instant", "host": OURS.name, "round": 0, "lines_s": 800.0, "cpu_us_line": 15.1}
    assert "not measured" in target_table([row])[1]
    beside = {**row, "host": OCTOPRINT, "lines_s": 100.0}
    _head, ratio, cpu = target_table([row, beside])
    assert ratio.split()[-2:] == ["8.0", "met"]
    assert cpu.endswith("not met")


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
    assert GCODE.exists()


# --- people at kiosks --------------------------------------------------------------------------------------------


def test_people_at_the_benchs_kiosks_are_let_in_by_a_hub_of_its_own_and_one_person_once() -> None:
    with BenchSite(kiosks=2, residents=2) as site:
        site.start(HUB)
        everyone = [
            Door(name, site.client(name), who) for name, who in zip(site.kiosks, site.people, strict=True)
        ]
        assert together(everyone) > 0
        assert [door.said for door in everyone] == ["Lease", "Lease"]
        for door in everyone:
            door.leave()
        one = [Door(name, site.client(name), site.people[0]) for name in site.kiosks]
        together(one)
        kept = site.sessions(site.people[0].resident_id)
        assert sorted(door.said for door in one) == ["Lease", "Pending"]
        assert [bool(session.ended_utc) for session in kept] == [False, True]
        assert overlapping(kept) == 0
        wrong = Door(site.kiosks[1], site.client(site.kiosks[1]), site.people[1])
        wrong.who = type(wrong.who)("x", wrong.who.badge_uid, "", "0000")
        together([wrong])
        assert (wrong.said, wrong.sessions) == ("pin_wrong", [])
        assert len(site.policy_sha256()) == 64


def test_the_benchs_people_have_badges_and_pins_of_their_own() -> None:
    found = people(60)
    assert found == people(60)
    assert len({one.badge_uid for one in found} | {one.stick_uid for one in found}) == 120
    assert len({one.pin for one in found}) == 60
    assert all(len(one.pin) == 4 and len(set(one.pin)) > 1 for one in found)


def test_sessions_that_share_a_moment_are_counted_and_those_that_touch_are_not() -> None:
    def session(begun: str, ended: str) -> SessionFact:
        return SessionFact(begun + ended, "r", "k", begun, "", ended)

    assert overlapping([session("1", "3"), session("3", "4"), session("4", "")]) == 0
    assert overlapping([session("1", "3"), session("2", "4"), session("3", "")]) == 2
    assert overlapping([session("1", ""), session("2", "")]) == 1


def test_a_page_counts_when_its_wait_and_the_burst_share_a_moment() -> None:
    reader = Reader([])
    reader.waits = [(1.0, 0.5), (1.8, 0.4), (2.5, 0.1), (2.9, 5.0), (3.0, 1.0)]
    assert [round(ms) for ms in reader.within_ms(2.0, 3.0)] == [400, 100, 5000]


def test_a_kiosk_that_saw_only_the_newer_rules_has_seen_the_older_ones_overtaken() -> None:
    seen, rules = Seen(), [Change("rules", at_s, ["k"], lambda _line: False) for at_s in (1.0, 2.0)]
    rules[0].holds, rules[1].holds = (
        lambda line: line["policy"] == "old",
        lambda line: line["policy"] == "new",
    )
    for at_s, policy in ((0.5, "new"), (1.5, "other"), (4.0, "new")):
        seen.take({"kiosk": "k", "t": at_s, "policy": policy})
    assert seen.first("k", rules[0].at_s, rules[0].holds) is None
    later_ones_count_too(rules)
    assert [seen.first("k", one.at_s, one.holds) for one in rules] == [3.0, 2.0]
    assert seen.first("another", 1.0, rules[1].holds) is None


def test_the_tables_of_issue_four_say_what_is_not_met() -> None:
    stages = {"seen": 10.0, "pad": 10.0, "menu": 10.0, "hash": 40.0, "load": 1.0}
    slow = [{"part": "login", "host": "badge", "round": 0, "proven": ms, **stages} for ms in (200.0, 300.0)]
    assert "  not met  " in login_table([{**slow[1]}])[2]
    assert "  met  " in login_table([{**slow[0]}])[2]
    served = {"took_s": 3.1, "hashes_s": 2.0, "said": {"Lease": 49, "busy": 1}, "slowest_s": 3.0}
    waits = {"kiosk_ms": [10.0] * 99, "desk_ms": [10.0] * 90 + [900.0] * 10, "quiet_ms": [5.0]}
    row: Row = {"part": "burst", **served, **waits, "hub_cpu_s": 1.0, "bench_cpu_s": 1.0, "load": 1.0}
    ratio, answers, kiosk, office = burst_table([row])[3:7]
    assert [line.endswith("not met") for line in (ratio, answers, kiosk, office)] == [True, True, False, True]
    lone = {"host": "refuse", "said": {"Lease": 2}, "open": 1, "at": 2, "overlapping": 0}
    assert one_table([lone])[-1].endswith("not met")
    rest = {"core": 0.1, "kiosk_core": 0.0, "load": 1.0}
    late = {"host": "rules", "changes": 1, "waits_s": [1.0, 2.0], "missed": 1, "load": 1.0}
    assert reach_table([rest, late])[3].endswith("not met")
    assert not reach_table([rest, {**late, "missed": 0}])[3].endswith("not met")
