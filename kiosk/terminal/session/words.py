"""What the session machine is made of: states, events and effects, as values. Pure."""

from dataclasses import dataclass, field
from math import inf
from typing import Literal, TypeAlias

from provisioning.contracts.kiosk import CredentialKind, Factor, Standing

NOBODY = Standing()  # frozen
WaitsFor = Literal["", "key", "stick", "elsewhere"]  # a touch, a write, another kiosk
MakingStage = Literal["writing", "pin", "pin_again", "touch", "done", "failed"]
OverReason = Literal["stop", "badge_gone", "idle", "taken_over", "hub"]


@dataclass(frozen=True)
class Rules:
    """Times in seconds. Sources: journeys.md J1 and practice.md 2.4 (45 + 15, +60), services.md S04.4 (lease)."""

    idle_s: float = 45
    warning_s: float = 15
    stay_s: float = 60
    lease_s: float = 900
    welcoming_s: float = (
        5  # longer than the hub may take to say what shall be asked; then the pad comes anyway
    )
    waiting_s: float = 45  # to find the key and touch it, or until another kiosk has let go
    signing_in_s: float = 20  # longer than any call to the hub may take: it is then known to be away
    making_s: float = 60  # longer than a slow stick takes to be written, or a key gives for its touch
    refused_s: float = 20  # time to read a sentence of twenty words and whom to ask
    leaving_s: float = 2
    reader_back_s: float = 5  # a reader process that died is back within this, or the session ends

    @property
    def alone_s(self) -> float:
        """How long a screen stays that nobody touches, warning included."""
        return self.idle_s + self.warning_s


@dataclass(frozen=True)
class Credential:
    """What was put on the reader. Two are the same when kind and number are, whatever the stick shows meanwhile."""

    kind: CredentialKind
    uid: str  # a security key has none before it has signed
    ticket: bytes = field(default=b"", compare=False, repr=False)  # the newest on a stick
    spare: int = field(default=0, compare=False)  # the slot that the next ticket goes to


@dataclass(frozen=True)
class Person:
    """As much of a person as the screen needs while they are here."""

    resident_id: str
    first_name: str
    language: str
    wing: str
    session_id: str
    balance_cents: int = 0
    may_offline: bool = False
    standing: Standing = NOBODY  # what policy asks about this person here
    pass_stamp: str = ""  # the hub's name for the offline pass that this sign-in makes
    agreement_due: int = 0  # version of the agreement to sign before anything else; 0: none
    must_choose: bool = False  # their code came out of an envelope


# States -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Screen:
    """What every state has: whose turn it is, which language was chosen, and when the state ends by itself."""

    visit: int = 0
    language: str | None = None
    until_s: float = inf


@dataclass(frozen=True)
class Idle(Screen):
    """Nobody."""


@dataclass(frozen=True)
class Guest(Screen):
    """Somebody chose a language or reads notices, without signing in."""


@dataclass(frozen=True)
class Welcoming(Screen):
    """Something was put on the reader, and the hub is asked what the screen shall ask."""

    credential: Credential = Credential("badge", "")
    wants: str = ""  # the service that asked for a stronger proof: that is where the person goes


@dataclass(frozen=True)
class OfficerHere(Screen):
    """An officer's badge was shown: this kiosk blocks the badge or stick that they choose."""

    credential: Credential = Credential("badge", "")  # the officer's own
    officer_id: str = ""
    chosen: Credential | None = None
    is_done: bool = False


@dataclass(frozen=True)
class BeingMade(Screen):
    """What lies on the reader becomes somebody's badge, stick or key: an officer ordered it for this kiosk."""

    credential: Credential = Credential("badge", "")
    stage: MakingStage = "writing"
    code: str = ""  # why it failed, or why the code of a key is asked once more
    issue_id: str = ""
    options: bytes = field(default=b"", repr=False)  # what a new key shall make (WebAuthn JSON)


@dataclass(frozen=True)
class PinEntry(Screen):
    """A badge lies there; the person types."""

    credential: Credential = Credential("badge", "")
    factor: Factor = "pin"
    options: bytes = field(default=b"", repr=False)  # what a security key shall sign
    wants: str = ""
    refused: str = ""  # the code of the try before
    tries_left: int | None = None


@dataclass(frozen=True)
class SigningIn(Screen):
    """The hub was asked. Same visit as the pad before it: the page need not change while the answer is under way."""

    credential: Credential = Credential("badge", "")
    factor: Factor = "pin"
    options: bytes = field(default=b"", repr=False)
    wants: str = ""
    waits_for: WaitsFor = ""
    where: str = ""  # the kiosk that must let go first


@dataclass(frozen=True)
class SignedIn(Screen):
    """A person is here. ``is_offline``: by this kiosk's own word, the hub being away."""

    credential: Credential = Credential("badge", "")
    person: Person = Person("", "", "", "", "")
    is_offline: bool = False
    lease_until_s: float = inf
    is_hub_silent: bool = False  # for so long that this kiosk may act by its own word
    wants: str = ""  # a service for which a stronger proof is to be shown, or was shown just now
    badge_by_s: float = inf  # the reader went away: the badge must be seen again before this


@dataclass(frozen=True)
class Refused(Screen):
    """The answer was no, or the session was ended from elsewhere; the screen says why."""

    code: str = ""
    detail: tuple[tuple[str, str | int | float | bool | None], ...] = ()


