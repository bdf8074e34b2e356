"""The twelve pictures that people who cannot read sign in with: three of them, in order.

Append-only, as Kolibri's picture passwords are: a number stays with its picture for ever, because codes are kept as
numbers (``3-7-11``, hashed like a PIN). A picture that turns out badly is drawn better, never replaced or reused.
Chosen to be known everywhere, to stand for nothing holy or political, and to be told apart by their outline alone: all
are drawn in one ink, so colour blindness and grey screens take nothing away.

Three different ones in order are 12 * 11 * 10 = 1,320 codes, which is far less than a PIN's 9,655. What makes that
enough are the limits on trying (:mod:`kiosk.hub.sessions.tries`: 102 answers in a day and a night at one kiosk, and the
security officer hears of the tenth failure) and the badge or stick that lies there: pictures alone open nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.identity.choosing import PICTURES as HOW_MANY
from provisioning.web.locale import N_


@dataclass(frozen=True)
class Picture:
    """One picture: its number for ever, its pictogram in the sprite, its name (msgid)."""

    number: int
    icon: str
    name: str


PICTURES = (
    Picture(1, "sun", N_("sun")),
    Picture(2, "tree", N_("tree")),
    Picture(3, "fish", N_("fish")),
    Picture(4, "home", N_("house")),
    Picture(5, "car", N_("car")),
    Picture(6, "umbrella", N_("umbrella")),
    Picture(7, "apple", N_("apple")),
    Picture(8, "bike", N_("bicycle")),
    Picture(9, "mug", N_("cup")),
    Picture(10, "ball-football", N_("ball")),
    Picture(11, "cat", N_("cat")),
    Picture(12, "sailboat", N_("boat")),
)
assert len(PICTURES) == HOW_MANY


def shuffled() -> Sequence[Picture]:
    """The pictures in places that nobody can learn by watching fingers: others at each drawing."""
    places = list(PICTURES)
    secrets.SystemRandom().shuffle(places)
    return places
