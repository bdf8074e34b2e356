"""The end of a print that failed: the heaters go off, and only the printer's own word counts for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from farm.link.events import (
    CommandRefused,
    Event,
    InDoubt,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Settled,
    Temperatures,
)
from farm.link.link import STOP_S, Link
from farm.run.moves import HEATERS_OFF

TURN_S = 0.25  # a signal does not end a wait: look up at least so often
# our choice: a firmware is asked anew who it is within some 10 s, and ends the moves that it had taken before it obeys
OFF_S = 60.0
TRIES = 3  # a command that was refused, or a target that is still there


class Conversation(Protocol):
    """What :class:`farm.bench.talk.Talk` is: a link with somebody who carries its bytes."""

    link: Link

    def now_s(self) -> float: ...
    def submit(self, command: str, /) -> None: ...
    def stop(self) -> None: ...
    def turn(self, wait_s: float, /) -> list[Event]: ...


class Ending:
    """What is known of the heaters; over when nothing more can be learnt. Fed with the link's events."""

    def __init__(self, talk: Conversation, *, is_stopped: bool) -> None:
        """``is_stopped``: an emergency stop was sent, and nothing but its confirmation counts."""
        self._talk = talk
        self.are_off = self.is_over = False
        self._tries = 0
        self._is_sent = self._is_settled = self._is_refused = False
        self._is_stopped = is_stopped
        self._until_s = talk.now_s() + (STOP_S + 1 if is_stopped else OFF_S)

    def begin(self) -> None:
        """Switch off at once where the link is ready; else it is done when it says so."""
        if self._talk.link.is_ready and not (self._is_stopped or self._is_sent or self.is_over):
            self._send()

    def stop(self) -> None:
        """Emergency stop: somebody does not want to wait."""
        if not self._is_stopped:
            self._is_stopped, self._until_s = True, self._talk.now_s() + STOP_S + 1
            self._talk.stop()

    def look(self) -> None:
        """Mind the time."""
        self.is_over = self.is_over or self._talk.now_s() >= self._until_s

    def take(self, event: Event) -> None:
        """An event of the link, the one that ended the print among them."""
        if self.is_over:
            return
        match event:
            case PrinterHalted(is_confirmed=is_confirmed):
                self.is_over, self.are_off = True, is_confirmed or self.are_off
            case PortGone() | PrinterSilent() | Quarantined():
                self.is_over = True
            case PrinterReset():
                self.are_off, self._is_sent = True, False  # a board that has just started heats nothing
            case InDoubt():
                self._is_sent = False
            case Ready() if not self._is_stopped:
                self._send()
            case _ if self._is_sent:
                self._take_result(event)

    def _take_result(self, event: Event) -> None:
        """What became of the commands that were sent."""
        if isinstance(event, CommandRefused):
            self._is_refused = True
        elif isinstance(event, Settled):
            self._is_settled = True
            if self._is_refused:
                self._send()
        elif isinstance(event, Temperatures) and self._is_settled:
            self._take_targets(event)

    def _take_targets(self, seen: Temperatures) -> None:
        if seen.nozzle_target_c or seen.bed_target_c:
            self.are_off = False
            self._send()
        else:
            self.is_over = self.are_off = True

    def _send(self) -> None:
        if self._tries == TRIES:
            self.is_over = True
            return
        self._tries += 1
        self._is_sent, self._is_settled, self._is_refused = True, False, False
        for command in HEATERS_OFF:
            self._talk.submit(command)


def switch_off(
    talk: Conversation, told: Iterable[Event], wants_stop: Callable[[], bool], *, is_stopped: bool
) -> bool:
    """Whether the heaters are off, by the printer's own word; takes :data:`OFF_S` at most.

    ``told`` is what the link has said since the print's end, beginning with what ended it.
    """
    ending = Ending(talk, is_stopped=is_stopped)
    for event in told:
        ending.take(event)
    ending.begin()
    while not ending.is_over:
        if wants_stop():
            ending.stop()
        for event in talk.turn(TURN_S):
            ending.take(event)
        ending.look()
    return ending.are_off
