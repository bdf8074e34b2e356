"""What an officer reads about locks, security keys, second signatures and purposes."""

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN, register

SENTENCES: dict[str, tuple[str, str]] = {
    "desk_locked": (N_("This desk is locked. Open it with your password or your key first."), ASK_TECHNICIAN),
    "password_wrong": (N_("This password is not right."), ASK_TECHNICIAN),
    "not_this_officer": (N_("This key belongs to a colleague, who may sign in alone."), ASK_TECHNICIAN),
    "key_foreign": (N_("This security key is not known here."), ASK_TECHNICIAN),
    "key_unverified": (N_("The key was not touched, or its PIN was not typed."), ASK_TECHNICIAN),
    "key_copied": (
        N_("This key counted backwards: somebody may hold a copy. It is blocked now."),
        ASK_SECURITY,
    ),
    "key_blocked": (N_("This key is blocked, because it counted backwards once."), ASK_SECURITY),
    "key_stale": (N_("That took too long. Please press the button again."), ASK_TECHNICIAN),
    "key_unsuitable": (
        N_("This kind of key cannot be used here. It needs a PIN of its own."),
        ASK_TECHNICIAN,
    ),
    "key_unreadable": (N_("The browser and the key did not understand each other."), ASK_TECHNICIAN),
    "key_known": (N_("This key is enrolled already."), ASK_TECHNICIAN),
    "key_not_here": (N_("Open this page by the name of the hub. Keys need a name."), ASK_TECHNICIAN),
    "too_many_keys": (N_("You have as many keys as one officer may have."), ASK_TECHNICIAN),
    "second_same": (N_("The second person must be somebody else than you."), ASK_SECURITY),
    "second_not_allowed": (N_("The role of this colleague does not allow it either."), ASK_SECURITY),
    "purpose_short": (N_("Say in a few words why you read this log: 5 to 120 characters."), ASK_SECURITY),
    "period_wrong": (N_("The period must begin before it ends, and not lie in the future."), ASK_SECURITY),
}


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in SENTENCES.items():
        register(code, msgid, ASK_LANDING, contact)
