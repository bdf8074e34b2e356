"""What may happen to a model and to a print request, and why not: pure functions on values, refusals are codes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from kiosk.policy.roles import TABLE
from provisioning.contracts import JobProgress
from provisioning.contracts.farm import OfficerRole

Slot = Literal["workshop", "security"]
ModelState = Literal["waiting", "approved", "refused", "revoked", "replaced"]
Verdict = Literal["approved", "refused"]
AnswerVerdict = Literal["stands", "overturned"]

SLOTS: tuple[Slot, ...] = ("workshop", "security")
SLOT_ROLES: dict[Slot, frozenset[OfficerRole]] = {slot: TABLE[f"model_signed_{slot}"] for slot in SLOTS}
DROPPED = "not_now"  # the rule that a dropped request is refused by: true, and says nothing of the reason
SETTLING_HELD = TABLE["hold_released"]
DECIDING = TABLE["request_decided"]
DECIDING_FLAGGED = TABLE["flagged_request_decided"]
MODEL_OFFICERS = TABLE["model_ended"]

OPEN_REQUESTS_MAX = 5  # one person's unanswered and unfinished requests: a queue for all, not for one
WORDS_MAX = 600  # an officer's own words, characters
HISTORY_DAYS = 90  # workshop.md 5.5: parts of one person side by side

OPEN_STATES = frozenset(
    {"received", "objected", "approved", "queued", "printing", "cooling", "printed", "ready"}
)

# The fixed blocks of a refusal; each has its sentence in every language (sentences.py).
REFUSAL_REASONS = (
    "purpose_unclear",
    "lesson_first",
    "enough_made",
    "printers_full",
    "material_short",
    "model_changed",
    "no_money",
    "unsafe",
    "house_rules",
    "other",  # needs the officer's own words
)
OBJECTION_REASONS = ("not_understood", "facts_wrong", "want_to_talk")


@dataclass(frozen=True)
class Signer:
    """The officer who acts, as far as a rule cares."""

    officer_id: str
    roles: frozenset[str]


@dataclass(frozen=True)
class ModelFacts:
    """What the rules need to know of a model; ``signed`` maps a filled slot to the officer in it."""

    state: ModelState
    added_by: str
    gcode_sha256: str
    colours: tuple[str, ...]
    max_copies: int
    price_cents: int  # for one copy
    flags: tuple[str, ...] = ()
    signed: tuple[tuple[Slot, str], ...] = ()


@dataclass(frozen=True)
class Wish:
    """What a resident asks for."""

    gcode_sha256: str
    colour: str
    copies: int


@dataclass(frozen=True)
class RequestFacts:
    """What the rules need to know of a request."""

    state: str
    created_by: str  # who entered it: the resident, or an officer from a paper form
    decided_by: str = ""  # officer; empty when nobody, or when a rule refused it
    refused_by_rule: str = ""
    objected: bool = False
    is_held: bool = False  # asked in a held session: the security officer settles that first


@dataclass(frozen=True)
class Progress:
    """How far an order is: the state shown, the last step heard, and whether that was the end."""

    state: str
    step: int = 0
    ended: bool = False


# -- models ---------------------------------------------------------------------------------------------------


def why_not_sign(model: ModelFacts, slot: Slot, signer: Signer) -> str | None:
    """The code that keeps this officer out of a slot of a model's first approval, or None when they may sign."""
    if model.state != "waiting":
        return "model_decided"
    if not signer.roles & SLOT_ROLES[slot]:
        return "role_missing"
    if signer.officer_id == model.added_by:
        return "own_model"  # J4.F10: nobody approves what they made
    filled = dict(model.signed)
    if slot in filled:
        return "slot_filled"
    if signer.officer_id in filled.values():
        return "two_people_needed"
    return None


def is_fully_signed(signed: Collection[tuple[Slot, str]]) -> bool:
    """Whether both slots hold an officer, and not the same one."""
    filled = dict(signed)
    return set(filled) == set(SLOTS) and len(set(filled.values())) == len(SLOTS)


