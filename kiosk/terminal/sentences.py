"""Gives a kiosk's refusals their words and their rule ids."""

from kiosk.refusals.rules import RULES
from kiosk.refusals.sentences import SENTENCES
from provisioning.web.sentences import name_rules, register


def register_sentences() -> None:
    """Give these codes their words in this process."""
    for code, (msgid, contact) in SENTENCES.items():
        register(code, msgid, contact)
    name_rules(RULES)
