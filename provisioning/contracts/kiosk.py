"""What a kiosk and the hub say to each other."""

from typing import Literal

import msgspec

from provisioning.contracts.base import Answer, Contract

CredentialKind = Literal["badge", "stick", "key"]  # the ladder of proofs, practice.md 2.6: levels 0, 1, 2
Factor = Literal["pin", "pictures"]  # what a person knows: a number, or three of twelve pictures in order
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


class WhoComes(Contract, frozen=True, kw_only=True):
    """Call: this was put on the reader; what shall the screen ask? Answered by :class:`Welcome`.

    A credential that nobody carries is welcomed like any other, so that nobody learns which numbers exist.
    Codes: ``badge_blocked badge_expired badge_found stick_copied stick_foreign``.
    """

    kiosk_id: str
    credential: CredentialKind
    uid: str = ""  # badge number or stick id; a key names itself only by signing
    ticket: bytes = b""  # the newest ticket on a stick


class Welcome(Answer, frozen=True, kw_only=True):
    """How the screen goes on. ``options`` is what a key shall sign (WebAuthn JSON), good for a short while."""

    language: str = ""
    factor: Factor = "pin"
    is_officer: bool = False
    to_issue: bool = (
        False  # nobody carries this, and an officer waits for it at this kiosk: see :class:`PlugReport`
    )
    options: bytes = b""


class SignIn(Contract, frozen=True, kw_only=True):
    """Call: a credential and a secret at one kiosk. Answered by :class:`Lease` or :class:`Pending`, or refused.

    Codes: ``badge_unknown badge_blocked badge_expired pin_wrong pin_locked kiosk_paused stick_copied
    stick_foreign key_foreign key_copied key_stale key_unverified session_elsewhere home_kiosk_away
    kiosk_out_of_service``.
    """

    kiosk_id: str
    credential: CredentialKind
    uid: str = ""
    pin: str = ""  # digits, or picture numbers joined by "-"; a key checks its own PIN
    ticket: bytes = b""
    assertion: bytes = b""  # a key's answer to the options of :class:`Welcome` (WebAuthn JSON)


class Pending(Answer, frozen=True, kw_only=True):
    """Who it is is proven; before the lease something must be done, then :class:`TakeUp`.

    ``ticket``: write it to the stick and read it back. ``elsewhere``: the session there must be over first.
    """

    claim_id: str
    ticket: bytes = b""
    elsewhere: str = ""  # the kiosk's name
    until_utc: str = ""  # when its lease runs out, if nobody ends it before


class MyCode(Contract, frozen=True, kw_only=True):
    """Call: what does this session's person sign in with? Answered by :class:`CodeKind`."""

    session_id: str


class CodeKind(Answer, frozen=True, kw_only=True):
    """Digits or pictures. Whether there is an emergency code is never said: somebody may be looking."""

    factor: Factor = "pin"


class ChangeSecret(Contract, frozen=True, kw_only=True):
    """Call: a signed-in person chooses another code, or an emergency code. Answered by ``Done``, or refused.

    Codes: ``pin_wrong pin_locked kiosk_paused secret_unfit secret_trivial secret_same secret_near session_ended``.
    In a session that the emergency code opened the answers are the same, and nothing changes.
    """

    kiosk_id: str
    session_id: str
    old: str
    factor: Factor = "pin"  # of ``new``; without ``new``, what the person has
    new: str = ""  # empty: the own code stays. With another factor the emergency code ends
    emergency: str = ""  # empty: it stays
    no_emergency: bool = False  # from now on there is none


class TakeUp(Contract, frozen=True, kw_only=True):
    """Call: go on with a claim. Answered by :class:`Lease` or :class:`Pending`; ``written``: the ticket is on it."""

    kiosk_id: str
    claim_id: str
    written: bool = False


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


class PublicKey(Part, frozen=True, kw_only=True):
    """The public half of a security key, so that its home kiosk can check a signature while the hub is away."""

    credential_id: str  # base64url
    cose: bytes
    sign_count: int


class Lease(Answer, frozen=True, kw_only=True):
    """The hub's word that this person is at this kiosk, until a time; it makes the session unique."""

    session_id: str
    resident: ResidentCard
    until_utc: str
    lasts_s: int = 0  # counted by the kiosk from the moment it asked; 0: as long as the site's rule says
    balance_cents: int
    pass_stamp: str = ""  # names the pass that this sign-in makes, for :class:`CheckPasses`; opaque
    counter: int = 0  # of the ticket that the stick now carries: an older one is a copy's
    public_key: PublicKey | None = None
    factor: Factor = "pin"
    may_offline: bool = False  # this is the person's home kiosk: the offline set may be used without the hub
    standing: Standing = Standing()
    policy_sha256: str = ""  # names the signed policy in force, for :class:`PublicCopy`
    must_choose: bool = False  # the code came from an envelope: the person chooses an own one first
    agreement_due: int = 0  # version of the agreement that the person has not signed; 0: nothing to sign


class RenewLease(Contract, frozen=True, kw_only=True):
    """Call: the person is still there. Answered by :class:`Lease`; refused ``session_ended`` when it is over."""

    session_id: str


