"""Which codes may be chosen: the form of a PIN and of three pictures, what everybody would guess first, what is near.

Pure: kiosk and hub ask the same functions, the kiosk to say it at once, the hub because it decides.
"""

import re
from itertools import pairwise
from typing import Literal

Factor = Literal["pin", "pictures"]
WhyNot = Literal["secret_unfit", "secret_trivial"]

PICTURES = 12  # on the pad: 4 x 3 squares of at least 120 px fill a screen of 1280 x 800
CHOSEN = (
    3  # three different ones in order: 12 * 11 * 10 = 1,320 ways, see kiosk.hub.sessions.tries for the limits
)
PIN_FORM = re.compile(r"[0-9]{4,12}")
_PICTURES_FORM = re.compile(r"([1-9][0-9]?)-([1-9][0-9]?)-([1-9][0-9]?)")

# The most common PINs that are neither runs, years nor repetitions; the first twenty hold 27 % of all that people
# choose freely (DataGenetics, "PIN analysis", 2012; Bonneau, Preibusch, Anderson, "A birthday present every eleven
# wallets?", 2012, which also finds that refusing such a list is what helps most).
_COMMON = frozenset({"1004", "2580", "1010", "1313", "2001", "1122", "0852", "1379", "1397", "0007", "1236"})
_YEARS = range(1900, 2030)  # of birth, and the ones around today


def is_secret(text: str) -> bool:
    """Whether this may be anybody's code: 4 to 12 digits, or three different pictures as ``3-7-11``."""
    return bool(PIN_FORM.fullmatch(text)) or is_pictures(text)


def is_pictures(text: str) -> bool:
    """Whether these are three different pictures in order."""
    found = _PICTURES_FORM.fullmatch(text)
    numbers = [int(one) for one in found.groups()] if found else []
    return len(set(numbers)) == CHOSEN and max(numbers) <= PICTURES


def why_not(secret: str, factor: Factor) -> WhyNot | None:
    """The code of the sentence that refuses this choice, or None.

    Rows of pictures have no favourites: nobody sees their numbers, and the pad's places are shuffled.
    """
    if factor == "pictures":
        return None if is_pictures(secret) else "secret_unfit"
    if not PIN_FORM.fullmatch(secret):
        return "secret_unfit"
    return "secret_trivial" if _is_trivial(secret) else None


def _is_trivial(pin: str) -> bool:
    """One digit or pair again and again, a run up or down, a year, a date of birth with its year, or a common one."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    is_run = len(steps) == 1 and steps <= {0, 1, 9}
    is_repeated = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2) if len(pin) % size == 0)
    is_doubled = len(pin) == 4 and pin[0] == pin[1] and pin[2] == pin[3]
    is_year = len(pin) == 4 and int(pin) in _YEARS
    return is_run or is_repeated or is_doubled or is_year or pin in _COMMON or _is_birthday(pin)


def _is_birthday(pin: str) -> bool:
    if len(pin) != 8:
        return False
    day_first = (pin[:2], pin[2:4], pin[4:])
    year_first = (pin[6:], pin[4:6], pin[:4])
    return any(
        1 <= int(day) <= 31 and 1 <= int(month) <= 12 and int(year) in _YEARS
        for day, month, year in (day_first, year_first)
    )


def is_near(one: str, other: str) -> bool:
    """Whether a slip of the finger turns one code into the other: one step changed, left out, added or swapped.

    The optimal string alignment distance is at most 1, over digits or over pictures.
    """
    first, second = _steps(one), _steps(other)
    if abs(len(first) - len(second)) > 1:
        return False
    if len(first) == len(second):
        places = [place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
        if len(places) == 2 and places[1] == places[0] + 1:
            left, right = places
            return first[left] == second[right] and first[right] == second[left]
        return len(places) <= 1
    short, long = sorted((first, second), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _steps(secret: str) -> tuple[str, ...]:
    return tuple(secret.split("-")) if "-" in secret else tuple(secret)
