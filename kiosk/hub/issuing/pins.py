"""A new PIN, by chance, that is none of those which everybody tries first."""

import itertools
import secrets

DIGITS = 4  # ISO 9564-1 allows 4 to 12; people here remember four, and five wrong tries close the badge for a while
# The twenty most used of 3.4 million leaked PINs, a quarter of them all, and the middle column of a key pad
# (N. Berry, "PIN analysis", DataGenetics 2012).
FAVOURITES = frozenset(
    f"{number:04d}"
    for number in (
        *(1234, 1111, 0, 1212, 7777, 1004, 2000, 4444, 2222, 6969, 9999, 3333, 5555, 6666, 1122),
        *(1313, 8888, 4321, 2001, 1010, 2580),
    )
)
YEARS = range(1930, 2030)  # of birth: known to everybody on the landing


def is_trivial(pin: str) -> bool:
    """Whether somebody would try it early: a favourite, a row, a repetition, two pairs, a year.

    NIST SP 800-63B 5.1.1.2 names repetitive and sequential characters as what a verifier refuses.
    """
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    half = len(pin) // 2
    is_row = len(steps) == 1 and steps <= {0, 1, 9}
    is_twice = len(pin) % 2 == 0 and pin[:half] == pin[half:]
    is_pairs = all(pin[at] == pin[at + 1] for at in range(0, len(pin) - 1, 2))
    return pin in FAVOURITES or is_row or is_twice or is_pairs or (len(pin) == DIGITS and int(pin) in YEARS)


def new_pin() -> str:
    """Four random digits; each PIN that is not trivial is as likely as any other."""
    while is_trivial(pin := f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"):
        continue
    return pin
