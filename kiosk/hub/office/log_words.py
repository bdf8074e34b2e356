"""What a record of the trail says besides who, what and about whom: names and words instead of codes."""

from collections.abc import Callable, Mapping

from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import KINDS, WHYS
from kiosk.hub.office.policy_words import LEVELS
from kiosk.hub.office.words import ROLES, SESSION_ENDS, word
from kiosk.refusals.rules import RULES
from provisioning.web import formats
from provisioning.web.locale import N_, gettext
from provisioning.web.trail import Told, detail_words

NAMES: dict[str, str] = {  # a detail that is not named here is shown by its own name
    "by": N_("Signed by"),
    "case": N_("Case number"),
    "code": N_("Rule"),
    "decision": N_("Decision"),
    "effective": N_("In force from"),
    "envelope": N_("PIN envelope"),
    "first": N_("First day"),
    "groups": N_("Groups"),
    "issue": N_("Number"),
    "kind": N_("Kind"),
    "kiosk": N_("Kiosk"),
    "language": N_("Language"),
    "last": N_("Last day"),
    "level": N_("Proof"),
    "model": N_("Model"),
    "out": N_("Out of service"),
    "person": N_("Person"),
    "price_cents": N_("Price"),
    "proof": N_("Proof"),
    "purpose": N_("Purpose"),
    "reason": N_("Reason"),
    "regime": N_("Regime"),
    "role": N_("Role"),
    "rule": N_("Rule"),
    "second": N_("Second person"),
    "service": N_("Service"),
    "slot": N_("Role"),
    "state": N_("State"),
    "until": N_("Until"),
    "where": N_("Where"),
    "why": N_("Why"),
}


def detail_of(hub: Hub) -> Callable[[Mapping[str, Told]], str]:
    """How a record's detail is told, in one line, with the names that the hub knows now."""
    says = _values(hub)

    def told(detail: Mapping[str, Told]) -> str:
        return detail_words(detail, lambda key: word(NAMES, key), says)

    return told


def _values(hub: Hub) -> dict[str, Callable[[str], str]]:
    kiosks = hub.people.kiosks()
    officers = {one.officer_id: one.name for one in hub.people.roster()}
    tiles = {one.tile.name: one.tile.word for one in hub.services}

    def kiosk(value: str) -> str:
        return kiosks[value].name if value in kiosks else value

    def names(value: str) -> str:
        return " + ".join(officers.get(one, one) for one in value.split())

    return {
        "by": names,
        "code": lambda code: RULES.get(
            code, code
        ),  # what stood on the screen, to be looked up under refusals
        "effective": formats.when,
        "first": formats.day,
        "kind": lambda kind: word(KINDS, kind),
        "kiosk": kiosk,
        "last": formats.day,
        "level": lambda level: gettext(LEVELS[int(level)]),
        "price_cents": lambda cents: formats.money(int(cents)),
        "role": _role,
        "second": names,
        "service": lambda name: gettext(tiles[name]) if name in tiles else name,
        "slot": _role,
        "until": formats.when,
        "why": lambda why: word(SESSION_ENDS, why) if why in SESSION_ENDS else word(WHYS, why),
    }


def _role(role: str) -> str:
    return next((gettext(said) for known, said in ROLES.items() if known == role), role)
