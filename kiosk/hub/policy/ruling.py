"""The policy as the hub applies it: which version is in force, what is true of a person at a device, and the answer."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kiosk.hub.people.store import PeopleStore, Resident
from kiosk.hub.policy.store import PolicyStore, SuspensionStore, Version
from kiosk.policy import Decision, Rulebook, decide, moment_of, read_policy
from kiosk.policy.signed import sign_policy
from provisioning.clock import Clock, iso
from provisioning.config import Site
from provisioning.contracts import Standing, Suspension
from provisioning.identity import NodeKey
from provisioning.store import Store

SHIPPED = Path(__file__).with_name("default.toml")


@dataclass(frozen=True)
class Ruling:
    """Asks :func:`kiosk.policy.decide` about the site's people with the policy in force."""

    store: PolicyStore
    suspensions: SuspensionStore
    people: PeopleStore
    key: NodeKey
    clock: Clock
    site: Site
    _books: dict[int, Rulebook] = field(default_factory=dict)  # by version: a version never changes

    def begin(self) -> None:
        """A site without any policy begins with the one that was shipped."""
        text = SHIPPED.read_text(encoding="utf-8")
        read_policy(text, SHIPPED.name)
        self.store.ship(text, sign_policy(text, self.key))

    def in_force(self, at: datetime | None = None) -> Version:
        """The version in force now, or then."""
        found = self.store.in_force(iso(at or self.clock.now_utc()))
        assert found is not None, "begin() keeps one without a beginning"
        return found

    def document(self) -> tuple[str, bytes]:
        """The signed policy in force now, and the SHA-256 that names it."""
        document = self.in_force().document
        return hashlib.sha256(document).hexdigest(), document

    def book(self, at: datetime | None = None) -> Rulebook:
        """The policy in force, compiled."""
        version = self.in_force(at)
        if version.version not in self._books:
            self._books[version.version] = Rulebook(read_policy(version.text, f"version {version.version}"))
        return self._books[version.version]

    def standing(self, person: Resident, kiosk_id: str, level: int, at: datetime | None = None) -> Standing:
        """Everything that is true of this person at that device, now or then."""
        held = self.suspensions.of(person.resident_id, iso(at or self.clock.now_utc()))
        kiosk = self.people.kiosk(kiosk_id)
        return Standing(
            resident_id=person.resident_id,
            groups=person.groups,
            regime=person.regime,
            site_id=self.site.site_id,
            kiosk_id=kiosk_id,
            device_class=kiosk.device_class if kiosk else "",
            place=kiosk.wing if kiosk else "",
            level=level,
            suspensions=tuple(
                Suspension(
                    suspension_id=one.suspension_id,
                    service=one.service,
                    from_utc=one.from_utc,
                    until_utc=one.until_utc,
                    reason=one.reason,
                )
                for one in held
            ),
        )

    def may(self, resident_id: str, service: str, kiosk_id: str, level: int, at: datetime) -> Decision:
        """The answer for that moment, by the policy that was in force then."""
        person = self.people.resident(resident_id)
        standing = self.standing(person, kiosk_id, level, at) if person else Standing()
        return decide(self.book(at), standing, service, moment_of(at, self.site.timezone))


def begin_ruling(store: Store, people: PeopleStore, key: NodeKey, clock: Clock, site: Site) -> Ruling:
    """The site's policy over a hub's database; a site that has none yet begins with the shipped one."""
    ruling = Ruling(PolicyStore(store, clock), SuspensionStore(store, clock), people, key, clock, site)
    ruling.begin()
    return ruling
