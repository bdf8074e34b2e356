"""A link and a virtual board of one firmware: every dialect, two windows, with and without a wire."""

from __future__ import annotations

import msgspec

from farm.link import Link
from farm.link.dialects.base import Dialect
from farm.link.dialects.choice import dialect_of
from farm.link.events import Event, InDoubt, PrinterHalted, PrinterReset, PrinterSilent, Ready, SourceDone
from farm.link.tracks import Commands
from farm.profiles import Profile, find_profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for
from farm.sim.dialogue import Dialogue

PROFILES = (
    "marlin-2.1-generic-220",
    "marlin-1.1-generic-220",
    "marlin-2.1-usb-220",
    "generic-cautious",
    "prusa-3.14-mk3s",
    "repetier-1.0-generic-200",
    "smoothieware-2021-generic-300",
    "reprapfirmware-3.5-generic-300",
    "klipper-0.12-generic-235",
)
FIRST = 100
MOVES = ("G28", *(f"G1 X{n % 90} Y{n % 7} F3000" for n in range(60)))
BAUD, USB_S = 115_200, 0.001
ENDS = (SourceDone, InDoubt, PrinterReset, PrinterHalted, PrinterSilent)


class Case(msgspec.Struct, frozen=True):
    """One way to run a print; its text names it in a test's name."""

    profile_id: str
    window_lines: int
    is_timed: bool

    @property
    def profile(self) -> Profile:
        profile = find_profile(self.profile_id)
        link = msgspec.structs.replace(profile.link, window_lines=self.window_lines)
        return msgspec.structs.replace(profile, link=link)

    def __str__(self) -> str:
        return f"{self.profile_id}-{self.window_lines}-{'wire' if self.is_timed else 'instant'}"


def cases(*, timed: bool | None = None, widest: bool = False) -> list[Case]:
    """All of them; ``timed``: only with (or without) a wire; ``widest``: only the widest window."""
    found = []
    for name in PROFILES:
        most = find_profile(name).link.window_lines
        for lines in sorted({most} if widest else {1, most}):
            found += [Case(name, lines, is_timed) for is_timed in (False, True) if timed in {None, is_timed}]
    return found


class Bench:
    """A conversation, and what the firmware really executed: number, command."""

    def __init__(self, case: Case, profile: Profile | None = None) -> None:
        self.executed: list[tuple[int | None, str]] = []
        self.profile = profile or case.profile
        self.dialect: Dialect = dialect_of(self.profile)
        self.case = case
        self.board: VirtualBoard = board_for(
            self.profile, on_executed=lambda number, text: self.executed.append((number, text))
        )
        self.talk = self._talk(self.board.now)
        self.talk.open()

    def _talk(self, now: float) -> Dialogue[Link, VirtualBoard]:
        wire = {"baud": BAUD, "usb_s": USB_S} if self.case.is_timed else {}
        talk = Dialogue(Link(self.profile), self.board, **wire)
        talk.now = now
        return talk

    @property
    def link(self) -> Link:
        return self.talk.link

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.talk.events if isinstance(event, kind)]

    def numbers(self) -> list[int]:
        """The print's lines in the order in which they were executed."""
        return [
            n for n, text in self.executed if n is not None and FIRST <= n < 100_000 and "M110" not in text
        ]

    def is_over(self) -> bool:
        return any(self.talk.has(kind) for kind in ENDS)

    def heir(self, at_least: int, commands: tuple[str, ...]) -> None:
        """The host has died; another takes over, as far as it can."""
        self.talk = self._talk(self.talk.now)
        self.link.adopt(Commands(FIRST, commands), at_least, self.talk.now)


def ready(case: Case) -> Bench:
    """A firmware that is known."""
    bench = Bench(case)
    assert bench.talk.run(lambda: bench.talk.has(Ready), 60)
    return bench


def printing(case: Case, commands: tuple[str, ...] = MOVES, after: int = 5) -> Bench:
    """A print under way, ``after`` of its lines executed."""
    bench = ready(case)
    bench.link.stream(Commands(FIRST, commands), FIRST)
    assert bench.talk.run(lambda: len(bench.numbers()) >= after, 300)
    return bench


def finish(bench: Bench, commands: tuple[str, ...] = MOVES) -> None:
    """Print to the end: every line once, in order."""
    assert bench.talk.run(bench.is_over, 3600)
    assert bench.talk.has(SourceDone), bench.talk.events[-3:]
    assert bench.numbers() == list(range(FIRST, FIRST + len(commands)))
