"""Asking for temperatures where a firmware does not report them by itself: one question at a time."""

from __future__ import annotations

from farm.link.tracks import Track

POLL = b"M105\n"  # unnumbered: its answer is a form that acknowledges no line


class Polling:
    """When the next question is due; nothing until it is begun. Times are the caller's seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._behind: tuple[Track, int] | None = None
        self.due_at: float | None = None
        self.is_put_off = False  # until nothing is in flight

    @property
    def is_awaited(self) -> bool:
        """Whether a question may still be answered."""
        return self._behind is not None

    def begin(self, now: float) -> None:
        """From now on, ask."""
        self.due_at = now + self._every_s

    def is_due(self, now: float) -> bool:
        """Whether it is time to look."""
        return self.due_at is not None and now >= self.due_at

    def put(self, now: float, track: Track) -> bytes:
        """The question, behind what of ``track`` is in flight; nothing while the last may still be answered."""
        self.due_at = now + self._every_s
        if self._behind is not None:
            behind, line = self._behind
            if track is behind and track.acked < line:  # no line sent after it was acknowledged
                return b""
        self._behind = (track, track.next)
        return POLL

    def put_off(self, now: float) -> None:
        """Ask as soon as nothing is in flight, and send nothing before the answer."""
        self.due_at, self.is_put_off = now + self._every_s, True

    def note_answer(self, now: float, *, is_ok: bool) -> None:
        """Temperatures came; ``is_ok``: as an answer, not by themselves."""
        if is_ok:
            self._behind = None
        if self.due_at is not None:
            self.due_at = now + self._every_s

    def note_all_answered(self) -> None:
        """Nothing asked before can still be answered: a question that was not is lost."""
        self._behind = None
