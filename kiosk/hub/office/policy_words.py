"""Rules in words of the back office."""

from collections.abc import Mapping

from kiosk.hub.people.store import Kiosk
from kiosk.policy import Rule
from kiosk.policy.words import SENTENCES
from provisioning.web.locale import N_, gettext

REASONS = (
    "not_on_this_device",
    "not_at_this_time",
    "not_in_your_regime",
    "not_in_your_group",
    "closed_by_house",
)
BECAUSE: dict[str, str] = {code: SENTENCES[code][0] for code in REASONS}

DAYS: dict[str, str] = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}

LEVELS: dict[int, str] = {0: N_("Badge"), 1: N_("Stick"), 2: N_("Security key")}

# What is wrong with a field of a rule's form, by the key that stands first in the reason of a refused policy.
FAULTS: dict[str, str] = {
    "id": N_("Use small letters, digits and dashes, at most 60."),
    "id: a second": N_("Another rule has this name already."),
    "services": N_("Choose at least one service, or every service alone."),
    "because": N_("Choose what the person reads when the rule closes."),
    "hours": N_("Write the hours like 08:00-20:00."),
}


def faults_of(reason: str) -> dict[str, str]:
    """The field of the form that a refused policy speaks of, with what is wrong there; none when it is no field."""
    said = reason.partition(": ")[2]
    found = [key for key in FAULTS if said.startswith(key)]
    return {said.partition(":")[0]: gettext(FAULTS[max(found, key=len)])} if found else {}


def rule_words(rule: Rule, kiosks: Mapping[str, Kiosk]) -> list[tuple[str, str]]:
    """Each axis that a rule names, as (axis, values); none when it speaks about everyone, everywhere, always."""
    names = tuple(kiosks[one].name if one in kiosks else one for one in rule.kiosks)
    found = [
        (gettext("Groups"), rule.groups),
        (gettext("Regime"), rule.regimes),
        (gettext("Persons"), rule.residents),
        (gettext("Institution"), rule.sites),
        (gettext("Kind of device"), rule.device_classes),
        (gettext("Kiosks"), names),
        (gettext("Wings"), rule.places),
        (gettext("Days"), tuple(gettext(DAYS[day]) for day in rule.days)),
        (gettext("Hours"), (rule.hours,) if rule.hours else ()),
        (gettext("At least"), (gettext(LEVELS[rule.level]),) if rule.level else ()),
    ]
    return [(axis, ", ".join(values)) for axis, values in found if values]
