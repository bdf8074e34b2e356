"""Finding out where a firmware stands, from its own words and never from what we hope it took."""

from __future__ import annotations

from farm.link.dialects.base import Dialect, Standing
from farm.link.replies import Meaning
from farm.profiles import LinkTable

ASK_FIRST_S, ASK_MOST_S = 1.0, 8.0  # questions are repeated at doubling intervals
ASK_ALL_S = 47.0  # eight questions: a firmware that nobody knows and that does not answer is not there


class Questions:
    """When to ask, how long to wait for an answer, and what came back."""

    def __init__(self, dialect: Dialect, link: LinkTable) -> None:
        self._dialect, self._link = dialect, link
        self.asked = 0
        self._most_s = ASK_ALL_S
        self.forget()

    @property
    def are_unheard(self) -> bool:
        """Whether more than one went without an answer."""
        return self._unanswered > 1

    @property
    def are_in_vain(self) -> bool:
        """Whether nothing answered for so long that nobody is there."""
        return self._waited_s >= self._most_s

    def begin(self) -> None:
        """What was asked before does not count any more."""
        self._inquiry = self._dialect.begin_inquiry()

    def forget(self) -> None:
        """The firmware began anew: nothing is asked, nothing awaited."""
        self.is_due, self._inquiry = False, self._dialect.begin_inquiry()
        self.note_life()

    def put(self, *, is_known: bool) -> float:
        """One more question goes out; the seconds to wait for its answer.

        A known firmware that says nothing while it works is asked seldom: its questions wait in the ring in which a
        stop must find room. ``is_known``: it has answered before, so it may be at work.
        """
        link = self._link
        self._most_s = link.quiet_max_s if is_known else ASK_ALL_S
        is_mute = is_known and not link.busy_s
        first, most = (link.silence_s, link.quiet_max_s) if is_mute else (ASK_FIRST_S, ASK_MOST_S)
        wait_s = min(first * (1 << self._unanswered), most)
        if self._dialect.has_faithful_wire:
            wait_s = self._most_s  # what was asked will be read: asking again tells nothing
        self.asked += 1
        self._unanswered += 1
        self._waited_s += wait_s
        self.is_due = False
        return wait_s

    def note_life(self) -> None:
        """Somebody is there."""
        self._unanswered, self._waited_s = 0, 0.0

    def take(self, reply: Meaning) -> Standing | None:
        """Add what came in; where the firmware stands once that is known and everything before is done."""
        return self._inquiry.take(reply)
