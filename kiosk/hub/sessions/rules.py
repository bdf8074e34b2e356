"""Attempt limits and the one-session rule, as values: no clock, no store."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from provisioning.errors import Refused

LONGEST_PAUSE_S = 3600  # the pause doubles up to an hour
KIOSK_TRIES = 20  # failures at one kiosk, whoever they are of; a wing's queue does not reach this by mistakes
KIOSK_PAUSE_S = 60
KIOSK_LONGEST_PAUSE_S = 300  # a kiosk serves a whole wing: never closed for long

SessionRule = Literal["take_over", "refuse"]


class BadgeUnknown(Refused):
    """Nobody who may use a kiosk carries this badge or stick."""

    code = "badge_unknown"


class BadgeBlocked(Refused):
    """The badge or stick was blocked by an officer."""

    code = "badge_blocked"


class PinWrong(Refused):
    """Not this person's PIN; ``tries_left`` before a pause."""

    code = "pin_wrong"


class PinLocked(Refused):
    """Too many wrong PINs; nothing is checked until ``until_utc``."""

    code = "pin_locked"


class KioskPaused(Refused):
    """Too many wrong badges or PINs at one kiosk; it checks nothing until ``until_utc``."""

    code = "kiosk_paused"


class SessionElsewhere(Refused):
    """This person is signed in at another kiosk, and the site's rule is to refuse."""

    code = "session_elsewhere"


class SessionEnded(Refused):
    """The session is over: ``why``."""

    code = "session_ended"


class SignInWrong(Refused):
    """An officer's name or password is wrong; which of the two is not said."""

    code = "sign_in_wrong"


class SignInLocked(Refused):
    """Too many wrong passwords for one name; nothing is checked until ``until_utc``."""

    code = "sign_in_locked"


@dataclass(frozen=True)
class Limit:
    """How many failures before a pause, and how the pauses grow."""

    tries: int
    pause_s: int
    longest_pause_s: int


@dataclass(frozen=True)
class Attempts:
    """What is remembered about failures of one person, name or kiosk since the last success."""

    failures: int = 0
    pauses: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Whether a pause is running."""
        return self.locked_until is not None and now < self.locked_until

    def after_failure(self, now: datetime, limit: Limit) -> "Attempts":
        """One more failure; at the limit a pause begins, twice as long as the one before."""
        failures = self.failures + 1
        if failures < limit.tries:
            return replace(self, failures=failures, locked_until=None)
        pause_s = min(limit.pause_s * 2 ** min(self.pauses, 30), limit.longest_pause_s)
        return Attempts(0, self.pauses + 1, now + timedelta(seconds=pause_s))

    def tries_left(self, limit: Limit) -> int:
        """How many failures still go without a pause."""
        return limit.tries - self.failures


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended."""

    session_id: str
    resident_id: str
    kiosk_id: str
    until: datetime


def sessions_to_end(
    open_ones: list[OpenSession], resident_id: str, kiosk_id: str, now: datetime, rule: SessionRule
) -> list[tuple[str, str]]:
    """Which open sessions (id, why) give way before a new one begins; ``open_ones`` are the person's and the kiosk's.

    A lease that ran out protects nobody; a kiosk shows one person at a time, so whoever was there has left.

    Raises:
        SessionElsewhere: the person's lease at another kiosk still runs and the rule is ``refuse``.
    """
    ending = []
    for one in open_ones:
        same_person, same_kiosk = one.resident_id == resident_id, one.kiosk_id == kiosk_id
        if one.until <= now:
            ending.append((one.session_id, "lease_over"))
        elif same_kiosk:
            ending.append((one.session_id, "restart"))
        elif same_person and rule == "refuse":
            raise SessionElsewhere(kiosk=one.kiosk_id)
        elif same_person:
            ending.append((one.session_id, "taken_over"))
    return ending
