"""Switching the heaters off after a print that failed, on every firmware, in simulated time."""

from __future__ import annotations

import pytest

from farm.bench.ending import OFF_S, switch_off
from farm.link import Firmware, Link
from farm.link.events import Event, InDoubt, PortGone, PrinterSilent, Quarantined, Ready, Settled
from farm.link.link import STOP_S
from farm.link.tracks import Commands
from farm.profiles import PROFILES_DIR, find_profile
from farm.sim.boards import board_for
from farm.sim.dialogue import Dialogue

IDS = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
HOT = ("M104 S200", "M140 S50")
MOVES = ("G28", *(f"G1 X{n % 90} Y{n % 7} F3000" for n in range(60)))


class Bench:
    """A hot printer that is known, and the conversation with it."""

    def __init__(self, profile_id: str) -> None:
        profile = find_profile(profile_id)
        self.board = board_for(profile)
        self.link = Link(profile)
        self._talk = Dialogue(self.link, self.board)
        self._talk.open()
        assert self._talk.run(lambda: self._talk.has(Ready), 120)
        for command in HOT:
            self.link.submit(command)
        settled = self._talk.count(Settled)
        assert self._talk.run(lambda: self._talk.count(Settled) > settled, 120)
        assert self.targets_c == (200, 50)

    @property
    def targets_c(self) -> tuple[float, float]:
        return self.board.machine.nozzle.target_c, self.board.machine.bed.target_c

    def now_s(self) -> float:
        return self._talk.now

    def submit(self, command: str, /) -> None:
        self.link.submit(command)

    def stop(self) -> None:
        self.link.stop(self._talk.now)

    def turn(self, wait_s: float, /) -> list[Event]:
        before, end_s = len(self._talk.events), self._talk.now + wait_s
        self._talk.run(lambda: self._talk.now >= end_s or len(self._talk.events) > before, wait_s)
        if len(self._talk.events) == before:
            self._talk.now = end_s
        return self._talk.events[before:]


def never() -> bool:
    return False


@pytest.mark.parametrize("profile_id", IDS)
def test_heaters_are_off_when_the_printer_says_so(profile_id: str) -> None:
    bench = Bench(profile_id)
    assert switch_off(bench, [], never, is_stopped=False)
    assert bench.targets_c == (0, 0)


def test_a_link_in_doubt_is_waited_for_until_it_is_ready_again() -> None:
    bench = Bench("reprapfirmware-3.5-generic-300")
    bench.link.stream(Commands(1, MOVES), 1)
    while (bench.link.acked_line or 0) < 20:
        bench.turn(0.25)
    bench.board.mischief.lost_oks = 1
    told: list[Event] = []
    while not any(isinstance(event, InDoubt) for event in told):
        told = bench.turn(0.25)
    assert not bench.link.is_ready
    assert switch_off(bench, told, never, is_stopped=False)
    assert bench.targets_c == (0, 0)


def test_a_printer_that_says_nothing_more_is_not_believed_and_not_waited_for_without_end() -> None:
    bench = Bench("marlin-2.1-generic-220")
    bench.board.cut_power(bench.now_s())
    begun_s = bench.now_s()
    assert not switch_off(bench, [], never, is_stopped=False)
    assert bench.now_s() - begun_s <= OFF_S + 1


@pytest.mark.parametrize(
    "ending", [PortGone(), PrinterSilent(), Quarantined(Firmware(), "another")], ids=repr
)
def test_a_printer_that_nobody_may_talk_to_is_not_waited_for(ending: Event) -> None:
    bench = Bench("marlin-2.1-generic-220")
    begun_s = bench.now_s()
    assert not switch_off(bench, [ending], never, is_stopped=False)
    assert bench.now_s() == begun_s


@pytest.mark.parametrize("profile_id", IDS)
def test_whoever_does_not_want_to_wait_gets_an_emergency_stop(profile_id: str) -> None:
    bench = Bench(profile_id)
    assert switch_off(bench, [], lambda: True, is_stopped=False)
    assert bench.targets_c == (0, 0)


def test_a_stop_that_is_not_confirmed_in_time_has_not_switched_off() -> None:
    bench = Bench("marlin-2.1-generic-220")
    bench.board.cut_power(bench.now_s())
    begun_s = bench.now_s()
    bench.stop()
    assert not switch_off(bench, [], never, is_stopped=True)
    assert bench.now_s() - begun_s <= STOP_S + 1.5
