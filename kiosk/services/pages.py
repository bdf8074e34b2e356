"""What a service's kiosk pages may ask of the kiosk they run on; the terminal provides it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from flask import current_app

from provisioning.contracts import Contract, Notice, Objection, OfferedModel, PrintRequest, RequestView
from provisioning.errors import Refused
from provisioning.ids import READABLE
from provisioning.web.locale import N_

EXTENSION = "kiosk"

# A reel's colour as the farm names it: the word on the screen and a swatch beside it (never the swatch alone).
COLOURS: dict[str, tuple[str, str]] = {
    "white": (N_("White"), "#f5f5f2"),
    "black": (N_("Black"), "#1d1d1d"),
    "grey": (N_("Grey"), "#8a8d90"),
    "blue": (N_("Blue"), "#1f5fa8"),
    "green": (N_("Green"), "#2f7d3b"),
    "yellow": (N_("Yellow"), "#e8b90c"),
    "orange": (N_("Orange"), "#d9651b"),
    "red": (N_("Red"), "#b3241f"),
}


class NotSignedIn(Refused):
    """The page belongs to a person and nobody is signed in."""

    code = "not_signed_in"


@dataclass(frozen=True)
class Visitor:
    """The person who is signed in, as far as a page needs to know them."""

    resident_id: str
    session_id: str
    first_name: str
    language: str
    wing: str
    balance_cents: int
    is_offline: bool


@dataclass(frozen=True)
class Unsent:
    """Something this kiosk still keeps for the hub."""

    contract: PrintRequest | Objection
    queued_utc: str
    is_refused: bool = False  # the hub would not take it: it is not sent again


@dataclass(frozen=True)
class Asked:
    """What a person asked: as the hub said it last (just now, when ``is_fresh``), and what still waits here."""

    requests: tuple[RequestView, ...]
    unsent: tuple[Unsent, ...]
    is_fresh: bool


class KioskContext(Protocol):
    """One kiosk, as its pages see it."""

    @property
    def kiosk_id(self) -> str:
        """This node."""
        ...

    @property
    def is_hub_away(self) -> bool:
        """Whether the hub did not answer the last time."""
        ...

    @property
    def visitor(self) -> Visitor | None:
        """Who is signed in."""
        ...

    def now_utc(self) -> datetime:
        """The instant now."""
        ...

    def notices(self) -> tuple[Notice, ...]:
        """The notices in force for this kiosk's wing, urgent ones first, then the newest."""
        ...

    def models(self) -> tuple[OfferedModel, ...]:
        """The models that residents may ask for."""
        ...

    def asked(self) -> Asked:
        """What the visitor asked.

        Raises:
            NotSignedIn: there is no visitor.
        """
        ...

    def send(self, contract: Contract, key: str) -> bool:
        """Keep a message for the hub, once per ``key``, and try at once: True when the hub has it already.

        Raises:
            NotSignedIn: there is no visitor.
            Unavailable: nothing could be written here.
        """
        ...


def kiosk() -> KioskContext:
    """The kiosk that answers the request at hand."""
    return cast(KioskContext, current_app.extensions[EXTENSION])


def visitor() -> Visitor:
    """The person who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    found = kiosk().visitor
    if found is None:
        raise NotSignedIn
    return found


def said(words: dict[str, str], language: str) -> str:
    """A text in one language out of several; English, then the first there is, then nothing."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


def slip_code(key: str) -> str:
    """A short code for something that has no number yet, the same at every look: ``W-7K3M9Q``."""
    digest = hashlib.sha256(key.encode()).digest()
    return "W-" + "".join(READABLE[byte % len(READABLE)] for byte in digest[:6])


def colour_word(colour: str) -> tuple[str, str]:
    """The msgid and the swatch of a colour; an unknown one is shown by its own name on grey."""
    return COLOURS.get(colour, (colour, "#8a8d90"))
