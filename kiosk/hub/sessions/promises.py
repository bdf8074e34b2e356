"""Until when a home kiosk has promised to let nobody in by its own word: how two kiosks never hold one person.

A home kiosk that hears nothing from the hub lets its own people in (:mod:`kiosk.terminal.passes`), but not before
``alone_after_s`` have passed since the last answer reached it. Each of its questions names that answer by the hub's
own stamp, so the hub knows, by its own clock and without trusting any other, a moment before which the kiosk is
certainly not alone. Until then, and ever after the kiosk has said that the person's pass is paused, the person may
be signed in elsewhere.
"""

import threading
from dataclasses import dataclass, field, replace
from math import inf

from provisioning.ids import new_key

SLACK_S = 2.0  # two monotonic clocks run apart by less than 1 s in an hour (crystals: 100 ppm = 0.36 s)


@dataclass(frozen=True)
class KioskWord:
    """What one home kiosk has said, in seconds of the hub's monotonic clock."""

    heard_s: float = -inf  # it has had this answer
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

    def told(self, paused: frozenset[str], at_s: float) -> "KioskWord":
        """After an answer that paused these residents' passes: those named before keep their first moment."""
        since = {one: self.paused_since_s.get(one, at_s) for one in paused}
        return replace(self, paused_since_s=since)


class Promises:
    """What every home kiosk has said to this process of the hub."""

    def __init__(self, alone_after_s: float) -> None:
        self.alone_after_s = alone_after_s
        self._boot = new_key()
        self._words: dict[str, KioskWord] = {}
        self._lock = threading.Lock()

    def stamp(self, now_s: float) -> str:
        """A name for an answer given now."""
        return f"{self._boot}:{now_s!r}"

    def hear(
        self, kiosk_id: str, as_of: str, in_use: frozenset[str], paused: frozenset[str], now_s: float
    ) -> None:
        """A home kiosk has had the answer ``as_of``, and is now told who is paused."""
        boot, _, at = as_of.partition(":")
        with self._lock:
            word = self._words.get(kiosk_id, KioskWord())
            heard_s = max(word.heard_s, float(at)) if boot == self._boot else word.heard_s
            self._words[kiosk_id] = replace(word, heard_s=heard_s, in_use=in_use).told(paused, now_s)

    def safe_s(self, kiosk_id: str, resident_id: str, now_s: float) -> float:
        """For how many seconds this resident certainly has no session at that home kiosk."""
        with self._lock:
            return self._words.get(kiosk_id, KioskWord()).safe_s(resident_id, now_s, self.alone_after_s)
