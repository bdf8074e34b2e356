"""Giving out a badge, stick or key as values: who may have one, how long each step may take, and why not. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kiosk.hub.credentials.store import Credential
from provisioning.clock import iso
from provisioning.contracts import CredentialKind
from provisioning.errors import Refused

Stage = Literal["ordered", "open", "writing", "done", "cancelled", "expired"]
RUNNING: frozenset[str] = frozenset({"ordered", "open", "writing"})
OVER: frozenset[str] = frozenset({"done", "cancelled", "expired"})

ORDERED_FOR = timedelta(hours=12)  # a colleague of this shift or the next signs it, or nobody
OPEN_FOR = timedelta(minutes=10)  # from the second signature to the kiosk: a walk across the wing
WRITING_FOR = timedelta(seconds=150)  # a key may take 120 s for its answer (CHALLENGE_S), a stick less
TEMPORARY_FOR = timedelta(hours=48)  # J1.F1
FINAL = frozenset({"copied", "replaced"})  # why something is blocked that never works again


class NothingToIssue(Refused):
    """No officer is giving out anything of this kind at this kiosk."""

    code = "nothing_to_issue"


class CredentialKnown(Refused):
    """Somebody carries this badge or key already, or it was blocked."""

    code = "credential_known"


class AlreadyCarries(Refused):
    """The person has one of this kind that works."""

    code = "issue_carries"


class KioskBusy(Refused):
    """Something else is being made at this kiosk."""

    code = "issue_kiosk_busy"


class IssueOver(Refused):
    """It was cancelled, its time was over, or it was made meanwhile."""

    code = "issue_over"


class IssueOwn(Refused):
    """Whoever ordered it cannot be the second person."""

    code = "issue_own"


@dataclass(frozen=True)
class Issue:
    """One thing on its way to a person. ``uid`` is known once the kiosk has it in hand."""

    issue_id: str
    kind: CredentialKind
    resident_id: str
    kiosk_id: str
    is_temporary: bool
    may_erase: bool  # an officer said that whatever lies on the stick may go
    state: Stage
    ordered_by: str
    ordered_utc: str
    signed_by: str = ""
    until_utc: str = ""  # of the step at hand
    uid: str = ""
    attempt: str = ""  # names the try at the kiosk: what an earlier one says counts no more
    problem: str = ""  # why the last try at the kiosk failed; it may be tried again
    ended_by: str = ""
    ended_utc: str = ""

    @property
    def attempt_id(self) -> str:
        """What the kiosk calls this try."""
        return f"{self.issue_id}.{self.attempt}"

    def stage(self, now_utc: str) -> Stage:
        """Where it stands now: what nobody finished in time is over."""
        return "expired" if self.state in RUNNING and self.until_utc <= now_utc else self.state


def check_order(
    kind: CredentialKind, is_temporary: bool, carried: Iterable[Credential], now_utc: str
) -> None:
    """Nothing, when the person may be given one.

    Raises:
        AlreadyCarries: one of this kind works and has no end; a temporary badge is no reason against the real one.
    """
    working = [
        one for one in carried if one.kind == kind and one.state == "active" and not one.is_expired(now_utc)
    ]
    if any(is_temporary or not one.until_utc for one in working):
        raise AlreadyCarries(kind=kind)


def check_second(ordered_by: str, signed_by: str) -> None:
    """Nothing, when these are two people. Raises :class:`IssueOwn` otherwise."""
    if ordered_by == signed_by:
        raise IssueOwn


def until(since: datetime, state: Literal["ordered", "open", "writing"]) -> str:
    """When a step that begins now is over."""
    return iso(since + {"ordered": ORDERED_FOR, "open": OPEN_FOR, "writing": WRITING_FOR}[state])


def may_unblock(one: Credential) -> bool:
    """Whether it may ever work again: what was copied or replaced may not, what was handed in is given out anew."""
    return one.state == "blocked" and one.why not in FINAL
