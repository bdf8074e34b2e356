"""Who is at that port, and is it what the profile says?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from farm.bench.talk import Talk
from farm.link import Firmware
from farm.link.events import PortGone, PrinterHalted, PrinterSilent, Quarantined, Ready
from farm.profiles import Profile

TURN_S = 0.25  # a signal is looked at so often
ANSWER_S = 90.0  # the link itself gives up on a silent printer after some 50 s


class Answer(msgspec.Struct, frozen=True):
    """What came of asking; ``difference`` is a sentence, ``None`` when the printer is what the profile says."""

    firmware: Firmware
    difference: str | None


def ask(talk: Talk, is_wanted: Callable[[], bool] = lambda: True) -> Answer | None:
    """Wait until the printer is known; ``None`` when ``is_wanted`` says no before."""
    while is_wanted():
        for event in talk.turn(TURN_S):
            match event:
                case Ready(firmware=firmware):
                    return Answer(firmware, None)
                case Quarantined(firmware=firmware, reason=reason):
                    return Answer(firmware, reason)
                case PrinterSilent():
                    return Answer(Firmware(), "Nobody answers at this port.")
                case PortGone():
                    return Answer(Firmware(), "The port has vanished.")
                case PrinterHalted(reason=reason):
                    return Answer(talk.link.firmware, f"The printer has stopped for good: {reason}")
        if talk.now_s() > ANSWER_S:
            return Answer(Firmware(), f"No clear answer within {ANSWER_S:.0f} s.")
    return None


def identify(port: Path, profile: Profile) -> Answer:
    """Open ``port``, ask M115, and hold the answer against ``profile``. Nothing moves and nothing heats.

    Raises:
        Unavailable: ``port_missing`` or ``port_taken``.
    """
    talk = Talk(port, profile, time.monotonic)
    try:
        answer = ask(talk)
    finally:
        talk.close()
    assert answer is not None, "nobody said no"
    return answer


def sentences(answer: Answer, profile: Profile) -> list[str]:
    """The answer for a person, one fact a line; the last one is the verdict."""
    firmware = answer.firmware
    said = [f"firmware      {firmware.name or '-'}", f"machine       {firmware.machine or '-'}"]
    said.append(f"capabilities  {', '.join(sorted(firmware.capabilities)) or '-'}")
    said.append(answer.difference or f"This printer is what profile {profile.id} says.")
    return said
