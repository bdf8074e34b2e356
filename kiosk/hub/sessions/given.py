"""Where this process gave passes, by the clock that does not jump: a hub's own may be set right by years."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class GivenPasses:
    """The last session with a pass of each person at each kiosk, in seconds of the monotonic clock."""

    _given: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)  # began, lease ends

    def began(self, resident_id: str, kiosk_id: str, now_s: float, until_s: float) -> None:
        """A session with a pass begins there."""
        self._given[resident_id, kiosk_id] = (now_s, until_s)

    def goes_on(self, resident_id: str, kiosk_id: str, until_s: float) -> None:
        """Its lease ends later; of a session that a process before this one gave nothing is known but that."""
        began_s, _ = self._given.get((resident_id, kiosk_id), (float("-inf"), 0.0))
        self._given[resident_id, kiosk_id] = (began_s, until_s)

    def places(self, resident_id: str, now_s: float, life: timedelta, stay: timedelta) -> set[str]:
        """Kiosks where a pass of this person may still open, or let them stay."""
        began_after_s, ran_after_s = now_s - life.total_seconds(), now_s - stay.total_seconds()
        return {
            kiosk_id
            for (who, kiosk_id), (began_s, until_s) in list(self._given.items())
            if who == resident_id and (began_s >= began_after_s or until_s >= ran_after_s)
        }
