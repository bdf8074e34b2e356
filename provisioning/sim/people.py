"""The demo site's people: 40 residents on three wings in five languages, and officers of every role. All invented."""

import random
from dataclasses import dataclass
from itertools import cycle

from provisioning.contracts.farm import OfficerRole

NAMES = {
    "nl": (
        "Bram",
        "Daan",
        "Jeroen",
        "Koen",
        "Lotte",
        "Maarten",
        "Pieter",
        "Ruben",
        "Sofie",
        "Thijs",
        "Wout",
        "Yves",
    ),
    "fr": ("Antoine", "Cédric", "Hugo", "Julien", "Léa", "Mathieu", "Olivier", "Rémi"),
    "en": ("Adam", "Daniel", "Grace", "Jacob", "Oliver", "Ryan"),
    "de": ("Anton", "Felix", "Jonas", "Karl", "Lukas", "Stefan"),
    "ar": ("أحمد", "حسن", "كريم", "ليلى", "محمود", "سامي", "طارق", "يوسف"),
}  # 40 in all, in the proportions of a Flemish house

NEWCOMERS = frozenset({"Sofie", "سامي"})  # they have not signed the agreement yet: the demo shows both ways
KEY_HOLDERS = frozenset({"r-001", "r-022", "r-034"})  # they carry a security key; all three live on wing A


@dataclass(frozen=True)
class DemoResident:
    """One made-up resident, with the PIN that only a demo may write down."""

    resident_id: str
    first_name: str
    language: str
    wing: str
    badge_uid: str
    stick_uid: str
    pin: str
    opening_cents: int
    agreement_signed: int  # version; 0: the kiosk asks at the first sign-in


@dataclass(frozen=True)
class DemoOfficer:
    """One made-up officer."""

    officer_id: str
    name: str
    sign_in_name: str
    roles: tuple[OfficerRole, ...]
    language: str
    badge_uid: str
    secret: str


OFFICERS = (
    DemoOfficer("o-els", "Els Peeters", "els", ("workshop",), "nl", "04F0000001", "werkplaats-els"),
    DemoOfficer("o-marc", "Marc Dubois", "marc", ("security",), "nl", "04F0000002", "veilig-marc"),
    DemoOfficer("o-nadia", "Nadia Haddad", "nadia", ("landing",), "nl", "04F0000003", "gang-nadia"),
    DemoOfficer("o-tom", "Tom Claes", "tom", ("teacher", "workshop"), "nl", "04F0000004", "les-tom"),
    DemoOfficer("o-ines", "Ines Maes", "ines", ("technician",), "nl", "04F0000005", "techniek-ines"),
    DemoOfficer("o-paul", "Paul Lambert", "paul", ("director",), "fr", "04F0000006", "directie-paul"),
)


def demo_residents(seed: int = 1) -> list[DemoResident]:
    """The same 40 residents each time: names by language, wings A, B, C in turn, PINs and balances by ``seed``."""
    numbers = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    wings = cycle("ABC")
    pins: set[str] = set()
    found = []
    for number, (language, name) in enumerate(
        ((language, name) for language, names in NAMES.items() for name in names), start=1
    ):
        while (pin := f"{numbers.randrange(10_000):04d}") in pins:
            pass
        pins.add(pin)
        found.append(
            DemoResident(
                resident_id=f"r-{number:03d}",
                first_name=name,
                language=language,
                wing=next(wings),
                badge_uid=f"04A{number:07X}",
                stick_uid=f"5A{number:08X}",
                pin=pin,
                opening_cents=numbers.randrange(500, 6000, 50),
                agreement_signed=0 if name in NEWCOMERS else 1,
            )
        )
    return found
