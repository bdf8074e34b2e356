"""Money, masses, durations and instants as people of one language write them; digits stay 0-9 everywhere."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from flask import Flask
from markupsafe import Markup

from provisioning.clock import parse_iso
from provisioning.web.locale import current_locale, gettext
from provisioning.web.shell import shell_of

_MARKS = {
    0x200E: None,
    0x200F: None,
    0x061C: None,
}  # direction marks: an amount reads left to right in any language
_zone = cache(ZoneInfo)


def money(cents: int, currency: str = "EUR") -> str:
    """``1240`` -> ``€ 12,40``."""
    text = numbers.format_currency(Decimal(cents) / 100, currency, locale=current_locale())
    return text.translate(_MARKS)


def number(value: float, decimals: int = 1) -> str:
    """A number with at most ``decimals`` digits after the comma."""
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    shown = round(value, decimals) + 0.0  # adding zero turns -0.0 into 0.0
    return numbers.format_decimal(shown, pattern, locale=current_locale()).translate(_MARKS)


def grams(value_g: float) -> str:
    """``12.4`` -> ``12,4 g``."""
    return gettext("%(number)s g", number=number(value_g))


def celsius(value_c: float) -> str:
    """``214.6`` -> ``215 °C``."""
    return number(value_c, 0) + "\u00a0°C"


def millimetres(value_mm: float) -> str:
    """``31.25`` -> ``31,3 mm``."""
    return number(value_mm) + "\u00a0mm"


def minutes(value_min: float) -> str:
    """``125`` -> ``2 h 5 min``; anything above zero is at least one minute."""
    whole = max(1, round(value_min)) if value_min > 0 else 0
    hours, rest = divmod(whole, 60)
    if not hours:
        return gettext("%(minutes)d min", minutes=rest)
    return (
        gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=rest)
        if rest
        else gettext("%(hours)d h", hours=hours)
    )


def duration(seconds: float) -> str:
    """``7500`` seconds -> ``2 h 5 min``."""
    return minutes(seconds / 60)


def _local(instant: datetime | str) -> datetime:
    aware = parse_iso(instant) if isinstance(instant, str) else instant
    return aware.astimezone(_zone(shell_of().timezone))


def clock_time(instant: datetime | str) -> str:
    """``08:31`` in the site's zone."""
    return _local(instant).strftime("%H:%M")


def day(instant: datetime | date | str) -> str:
    """``22 nov. 2026`` in the site's zone; a plain ``2026-11-22`` is that day."""
    if isinstance(instant, str) and len(instant) == len("2026-11-22"):
        instant = date.fromisoformat(instant)
    elif isinstance(instant, (datetime, str)):
        instant = _local(instant).date()
    locale = current_locale()
    european = Locale("en", "GB") if locale.language == "en" else locale  # Babel's plain English is America's
    return dates.format_date(instant, "medium", locale=european)


def when(instant: datetime | str) -> str:
    """``today 08:31``, ``yesterday 08:31`` or ``22 nov. 2026 08:31``."""
    local = _local(instant)
    days = (_local(shell_of().clock.now_utc()).date() - local.date()).days
    hour = clock_time(instant)
    if days == 0:
        return gettext("today %(time)s", time=hour)
    if days == 1:
        return gettext("yesterday %(time)s", time=hour)
    return f"{day(local)} {hour}"


def ltr(text: object) -> Markup:
    """``text`` isolated and left to right: amounts, codes and times inside an Arabic sentence."""
    return Markup('<bdi dir="ltr" class="num">{}</bdi>').format(text)


def install_formats(app: Flask) -> None:
    """Offer every format as a Jinja filter: ``{{ cents|money|ltr }}``."""
    for name in (money, number, grams, celsius, millimetres, minutes, duration, clock_time, day, when, ltr):
        app.jinja_env.filters[name.__name__] = name
