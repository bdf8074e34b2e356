"""A new version of the agreement: a draft, a proposal, a second officer's yes, a date. Each step is in the trail."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kiosk.hub.agreement.agreements import Agreements
from kiosk.hub.agreement.rules import (
    Problem,
    Terms,
    moved,
    problems,
    read_terms,
    with_section,
    without,
    write_terms,
)
from kiosk.hub.agreement.store import Version
from provisioning.clock import iso
from provisioning.contracts import AgreementSection
from provisioning.errors import Refused


class NoDraft(Refused):
    """There is no draft: a colleague approved it or gave it up."""

    code = "agreement_no_draft"


class DraftChanged(Refused):
    """The draft is not the text any more that the officer read."""

    code = "agreement_changed"


class NotComplete(Refused):
    """A language, a picture or a text is missing, or a sentence is too long."""

    code = "agreement_incomplete"


@dataclass(frozen=True)
class Editing:
    """What officers may do to the draft. Each act reads and writes in one transaction: two may write at once."""

    agreements: Agreements
    languages: Collection[str]
    pictures: Collection[str]

    def draft(self) -> Version:
        """The draft.

        Raises:
            NoDraft: there is none.
        """
        found = self.agreements.store.draft()
        if found is None:
            raise NoDraft
        return found

    def terms(self) -> Terms:
        """The draft's text. Raises as :meth:`draft`."""
        return read_terms(self.draft().text)

    def problems(self) -> tuple[Problem, ...]:
        """What is missing before it can be proposed. Raises as :meth:`draft`."""
        return problems(self.terms(), self.languages, self.pictures)

    def begin(self, officer_id: str) -> None:
        """A draft that is what is in force now; nothing when there is a draft."""
        store = self.agreements.store
        with store.store.atomic():
            if store.draft() is None:
                terms = msgspec.structs.replace(read_terms(self.agreements.in_force().text), title="")
                new = store.begin(write_terms(terms), officer_id)
                self._note(officer_id, "agreement_drafted", new.version)

    def name(self, title: str, officer_id: str) -> None:
        """Say in a few words what is new in this version; officers read it."""
        with self.agreements.store.store.atomic():
            self._rewrite(msgspec.structs.replace(self.terms(), title=title), officer_id)

    def keep(self, number: int, section: AgreementSection, officer_id: str) -> None:
        """Put a section in the place of number ``number`` (from 1); 0: at the end."""
        with self.agreements.store.store.atomic():
            self._rewrite(with_section(self.terms(), number, section), officer_id)

    def remove(self, number: int, officer_id: str) -> None:
        """Take a section out; one that is not there changes nothing."""
        with self.agreements.store.store.atomic():
            self._rewrite(without(self.terms(), number), officer_id)

    def move(self, number: int, by: int, officer_id: str) -> None:
        """Move a section up (-1) or down (1); one that is not there changes nothing."""
        with self.agreements.store.store.atomic():
            terms = self.terms()
            if 1 <= number <= len(terms.sections):
                self._rewrite(moved(terms, number, by), officer_id)

    def _rewrite(self, terms: Terms, officer_id: str) -> None:
        draft, text = self.draft(), write_terms(terms)
        if text != draft.text:
            self.agreements.store.rewrite(draft.version, text, officer_id)
            self._note(officer_id, "agreement_rewritten", draft.version)

    def propose(self, wanted: datetime | None, officer_id: str) -> None:
        """Ask a colleague to approve the draft, to be in force from ``wanted`` (None: at once).

        Raises:
            NotComplete: something is missing in some language; nothing was written.
        """
        with self.agreements.store.store.atomic():
            if left := self.problems():
                raise NotComplete(problems=len(left))
            version = self.draft().version
            self.agreements.store.propose(version, iso(wanted) if wanted else "", officer_id)
            self._note(officer_id, "agreement_proposed", version)

    def approve(self, sha256: str, officer_id: str) -> Version:
        """Put the draft of that text in force: at once, or from the day that was wanted.

        Raises:
            DraftChanged: it is another text, or not proposed any more.
            NotComplete: the site speaks another language since it was proposed.
            AgreementOwn: this officer wrote at it.
        """
        with self.agreements.store.store.atomic():
            draft = self.draft()
            if draft.sha256 != sha256 or not draft.proposed_utc:
                raise DraftChanged
            if left := self.problems():
                raise NotComplete(problems=len(left))
            effective_utc = max(draft.wanted_utc, iso(self.agreements.clock.now_utc()))
            self.agreements.store.approve(draft.version, officer_id, effective_utc)
            self._note(officer_id, "agreement_approved", draft.version, effective=effective_utc)
        return draft

    def drop(self, officer_id: str) -> None:
        """Give the draft up."""
        version = self.draft().version
        with self.agreements.store.store.atomic():
            if self.agreements.store.drop(version):
                self._note(officer_id, "agreement_dropped", version)

    def _note(self, officer_id: str, action: str, version: int, **detail: str) -> None:
        self.agreements.trail.record(officer_id, action, f"agreement-{version}", **detail)
