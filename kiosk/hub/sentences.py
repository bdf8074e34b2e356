"""What an officer reads when the back office says no. What residents read is the kiosk's (``kiosk.terminal``)."""

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN, register

SENTENCES: dict[str, tuple[str, str]] = {
    "sign_in_wrong": (N_("The name or the password is not right."), ASK_TECHNICIAN),
    "sign_in_locked": (N_("Too many wrong passwords. You can try again: %(until_utc)s."), ASK_TECHNICIAN),
    "sign_in_needed": (N_("Please sign in to go on."), ASK_TECHNICIAN),
    "not_allowed": (N_("Your role may not do this."), ASK_SECURITY),
    "policy_own": (N_("You wrote at this draft. A colleague must approve it."), ASK_SECURITY),
    "policy_changed": (N_("The draft was changed meanwhile. Please look at it again."), ASK_SECURITY),
    "policy_no_draft": (
        N_("There is no draft any more: a colleague approved it or gave it up."),
        ASK_SECURITY,
    ),
    "policy_refused": (
        N_("This rule cannot be kept. Check its name, services, reason and hours."),
        ASK_SECURITY,
    ),
    "policy_day": (N_("The rules can begin today or later."), ASK_SECURITY),
    "agreement_own": (N_("You wrote at this draft. A colleague must approve it."), ASK_SECURITY),
    "agreement_changed": (N_("The draft was changed meanwhile. Please look at it again."), ASK_SECURITY),
    "agreement_no_draft": (
        N_("There is no draft any more: a colleague approved it or gave it up."),
        ASK_SECURITY,
    ),
    "agreement_incomplete": (
        N_("This agreement is not complete in every language. Open the draft to see what is missing."),
        ASK_SECURITY,
    ),
    "agreement_day": (N_("The agreement can begin today or later."), ASK_SECURITY),
    "suspension_dates": (N_("A suspension must end after it begins, and not in the past."), ASK_SECURITY),
    "suspension_too_long": (N_("A suspension lasts at most 14 days."), ASK_SECURITY),
    "not_enough_money": (
        N_("There is not enough money on the account: %(short_cents)s too little."),
        ASK_LANDING,
    ),
    "busy": (N_("Too many people sign in right now. Please try again in a moment."), ASK_TECHNICIAN),
    "store_read_only": (N_("Nothing can be saved right now. Nothing was lost or paid."), ASK_TECHNICIAN),
    "store_full": (
        N_("The storage is full, so nothing can be saved. Nothing was lost or paid."),
        ASK_TECHNICIAN,
    ),
    "store_locked": (N_("Nothing can be saved at this moment. Please try again."), ASK_TECHNICIAN),
}


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in SENTENCES.items():
        register(code, msgid, ASK_LANDING, contact)
