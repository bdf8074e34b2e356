"""What the hub and a farm node say to each other."""

from typing import Literal

from provisioning.contracts.base import Answer, Contract
from provisioning.contracts.kiosk import Part

OfficerRole = Literal["landing", "teacher", "workshop", "security", "technician", "director"]
JobState = Literal["queued", "printing", "cooling", "printed", "ready", "handed_over", "failed"]


class ModelSheet(Contract, frozen=True, kw_only=True):
    """Message farm -> hub: a G-code file was taken in and measured; now officers decide on it."""

    model_id: str
    title: dict[str, str]
    purpose: dict[str, str]
    gcode_sha256: str
    model_sha256: str  # of the STL; empty when only G-code was given
    printer_kind: str
    material: str
    colours: tuple[str, ...]
    price_cents: int
    max_copies: int
    grams: float
    seconds: int
    lines: int
    layers: int
    size_mm: tuple[float, float, float]
    nozzle_max_c: float
    bed_max_c: float
    flags: tuple[str, ...]  # advice only, codes such as "long_thin"
    top_png: bytes
    angle_png: bytes
    added_by: str  # officer id
    at_utc: str


class ModelDecision(Contract, frozen=True, kw_only=True):
    """Message hub -> farm: a model's file may, or may no longer, be printed."""

    model_id: str
    gcode_sha256: str
    approved: bool
    by: tuple[str, ...]  # the two officers' ids
    at_utc: str


class PrintOrder(Contract, frozen=True, kw_only=True):
    """Message hub -> farm: print exactly this, so often, before then. The decision binds every field."""

    order_id: str
    request_key: str
    number: str
    model_id: str
    model_sha256: str
    gcode_sha256: str
    title: str
    printer_kind: str
    material: str
    colour: str
    copies: int
    grams: float
    seconds: int
    resident_id: str
    resident_label: str  # what the part's label shows: first name and wing
    approved_by: str  # officer id
    approved_utc: str
    expires_utc: str


class JobProgress(Contract, frozen=True, kw_only=True):
    """Message farm -> hub: where an order stands. ``step`` grows with each, so that late ones are harmless."""

    order_id: str
    request_key: str
    step: int
    state: JobState
    at_utc: str
    percent: int | None = None
    left_s: int | None = None
    part_code: str = ""
    grams: float | None = None
    final: bool = False  # with ``failed``: the retry is used up
    reason: str = ""
    officer_id: str = ""


class RosterOfficer(Part, frozen=True, kw_only=True):
    """An officer as a farm node needs to know one; ``secret_hash`` is an Argon2id PHC string with the site's pepper."""

    officer_id: str
    name: str
    sign_in_name: str
    roles: tuple[OfficerRole, ...]
    secret_hash: str
    badge_uid: str
    language: str


class OfficerRoster(Contract, frozen=True, kw_only=True):
    """Message hub -> farm: every officer who may act there; replaces the one before when ``edition`` is higher."""

    edition: int
    officers: tuple[RosterOfficer, ...]


class WhoseBadge(Contract, frozen=True, kw_only=True):
    """Call farm -> hub: whose badge was touched at hand-over. Answered by :class:`BadgeOwner`."""

    uid: str


class BadgeOwner(Answer, frozen=True, kw_only=True):
    """The owner of a badge: a resident or an officer."""

    resident_id: str = ""
    officer_id: str = ""
    label: str = ""
