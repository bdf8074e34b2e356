"""How much may be on its way to a firmware: lines and bytes, narrowed at the first sign that they do not fit."""

from __future__ import annotations

WIDEN_LINES = 8  # so many lines without trouble, and one more may be on its way
DOUBT_LINES = 1000  # trouble that comes back within so many lines at the same width is the width's fault
TRIALS = 3
MEND_LINES = 10_000  # so many lines without trouble, and a width that was given up is tried once more


class Window:
    """The lines and bytes that may be in flight. One line always may."""

    def __init__(self, lines: int, rx_bytes: int) -> None:
        """``rx_bytes``: the firmware's receive ring, which holds one byte less than its size (Marlin RingBuffer)."""
        self.limit = self._most = self._wanted = lines
        self.bytes = rx_bytes - 1
        self._clean = self._since_trouble = self._trials = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is as wide as it can be, so that :meth:`note_taken` has nothing to do."""
        return self.limit == self._most == self._wanted and self._trials == 0

    def narrow(self) -> None:
        """A line did not arrive: one at a time for now. A width at which that happens again and again is given up."""
        if self.limit > 1:
            self._trials += 1
            if self._trials >= TRIALS:
                self._most, self._trials = self._most - 1, 0
        self.limit, self._clean, self._since_trouble = 1, 0, 0

    def note_taken(self, lines: int) -> None:
        """So many lines were acknowledged without trouble."""
        self._since_trouble += lines
        if self._since_trouble >= DOUBT_LINES:
            self._trials = 0
        if self._since_trouble >= MEND_LINES and self._most < self._wanted:
            self._most, self._since_trouble = self._most + 1, DOUBT_LINES
        self._clean += lines
        if self._clean >= WIDEN_LINES and self.limit < self._most:
            self.limit, self._clean = self.limit + 1, 0
