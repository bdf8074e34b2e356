"""The agreement as the hub applies it: which version is in force, who has to sign it, hearing that somebody did."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kiosk.hub.agreement.rules import read_terms, read_toml, write_terms
from kiosk.hub.agreement.store import ON_PAPER, AgreementStore, Signature, Version
from kiosk.services.base import People
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.contracts import AgreementSigned, AgreementText, Contract
from provisioning.errors import Corrupt, Refused
from provisioning.store import Store
from provisioning.sync import Receiver

SHIPPED = Path(__file__).with_name("default.toml")


class AgreementUnknown(Refused):
    """Somebody signed a text that was never approved here."""

    code = "agreement_unknown"


@dataclass(frozen=True)
class Agreements:
    """What everyone has to sign, and who did."""

    store: AgreementStore
    people: People
    trail: Trail
    clock: Clock

    def in_force(self, at: datetime | None = None) -> Version:
        """The version in force now, or then."""
        found = self.store.in_force(iso(at or self.clock.now_utc()))
        assert found is not None, "ship() keeps one without a beginning"
        return found

    def text(self) -> AgreementText:
        """The version in force as kiosks show it."""
        version = self.in_force()
        sections = read_terms(version.text).sections
        return AgreementText(version=version.version, sha256=version.sha256, sections=sections)

    def due(self, resident_id: str) -> int:
        """The version that this person has to sign before anything else; 0 when there is none."""
        version = self.in_force().version
        return 0 if self.store.has_signed(resident_id, version) else version

    def connect(self, receiver: Receiver) -> None:
        """Hear signatures."""
        receiver.on_message(AgreementSigned, self.hear)

    def hear(self, sender: str, message: Contract) -> None:
        """Keep a signature; a second one of the same person and version changes nothing.

        Raises:
            Corrupt: ``message_foreign``: not this kiosk's, or not the person of that session.
            AgreementUnknown: there is no such version, or its text is another one.
        """
        assert isinstance(message, AgreementSigned)
        self._check_sender(sender, message)
        version = self.store.version(message.version)
        if version is None or not version.approved_utc or version.sha256 != message.text_sha256:
            raise AgreementUnknown(version=message.version)
        one = Signature(
            message.resident_id,
            message.version,
            message.language,
            message.read_aloud,
            message.pages_seen,
            message.at_utc,
            message.kiosk_id,
        )
        with self.store.store.atomic():
            if self.store.sign(one):
                self.trail.record(
                    one.resident_id,
                    "agreement_signed",
                    f"agreement-{one.version}",
                    language=one.language,
                    read_aloud=one.read_aloud,
                    kiosk=one.kiosk_id,
                )

    def _check_sender(self, sender: str, message: AgreementSigned) -> None:
        if message.kiosk_id != sender or self.people.resident(message.resident_id) is None:
            raise Corrupt("message_foreign", sender=sender)
        session = self.people.session(message.session_id)
        if session is None:  # the kiosk let the person in by its own word
            theirs = self.people.is_home(sender, message.resident_id)
        else:
            theirs = session.resident_id == message.resident_id and session.kiosk_id == sender
        if not theirs:
            raise Corrupt("message_foreign", sender=sender)


def begin_agreements(store: Store, people: People, trail: Trail, clock: Clock) -> Agreements:
    """The site's agreement over a hub's database; a site that has none yet begins with the shipped one."""
    agreements = AgreementStore(store, clock)
    ship(agreements)
    return Agreements(agreements, people, trail, clock)


def ship(agreements: AgreementStore) -> None:
    """Give a site without any agreement the one that came with the release."""
    agreements.ship(write_terms(read_toml(SHIPPED.read_text(encoding="utf-8"))))


def signed_on_paper(
    agreements: AgreementStore, clock: Clock, resident_id: str, language: str, version: int
) -> bool:
    """Keep that somebody signed a version on paper; False when they had signed it before.

    Raises:
        AgreementUnknown: there is no such version, or nobody approved it.
    """
    ship(agreements)
    found = agreements.version(version)
    if found is None or not found.approved_utc:
        raise AgreementUnknown(version=version)
    at_utc = iso(clock.now_utc())
    return agreements.sign(Signature(resident_id, version, language, False, 0, at_utc, ON_PAPER))
