"""Finding out where a firmware stands, from its own words and never from what we hope it took."""

from __future__ import annotations

from farm.link.dialects.base import Dialect, Standing
from farm.link.replies import Meaning

ASK_FIRST_S, ASK_MOST_S = 1.0, 8.0  # questions are repeated at doubling intervals
ASK_TRIES = 8  # some 50 s without an answer: nobody is there


class Questions:
    """When to ask, how long to wait for an answer, and what came back."""

    def __init__(self, dialect: Dialect, quiet_max_s: float = 0.0) -> None:
        """``quiet_max_s``: a working firmware may be silent for so long."""
        self._dialect, self._quiet_max_s = dialect, quiet_max_s
        self.asked = 0
        self.is_due = False
        self._unanswered = 0
        self._waited_s = 0.0
        self._inquiry = dialect.begin_inquiry()

    @property
    def are_unheard(self) -> bool:
        """Whether more than one went without an answer."""
        return self._unanswered > 1

    @property
    def are_in_vain(self) -> bool:
        """Whether nothing answered for so long that nobody is there."""
        return self._unanswered >= ASK_TRIES and self._waited_s >= self._quiet_max_s

    def begin(self) -> None:
        """What was asked before does not count any more."""
        self._inquiry = self._dialect.begin_inquiry()

    def forget(self) -> None:
        """The firmware began anew: nothing is asked, nothing awaited."""
        self.is_due, self._inquiry = False, self._dialect.begin_inquiry()
        self.note_life()

    def put(self) -> float:
        """One more question goes out; the seconds to wait for its answer."""
        wait_s = min(ASK_FIRST_S * (1 << min(self._unanswered, 8)), ASK_MOST_S)
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
