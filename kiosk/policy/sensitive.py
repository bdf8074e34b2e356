"""Which of an officer's actions need more than being signed in: a fresh touch of a security key, or a colleague."""

from collections.abc import Iterable
from typing import Literal

from kiosk.policy.roles import TABLE
from provisioning.contracts.farm import OfficerRole

Need = Literal["key_or_colleague", "colleague"]

# A key touched within five minutes is as good as a colleague, but for what no officer does alone (practice: two
# people hand out a badge, J3.6; two people read far back, J4.3; nobody approves what they made, J4.F10).
SENSITIVE: dict[str, Need] = {
    "badge_unblocked": "key_or_colleague",  # what was lost or copied works again
    "regime_changed": "key_or_colleague",  # J4.5
    "hold_released": "key_or_colleague",  # what a duress sequence held back
    "secret_reset": "key_or_colleague",  # a person's PIN or pictures
    "credential_issued": "colleague",  # J3.6
    "officer_key_added": "key_or_colleague",  # a key stands for a colleague: no password alone makes one
    "kiosk_out_of_service": "key_or_colleague",  # its people may sign in elsewhere: somebody has looked at it
    "log_read_far": "colleague",  # J4.3: more than thirty days of one person's log
}


def need_of(action: str) -> Need | None:
    """What ``action`` needs besides its role; None when the role is enough."""
    return SENSITIVE.get(action)


def may_second(action: str, roles: Iterable[OfficerRole]) -> bool:
    """Whether someone with ``roles`` may sign as the second person: who may do it themselves, or the director."""
    return bool((TABLE.get(action, frozenset()) | {"director"}) & set(roles))
