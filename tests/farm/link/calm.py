"""Weather for firmwares that count no lines, whose wire (USB, a pseudo-terminal) loses nothing and keeps order.

What goes wrong there is the firmware's own: oks that are never said or said twice, words that nobody asked for, moves
that take minutes without a word, a restart or a stop in mid-print. A schedule puts up to eight of these between lines.

Promises: *order* always; *liveness*: without a restart or stop Klipper prints to the end, for an answer on its wire
proves all before it; RepRapFirmware does too as long as no ok is lost, else it ends in ``InDoubt`` and repeats nothing.
A Klipper that forgets the answer to a question itself is not in the schedules: it would count as silent after minutes.
"""

from __future__ import annotations

import random

import msgspec

from farm.link import Link
from farm.link.events import Ready, SourceDone
from farm.link.tracks import Commands
from farm.profiles import Profile, find_profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_of
from farm.sim.dialogue import Dialogue
from tests.farm.link.verdict import COMMANDS, ENDS, FIRST, LAST, PRINT_S, READY_S, Verdict

PROFILES = {
    "reprapfirmware": "reprapfirmware-3.5-generic-300",
    "klipper": "klipper-0.12-generic-235",
}
TROUBLES = ("lost", "lost", "doubled", "doubled", "slow", "said")
ENDINGS = ("restart", "halt")
ENDING_SHARE = 0.1
SAID = (
    "echo: hello", "// probe at 10.000,10.000 is z=0.1", "// action:notification Layer 3", "Warning: low voltage",
    "B:21.5 /0.0 T0:21.9 /0.0", "T:21.9 /0.0 B:21.5 /0.0", "X:1.000 Y:2.000 Z:3.000 E:0.000", "ok?", "done", "okay",
)  # fmt: skip
SLOWEST = 60.0  # a homing of some eight minutes
Talk = Dialogue[Link, VirtualBoard]


class Forgetful:
    """The way back of a firmware that forgets to say ``ok``: the next ``count`` bare ones are never said."""

    def __init__(self) -> None:
        self.count = 0

    def carry(self, data: bytes) -> bytes:
        """What is said of ``data``, which is whole lines."""
        said = []
        for line in data.splitlines(keepends=True):
            if self.count and line.strip() == b"ok":
                self.count -= 1
            else:
                said.append(line)
        return b"".join(said)


def windows_of(dialect: str) -> tuple[int, ...]:
    """One line, and what the profile says."""
    return tuple(sorted({1, find_profile(PROFILES[dialect]).link.window_lines}))


def profile_of(dialect: str, window: int) -> Profile:
    """The dialect's profile with a window of so many lines."""
    profile = find_profile(PROFILES[dialect])
    return msgspec.structs.replace(profile, link=msgspec.structs.replace(profile.link, window_lines=window))


def plan(seed: int) -> list[tuple[int, str, float]]:
    """After how many lines, what, and how much of it."""
    chance = random.Random(seed)
    found = [
        (chance.randrange(len(COMMANDS)), chance.choice(TROUBLES), chance.random())
        for _ in range(chance.randint(1, 8))
    ]
    if chance.random() < ENDING_SHARE:
        found.append((chance.randrange(len(COMMANDS)), chance.choice(ENDINGS), 0.0))
    return sorted(found)


def cause(talk: Talk, dialect: str, what: str, amount: float) -> None:
    """Let it go wrong."""
    board, now = talk.printer, talk.now
    if what == "lost":
        assert isinstance(talk.back, Forgetful)
        talk.back.count += 1 + int(4 * amount)
    elif what == "doubled":
        board.mischief.doubled_oks += 1 + int(4 * amount)
    elif what == "slow":
        board.machine.motion.slowness = max(1.0, SLOWEST * amount)
    elif what == "said":
        board.tell(SAID[int(len(SAID) * amount)], now)
    elif what == "halt":
        board.halt("", now)
    elif dialect == "klipper":
        board.receive(b"FIRMWARE_RESTART\n", now)
    else:  # its port goes with it
        board.reset(now)
        board.data_to_send()
        talk.events += talk.link.receive_data(b"", now)


def endure(dialect: str, window: int, seed: int) -> Verdict:
    """Print in the seed's weather."""
    executed: list[tuple[int | None, str]] = []
    board = board_of(dialect, 0.0, on_executed=lambda number, text: executed.append((number, text)))
    talk = Dialogue(Link(profile_of(dialect, window)), board, baud=115_200, usb_s=0.001)
    talk.open()
    assert talk.run(lambda: talk.has(Ready), READY_S), "a clean wire"
    talk.back = Forgetful()
    talk.link.stream(Commands(FIRST, COMMANDS), FIRST)

    def numbers() -> list[int]:
        return [n for n, text in executed if n is not None and FIRST <= n <= LAST and "M110" not in text]

    def is_over() -> bool:
        return any(isinstance(event, (SourceDone, *ENDS)) for event in talk.events)

    troubles = plan(seed)
    for after, what, amount in troubles:
        talk.run(lambda after=after: is_over() or len(numbers()) > after, PRINT_S)
        if is_over():
            break
        cause(talk, dialect, what, amount)
    talk.run(is_over, PRINT_S)
    done = numbers()
    kinds = {what for _, what, _ in troubles}
    is_whole = talk.has(SourceDone)
    return Verdict(
        is_in_order=done == list(range(FIRST, FIRST + len(done)))
        and (len(done) == len(COMMANDS) or not is_whole),
        is_whole=is_whole,
        is_guarded=True,
        must_be_whole=not kinds & {*ENDINGS, *(("lost",) if dialect == "reprapfirmware" else ())},
        ended_by=",".join(sorted({type(event).__name__ for event in talk.events if isinstance(event, ENDS)})),
    )
