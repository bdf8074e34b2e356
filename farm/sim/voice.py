"""What a virtual board says, and what goes wrong with it: oks that are lost or doubled, questions that come late."""

from __future__ import annotations

import heapq
from typing import ClassVar


class Mischief:
    """What goes wrong in this firmware from now on. Counts tell how many of the next are spoiled."""

    def __init__(self) -> None:
        self.lost_oks = 0
        self.doubled_oks = 0
        self.resend_late_s = 0.0  # a question for a line comes so late, seconds on the wall
        self.resend_extra = 0  # so many further times each question is put
        self.resends_without_ok = 0
        self.is_silent = False  # never says that it is busy


class Voice:
    """A board's way out; ``now`` is its own time, ``factor`` how many of its seconds pass in one of the host's."""

    eol: ClassVar[str] = "\n"

    def __init__(self, now: float, factor: float) -> None:
        self.now, self.factor = now, factor
        self.mischief = Mischief()
        self._out = bytearray()
        self._later: list[tuple[float, str]] = []

    def data_to_send(self) -> bytes:
        """What the host will read."""
        if not self._out:
            return b""
        out = bytes(self._out)
        self._out.clear()
        return out

    @property
    def lost_oks(self) -> int:
        """How many of the next acknowledgements the firmware will forget to send."""
        return self.mischief.lost_oks

    @lost_oks.setter
    def lost_oks(self, count: int) -> None:
        self.mischief.lost_oks = count

    def _ok(self, text: str) -> None:
        mischief = self.mischief
        if mischief.lost_oks > 0:
            mischief.lost_oks -= 1
            return
        self._say(text)
        if mischief.doubled_oks > 0:
            mischief.doubled_oks -= 1
            self._say(text)

    def _ask_again(self, *lines: str, ok: str = "ok") -> None:
        """Put the question for a line, ``lines``, and what acknowledges nothing, with what goes wrong with it."""
        mischief = self.mischief
        if mischief.resends_without_ok > 0:
            mischief.resends_without_ok -= 1
            ok = ""
        for line in (*lines * (1 + mischief.resend_extra), *filter(None, (ok,))):
            if mischief.resend_late_s > 0:
                self._say_at(self.now + mischief.resend_late_s * self.factor, line)
            else:
                self._say(line)

    def _say(self, line: str) -> None:
        self._out += (line + self.eol).encode("latin-1")

    def _say_at(self, at: float, line: str) -> None:
        heapq.heappush(self._later, (at, line))

    def _say_due(self) -> None:
        while self._later and self._later[0][0] <= self.now:
            self._say(heapq.heappop(self._later)[1])
