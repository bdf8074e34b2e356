"""A worker that comes back to a printer that waits for heat: it is heard out, told to cool, and keeps its power."""

from __future__ import annotations

import pytest

from farm.link import Link
from farm.link.tracks import Commands
from farm.profiles import find_profile
from farm.run import Effect, Interrupt, Known, PrintRun, Report, RunState, Stand, Stream, Submit
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue
from farm.worker.heat import UNREACHED_S, HeatWatch

HEATING = ("M140 S60", "M190 S60", "M109 S210", "G28", *(f"G1 X{n % 100} E{n}" for n in range(1, 200)))


class Job(Commands):
    """A print's lines as the link and a run want them."""

    def command(self, n: int) -> bytes:
        return HEATING[n - self.first].encode()


class Return:
    """A worker that died while its printer heated, and the one that takes its place."""

    def __init__(self, profile_id: str, board: VirtualBoard | None = None) -> None:
        profile = find_profile(profile_id)
        self.job, self.effects = Job(1, HEATING), list[Effect]()
        self.board = board or board_for(profile)
        first = Link(profile)
        before = Dialogue(first, self.board)
        before.open()
        assert before.run(lambda: first.is_ready)
        first.stream(self.job, 1)
        before.run(lambda: False, 5)
        assert self.board.machine.bed.target_c == 60
        self.link = Link(profile)
        self.talk = Dialogue(self.link, self.board)
        self.heat = HeatWatch.of(profile)
        self.heat.suspect(self.talk.now)
        self.run = PrintRun.returned(
            profile, self.job, self.job.last, Known(Stand(RunState.HEATING), 0, self.talk.now), self.talk.now
        )
        self.link.adopt(self.job, 0, self.talk.now)
        self._seen = 0

    def go_on(self, most_s: int) -> bool:
        """Until the run has ended; false when the cell's power had to go, or nothing came of it."""
        for _ in range(most_s):
            self._step()
            if self.heat.is_due(self.talk.now):
                return False
            if self.run.state is RunState.ENDED:
                return True
        return False

    def _step(self) -> None:
        until_s = self.talk.now + 1
        self.talk.run(lambda: False, 1)
        self.talk.now = until_s
        events, self._seen = self.talk.events[self._seen :], len(self.talk.events)
        for event in events:
            assert not self.heat.take(event, self.talk.now, has_run=self.run.state is not RunState.ENDED)
            self._perform(self.run.take(event, self.talk.now))
        self._perform(self.run.handle_timeout(self.talk.now))

    def _perform(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            assert not isinstance(effect, Stream)
            if isinstance(effect, Submit):
                for command in effect.commands:
                    self.link.submit(command)
            elif isinstance(effect, Interrupt):
                self.link.interrupt()


@pytest.mark.parametrize("profile_id", ["marlin-2.1-usb-220", "marlin-1.1-generic-220", "prusa-3.14-mk3s"])
def test_a_printer_that_heats_for_minutes_keeps_its_power_and_is_told_to_cool(profile_id: str) -> None:
    back = Return(profile_id)
    begun_s = back.talk.now
    assert back.go_on(1200)
    assert back.talk.now > begun_s + UNREACHED_S
    assert Report("failed", "worker_restarted") in back.effects
    assert back.board.machine.bed.target_c == back.board.machine.nozzle.target_c == 0


@pytest.mark.parametrize(
    ("profile_id", "board"),
    [("marlin-2.1-usb-220", VirtualMarlin(0.0, emergency_parser=True)), ("repetier-1.0-generic-200", None)],
)
def test_a_firmware_that_can_end_a_wait_is_told_to_and_is_cold_within_the_minute(
    profile_id: str, board: VirtualBoard | None
) -> None:
    back = Return(profile_id, board)
    begun_s = back.talk.now
    assert back.go_on(1200)
    assert back.talk.now < begun_s + UNREACHED_S
    assert back.board.machine.bed.target_c == 0
