"""A link whose firmware is played by hand: what is said, and when, to the word and the second."""

from __future__ import annotations

import re

import msgspec

from farm.link import Link, frame
from farm.link.dialects.marlin import NEVER_A_LINE
from farm.link.events import Event, Ready
from farm.link.tracks import CONTROL_FIRST, Commands
from farm.profiles import Profile, find_profile

MARLIN = find_profile("marlin-2.1-generic-220")
LINK = MARLIN.link
QUIET_S = 2 * LINK.report_s + LINK.silence_s  # how long an idle firmware may say nothing
QUESTION = b"\nM105\n" + frame(NEVER_A_LINE, "M105")
SYNC = b"\n" + frame(CONTROL_FIRST - 1, f"M110 N{CONTROL_FIRST - 1}")
NAME = "FIRMWARE_NAME:Marlin 2.1.2 (x) MACHINE_TYPE:y"
CAPABILITIES = ("Cap:AUTOREPORT_TEMP:1", "Cap:THERMAL_PROTECTION:1")
MOVES = tuple(f"G1 X{n} F3000" for n in range(1, 201))
_NUMBERED = re.compile(r"N(\d+) (.*)\*\d+")
FENCE = "ok T:20.0 /0.0 B:20.0 /0.0 @:0 B@:0"


def marlin(**link: object) -> Profile:
    """The profile of a common Marlin with another table of the link; lines go plain unless asked for."""
    changes = {"meatpack": False, **link}
    return msgspec.structs.replace(MARLIN, link=msgspec.structs.replace(MARLIN.link, **changes))


def answer(last: int) -> tuple[str, ...]:
    """What Marlin says to a question when ``last`` is its last line."""
    return (FENCE, *refusal(last))


def refusal(last: int) -> tuple[str, ...]:
    """What Marlin says of a line that it does not take."""
    return (f"Error:checksum mismatch, Last Line: {last}", f"Resend: {last + 1}", "ok")


class Hand:
    """One conversation; ``now`` is moved by :meth:`at` and :meth:`wait`."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or marlin()
        self.link = Link(self.profile)
        self.now = 0.0
        self.last = 0
        self.capabilities = CAPABILITIES

    def at(self, now: float) -> Hand:
        self.now = now
        return self

    def say(self, *lines: str) -> list[Event]:
        """Let the firmware say these lines, in one read."""
        return self.link.receive_data("".join(f"{line}\n" for line in lines).encode(), self.now)

    def wait(self) -> list[Event]:
        """Let nothing happen until the deadline."""
        assert self.link.deadline is not None
        self.now = max(self.now, self.link.deadline)
        return self.link.handle_timeout(self.now)

    def out(self) -> bytes:
        return self.link.data_to_send(self.now)

    @property
    def left_s(self) -> float:
        """How long until the deadline, rounded to a microsecond."""
        assert self.link.deadline is not None
        return round(self.link.deadline - self.now, 6)

    def obey(self) -> list[Event]:
        """Do at once what was sent, and all that follows from it, as a good Marlin would; until nothing is sent."""
        happened: list[Event] = []
        while out := self.out():
            happened += self.say(*self._answers(out))
        return happened

    def _answers(self, out: bytes) -> list[str]:
        said: list[str] = []
        for line in out.decode().splitlines():
            if line == "M105":
                said.append(FENCE)
            elif found := _NUMBERED.match(line):
                number, command = int(found[1]), found[2]
                if command.startswith("M110"):
                    self.last = number
                elif number != self.last + 1:
                    said += refusal(self.last)
                    continue
                self.last = number
                said += (NAME, *self.capabilities, "ok") if command == "M115" else ("ok",)
        return said

    def booted(self) -> Hand:
        """The port is open and the board has had its time; the first question is out."""
        self.link.open(self.now)
        self.wait()
        assert self.out().endswith(SYNC + QUESTION)
        return self

    def ready(self, *capabilities: str) -> Hand:
        """The firmware is known, and nothing is in flight."""
        self.capabilities = (*CAPABILITIES, *(f"Cap:{name}:1" for name in capabilities))
        self.link.open(self.now)
        self.wait()
        assert any(isinstance(event, Ready) for event in self.obey())
        return self

    def printing(self, at: int = 1, moves: tuple[str, ...] = MOVES) -> bytes:
        """A print begins: the counter is set to it. The first lines, which are on their way now."""
        self.link.stream(Commands(1, moves), at)
        assert self.out().endswith(QUESTION)
        self.say("ok", *answer(at - 1))
        self.last = at - 1
        return self.out()