def why_not_end_model(model: ModelFacts, signer: Signer, words: str, *, revoke: bool) -> str | None:
    """The code that keeps a model from being refused (or, later, revoked), or None."""
    if model.state != ("approved" if revoke else "waiting"):
        return "model_decided"
    if not signer.roles & MODEL_OFFICERS:
        return "role_missing"
    return None if words.strip() else "reason_missing"


# -- requests -------------------------------------------------------------------------------------------------


def price_of(model: ModelFacts, copies: int) -> int:
    """What a request costs in cents: the model's price for each copy."""
    return model.price_cents * copies


def why_not_asked(model: ModelFacts | None, wish: Wish, balance_cents: int, open_requests: int) -> str | None:
    """The code by which a rule refuses a new request at once, or None when an officer shall look at it."""
    if model is None:
        return "model_unknown"
    if model.state != "approved":
        return "model_not_offered"
    if wish.gcode_sha256 != model.gcode_sha256:
        return "model_changed"
    if wish.colour not in model.colours:
        return "colour_not_offered"
    if not 1 <= wish.copies <= model.max_copies:
        return "copies_not_offered"
    if open_requests >= OPEN_REQUESTS_MAX:
        return "too_many_open"
    return "balance_too_low" if balance_cents < price_of(model, wish.copies) else None


def why_not_decide(
    request: RequestFacts, flags: Collection[str], signer: Signer, verdict: Verdict
) -> str | None:
    """The code that keeps this officer from deciding this request so, or None.

    A model with flags is approved only by security (or the director); refusing it stays open to the workshop too.
    """
    if request.state != "received":
        return "request_decided"
    if request.is_held:
        return "request_waits"
    if request.created_by == signer.officer_id:
        return "own_request"
    if flags and verdict == "approved":
        return None if signer.roles & DECIDING_FLAGGED else "security_needed"
    allowed = DECIDING | DECIDING_FLAGGED if flags else DECIDING
    return None if signer.roles & allowed else "role_missing"


def acting_role(signer: Signer, flags: Collection[str]) -> str:
    """The role in which an officer decides: what the record shows beside the name."""
    order = ("security", "director", "workshop") if flags else ("workshop", "director", "security")
    return next((role for role in order if role in signer.roles), "")


def why_not_that_reason(reason: str, words: str) -> str | None:
    """The code for a refusal without a reason that says something, or None."""
    if reason not in REFUSAL_REASONS:
        return "reason_missing"
    return "words_missing" if reason == "other" and not words.strip() else None


def why_not_approve(model: ModelFacts | None, wish: Wish, balance_cents: int) -> str | None:
    """The code that keeps an approval from becoming an order today, or None: things may have changed since asked."""
    return why_not_asked(model, wish, balance_cents, open_requests=0)


def may_object(request: RequestFacts) -> bool:
    """Whether the resident may say "I do not agree": once, to an officer's refusal."""
    return request.state == "refused" and bool(request.decided_by) and not request.objected


def why_not_answer(request: RequestFacts, flags: Collection[str], signer: Signer, words: str) -> str | None:
    """The code that keeps this officer from answering an objection, or None: it takes another pair of eyes."""
    if request.state != "objected":
        return "objection_answered"
    if request.is_held:
        return "request_waits"
    if signer.officer_id == request.decided_by:
        return "second_officer_needed"
    if not signer.roles & (DECIDING_FLAGGED if flags else DECIDING):
        return "security_needed" if flags else "role_missing"
    return None if words.strip() else "words_missing"


def why_not_settle_held(request: RequestFacts, signer: Signer) -> str | None:
    """The code that keeps this officer from releasing or dropping a held request, or None."""
    if not request.is_held:
        return "not_held"
    return None if signer.roles & SETTLING_HELD else "role_missing"


def advance(now: Progress, heard: JobProgress) -> Progress | None:
    """Where the order stands after a message from the farm; None when it is late, double, or after the end."""
    if now.ended or heard.step <= now.step:
        return None
    ended = heard.state == "handed_over" or (heard.state == "failed" and heard.final)
    return replace(now, state=heard.state, step=heard.step, ended=ended)


def is_refunded(after: Progress, price_cents: int) -> bool:
    """Whether the price goes back: the last try failed, and something was paid."""
    return after.ended and after.state == "failed" and price_cents > 0
