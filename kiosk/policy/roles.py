"""What each role of officer may do in the back office: one table, default deny."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from provisioning.contracts.farm import OfficerRole
from provisioning.errors import Refused

ALL: frozenset[OfficerRole] = frozenset(
    {"landing", "teacher", "workshop", "security", "technician", "director"}
)
ORDER: tuple[OfficerRole, ...] = ("landing", "teacher", "workshop", "technician", "security", "director")
_FLOOR: frozenset[OfficerRole] = frozenset({"landing", "teacher", "workshop", "security", "director"})

# action -> roles. The director sees everything, and decides where security or the workshop is missing.
TABLE: dict[str, frozenset[OfficerRole]] = {
    "work_seen": ALL,
    "person_viewed": _FLOOR,
    "badge_blocked": ALL,  # J1.F1: any officer blocks a lost badge in 15 seconds
    "badge_unblocked": frozenset({"security"}),
    "credential_issued": frozenset({"landing", "security", "director"}),  # J3.6, and another of them signs
    "secret_reset": frozenset({"landing", "security", "director"}),  # J1.F2: a new PIN is free and private
    "incident_seen": frozenset({"security", "director"}),  # J4.2
    "incident_settled": frozenset({"security", "director"}),
    "officer_key_added": ALL,  # one's own
    "kiosk_out_of_service": frozenset({"technician", "security", "director"}),  # J3.F3
    "hold_released": frozenset({"security", "director"}),  # J1.F2: what was ordered under the emergency code
    "service_suspended": frozenset({"security", "director"}),  # J4.4, and ending one early
    "regime_changed": frozenset({"security", "director"}),  # J4.5
    "refusals_viewed": ALL,  # G04: whoever is asked can look up what a screen said
    "policy_viewed": frozenset({"security", "director"}),
    "policy_drafted": frozenset({"security", "director"}),
    "policy_approved": frozenset({"security", "director"}),  # and the database: never one who wrote at it
    "agreement_viewed": _FLOOR,  # whoever helps people to sign knows who has not
    "agreement_drafted": frozenset({"security", "director"}),
    "agreement_approved": frozenset({"security", "director"}),  # and the database: never one who wrote at it
    "session_ended": frozenset({"landing", "security"}),
    "notice_written": _FLOOR,
    "devices_viewed": frozenset({"technician", "security", "director"}),
    "audit_viewed": frozenset({"security", "director"}),  # S04.5
    "log_read": frozenset({"security", "director"}),  # S04.5: one person's log, for a purpose
    "log_read_far": frozenset({"security", "director"}),  # J4.3: more than thirty days of it
    "access_report_viewed": frozenset({"director"}),  # J4.9: who read whose log
    "request_viewed": _FLOOR,
    "request_decided": frozenset({"workshop", "director"}),
    "flagged_request_decided": frozenset({"security", "director"}),  # a model that carries a flag
    "model_viewed": frozenset({"workshop", "teacher", "security", "director"}),
    "model_signed_workshop": frozenset({"workshop"}),  # J2.4: both slots, and two different people
    "model_signed_security": frozenset({"security", "director"}),  # the director stands for security
    "model_ended": frozenset({"workshop", "security", "director"}),
}


class NotAllowed(Refused):
    """No rule gives these roles this action; ``rule`` names what was asked."""

    code = "not_allowed"
    http_status = 403


@dataclass(frozen=True)
class Verdict:
    """Allowed or not, the rule that said so, and which roles may."""

    allowed: bool
    rule: str
    roles: tuple[str, ...]


def judge(action: str, roles: Iterable[OfficerRole]) -> Verdict:
    """What the table says about ``action`` for someone with ``roles``; an action it does not know is denied."""
    allowed = TABLE.get(action, frozenset())
    return Verdict(bool(allowed & set(roles)), f"officer.{action}", tuple(sorted(allowed)))


def acting_role(action: str, roles: Iterable[OfficerRole]) -> OfficerRole | Literal[""]:
    """In which of their roles an officer does this: the first one that allows it; empty when none does."""
    has = set(roles) & TABLE.get(action, frozenset())
    return next((role for role in ORDER if role in has), "")


def require(action: str, roles: Iterable[OfficerRole]) -> None:
    """Nothing, when allowed.

    Raises:
        NotAllowed: with the rule and the roles that may.
    """
    verdict = judge(action, roles)
    if not verdict.allowed:
        raise NotAllowed(rule=verdict.rule, roles=" ".join(verdict.roles))
