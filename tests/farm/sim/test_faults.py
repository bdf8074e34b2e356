"""Every fault can be had of every board, and does what its line in the table says."""

from __future__ import annotations

import os
import re
import select
import selectors
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.link.framing import frame
from farm.profiles import PROFILES_DIR, Profile, load_profile
from farm.sim.boards import BOARDS, board_for
from farm.sim.faults import FAULTS, NoisyWire
from farm.sim.single import BadFaults, read_faults
from farm.sim.unit import VirtualUnit, WorldClock
from tests.farm.sim.sim_kit import say, started

PROFILES = [load_profile(path) for path in sorted(PROFILES_DIR.glob("*.toml"))]


class Bench:
    """One printer on a real pseudo-terminal and a clock that we move."""

    def __init__(self, folder: Path, profile: Profile, **timing: float) -> None:
        self.now_s = 100.0
        self.link = folder / "port"
        self._selector = selectors.DefaultSelector()
        self.unit = VirtualUnit(
            "printer-1",
            "cell-1",
            self.link,
            WorldClock(lambda: self.now_s),
            self._selector,
            lambda now, factor: board_for(profile, now, factor=factor),
            **timing,
        )
        self.unit.set_relay(True)
        self.pass_s(1.5)
        self.host = os.open(self.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def pass_s(self, seconds: float, step_s: float = 0.1) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + step_s)
            for key, mask in self._selector.select(0):
                key.data(mask)
            self.unit.turn()

    def type(self, data: bytes) -> None:
        """Write, and be sure that the printer's end has it: the kernel takes its time."""
        os.write(self.host, data)
        for key, mask in self._selector.select(5):
            key.data(mask)

    def heard(self) -> bytes:
        """What has come."""
        try:
            return os.read(self.host, 4096)
        except BlockingIOError:
            return b""

    def hear(self, end: bytes) -> bytes:
        """What comes up to and with ``end``, all of which the printer has sent."""
        heard = b""
        while not heard.endswith(end) and select.select([self.host], [], [], 5)[0]:
            heard += os.read(self.host, 4096)
        return heard

    def close(self) -> None:
        os.close(self.host)
        self.unit.close()
        self._selector.close()


MARLIN = next(profile for profile in PROFILES if profile.id == "marlin-2.1-generic-220")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    one = Bench(tmp_path, MARLIN)
    yield one
    one.close()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_every_profile_has_a_board_that_is_named_as_it_says_and_takes_every_fault(
    profile: Profile, tmp_path: Path
) -> None:
    board = board_for(profile)
    board.advance(2.0)
    board.data_to_send()
    name = re.split(r",? [A-Z_-]+:", say(board, b"M115\n").decode().partition("FIRMWARE_NAME:")[2].strip())[0]
    assert re.search(profile.identify.firmware_name, name)
    bench = Bench(tmp_path, profile)
    try:
        for fault in FAULTS:
            assert bench.unit.spoil(fault, 1.0)
            bench.pass_s(5.0)
    finally:
        bench.close()


def test_a_fault_of_another_name_is_refused(bench: Bench) -> None:
    assert not bench.unit.spoil("gremlins", 1.0)


def test_every_dialect_has_a_board() -> None:
    assert {profile.dialect for profile in PROFILES} == set(BOARDS)


def test_a_vanished_port_comes_back_as_another_terminal_under_its_name(bench: Bench) -> None:
    before = bench.link.readlink()
    bench.unit.spoil("vanish", 2.0)
    bench.pass_s(1.5)
    assert not bench.link.is_symlink()
    bench.pass_s(1.0)
    assert bench.link.readlink() != before


def test_a_moved_port_comes_back_under_another_name(bench: Bench) -> None:
    bench.unit.spoil("move", 2.0)
    bench.pass_s(2.5)
    assert not bench.link.is_symlink()
    assert bench.link.with_name("port-moved").exists()


def test_ends_at_different_speeds_read_garbage(bench: Bench) -> None:
    bench.hear(b"defaults\n")
    bench.unit.spoil("baud_mismatch", 1.0)
    bench.type(b"M105\n")
    bench.unit.spoil("baud_mismatch", 0.0)
    bench.type(b"\nM105\n")
    assert bench.hear(b"B@:0\n").count(b"ok T:") == 1


