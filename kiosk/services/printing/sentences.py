"""Every code of this service in words: for residents at most twenty, with whom to ask; for officers on the desk."""

from pathlib import Path

from provisioning.web.catalogues import load
from provisioning.web.locale import N_, OWN_TRANSLATIONS
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY, ASK_WORKSHOP, register

TRANSLATIONS = Path(__file__).parent / "translations"

# What a rule says at once. Residents read these on the kiosk; whom to ask stands beside each.
BY_RULE: dict[str, tuple[str, str]] = {
    "model_unknown": (N_("This model does not exist any more. Please choose another one."), ASK_WORKSHOP),
    "model_not_offered": (N_("This model is not offered any more. Please choose another one."), ASK_WORKSHOP),
    "model_changed": (N_("This model was changed. Please look at it and ask again."), ASK_WORKSHOP),
    "colour_not_offered": (N_("This colour is not offered now. Please choose another one."), ASK_WORKSHOP),
    "copies_not_offered": (N_("You cannot ask so many copies at once. Please ask fewer."), ASK_WORKSHOP),
    "too_many_open": (N_("You already wait for five parts. Ask again when one is ready."), ASK_WORKSHOP),
    "not_by_policy": (N_("The rules of the house did not allow this when you asked."), ASK_LANDING),
    "balance_too_low": (N_("There is not enough money on your account for this part."), ASK_LANDING),
    "not_now": (N_("This cannot be made now. You may ask again later."), ASK_WORKSHOP),
}

# What an officer may choose when the answer is no.
REFUSALS: dict[str, str] = {
    "purpose_unclear": N_("We do not know what you need this part for. Please tell us."),
    "lesson_first": N_("You must follow the lesson for this part first."),
    "enough_made": N_("You already received enough of these parts."),
    "printers_full": N_("The printers are full for the next weeks. Please ask again later."),
    "material_short": N_("There is not enough material now. Please ask again later."),
    "model_changed": BY_RULE["model_changed"][0],
    "no_money": BY_RULE["balance_too_low"][0],
    "unsafe": N_("This part is not allowed because it may not be safe."),
    "house_rules": N_("This part is not allowed by the rules of the house."),
    "other": N_("The officer explains the reason below."),
}

OBJECTIONS: dict[str, str] = {
    "not_understood": N_("I do not understand the reason."),
    "facts_wrong": N_("The reason is not right."),
    "want_to_talk": N_("I want to talk about it."),
}

FAILED_ONCE = N_("The print failed. We try it once more.")
FAILED = N_("This part could not be printed. You may ask again.")
FAILED_REFUNDED = N_("This part could not be printed. You have your money back.")
STANDS = N_("Another officer looked at it. The answer stays no.")

# What the desk answers to officers, and what a kiosk may hear from the hub.
_DESK: dict[str, str] = {
    "request_waits": N_("This request is being looked at. You cannot decide it now."),
    "not_held": N_("A colleague settled this order already. Nothing was changed."),
    "request_unknown": N_("This request does not exist."),
    "request_decided": N_("A colleague decided this request already. Nothing was changed."),
    "own_request": N_("You entered this request yourself. A colleague must decide it."),
    "own_model": N_("You added this file yourself. A colleague must approve it."),
    "security_needed": N_("This model has warnings. Only the security officer may approve it."),
    "role_missing": N_("Your role may not decide this."),
    "second_officer_needed": N_("You decided this request. Another officer must answer the objection."),
    "objection_answered": N_("A colleague answered this objection already. Nothing was changed."),
    "reason_missing": N_("A refusal needs a reason. Please choose one."),
    "words_missing": N_("Please explain it in your own words."),
    "model_decided": N_("This model was decided already. Nothing was changed."),
    "slot_filled": N_("A colleague signed here already. Nothing was changed."),
    "two_people_needed": N_("You signed already. The second signature must be a colleague's."),
    "resident_unknown": N_("This person is not known here."),
    "objection_not_possible": N_("You cannot object to this answer again."),
}


def register_sentences() -> None:
    """Give every code of this service its words in this process (hub or kiosk); twice is harmless."""
    for code, (msgid, contact) in BY_RULE.items():
        register(code, msgid, contact, ASK_WORKSHOP)
    for code, msgid in _DESK.items():
        register(code, msgid, ASK_WORKSHOP, ASK_SECURITY if "model" in code else ASK_WORKSHOP)


def speak(msgid: str, language: str) -> str:
    """A sentence in a language, outside any web request; English when there is no translation."""
    return str(load((OWN_TRANSLATIONS, TRANSLATIONS), language).gettext(msgid)) if msgid else ""
