"""What a resident reads when the hub or the kiosk itself says no; both sides of ``kiosk`` use it.

The translations are in ``kiosk/translations``: give that folder to ``create_app``.
"""

from pathlib import Path

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN, register

CATALOGUE = Path(__file__).parent / "translations"

_SENTENCES: dict[str, tuple[str, str]] = {
    # signing in at a kiosk
    "badge_unknown": (N_("This badge does not work here."), ASK_LANDING),
    "badge_blocked": (N_("This badge is blocked. You can get a new one."), ASK_LANDING),
    "pin_wrong": (N_("That PIN is not right. You can try %(tries_left)s more times."), ASK_LANDING),
    "pin_locked": (N_("Too many wrong PINs. You can try again: %(until_utc)s."), ASK_LANDING),
    "kiosk_paused": (N_("Too many wrong tries at this screen. It works again: %(until_utc)s."), ASK_LANDING),
    "session_elsewhere": (N_("You are signed in at another screen. Sign out there first."), ASK_LANDING),
    "session_ended": (N_("You are signed out. Show your badge again to go on."), ASK_LANDING),
    # money
    "not_enough_money": (N_("You do not have enough money. You need %(short_cents)s more."), ASK_LANDING),
    # what the hub cannot do just now
    "busy": (N_("Many people sign in right now. Please wait a minute and try again."), ASK_LANDING),
    "store_read_only": (N_("Nothing can be saved right now. Nothing was lost or paid."), ASK_LANDING),
    "store_full": (
        N_("The storage is full, so nothing can be saved. Nothing was lost or paid."),
        ASK_LANDING,
    ),
    "store_locked": (N_("Nothing can be saved at this moment. Please try again."), ASK_LANDING),
    "peer_away": (N_("There is no connection with the house right now."), ASK_LANDING),
    "peer_refused": (N_("The connection with the house does not work right now."), ASK_LANDING),
    "call_too_old": (N_("The clock of this screen is wrong. It cannot be used."), ASK_LANDING),
    "picture_unknown": (N_("This picture is not shown any more."), ASK_LANDING),
    "not_for_this_node": (N_("This screen may not do that."), ASK_LANDING),
}

# The same conditions where an officer meets them; anything not named here is the technician's.
_OFFICE = {"badge_blocked": ASK_SECURITY, "badge_unknown": ASK_SECURITY}


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in _SENTENCES.items():
        register(code, msgid, contact, _OFFICE.get(code, ASK_TECHNICIAN))
