"""Words of the back office that stand for codes."""

from provisioning.contracts.farm import OfficerRole
from provisioning.web.locale import N_, gettext

ROLES: dict[OfficerRole, str] = {
    "landing": N_("landing officer"),
    "teacher": N_("teacher"),
    "workshop": N_("workshop officer"),
    "security": N_("security officer"),
    "technician": N_("technician"),
    "director": N_("director"),
}

SESSION_ENDS: dict[str, str] = {
    "": N_("signed in now"),
    "stop": N_("pressed stop"),
    "badge_gone": N_("took the badge away"),
    "idle": N_("left it alone"),
    "taken_over": N_("went on at another kiosk"),
    "hub": N_("ended by an officer"),
    "restart": N_("kiosk began anew"),
    "lease_over": N_("kiosk out of contact"),
}

MOVES: dict[str, str] = {
    "opening": N_("Opening balance"),
    "debit": N_("Paid"),
    "refund": N_("Given back"),
}

KINDS = {"hub": N_("hub"), "kiosk": N_("kiosk"), "farm": N_("farm node")}

FLAWS: dict[str, str] = {
    "gap": N_("a record is missing or was put in"),
    "previous": N_("it does not follow the one before it"),
    "digest": N_("its words were changed"),
    "signature": N_("this hub did not sign it"),
    "node": N_("it belongs to another node"),
    "end": N_("the trail ends too early"),
}


def roles_in_words(roles: frozenset[OfficerRole]) -> str:
    """``teacher, workshop officer`` in the request's language."""
    return ", ".join(gettext(ROLES[role]) for role in ROLES if role in roles)


def word(words: dict[str, str], code: str) -> str:
    """The translated word of a code; the code itself when nobody gave it one."""
    return gettext(words[code]) if code in words else code.replace("_", " ")
