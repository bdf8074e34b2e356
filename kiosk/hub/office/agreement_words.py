"""Words for the back office's pages about the agreement: its pictograms, and what keeps a draft from being proposed."""

from kiosk.hub.agreement.rules import (
    SECTION_WORDS,
    SECTIONS_MAX,
    SENTENCE_WORDS,
    TITLE_WORDS,
    Fault,
    Problem,
)
from provisioning.web.locale import N_, gettext

# What a section can show: pictograms of provisioning/web/static that say something without words.
PICTURES: dict[str, str] = {
    "device-desktop": N_("Screen"),
    "id-badge-2": N_("Badge"),
    "usb": N_("Stick"),
    "key": N_("Key"),
    "lock": N_("Lock"),
    "clipboard-list": N_("Requests"),
    "eye": N_("Somebody looks"),
    "fingerprint": N_("Personal data"),
    "wallet": N_("Money"),
    "shopping-cart": N_("Orders"),
    "printer-3d": N_("Printing"),
    "tool": N_("Repair"),
    "messages": N_("Talk"),
    "mail": N_("Letters"),
    "headphones": N_("Listening"),
    "book": N_("Reading"),
    "school": N_("Lessons"),
    "calendar": N_("Days"),
    "clock": N_("Times"),
    "users": N_("People"),
    "home": N_("House"),
    "heartbeat": N_("Health"),
    "bell": N_("Notices"),
    "scale": N_("Rights"),
    "help-circle": N_("Question"),
    "alert-triangle": N_("Danger"),
    "ban": N_("Not allowed"),
    "hand-stop": N_("Stop"),
    "signature": N_("Signature"),
}

FAULTS: dict[Fault, str] = {
    "no_section": N_("There is no section."),
    "too_many": N_("There are more than %(most)d sections."),
    "picture_unknown": N_("The pictogram is missing."),
    "title_missing": N_("The title is missing."),
    "title_long": N_("The title has more than %(words)d words."),
    "text_missing": N_("The text is missing."),
    "sentence_long": N_("A sentence has more than %(words)d words."),
    "text_long": N_("The text has more than %(words)d words."),
}
_WORDS = {"title_long": TITLE_WORDS, "sentence_long": SENTENCE_WORDS, "text_long": SECTION_WORDS}


def fault_words(problem: Problem) -> str:
    """A fault as a sentence in the officer's language."""
    return gettext(FAULTS[problem.fault], most=SECTIONS_MAX, words=_WORDS.get(problem.fault, 0))
