"""Bringing people into the site from a file: residents, officers, what they carry, opening balances, kiosks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from kiosk.hub.agreement.agreements import signed_on_paper
from kiosk.hub.agreement.store import AgreementStore
from kiosk.hub.credentials.store import CredentialStore
from kiosk.hub.people.store import Kiosk, PeopleStore, Resident
from kiosk.money.store import Ledger
from kiosk.services.base import OfficerCard
from provisioning.contracts.farm import OfficerRole
from provisioning.errors import Refused
from provisioning.identity import hash_secret, verify_secret

T = TypeVar("T")
# Unicode's marks that turn the reading direction of whatever follows (UAX 9), and every control character: a name
# with one of them could make an officer read something else than what stands there.
TURNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ImportRefused(Refused):
    """The file cannot be used; ``file`` and ``reason``. Nothing was written."""

    code = "import_refused"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class ResidentLine(_Part, frozen=True, kw_only=True):
    """One resident; either ``pin`` in plain or ``pin_hash`` (Argon2id PHC with the site's pepper).

    It is a newcomer's first code. Whoever has one keeps it: a forgotten one comes anew in an envelope.
    """

    resident_id: str
    first_name: str
    language: str
    wing: str
    groups: tuple[str, ...] | None = None  # not named: they stay as they are
    regime: str = ""  # empty: stays as it is
    badge_uid: str = ""
    stick_uid: str = ""
    pin: str = ""
    pin_hash: str = ""
    opening_cents: int = 0
    agreement_signed: int = 0  # the version of the agreement that was signed on paper; 0: none


class OfficerLine(_Part, frozen=True, kw_only=True):
    """One officer; either ``secret`` in plain or ``secret_hash``."""

    officer_id: str
    name: str
    sign_in_name: str
    roles: tuple[OfficerRole, ...]
    language: str = "nl"
    badge_uid: str = ""
    stick_uid: str = ""
    secret: str = ""
    secret_hash: str = ""


class KioskLine(_Part, frozen=True, kw_only=True):
    """One kiosk, and the wings whose residents may use it while the hub is away."""

    kiosk_id: str
    name: str
    wing: str
    home_of: tuple[str, ...] = ()
    device_class: str = "corridor-kiosk"


class PeopleFile(_Part, frozen=True, kw_only=True):
    """What ``passage-hub people import`` reads."""

    residents: tuple[ResidentLine, ...] = ()
    officers: tuple[OfficerLine, ...] = ()
    kiosks: tuple[KioskLine, ...] = ()


def read_file(path: Path, kind: type[T]) -> T:
    """A JSON file as values.

    Raises:
        ImportRefused: unreadable, or a key or value in it is wrong.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ImportRefused(file=path.name, reason=error.strerror) from error
    except msgspec.DecodeError as error:
        raise ImportRefused(file=path.name, reason=str(error)) from error


@dataclass(frozen=True)
class Importer:
    """Writes a people file into the hub's store. A second import of the same file changes nothing."""

    people: PeopleStore
    ledger: Ledger
    pepper: bytes

    @property
    def _credentials(self) -> CredentialStore:
        return CredentialStore(self.people.store, self.people.clock)

    def write(self, file: PeopleFile) -> None:
        """Add everyone, or bring them up to date, all or nothing. A balance is only ever opened, never overwritten.

        Raises:
            AgreementUnknown: somebody signed a version that was never approved; nothing was written.
            ImportRefused: a name holds a character that no name has, or a wing has two home kiosks; nothing was
                written.
        """
        for who, name in (
            *((one.resident_id, one.first_name) for one in file.residents),
            *_names(file.officers),
        ):
            if any(letter < " " or letter in TURNS for letter in name):
                raise ImportRefused(file="", reason=f"the name of {who} holds an invisible mark")
        homes = [wing for kiosk in file.kiosks for wing in kiosk.home_of]
        if twice := sorted({wing for wing in homes if homes.count(wing) > 1}):
            raise ImportRefused(
                file="", reason=f"wing {twice[0]} is at home at two kiosks; one must be its only home"
            )
        with self.people.store.atomic():
            for resident in file.residents:
                self._resident(resident)
            for officer in file.officers:
                self._officer(officer)
            for kiosk in file.kiosks:
                self.people.put_kiosk(Kiosk(**msgspec.structs.asdict(kiosk)))

    def _resident(self, line: ResidentLine) -> None:
        before = self.people.resident(line.resident_id)
        pin_hash = (before.pin_hash if before else "") or line.pin_hash or self._kept_hash(line.pin, "")
        regime = line.regime or (before.regime if before else "")
        groups = line.groups if line.groups is not None else before.groups if before else ()
        self.people.put_resident(
            Resident(line.resident_id, line.first_name, line.language, line.wing, groups, pin_hash, regime)
        )
        for kind, uid in (("badge", line.badge_uid), ("stick", line.stick_uid)):
            if uid:
                self._credentials.put(kind, uid, resident_id=line.resident_id)
        self.ledger.open_purse(line.resident_id, line.opening_cents)
        if line.agreement_signed:
            store = AgreementStore(self.people.store, self.people.clock)
            signed_on_paper(store, self.people.clock, line.resident_id, line.language, line.agreement_signed)

    def _officer(self, line: OfficerLine) -> None:
        card = OfficerCard(line.officer_id, line.name, line.language, frozenset(line.roles))
        secret_hash = line.secret_hash or self._kept_hash(line.secret, self.people.secret_of(line.officer_id))
        self.people.put_officer(card, line.sign_in_name, secret_hash)
        for kind, uid in (("badge", line.badge_uid), ("stick", line.stick_uid)):
            if uid:
                self._credentials.put(kind, uid, officer_id=line.officer_id)

    def _kept_hash(self, secret: str, before: str) -> str:
        """The old hash when it is this secret's: a new salt would look like a new roster to every farm."""
        if not secret:
            return before
        if before and verify_secret(secret, before, self.pepper):
            return before
        return hash_secret(secret, self.pepper)


def _names(officers: tuple[OfficerLine, ...]) -> list[tuple[str, str]]:
    return [(one.officer_id, text) for one in officers for text in (one.name, one.sign_in_name)]
