"""What an officer reads when the back office says no."""

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_SECURITY, ASK_TECHNICIAN, register


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    register("sign_in_wrong", N_("The name or the password is not right."), ASK_TECHNICIAN)
    register(
        "sign_in_locked", N_("Too many wrong passwords. You can try again: %(until_utc)s."), ASK_TECHNICIAN
    )
    register("sign_in_needed", N_("Please sign in to go on."), ASK_TECHNICIAN)
    register("not_allowed", N_("Your role may not do this."), ASK_SECURITY, ASK_SECURITY)