class CheckPasses(Contract, frozen=True, kw_only=True):
    """Call: which of these offline passes still stand? Answered by :class:`PassesStanding`.

    A pass falls when its badge was blocked, its PIN changed, or its person moved to another wing. Asking is also a
    promise: the kiosk lets nobody in by its own word before ``alone_after_s`` have passed since the answer that
    ``as_of`` names reached it. So the hub knows until when it may let these people in elsewhere.
    """

    stamps: tuple[str, ...]
    as_of: str = ""  # of the last answer; empty: none since this process began
    in_use: tuple[str, ...] = ()  # passes of the sessions that run here by this kiosk's own word


class OfficerBadge(Part, frozen=True, kw_only=True):
    """An officer's badge, so that a kiosk knows it while the hub is away."""

    officer_id: str
    uid: str


class PassesStanding(Answer, frozen=True, kw_only=True):
    """Those of the named passes that still stand; ``paused`` ones open nothing while their person is elsewhere."""

    stamps: tuple[str, ...]
    paused: tuple[str, ...] = ()
    as_of: str = ""
    officers: tuple[OfficerBadge, ...] = ()


class BlockHere(Contract, frozen=True, kw_only=True):
    """Message: an officer blocked a badge or stick at a kiosk, by touching their own badge first."""

    kiosk_id: str
    officer_id: str
    credential: CredentialKind
    uid: str
    at_utc: str


class CopyFound(Contract, frozen=True, kw_only=True):
    """Message: while the hub was away a stick or key came that counts less than this kiosk saw of it last."""

    kiosk_id: str
    credential: CredentialKind = "stick"
    uid: str
    counter: int
    at_utc: str


class PlugReport(Contract, frozen=True, kw_only=True):
    """Call: something without an owner lies here; does an officer wait for it? Answered by :class:`ToIssue`.

    Refused ``nothing_to_issue`` when no officer is issuing at this kiosk.
    """

    kiosk_id: str
    credential: CredentialKind
    uid: str = ""  # a badge's number


class ToIssue(Answer, frozen=True, kw_only=True):
    """What to make of it: a stick's header and first ticket, or a key's options; nothing for a badge."""

    issue_id: str
    header: bytes = b""
    ticket: bytes = b""
    options: bytes = b""
    erase: bool = False  # an officer said that whatever lies on the stick may go


class Issued(Contract, frozen=True, kw_only=True):
    """Call: it was written and read back (or a key has answered). Answered by ``Done``; only now it works."""

    kiosk_id: str
    issue_id: str
    attestation: bytes = b""  # a key's answer to the options (WebAuthn JSON)


class IssueFailed(Contract, frozen=True, kw_only=True):
    """Call: it could not be made, for the reason that ``code`` names. Answered by ``Done``; it may be tried again."""

    kiosk_id: str
    issue_id: str
    code: str


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
    rule: str = ""  # by which an officer looks the reason up
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


class MyFile(Contract, frozen=True, kw_only=True):
    """Call: who looked at this person's file. Answered by :class:`FileLooks`."""

    session_id: str


class Look(Part, frozen=True, kw_only=True):
    """One look of an officer at a person's page or log; officers by their role, not by name."""

    at_utc: str
    by_role: str
    what: Literal["page", "log"]
    purpose: str = ""  # the officer's own words; only a log is read for a purpose that was written down


class FileLooks(Answer, frozen=True, kw_only=True):
    """The newest looks, newest first."""

    looks: tuple[Look, ...]


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


class AgreementSection(Part, frozen=True, kw_only=True):
    """One screen of the agreement: a pictogram, and by language a title and a few short sentences."""

    picture: str
    title: dict[str, str]
    sentences: dict[str, tuple[str, ...]]


class AgreementText(Part, frozen=True, kw_only=True):
    """The agreement in force, in every language of the site; public, so that it can be read without the hub."""

    version: int
    sha256: str  # names this very text
    sections: tuple[AgreementSection, ...]


class AgreementSigned(Contract, frozen=True, kw_only=True):
    """Message: a resident read the agreement to its end and agreed. Kept once for each person and version."""

    session_id: str
    resident_id: str
    kiosk_id: str
    version: int
    text_sha256: str
    language: str
    read_aloud: bool  # at least one section was played
    pages_seen: int
    at_utc: str


class PublicCopyAnswer(Answer, frozen=True, kw_only=True):
    """The public copy; ``changed`` is false when the caller's ``etag`` is still right."""

    etag: str
    changed: bool
    notices: tuple[Notice, ...] = ()
    models: tuple[OfferedModel, ...] = ()
    policy: bytes = b""  # the signed policy in force; its SHA-256 names it
    agreement: AgreementText | None = None  # the one in force


class Picture(Contract, frozen=True, kw_only=True):
    """Call: the bytes of a picture named in the public copy. Answered by :class:`PictureBytes`."""

    sha256: str


class PictureBytes(Answer, frozen=True, kw_only=True):
    """A PNG picture (base64 on the wire)."""

    sha256: str
    png: bytes
