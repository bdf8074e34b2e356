"""Why signing in is refused, and the one-session rule, as values: no clock, no store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provisioning.errors import Refused
from provisioning.identity.attempts import Limit

# Failures at one kiosk, whoever they are of: a wing's queue does not reach 20 by mistakes, and never waits for long.
KIOSK_LIMIT = Limit(tries=20, pause_s=60, longest_pause_s=300)

SessionRule = Literal["take_over", "refuse"]


class BadgeUnknown(Refused):
    """Nobody who may use a kiosk carries this badge or stick."""

    code = "badge_unknown"


class BadgeBlocked(Refused):
    """The badge or stick was blocked by an officer."""

    code = "badge_blocked"


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