@dataclass(frozen=True)
class Leaving(Screen):
    """Nobody any more; the screen says goodbye for a moment."""


State: TypeAlias = (
    Idle | Guest | Welcoming | OfficerHere | BeingMade | PinEntry | SigningIn | SignedIn | Refused | Leaving
)


# Events -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CredentialSeen:
    """A badge was put down or a stick plugged in."""

    credential: Credential


@dataclass(frozen=True)
class CredentialGone:
    """The badge was taken away or the stick pulled."""

    kind: CredentialKind


@dataclass(frozen=True)
class ReaderLost:
    """A reader that tells removal went away: nobody knows whether the badge is still there."""


@dataclass(frozen=True)
class Touched:
    """The screen was touched."""


@dataclass(frozen=True)
class GuestCame:
    """Somebody opened a page that needs no sign-in, or chose a language."""

    language: str | None = None


@dataclass(frozen=True)
class Welcomed:
    """What the screen shall ask whoever came in ``visit``."""

    visit: int
    language: str = ""
    factor: Factor = "pin"
    options: bytes = b""


@dataclass(frozen=True)
class OfficerCame:
    """What was put on the reader in ``visit`` is an officer's badge."""

    visit: int
    officer_id: str


@dataclass(frozen=True)
class ToBeMade:
    """An officer waits for what was put on the reader in ``visit``: it is made now."""

    visit: int


@dataclass(frozen=True)
class MakingWent:
    """What is being made in ``visit`` has come so far."""

    visit: int
    stage: MakingStage
    code: str = ""
    issue_id: str = ""
    options: bytes = b""


@dataclass(frozen=True)
class BlockChosen:
    """The officer points at what shall be blocked, without putting it on the reader."""

    credential: Credential


@dataclass(frozen=True)
class BlockDone:
    """What was chosen is blocked here."""


@dataclass(frozen=True)
class NotWelcome:
    """What was put on the reader in ``visit`` opens nothing here; no code needs to be typed for that."""

    visit: int
    code: str
    detail: tuple[tuple[str, str | int | float | bool | None], ...] = ()
    language: str = ""  # of whoever carries it


@dataclass(frozen=True)
class ToldToWait:
    """The try of ``visit`` needs a moment: the screen says for what."""

    visit: int
    waits_for: WaitsFor
    where: str = ""


@dataclass(frozen=True)
class HubSilent:
    """The hub was not heard for so long that this kiosk may act by its own word."""


@dataclass(frozen=True)
class HubHeard:
    """The hub was heard: this kiosk does nothing by its own word."""


@dataclass(frozen=True)
class MoreWanted:
    """The person wants a service that asks for a stronger proof."""

    service: str


@dataclass(frozen=True)
class PinGiven:
    """The pad was sent; the PIN itself goes past the machine."""


@dataclass(frozen=True)
class SignInGranted:
    """The answer to the try of ``visit`` was yes."""

    visit: int
    person: Person
    is_offline: bool = False
    lease_until_s: float = inf  # counted from before the hub was asked


@dataclass(frozen=True)
class SignInRefused:
    """The answer to the try of ``visit`` was no."""

    visit: int
    code: str
    detail: tuple[tuple[str, str | int | float | bool | None], ...] = ()
    tries_left: int | None = None
    try_again: bool = False
    options: bytes = b""  # what a security key shall sign at the next try


@dataclass(frozen=True)
class LeaseRenewed:
    """The hub's word holds on until ``lease_until_s``, counted from before it was asked."""

    session_id: str
    lease_until_s: float
    balance_cents: int
    standing: Standing


@dataclass(frozen=True)
class SessionEnded:
    """The hub says that this session is over."""

    session_id: str
    why: Literal["taken_over", "hub"]


@dataclass(frozen=True)
class StayPressed:
    """The person says: I am still here."""


@dataclass(frozen=True)
class StopPressed:
    """The stop button."""


@dataclass(frozen=True)
class AgreementDeclined:
    """The person does not agree to the terms of use."""


@dataclass(frozen=True)
class TimePassed:
    """Nothing but time."""


Event: TypeAlias = (
    CredentialSeen
    | CredentialGone
    | ReaderLost
    | Touched
    | GuestCame
    | Welcomed
    | NotWelcome
    | OfficerCame
    | ToBeMade
    | MakingWent
    | BlockChosen
    | BlockDone
    | ToldToWait
    | HubSilent
    | HubHeard
    | MoreWanted
    | PinGiven
    | SignInGranted
    | SignInRefused
    | LeaseRenewed
    | SessionEnded
    | StayPressed
    | StopPressed
    | AgreementDeclined
    | TimePassed
)


# Effects ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Begun:
    """A session began: write it down."""

    person: Person
    is_offline: bool


@dataclass(frozen=True)
class Over:
    """A session is over: write it down, tell the hub, forget. ``was_shown`` is false for a lease that came too late."""

    person: Person
    why: OverReason
    is_offline: bool
    was_shown: bool = True
    credential: Credential = field(default=Credential("badge", ""), compare=False)


Effect: TypeAlias = Begun | Over


@dataclass(frozen=True)
class Step:
    """The state after an event, and what must be done about it, in order."""

    state: State
    effects: tuple[Effect, ...] = ()
