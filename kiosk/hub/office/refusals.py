"""Every refusal that a person can read at a kiosk, for the officer whom they ask: by the rule that stands below it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, render_template

from kiosk.hub.node import Hub
from kiosk.hub.office.policy_words import BECAUSE
from kiosk.hub.office.refusal_words import MEANINGS
from kiosk.policy import judge, read_policy
from kiosk.policy.words import SENTENCES as POLICY
from kiosk.policy.words import TRANSLATIONS as POLICY_TRANSLATIONS
from kiosk.refusals.making import MAKING
from kiosk.refusals.rules import ANSWERS, RULES
from kiosk.refusals.sentences import SENTENCES, TRANSLATIONS
from kiosk.services.desk import needs, officer
from kiosk.services.printing import sentences as printing
from provisioning.web.catalogues import load
from provisioning.web.locale import OWN_TRANSLATIONS, gettext, language
from provisioning.web.sentences import ASK_WORKSHOP, registered

FOLDERS = (OWN_TRANSLATIONS, printing.TRANSLATIONS, POLICY_TRANSLATIONS, TRANSLATIONS)
ANSWERED = {
    **printing.REFUSALS,
    "stands": printing.STANDS,
    "failed_once": printing.FAILED_ONCE,
    "failed": printing.FAILED,
    "failed_refunded": printing.FAILED_REFUNDED,
}


@dataclass(frozen=True)
class Refusal:
    """One line of the page."""

    rule: str
    text: str
    contact: str
    meaning: str


def refusals() -> list[Refusal]:
    """Every rule id with what the person reads, in the officer's language, in the order of the table."""
    speak: Callable[[str], str] = load(FOLDERS, language()).gettext
    spoken = {
        **{code: (msgid, contact) for code, (msgid, contact, _office) in registered().items()},
        **SENTENCES,
        **MAKING,
        **POLICY,
        **printing.BY_RULE,
    }
    said = {rule: spoken[code] for code, rule in RULES.items()}
    said |= {rule: (ANSWERED[code], ASK_WORKSHOP) for code, rule in ANSWERS.items()}
    return [
        Refusal(rule, _open(speak(msgid)), speak(contact), gettext(MEANINGS[rule]))
        for rule, (msgid, contact) in said.items()
    ]


def _open(text: str) -> str:
    """A sentence whose blanks are not filled in."""
    return (text % defaultdict(lambda: "…")).replace("….", "…") if "%(" in text else text


def refusal_pages(hub: Hub) -> Blueprint:
    """The page of refusals."""
    printing.register_sentences()
    pages = Blueprint("refusals", __name__, url_prefix="/refusals")

    @pages.get("/")
    @needs("refusals_viewed")
    def every() -> str:
        """Every refusal, and the house's own rules that close something."""
        return render_template(
            "refusals/every.html",
            refusals=refusals(),
            rules=read_policy(hub.ruling.in_force().text).rules,
            because=lambda code: gettext(BECAUSE[code]) if code in BECAUSE else "",
            may_see_rules=judge("policy_viewed", officer().roles).allowed,
        )

    return pages
