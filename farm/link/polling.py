"""Asking for temperatures where a firmware does not report them by itself: one question at a time."""

from __future__ import annotations

POLL = b"M105\n"  # unnumbered: its answer is a form that acknowledges no line


class Polling:
    """When the next question is due; nothing until it is begun. Times are the caller's seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._is_wanted = False
        self.due_at: float | None = None

    def begin(self, now: float) -> None:
        """From now on, ask; what was asked before counts as lost."""
        self._is_wanted = True
        self.due_at = now + self._every_s

    def is_due(self, now: float) -> bool:
        """Whether it is time."""
        return self.due_at is not None and now >= self.due_at

    def put(self) -> bytes:
        """The question; the next one is due some time after its answer."""
        self.due_at = None
        return POLL

    def note_answer(self, now: float) -> None:
        """Temperatures came."""
        if self._is_wanted:
            self.due_at = now + self._every_s
