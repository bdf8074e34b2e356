"""What a person reads when policy says no, on kiosk and desk alike: at most twenty words, and whom to ask."""

from pathlib import Path

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, register

TRANSLATIONS = Path(__file__).parent / "translations"

SENTENCES: dict[str, tuple[str, str]] = {
    "not_offered": (N_("This is not open for you now."), ASK_LANDING),
    "not_on_this_device": (N_("This is not possible on this screen. It may be on another one."), ASK_LANDING),
    "not_at_this_time": (N_("This is not open at this hour. Please try again later."), ASK_LANDING),
    "proof_too_weak": (N_("For this your badge is not enough. You need your key."), ASK_SECURITY),
    "not_in_your_regime": (N_("Your regime does not include this."), ASK_SECURITY),
    "not_in_your_group": (N_("This is for another group."), ASK_LANDING),
    "closed_by_house": (N_("The house has closed this for now."), ASK_LANDING),
    "service_suspended": (N_("You may not use this until %(until_utc)s."), ASK_SECURITY),
    "policy_missing": (N_("This screen has not received its rules yet. Please wait a minute."), ASK_LANDING),
}


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in SENTENCES.items():
        register(code, msgid, contact, contact)
