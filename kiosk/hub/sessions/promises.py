"""Until when a home kiosk has promised to let nobody in by its own word: how two kiosks never hold one person.

A home kiosk that hears nothing from the hub lets its own people in (:mod:`kiosk.terminal.passes`), but not before
``alone_after_s`` have passed since the last answer reached it. Each of its questions names that answer by the hub's
own stamp, so the hub knows, by its own clock and without trusting any other, a moment before which the kiosk is
certainly not alone. Until then, and ever after the kiosk has said that the person's pass is paused, the person may
be signed in elsewhere.
"""

import threading
from dataclasses import dataclass, field, replace
from math import inf, nextafter

from provisioning.ids import new_key

SLACK_S = 2.0  # two monotonic clocks run apart by less than 1 s in an hour (crystals: 100 ppm = 0.36 s)


@dataclass(frozen=True)
class KioskWord:
    """What one home kiosk has said, in seconds of the hub's monotonic clock."""

    heard_s: float = -inf  # it has had this answer
    told_s: float = -inf  # the newest answer that it was given
    in_use: frozenset[str] = frozenset()  # residents who are there by its own word
    paused_since_s: dict[str, float] = field(
        default_factory=dict
    )  # resident -> first answer that said so since

    def safe_s(self, resident_id: str, now_s: float, alone_after_s: float) -> float:
        """For how many seconds this resident certainly has no session there; infinite when their pass is paused."""
        if resident_id in self.in_use:
            return 0.0
        if self.paused_since_s.get(resident_id, inf) <= self.heard_s:
            return inf
        return max(0.0, self.heard_s + alone_after_s - SLACK_S - now_s)

    def heard(self, at_s: float | None, in_use: frozenset[str]) -> "KioskWord":
        """After a question that named the answer of ``at_s``; an old one, or one that named none, frees nobody."""
        if at_s is None or at_s < self.heard_s:
            return replace(self, in_use=self.in_use | in_use)
        return replace(self, heard_s=at_s, in_use=in_use)

    def back(self, resident_id: str) -> "KioskWord":
        """After a new session there, with a new pass that nobody has paused."""
        since = {one: at_s for one, at_s in self.paused_since_s.items() if one != resident_id}
        return replace(self, paused_since_s=since)

    def told(self, paused: frozenset[str], at_s: float) -> "KioskWord":
        """After an answer that paused these residents' passes: those named before keep their first moment."""
        since = {one: self.paused_since_s.get(one, at_s) for one in paused}
        return replace(self, told_s=at_s, paused_since_s=since)


class Promises:
    """What every home kiosk has said to this process of the hub."""

    def __init__(self, alone_after_s: float) -> None:
        self.alone_after_s = alone_after_s
        self._boot = new_key()
        self._words: dict[str, KioskWord] = {}
        self._lock = threading.Lock()

    def hear(
        self, kiosk_id: str, as_of: str, in_use: frozenset[str], paused: frozenset[str], now_s: float
    ) -> str:
        """A home kiosk has had the answer ``as_of``, and is now told who is paused; the name of this new answer."""
        with self._lock:
            word = self._words.get(kiosk_id, KioskWord())
            at_s = max(now_s, nextafter(word.told_s, inf))  # no two answers share a name
            heard = word.heard(self._moment(kiosk_id, as_of, word.told_s), in_use)
            self._words[kiosk_id] = heard.told(paused, at_s)
        return f"{self._boot}:{kiosk_id}:{at_s!r}"

    def back(self, kiosk_id: str, resident_id: str) -> None:
        """A session of this resident begins at that kiosk: what it holds from now on is not paused any more."""
        with self._lock:
            self._words[kiosk_id] = self._words.get(kiosk_id, KioskWord()).back(resident_id)

    def _moment(self, kiosk_id: str, as_of: str, told_s: float) -> float | None:
        """When the answer of that name was given; None when this process gave that kiosk no such answer."""
        given, _, at = as_of.rpartition(":")
        if given != f"{self._boot}:{kiosk_id}":
            return None
        try:
            at_s = float(at)
        except ValueError:
            return None
        return at_s if -inf < at_s <= told_s else None

    def safe_s(self, kiosk_id: str, resident_id: str, now_s: float) -> float:
        """For how many seconds this resident certainly has no session at that home kiosk."""
        with self._lock:
            return self._words.get(kiosk_id, KioskWord()).safe_s(resident_id, now_s, self.alone_after_s)
