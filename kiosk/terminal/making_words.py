"""Gives the refusals of making a badge, stick or key their words."""

from kiosk.refusals.making import MAKING
from provisioning.web.sentences import register


def register_sentences() -> None:
    """Give these codes their words in this process; twice is harmless."""
    for code, (msgid, contact) in MAKING.items():
        register(code, msgid, contact)
