"""Why a badge, stick or key could not be made at this kiosk: what the officer and the person in front of it read."""

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN

MAKING: dict[str, tuple[str, str]] = {
    "nothing_to_issue": (N_("No officer is giving out anything at this screen now."), ASK_LANDING),
    "credential_known": (N_("This one belongs to somebody already, or was blocked."), ASK_SECURITY),
    "issue_over": (N_("The time is over, or an officer gave it up."), ASK_LANDING),
    "stick_gone": (N_("The stick was pulled out too early. Put it in again and leave it in."), ASK_LANDING),
    "stick_not_blank": (N_("There is something on this stick. Take an empty one."), ASK_LANDING),
    "stick_too_small": (N_("This stick is too small. Take another one."), ASK_LANDING),
    "stick_write_protected": (N_("This stick cannot be written. Take another one."), ASK_LANDING),
    "stick_write_differs": (N_("This stick is broken. Take another one."), ASK_LANDING),
    "pins_differ": (N_("These were two different codes. Please choose once more."), ASK_LANDING),
    "pin_too_short": (N_("This key wants a longer code."), ASK_LANDING),
    "key_full": (N_("There is no room left on this key. Take another one."), ASK_LANDING),
    "key_known": (N_("This key is in use already."), ASK_LANDING),
    "making_badge_failed": (N_("Something went wrong. Lay the badge down once more."), ASK_TECHNICIAN),
    "making_stick_failed": (N_("Something went wrong. Put the stick in once more."), ASK_TECHNICIAN),
    "making_key_failed": (N_("Something went wrong. Put the key in once more."), ASK_TECHNICIAN),
}
