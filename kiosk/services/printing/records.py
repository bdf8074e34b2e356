"""What the hub keeps of models and print requests, as values between the store and everything else."""

from dataclasses import dataclass

from kiosk.services.printing.rules import ModelFacts, ModelState, Progress, RequestFacts, Slot, Wish
from provisioning.contracts import ModelSheet


@dataclass(frozen=True)
class Signature:
    """One officer's name in one slot of a model's first approval."""

    slot: Slot
    officer_id: str
    role: str
    at_utc: str


@dataclass(frozen=True)
class Model:
    """One sheet from the farm and what officers made of it. ``sheet.top_png`` and ``angle_png`` are left empty."""

    sheet_no: int
    farm: str  # node id
    sheet: ModelSheet
    state: ModelState
    top_sha256: str
    angle_sha256: str
    received_utc: str
    signatures: tuple[Signature, ...] = ()
    ended_by: str = ""
    ended_utc: str = ""
    ended_words: str = ""

    @property
    def facts(self) -> ModelFacts:
        """The part the rules look at."""
        return ModelFacts(
            state=self.state,
            added_by=self.sheet.added_by,
            gcode_sha256=self.sheet.gcode_sha256,
            colours=self.sheet.colours,
            max_copies=self.sheet.max_copies,
            price_cents=self.sheet.price_cents,
            flags=self.sheet.flags,
            signed=tuple((signature.slot, signature.officer_id) for signature in self.signatures),
        )

    def title(self, language: str) -> str:
        """The model's name in a language; English, then any, when it has none in that."""
        return said(self.sheet.title, language) or self.sheet.model_id

    def purpose(self, language: str) -> str:
        """What it is for, in a language, as :meth:`title`."""
        return said(self.sheet.purpose, language)


def said(words: dict[str, str], language: str) -> str:
    """A text in one language out of several; English, then the first there is, then nothing."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


@dataclass(frozen=True)
class Decision:
    """An officer's answer to a request. ``reason`` is a fixed block's code; empty for an approval."""

    verdict: str
    officer_id: str
    role: str
    reason: str
    words: str
    at_utc: str


@dataclass(frozen=True)
class Answer:
    """The second officer's answer to an objection."""

    verdict: str
    officer_id: str
    role: str
    words: str
    at_utc: str


@dataclass(frozen=True)
class Step:
    """One thing that happened to a request."""

    state: str
    at_utc: str
    officer_id: str = ""
    role: str = ""
    words: str = ""


@dataclass(frozen=True)
class Request:
    """One print request as the hub keeps it."""

    request_key: str
    number: str
    resident_id: str
    created_by: str
    session_id: str
    kiosk_id: str
    sheet_no: int | None  # None when the model was never heard of
    model_id: str
    wish: Wish
    price_cents: int  # for all copies
    asked_utc: str
    received_utc: str
    due_utc: str
    state: str
    rule_code: str = ""
    order_id: str = ""
    progress_step: int = 0
    ended: bool = False
    percent: int | None = None
    left_s: int | None = None
    part_code: str = ""
    part_g: float | None = None
    refunded: bool = False
    fail_reason: str = ""
    decision: Decision | None = None
    objection: str = ""  # the fixed choice; empty when there was none
    objected_utc: str = ""
    answer: Answer | None = None
    held_in: str = ""  # the held session it came from, until the security officer has settled it
    steps: tuple[Step, ...] = ()

    @property
    def facts(self) -> RequestFacts:
        """The part the rules look at."""
        return RequestFacts(
            state=self.state,
            created_by=self.created_by,
            decided_by=self.decision.officer_id if self.decision else "",
            refused_by_rule=self.rule_code,
            objected=bool(self.objection),
            is_held=bool(self.held_in),
        )

    @property
    def progress(self) -> Progress:
        """How far the order is."""
        return Progress(self.state, self.progress_step, self.ended)


@dataclass(frozen=True)
class MadePart:
    """A part that was made for someone: number, model and picture, for the side-by-side look."""

    number: str
    sheet_no: int
    copies: int
    colour: str
    at_utc: str
