"""What a kiosk and the hub say to each other."""

from typing import Literal

import msgspec

from provisioning.contracts.base import Answer, Contract

CredentialKind = Literal["badge", "stick"]
EndReason = Literal["stop", "badge_gone", "idle", "taken_over", "hub", "restart"]
RequestState = Literal[
    "waiting",  # in the kiosk's outbox, not yet at the hub
    "received",
    "approved",
    "refused",
    "objected",
    "queued",
    "printing",
    "cooling",
    "printed",
    "ready",
    "handed_over",
    "failed",
]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of a contract."""


class SignIn(Contract, frozen=True, kw_only=True):
    """Call: a credential and a PIN at one kiosk. Answered by :class:`Lease`, or refused.

    Codes: ``badge_unknown badge_blocked pin_wrong pin_locked session_elsewhere``.
    """

    kiosk_id: str
    credential: CredentialKind
    uid: str
    pin: str


class ResidentCard(Part, frozen=True, kw_only=True):
    """As much of a person as a screen needs: no photo, no cell, no crime."""

    resident_id: str
    first_name: str
    language: str
    wing: str


class Suspension(Part, frozen=True, kw_only=True):
    """An officer took a service from a person for a time; it ends by itself."""

    suspension_id: str
    service: str  # "*": every service
    from_utc: str
    until_utc: str
    reason: str


class Standing(Part, frozen=True, kw_only=True):
    """Everything that policy asks about a person at a device, but for the service and the moment."""

    resident_id: str = ""
    groups: tuple[str, ...] = ()
    regime: str = ""
    site_id: str = ""
    kiosk_id: str = ""
    device_class: str = ""  # "corridor-kiosk", "cell-screen", ...
    place: str = ""  # the wing where the device stands
    level: int = 0  # how strong the proof was: 0 badge, 1 stick, 2 security key
    suspensions: tuple[Suspension, ...] = ()


class Lease(Answer, frozen=True, kw_only=True):
    """The hub's word that this person is at this kiosk, until a time; it makes the session unique."""

    session_id: str
    resident: ResidentCard
    until_utc: str
    balance_cents: int
    pass_stamp: str = ""  # names the pass that this sign-in makes, for :class:`CheckPasses`; opaque
    may_offline: bool = False  # this is the person's home kiosk: the offline set may be used without the hub
    standing: Standing = Standing()
    policy_sha256: str = ""  # names the signed policy in force, for :class:`PublicCopy`


class RenewLease(Contract, frozen=True, kw_only=True):
    """Call: the person is still there. Answered by :class:`Lease`; refused ``session_ended`` when it is over."""

    session_id: str


class CheckPasses(Contract, frozen=True, kw_only=True):
    """Call: which of these offline passes still stand? Answered by :class:`PassesStanding`.

    A pass falls when its badge was blocked, its PIN changed, or its person moved to another wing.
    """

    stamps: tuple[str, ...]


class PassesStanding(Answer, frozen=True, kw_only=True):
    """Those of the named passes that still stand."""

    stamps: tuple[str, ...]


class EndSession(Contract, frozen=True, kw_only=True):
    """Message: the session is over. Sent through the outbox, so that the hub learns it even when it was away."""

    session_id: str
    why: EndReason
    at_utc: str


class MyRequests(Contract, frozen=True, kw_only=True):
    """Call: what this person has asked. Answered by :class:`RequestList`."""

    session_id: str


class RequestStep(Part, frozen=True, kw_only=True):
    """One thing that happened to a request."""

    state: RequestState
    at_utc: str
    by_role: str = ""
    words: str = ""  # an officer's own words: the reason of a refusal, an answer to an objection


class RequestView(Part, frozen=True, kw_only=True):
    """One request as its owner sees it."""

    request_key: str
    number: str
    service: str
    title: str  # already in the person's language
    state: RequestState
    steps: tuple[RequestStep, ...]
    reason: str = ""
    may_object: bool = False
    ask_whom: str = ""
    expected_utc: str = ""
    model_id: str = ""
    colour: str = ""
    copies: int = 1
    price_cents: int = 0
    progress_percent: int | None = None
    left_s: int | None = None


class RequestList(Answer, frozen=True, kw_only=True):
    """All requests of one person, newest first, and the balance that belongs with them."""

    requests: tuple[RequestView, ...]
    balance_cents: int


class PrintRequest(Contract, frozen=True, kw_only=True):
    """Message: a resident asks for a part. ``request_key`` was made when the page was drawn."""

    request_key: str
    resident_id: str
    session_id: str
    kiosk_id: str
    model_id: str
    gcode_sha256: str
    colour: str
    copies: int
    at_utc: str


class Objection(Contract, frozen=True, kw_only=True):
    """Message: the resident does not agree with a refusal; once per request."""

    request_key: str
    resident_id: str
    session_id: str
    why: str  # a fixed choice: "not_understood" | "facts_wrong" | "want_to_talk"
    at_utc: str


class PublicCopy(Contract, frozen=True, kw_only=True):
    """Call: what every kiosk may show to everyone. ``etag`` of the copy in hand; unchanged gives an empty answer."""

    etag: str = ""


class Notice(Part, frozen=True, kw_only=True):
    """A notice in one or more languages; ``urgent`` shows on idle kiosks too."""

    notice_id: str
    title: dict[str, str]
    body: dict[str, str]
    urgent: bool
    from_utc: str
    until_utc: str
    wings: tuple[str, ...] = ()  # empty: every wing


class OfferedModel(Part, frozen=True, kw_only=True):
    """A model that residents may ask for, with what they choose by."""

    model_id: str
    gcode_sha256: str
    title: dict[str, str]
    purpose: dict[str, str]
    grams: float
    seconds: int
    price_cents: int
    colours: tuple[str, ...]
    max_copies: int
    picture_sha256: str


class PublicCopyAnswer(Answer, frozen=True, kw_only=True):
    """The public copy; ``changed`` is false when the caller's ``etag`` is still right."""

    etag: str
    changed: bool
    notices: tuple[Notice, ...] = ()
    models: tuple[OfferedModel, ...] = ()
    policy: bytes = b""  # the signed policy in force; its SHA-256 names it


class Picture(Contract, frozen=True, kw_only=True):
    """Call: the bytes of a picture named in the public copy. Answered by :class:`PictureBytes`."""

    sha256: str


class PictureBytes(Answer, frozen=True, kw_only=True):
    """A PNG picture (base64 on the wire)."""

    sha256: str
    png: bytes
