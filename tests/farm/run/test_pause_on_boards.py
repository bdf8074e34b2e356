"""A pause on every printer there is: the head and the filament end where they would have ended without it."""

from __future__ import annotations

import pytest

from farm.link import Link
from farm.link.events import Event, Ready, Settled
from farm.link.tracks import Commands
from farm.profiles import PROFILES_DIR, Profile, find_profile
from farm.run import Drop, Effect, Hold, Interrupt, PrintRun, Report, RunState, StopNow, Stream, Submit
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for, board_of
from farm.sim.dialogue import Dialogue

IDS = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
BEGIN = ("M109 S200", "G28", "G92 E0")
LIMIT_S = 20_000.0  # of the printer's own time
# each job pushes 400 mm of filament before it is held and 80 mm after, so that a mode mistaken is a disaster
JOBS = {
    "M82": ("G90", "M82", *(f"G1 X{n} Y5 E{n * 4} F3000" for n in range(1, 121))),
    "M83": ("G90", "M83", *(f"G1 X{n} Y5 E4 F3000" for n in range(1, 121))),
    "M83 before G91": ("M83", "G91", *("G1 X1 E4 F3000" for _ in range(120))),
    "G91, then M82": ("G91", "M82", *(f"G1 X1 E{n * 4} F3000" for n in range(1, 121))),
    "M83, then G90": ("M83", "G90", *(f"G1 X{n} Y5 E{n * 4} F3000" for n in range(1, 121))),
    "no mode at all": tuple(f"G1 X{n} Y5 E{n * 4} F3000" for n in range(1, 121)),
}


class Job(Commands):
    """A job's lines, which can be read again."""

    def command(self, n: int) -> bytes:
        return self._commands[n - self.first].encode()


class Floor:
    """A run, its link and its board; the run's effects are performed at once."""

    def __init__(
        self, profile: Profile, commands: tuple[str, ...], board: VirtualBoard | None = None
    ) -> None:
        self.talk: Dialogue[Link, VirtualBoard] = Dialogue(Link(profile), board or board_for(profile))
        self.talk.open()
        assert self.talk.run(lambda: self.talk.has(Ready), 120)
        self.job = Job(1, commands)
        self.printing = PrintRun(profile, self.job, self.job.last)
        self.reports: list[Report] = []
        self._taken = len(self.talk.events)
        self.perform(self.printing.begin())

    def perform(self, effects: list[Effect]) -> None:
        link = self.talk.link
        for effect in effects:
            match effect:
                case Stream(at=at):
                    link.stream(self.job, at)
                case Hold():
                    link.hold()
                case Submit(commands=commands):
                    for command in commands:
                        link.submit(command)
                case Interrupt():
                    link.interrupt()
                case StopNow():
                    link.stop(self.talk.now)
                case Report():
                    self.reports.append(effect)
                case Drop():
                    pass

    def until(self, state: RunState, *, line: int = 0) -> None:
        def is_there() -> bool:
            self.heed()
            return self.printing.state is state and (self.talk.link.acked_line or 0) >= line

        assert self.talk.run(is_there, LIMIT_S), (self.printing.state, self.talk.events[-9:])

    def heed(self) -> None:
        """Hand the run what has happened."""
        new: list[Event] = self.talk.events[self._taken :]
        self._taken += len(new)
        for event in new:
            self.perform(self.printing.take(event, self.talk.now))

    def end(self) -> tuple[list[float], float]:
        """Where the head is in the end, and how much filament was pushed."""
        self.until(RunState.COOLING)
        motion = self.talk.printer.machine.motion
        return motion.at, motion.extruded_mm


def printed(profile: Profile, job: str, *, pauses: int) -> tuple[list[float], float]:
    floor = Floor(profile, BEGIN + JOBS[job])
    floor.until(RunState.HEATING, line=len(BEGIN) + 2)
    floor.perform(floor.printing.note_layer(1))
    for number in range(pauses):
        floor.until(RunState.PRINTING, line=100 + number)
        floor.perform(floor.printing.pause())
        floor.until(RunState.PAUSED)
        floor.perform(floor.printing.resume())
        floor.until(RunState.PRINTING)
    return floor.end()


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("profile_id", IDS)
def test_a_pause_changes_neither_where_the_print_ends_nor_how_much_it_extrudes(
    profile_id: str, job: str
) -> None:
    profile = find_profile(profile_id)
    at, pushed_mm = printed(profile, job, pauses=0)
    at_paused, pushed_paused_mm = printed(profile, job, pauses=2)
    # M114 has two decimals on Marlin: a place is known to 0.005 mm at each pause
    assert at_paused == pytest.approx(at, abs=0.02)
    assert pushed_paused_mm == pytest.approx(pushed_mm, abs=0.02)


@pytest.mark.parametrize("job", ["M82", "M83"])
@pytest.mark.parametrize("profile_id", IDS)
def test_a_parked_printer_has_drawn_its_filament_back_by_no_more_than_the_park_table_says(
    profile_id: str, job: str
) -> None:
    profile = find_profile(profile_id)
    floor = Floor(profile, BEGIN + JOBS[job])
    floor.until(RunState.HEATING, line=100)
    floor.perform(floor.printing.note_layer(1))
    motion = floor.talk.printer.machine.motion
    before_mm = motion.extruded_mm
    floor.perform(floor.printing.pause())
    floor.until(RunState.PAUSED)
    # what was on its way when it was held is pushed yet
    assert -profile.park.retract_mm <= motion.extruded_mm - before_mm < 100


@pytest.mark.parametrize("profile_id", IDS)
@pytest.mark.parametrize("ends_by", ["cancel", "done"])
def test_a_printer_is_left_with_absolute_places_and_absolute_filament(profile_id: str, ends_by: str) -> None:
    floor = Floor(find_profile(profile_id), BEGIN + JOBS["M83 before G91"])
    floor.until(RunState.HEATING, line=50)
    floor.perform(floor.printing.note_layer(1))
    if ends_by == "cancel":
        floor.perform(floor.printing.cancel())
        floor.until(RunState.ENDED)
    else:
        floor.end()
        settled = floor.talk.count(Settled)
        assert floor.talk.run(lambda: floor.talk.count(Settled) > settled, LIMIT_S)
    motion = floor.talk.printer.machine.motion
    assert (motion.is_relative, motion.is_e_relative) == (False, False)


def test_a_cancel_before_two_waits_for_heat_waits_for_neither_where_m108_is_heard_at_once() -> None:
    profile = find_profile("marlin-2.1-generic-220")
    board = board_of("marlin", rx_bytes=128, queue_lines=4, emergency_parser=True)
    floor = Floor(profile, ("M190 S100", "M109 S230", *JOBS["M82"]), board)
    assert floor.talk.run(lambda: floor.talk.printer.machine.is_heat_waiting, 60)
    begun_s = floor.talk.now
    floor.perform(floor.printing.cancel())
    floor.until(RunState.ENDED)
    assert floor.talk.now - begun_s < 60  # of the printer's own time; heated to the end it takes six minutes