def test_on_a_slow_line_bytes_take_their_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path, MARLIN, baud=1000.0, usb_s=0.01)
    bench.pass_s(5.0)
    bench.hear(b"defaults\n")
    bench.type(b"M115\n")  # five bytes: 10 ms of USB and 50 ms of wire
    bench.pass_s(0.05, 0.005)
    assert bench.heard() == b""
    bench.pass_s(0.06, 0.005)  # then both again for each byte that comes back
    assert b"FIRMWARE_NAME:Marlin 2.1".startswith(bench.heard())
    bench.pass_s(15.0)
    assert bench.hear(b"ok\n").endswith(b"Cap:MEATPACK:0\nok\n")
    bench.close()


def test_garbled_bytes_are_not_the_ones_sent() -> None:
    wire = NoisyWire(3)
    wire.is_garbled = True
    assert wire.carry(b"N1 M105*36\n" * 9) != b"N1 M105*36\n" * 9


@pytest.mark.parametrize("dialect", sorted(BOARDS))
def test_lost_and_doubled_oks(dialect: str) -> None:
    printer = started(dialect)
    printer.mischief.lost_oks = 1
    assert b"ok" not in say(printer, b"G21\n")
    assert say(printer, b"G21\n").count(b"ok") == 1
    printer.mischief.doubled_oks = 1
    assert say(printer, b"G21\n").count(b"ok") == 2
    assert say(printer, b"G21\n").count(b"ok") == 1


@pytest.mark.parametrize("dialect", ["marlin", "prusa", "repetier", "smoothieware"])
def test_questions_for_a_line_come_late_often_and_without_an_ok(dialect: str) -> None:
    printer = started(dialect)
    word = b"rs N" if dialect == "smoothieware" else b"Resend:"
    say(printer, frame(0, "M110 N0"))
    printer.mischief.resend_extra = 2
    assert say(printer, frame(50, "G21")).count(word) == 3
    printer.mischief.resend_extra = 0
    say(printer, frame(1, "G21"))
    printer.mischief.resends_without_ok = 1
    assert b"ok" not in say(printer, frame(60, "G21"))
    say(printer, frame(2, "G21"))
    printer.mischief.resend_late_s = 0.15
    assert word not in say(printer, frame(70, "G21"), 0.1)
    assert word in say(printer, b"", 0.1)


def test_a_heater_that_cannot_be_switched_off_rises_unasked_past_the_end_and_only_power_helps() -> None:
    printer = started("marlin")
    printer.machine.nozzle.set_stuck(True, printer.now)
    assert b"T:2" in say(printer, b"M105\n", 0.0)
    answer = say(printer, b"", 300.0)
    assert b"MAXTEMP triggered" in answer
    assert printer.machine.nozzle.true_c(printer.now) > 300
    printer.cut_power(printer.now)
    hot = printer.machine.nozzle.true_c(printer.now)
    assert printer.machine.nozzle.true_c(printer.now + 60) < hot - 50


def test_what_is_broken_stays_broken_over_a_reset() -> None:
    printer = started("marlin")
    printer.machine.nozzle.set_open(True, printer.now)
    printer.reset(printer.now)
    assert b"T:-15.00" in say(printer, b"", 1.0) + say(printer, b"M105\n")


def test_a_slow_printer_takes_longer_and_a_silent_one_says_nothing() -> None:
    quick, slow = started("marlin"), started("marlin")
    slow.machine.motion.slowness = 3.0
    slow.mischief.is_silent = True
    assert b"busy" in say(quick, b"G28\n", 9.0)
    assert say(slow, b"G28\n", 26.9) == b""
    assert say(slow, b"", 0.2).endswith(b"ok\n")


def test_a_smaller_ring_loses_what_a_greater_one_holds() -> None:
    printer = started("marlin", has_flow_control=True)
    printer.resize(64)
    say(printer, b"G4 S1\n" * 30)
    assert printer.overruns > 0


def test_faults_are_read_from_one_line_of_text() -> None:
    assert read_faults("drop=0.01, vanish=20") == {"drop_out": 0.01, "drop_in": 0.01, "vanish": 20.0}
    with pytest.raises(BadFaults):
        read_faults("gremlins=1")
