"""What comes to the reader and is typed after it; what takes long runs beside the reader's and the page's thread."""

import logging
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.terminal.entrance import Entrance
from kiosk.terminal.errands import Errands
from kiosk.terminal.keeper import Keeper
from kiosk.terminal.making import Making
from kiosk.terminal.session import (
    Credential,
    CredentialGone,
    CredentialSeen,
    PinGiven,
    SigningIn,
    Welcoming,
)
from provisioning.errors import Corrupt
from provisioning.identity.stick import newest, read_header, read_ticket
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    KeyGone,
    KeySeen,
    ReaderWord,
    StickGone,
    StickSeen,
)

log = logging.getLogger("passage.kiosk")

LOOK_S = 0.05
NO_STICK_OF_OURS = Credential("stick", "")


class Tickets:
    """What sticks of this site prove, by the hub's public key."""

    def __init__(self, hub_key: Ed25519PublicKey, site_id: str) -> None:
        self._hub_key, self._site_id = hub_key, site_id

    def credential_of(self, word: StickSeen) -> Credential:
        """A stick as what it proves: its number, its newest ticket, and where the next belongs."""
        if word.state != "ours" or len(word.slots) != 2:
            return NO_STICK_OF_OURS
        slots = (word.slots[0], word.slots[1])
        try:
            header = read_header(word.header, self._hub_key, self._site_id)
        except Corrupt as error:
            log.info("a stick of somebody else: %s", error.reason)
            return NO_STICK_OF_OURS
        found = newest(slots, header, self._hub_key)
        if found is None:
            return NO_STICK_OF_OURS
        return Credential("stick", header.stick_id, slots[1 - found.write_next], found.write_next)

    def counter_of(self, credential: Credential) -> int:
        """What the stick's ticket counts; 0 for anything else."""
        if credential.kind != "stick":
            return 0
        return read_ticket(credential.ticket, self._hub_key, self._site_id).counter


class Arrivals:
    """Feeds the session what comes, and lets the entrance ask the hub about it."""

    def __init__(
        self, keeper: Keeper, entrance: Entrance, making: Making, errands: Errands, tickets: Tickets
    ) -> None:
        self._keeper, self._entrance, self._making = keeper, entrance, making
        self._errands = errands
        self._tickets = tickets
        self._pressing = threading.Lock()

    def hear(self, word: ReaderWord) -> None:
        """What the reader saw, on its own thread: what takes a while runs beside it."""
        match word:
            case BadgeSeen(uid=uid):
                self._came(Credential("badge", uid))
            case StickSeen():
                self._came(self._tickets.credential_of(word))
            case KeySeen():
                self._came(Credential("key", ""))
            case BadgeGone():
                self._keeper.feed(CredentialGone("badge"))
            case StickGone():
                self._keeper.feed(CredentialGone("stick"))
            case KeyGone():
                self._keeper.feed(CredentialGone("key"))
            case _:
                return

    def saw(self, credential: Credential) -> None:
        """Something was put on the reader; returns when the screen knows what to ask."""
        if came := self._see(credential):
            self._meet(came)

    def _came(self, credential: Credential) -> None:
        if came := self._see(credential):
            self._errands.run(lambda: self._meet(came))

    def _see(self, credential: Credential) -> Welcoming | None:
        """Whom to meet; nobody when a reader says once more what it said a moment ago."""
        before = self._keeper.state
        now = self._keeper.feed(CredentialSeen(credential))
        return now if isinstance(now, Welcoming) and now.visit != before.visit else None

    def _meet(self, came: Welcoming) -> None:
        now = self._entrance.welcome(came)
        if now.visit == came.visit + 1:  # else it is somebody else's turn by now
            self._making.begin(now)

    def try_secret(self, secret: str) -> None:
        """Check what was typed; returns with the answer, or as soon as the person must do or wait for something."""
        with self._pressing:  # a second press of the same button begins no second try
            before = self._keeper.state
            asking = self._keeper.feed(PinGiven())
        if isinstance(before, SigningIn) or not isinstance(asking, SigningIn):
            return
        over = self._errands.run(lambda: self._entrance.go_on(asking, secret))
        while not over.wait(LOOK_S):
            state = self._keeper.state
            if not isinstance(state, SigningIn) or state.waits_for in {"key", "elsewhere"}:
                return
