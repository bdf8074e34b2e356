"""Why signing in is refused, and the one-session rule, as values: no clock, no store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from provisioning.errors import Refused
from provisioning.identity.attempts import Limit

# Failures at one kiosk, whoever they are of: a wing's queue does not reach 20 by mistakes, and never waits for long.
KIOSK_LIMIT = Limit(tries=20, pause_s=60, longest_pause_s=300)

# Over all kiosks: 100 failures in 10 minutes is ten times what 40 kiosks see when everybody signs in after lunch and
# one in ten mistypes. Then each failure makes its own kiosk wait, and nobody else: the site never closes.
SITE_TRIES = 100
SITE_WINDOW = timedelta(minutes=10)
ALERT_KIOSK_LIMIT = Limit(tries=1, pause_s=15, longest_pause_s=15)

# Whoever guesses at another's badge on purpose closes that badge at that one kiosk, for this long at most.
LONGEST_PAUSE_S = 900
GUESSING = 10  # failures in a row with one person's credential, wherever: the security officer hears of it

# A kiosk's lease ends before the hub's: it counts from before it asked. The slack covers clocks that run apart.
LEASE_SLACK = timedelta(seconds=5)

SessionRule = Literal["take_over", "refuse"]


class BadgeUnknown(Refused):
    """Nobody who may use a kiosk carries this badge or stick."""

    code = "badge_unknown"


class BadgeBlocked(Refused):
    """The badge or stick was blocked by an officer."""

    code = "badge_blocked"


class BadgeExpired(Refused):
    """A temporary badge has come to its end."""

    code = "badge_expired"


class StickForeign(Refused):
    """The ticket was not made by this hub, or for another stick."""

    code = "stick_foreign"


class StickCopied(Refused):
    """A ticket, or a key's counter, came back that was used before: two of them exist. All are blocked now."""

    code = "stick_copied"


class KioskPaused(Refused):
    """Too many wrong badges or PINs at one kiosk; it checks nothing until ``until_utc``."""

    code = "kiosk_paused"


class SessionElsewhere(Refused):
    """This person is signed in at another kiosk, and the site's rule is to refuse, or that kiosk cannot be told."""

    code = "session_elsewhere"


class HomeKioskAway(Refused):
    """The person's home kiosk does not answer and may let them in by its own word: nobody else may."""

    code = "home_kiosk_away"


class KioskOutOfService(Refused):
    """An officer took this kiosk out of service: it lets nobody in until it is back."""

    code = "kiosk_out_of_service"


class ClaimOver(Refused):
    """The claim is too old, or the same person claimed a session at another kiosk since."""

    code = "session_taken_over"


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
    """A session of which nobody has said that it is over; ``ending``: why it shall be."""

    session_id: str
    resident_id: str
    kiosk_id: str
    until: datetime
    ending: str = ""


@dataclass(frozen=True)
class WayIn:
    """What stands between a proven person and a session: sessions that are over, and one that must end first."""

    over: tuple[tuple[str, str], ...] = ()  # session id and why
    in_the_way: OpenSession | None = None


def way_in(open_ones: list[OpenSession], kiosk_id: str, now: datetime, rule: SessionRule) -> WayIn:
    """What a new session at this kiosk needs; ``open_ones`` are the person's and the kiosk's.

    A kiosk shows one person at a time: whoever was there has left when it asks for another. A session at another
    kiosk is over only when that kiosk said so or its lease ran out there; until then the person waits.

    Raises:
        SessionElsewhere: the person's lease at another kiosk still runs and the rule is ``refuse``.
    """
    over, in_the_way = [], None
    for one in open_ones:
        if one.kiosk_id == kiosk_id:
            over.append((one.session_id, one.ending or "restart"))
        elif one.until + LEASE_SLACK <= now:
            over.append((one.session_id, one.ending or "lease_over"))
        elif rule == "refuse" and not one.ending:
            raise SessionElsewhere(kiosk=one.kiosk_id)
        else:
            in_the_way = one
    return WayIn(tuple(over), in_the_way)
