"""A new version of the policy: a draft, a proposal, a second officer's approval, a date. Each step is in the trail."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from kiosk.hub.policy.ruling import Ruling
from kiosk.hub.policy.store import Version
from kiosk.policy import Policy, Rule, Rulebook, read_policy, write_policy
from kiosk.policy.comparing import Change, Device, Someone, compare
from kiosk.policy.rules import ANY, check
from kiosk.policy.signed import sign_policy
from provisioning.audit import Trail
from provisioning.clock import iso
from provisioning.errors import Refused


class NoDraft(Refused):
    """There is no draft: a colleague approved it or gave it up."""

    code = "policy_no_draft"


class DraftChanged(Refused):
    """The draft is not the text any more that the officer read."""

    code = "policy_changed"


@dataclass(frozen=True)
class Editing:
    """What officers may do to the draft. Each act reads and writes in one transaction: two may write at once."""

    ruling: Ruling
    trail: Trail

    def draft(self) -> Version:
        """The draft.

        Raises:
            NoDraft: there is none.
        """
        found = self.ruling.store.draft()
        if found is None:
            raise NoDraft
        return found

    def policy(self) -> Policy:
        """The draft's rules. Raises as :meth:`draft`."""
        return read_policy(self.draft().text, "draft")

    def begin(self, officer_id: str) -> None:
        """A draft that is what is in force now; nothing when there is a draft."""
        with self.ruling.store.store.atomic():
            if self.ruling.store.draft() is None:
                new = self.ruling.store.begin(self.ruling.in_force().text, officer_id)
                self._note(officer_id, "policy_drafted", new.version)

    def keep(self, was: str, rule: Rule, officer_id: str) -> None:
        """Put a rule into the draft, in the place of the one that was called ``was`` (empty: at the end).

        Raises:
            PolicyRefused: the rule contradicts itself, or its name is taken; nothing was changed.
        """
        with self.ruling.store.store.atomic():
            policy = self.policy()
            placed = tuple(rule if one.id == was else one for one in policy.rules)
            rules = placed if was else (*policy.rules, rule)
            self._rewrite(msgspec.structs.replace(policy, rules=rules), officer_id, rule.id)

    def remove(self, rule_id: str, officer_id: str) -> None:
        """Take a rule out of the draft; one that is not there changes nothing."""
        with self.ruling.store.store.atomic():
            policy = self.policy()
            left = tuple(one for one in policy.rules if one.id != rule_id)
            if left != policy.rules:
                self._rewrite(msgspec.structs.replace(policy, rules=left), officer_id, rule_id)

    def name(self, title: str, officer_id: str) -> None:
        """Say in a few words what this version is for."""
        with self.ruling.store.store.atomic():
            self._rewrite(msgspec.structs.replace(self.policy(), title=title), officer_id, "")

    def _rewrite(self, policy: Policy, officer_id: str, about: str) -> None:
        version = self.draft().version
        self.ruling.store.rewrite(version, write_policy(check(policy, "draft")), officer_id)
        self._note(officer_id, "policy_rewritten", version, rule=about)

    def propose(self, wanted: datetime | None, officer_id: str) -> None:
        """Ask a colleague to approve the draft, to be in force from ``wanted`` (None: at once)."""
        with self.ruling.store.store.atomic():
            version = self.draft().version
            self.ruling.store.propose(version, iso(wanted) if wanted else "", officer_id)
            self._note(officer_id, "policy_proposed", version)

    def approve(self, sha256: str, officer_id: str) -> Version:
        """Sign the draft of that text and put it in force: at once, or from the day that was wanted.

        Raises:
            DraftChanged: it is another text, or not proposed any more.
            PolicyOwn: this officer wrote at it.
        """
        with self.ruling.store.store.atomic():
            draft = self.draft()
            if draft.sha256 != sha256 or not draft.proposed_utc:
                raise DraftChanged
            effective_utc = max(draft.wanted_utc, iso(self.ruling.clock.now_utc()))
            document = sign_policy(draft.text, self.ruling.key)
            self.ruling.store.approve(draft.version, officer_id, document, effective_utc)
            self._note(officer_id, "policy_approved", draft.version, effective=effective_utc)
        return draft

    def drop(self, officer_id: str) -> None:
        """Give the draft up."""
        version = self.draft().version
        with self.ruling.store.store.atomic():
            if self.ruling.store.drop(version):
                self._note(officer_id, "policy_dropped", version)

    def _note(self, officer_id: str, action: str, version: int, **detail: str) -> None:
        self.trail.record(officer_id, action, f"policy-{version}", **detail)

    def preview(self, after: Version, services: tuple[str, ...]) -> list[Change]:
        """Who would gain and lose what among the people and devices that the hub knows."""
        old, new = self.ruling.book(), Rulebook(read_policy(after.text, "draft"))
        named = {name for book in (old, new) for rule in book.rules for name in rule.services} - {ANY}
        residents = self.ruling.people.find_residents(limit=1_000_000)
        return compare(
            old,
            new,
            [Someone(one.resident_id, tuple(sorted(one.groups)), one.regime) for one in residents],
            [
                Device(one.kiosk_id, one.device_class, one.wing)
                for one in self.ruling.people.kiosks().values()
            ],
            self.ruling.site.site_id,
            sorted({*services, *named}),
        )
