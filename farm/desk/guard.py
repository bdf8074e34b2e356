"""Who may do what at the farm's desk: one table, default deny; and who is at hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g

from farm.interlock.chain import RESET_ROLES
from provisioning.contracts import RosterOfficer
from provisioning.errors import Refused

P = ParamSpec("P")
R = TypeVar("R")

STAFF = frozenset({"workshop", "security", "technician", "director"})

# action -> roles
TABLE: dict[str, frozenset[str]] = {
    "farm_seen": STAFF,
    "run_stopped": STAFF,  # whoever sees smoke stops the printer
    "cell_reset": RESET_ROLES,
    "run_steered": frozenset({"workshop", "technician"}),
    "firmware_accepted": frozenset({"workshop"}),
    "bed_cleared": frozenset({"workshop", "technician"}),
    "queue_steered": frozenset({"workshop"}),
    "model_taken_in": frozenset({"workshop"}),
    "part_weighed": frozenset({"workshop"}),
    "part_handed_over": frozenset({"workshop"}),
    "reel_handled": frozenset({"workshop", "technician"}),
    "audit_viewed": STAFF,
}


class NotAllowed(Refused):
    """No rule gives this officer's roles this action."""

    code = "not_allowed"
    http_status = 403


def officer() -> RosterOfficer:
    """The officer who is signed in; nobody else reaches a page of the desk."""
    return cast(RosterOfficer, g.officer)


def may(action: str) -> bool:
    """Whether the officer at hand may do this; an action that the table does not know is denied."""
    return bool(TABLE.get(action, frozenset()) & set(officer().roles))


def acting_role(action: str) -> str:
    """The role in which the officer at hand does this: what the record shows beside the name."""
    order = ("workshop", "security", "technician", "director")
    allowed = TABLE.get(action, frozenset()) & set(officer().roles)
    return next((role for role in order if role in allowed), "")


def needs(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only officers whose roles allow ``action`` into a page."""

    def guard(page: Callable[P, R]) -> Callable[P, R]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not may(action):
                raise NotAllowed(rule=f"farm.{action}")
            return page(*args, **kwargs)

        return guarded

    return guard
