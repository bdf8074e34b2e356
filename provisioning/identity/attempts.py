"""Wrong PINs and passwords as values: how many go without a pause, and how the pauses grow. No clock, no store."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning.errors import Refused


class PinWrong(Refused):
    """Not this person's PIN; ``tries_left`` before a pause."""

    code = "pin_wrong"


class PinLocked(Refused):
    """Too many wrong PINs; nothing is checked until ``until_utc``."""

    code = "pin_locked"


LONGEST_PAUSE = timedelta(hours=1)


def is_running(until: datetime, now: datetime) -> bool:
    """Whether a pause until then is running; one beyond the longest was set by a clock that was wrong, and is void."""
    return timedelta(0) < until - now <= LONGEST_PAUSE


@dataclass(frozen=True)
class Limit:
    """How many failures before a pause, and how the pauses grow: each twice the one before, up to the longest."""

    tries: int
    pause_s: int
    longest_pause_s: int = 3600

    def pause_after(self, failures: int) -> int:
        """The seconds of pause that the last of so many failures in a row brings; 0 when it brings none."""
        rounds, rest = divmod(failures, self.tries)
        if rest or not rounds:
            return 0
        return min(self.pause_s << min(rounds - 1, 30), self.longest_pause_s)

    def tries_left(self, failures: int) -> int:
        """How many failures still go without a pause after so many in a row."""
        return self.tries - failures % self.tries


@dataclass(frozen=True)
class Attempts:
    """What is remembered about failures of one person, name or kiosk since the last success."""

    failures: int = 0
    pauses: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Whether a pause is running."""
        return self.locked_until is not None and is_running(self.locked_until, now)

    def after_failure(self, now: datetime, limit: Limit, is_last: bool = False) -> "Attempts":
        """One more failure; at the limit, or when it ``is_last``, a pause begins, twice as long as the one before."""
        failures = self.failures + 1
        if failures < limit.tries and not is_last:
            return replace(self, failures=failures, locked_until=None)
        pauses = self.pauses + 1
        return Attempts(0, pauses, now + timedelta(seconds=limit.pause_after(pauses * limit.tries)))

    def tries_left(self, limit: Limit) -> int:
        """How many failures still go without a pause."""
        return limit.tries - self.failures
