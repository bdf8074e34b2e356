"""What an officer reads when a badge, stick or key cannot be given out, blocked or made."""

from pathlib import Path

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_TECHNICIAN, register

TRANSLATIONS = Path(__file__).parent / "translations"
SENTENCES: dict[str, tuple[str, str]] = {
    "issue_carries": (
        N_("This person has one that works. Replace it, or take it out of use first."),
        ASK_SECURITY,
    ),
    "issue_kiosk_busy": (
        N_("Something else is being made at this kiosk. Wait, or choose another one."),
        ASK_SECURITY,
    ),
    "issue_over": (N_("This order is over. Nothing was given out by it any more."), ASK_SECURITY),
    "issue_own": (N_("You ordered this yourself. A colleague must sign it."), ASK_SECURITY),
    "credential_known": (N_("This badge or key belongs to somebody already, or was blocked."), ASK_SECURITY),
    "copy_stays": (N_("It was copied, so it stays blocked. Give out a new one."), ASK_SECURITY),
    "cannot_unblock": (N_("This one never works again. Give out a new one."), ASK_SECURITY),
    "envelope_printed": (
        N_("This envelope was printed. Its PIN cannot be shown again; make a new one."),
        ASK_SECURITY,
    ),
    "envelope_late": (N_("This envelope was not printed in time. The PIN was not changed."), ASK_SECURITY),
    "incident_settled_before": (N_("A colleague settled this incident meanwhile."), ASK_SECURITY),
    "incident_own": (N_("This incident is about you. A colleague settles it."), ASK_SECURITY),
    "words_short": (N_("Write in a sentence what was found and done."), ASK_SECURITY),
    # why making it at the kiosk failed
    "stick_gone": (
        N_("The stick was pulled out too early. Plug it in again and leave it in."),
        ASK_TECHNICIAN,
    ),
    "stick_not_blank": (
        N_("There is something on this stick. Take an empty one, or let it be erased."),
        ASK_SECURITY,
    ),
    "stick_too_small": (N_("This stick is too small. Take another one."), ASK_TECHNICIAN),
    "stick_write_protected": (
        N_("This stick cannot be written. Move its switch, or take another one."),
        ASK_TECHNICIAN,
    ),
    "stick_write_differs": (N_("This stick does not keep what is written. Throw it away."), ASK_TECHNICIAN),
    "stick_in_use": (
        N_("The kiosk's reader is busy with this stick. Pull it out and try again."),
        ASK_TECHNICIAN,
    ),
    "stick_failed": (N_("The stick could not be made. Take another one."), ASK_TECHNICIAN),
    "reader_away": (N_("The kiosk's reader does not answer."), ASK_TECHNICIAN),
    "reader_slow": (N_("The kiosk's reader took too long. Pull it out and try again."), ASK_TECHNICIAN),
    "key_gone": (N_("The key was pulled out too early. Plug it in again and leave it in."), ASK_TECHNICIAN),
    "key_timeout": (N_("Nobody touched the key in time. Try again."), ASK_TECHNICIAN),
    "key_pin_wrong": (N_("The key has a code already, and it was another one."), ASK_TECHNICIAN),
    "key_pin_blocked": (
        N_("This key is locked after too many wrong codes. Take another one."),
        ASK_TECHNICIAN,
    ),
    "key_full": (N_("There is no room left on this key. Take another one."), ASK_TECHNICIAN),
    "key_failed": (N_("The key could not be made. Take another one."), ASK_TECHNICIAN),
}


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in SENTENCES.items():
        register(code, msgid, ASK_LANDING, contact)
