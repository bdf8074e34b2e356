"""What a colleague reads before signing: names of people, kiosks and things instead of the form's own codes."""

from collections.abc import Callable, Sequence

from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import KINDS
from kiosk.hub.office.words import word
from provisioning.web import formats
from provisioning.web.locale import N_, gettext

# Nothing for a colleague to read: what every form carries, and who of two signs where.
SILENT = frozenset({"csrf_token", "form_key", "key", "password", "signer"})
FIELDS = {  # a field that is not named here is shown by its own name
    "resident_id": N_("Person"),
    "kind": N_("Kind"),
    "what": N_("Kind"),
    "uid": N_("Number"),
    "number": N_("Number"),
    "name": N_("Name of the key"),
    "kiosk": N_("At which kiosk it is made"),
    "kiosk_id": N_("Kiosk"),
    "out": N_("Out of service"),
    "erase": N_("The stick may be erased"),
    "replaces": N_("Replaces"),
    "service": N_("Service"),
    "regime": N_("Regime"),
    "groups": N_("Groups"),
    "decision": N_("Decision"),
    "purpose": N_("Purpose"),
    "case_number": N_("Case number"),
    "first": N_("First day"),
    "last": N_("Last day"),
}


def shown_words(hub: Hub, sent: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is signed, in words: term and value of each part of the address and each field of the form."""
    says = _values(hub)
    found = []
    for name, value in sent:
        if name not in SILENT:
            shown = says[name](value) if name in says and value else value
            found.append((word(FIELDS, name), shown or "–"))
    return found


def _values(hub: Hub) -> dict[str, Callable[[str], str]]:
    kiosks = hub.people.kiosks()
    tiles = {one.tile.name: one.tile.word for one in hub.services}

    def kiosk(value: str) -> str:
        return kiosks[value].name if value in kiosks else value

    return {
        "resident_id": lambda value: f"{hub.context.people.label(value)} · {value}",
        "kind": _kind,
        "what": _kind,
        "kiosk": kiosk,
        "kiosk_id": kiosk,
        "out": _yes,
        "erase": _yes,
        "replaces": _credential,
        "service": lambda value: gettext(tiles[value]) if value in tiles else value,
        "first": _day,
        "last": _day,
    }


def _kind(value: str) -> str:
    return gettext("Temporary badge") if value == "temporary" else word(KINDS, value)


def _credential(value: str) -> str:
    kind, _, uid = value.partition(":")
    return f"{_kind(kind)} …{uid[-6:]}"


def _yes(value: str) -> str:
    return gettext("yes") if value == "yes" else gettext("no")


def _day(value: str) -> str:
    try:
        return formats.day(value)
    except ValueError:
        return value  # it is refused when it is sent
