"""Finding out where a firmware stands, from its own words and never from what we hope it took.

A question is two lines: an unnumbered ``M105``, and a line whose number cannot be right. The firmware answers the
second at once with its last line number, twice (``Last Line: n``, ``Resend: n+1``), which tells what was *taken*; and
the first in turn with ``ok T:...``, a form that acknowledges nothing else: everything taken before it is *done*.
"""

from __future__ import annotations

from farm.link.framing import frame
from farm.link.replies import LastLine, Ok, Reply, Report, Resend

NEVER_A_LINE = 2_000_000_000  # below the firmware's 2^31, above every range
ASK_FIRST_S, ASK_MOST_S = 1.0, 8.0  # questions are repeated at doubling intervals
ASK_TRIES = 8  # some 50 s without an answer: nobody is there
QUESTION = b"\nM105\n" + frame(NEVER_A_LINE, "M105")  # the newline ends whatever a spoiled line left behind


class Refusal:
    """A refused line's answer as it comes in: error, resend, and the ok that acknowledges nothing."""

    def __init__(self) -> None:
        self._told: int | None = None
        self._wanted: int | None = None
        self.is_closed = False

    @property
    def last(self) -> int | None:
        """The firmware's last line when both of its sentences agree, else ``None``."""
        if self._told is None or self._wanted is None or self._wanted != self._told + 1:
            return None
        return self._told

    def take(self, reply: Reply) -> None:
        """Add what came in; an error begins anew."""
        if isinstance(reply, LastLine):
            self._told, self._wanted, self.is_closed = reply.number, None, False
        elif isinstance(reply, Resend):
            self._wanted, self.is_closed = reply.number, False
        elif isinstance(reply, Ok) and (self._told is not None or self._wanted is not None):
            self.is_closed = True


class Inquiry:
    """One or more questions on their way, and what has come back."""

    def __init__(self) -> None:
        self._refusal = Refusal()
        self._is_fenced = False

    def take(self, reply: Reply) -> None:
        """Add what came in."""
        if isinstance(reply, Report):
            self._is_fenced = self._is_fenced or reply.is_ok
        else:
            self._refusal.take(reply)

    @property
    def answer(self) -> int | None:
        """The firmware's last line number once everything it took is done, ``None`` until then."""
        return self._refusal.last if self._is_fenced and self._refusal.is_closed else None


class Questions:
    """When to ask, how long to wait for an answer, and what came back."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_due = False
        self._unanswered = 0
        self._inquiry = Inquiry()

    @property
    def are_in_vain(self) -> bool:
        """Whether nothing answered for so long that nobody is there."""
        return self._unanswered >= ASK_TRIES

    def begin(self) -> None:
        """What was asked before does not count any more."""
        self._inquiry = Inquiry()

    def forget(self) -> None:
        """The firmware began anew: nothing is asked, nothing awaited."""
        self.is_due, self._unanswered, self._inquiry = False, 0, Inquiry()

    def put(self) -> float:
        """One more question goes out; the seconds to wait for its answer."""
        wait_s = min(ASK_FIRST_S * (1 << self._unanswered), ASK_MOST_S)
        self.asked += 1
        self._unanswered += 1
        self.is_due = False
        return wait_s

    def note_life(self) -> None:
        """Somebody is there."""
        self._unanswered = 0

    def take(self, reply: Reply) -> int | None:
        """Add what came in; the firmware's last line number once it is known and everything before it is done."""
        self._inquiry.take(reply)
        return self._inquiry.answer
