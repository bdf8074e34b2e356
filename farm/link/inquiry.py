"""Finding out where a firmware stands, from its own words and never from what we hope it took.

A question is two lines: an unnumbered ``M105``, and a line whose number cannot be right. The firmware answers the
second at once with its last line number, twice (``Last Line: n``, ``Resend: n+1``), which tells what was *taken*; and
the first in turn with ``ok T:...``, a form that acknowledges nothing else: everything taken before it is *done*.
"""

from __future__ import annotations

from farm.link.framing import frame
from farm.link.replies import LastLine, Ok, Reply, Report, Resend

NEVER_A_LINE = 2_000_000_000  # below the firmware's 2^31, above every range
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
