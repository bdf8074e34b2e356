"""Working days: when an answer was promised."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CLOSES_HOUR = 16  # S01.5: what is not answered by 16:00 of the promised day is late


def add_working_days(
    received: datetime, days: int, timezone: str, closed: frozenset[date] = frozenset()
) -> datetime:
    """The end (16:00 local, in UTC) of the ``days``-th working day after ``received``.

    Saturdays, Sundays and the dates in ``closed`` do not count.
    """
    zone = ZoneInfo(timezone)
    day = received.astimezone(zone).date()
    left = days
    while left > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in closed:
            left -= 1
    return datetime(day.year, day.month, day.day, CLOSES_HOUR, tzinfo=zone).astimezone(UTC)
