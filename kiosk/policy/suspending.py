"""What an officer may write down when taking a service from a person. Pure."""

from datetime import datetime, timedelta

from provisioning.errors import Refused

LONGEST = timedelta(days=14)  # J4.4


class SuspensionDates(Refused):
    """It would end before it begins, or has ended already."""

    code = "suspension_dates"


class SuspensionTooLong(Refused):
    """Longer than the rules of the house allow."""

    code = "suspension_too_long"


def check_dates(begins: datetime, ends: datetime, now: datetime) -> None:
    """Nothing, when a suspension may run so.

    Raises:
        SuspensionDates, SuspensionTooLong: it may not.
    """
    if ends <= begins or ends <= now:
        raise SuspensionDates
    if ends - begins > LONGEST:
        raise SuspensionTooLong
