"""Giving out a badge, stick or key: two officers, one kiosk, ten minutes; it exists when the kiosk has made it."""

import secrets
from dataclasses import dataclass, replace
from typing import TypeVar

from kiosk.hub.credentials.blocking import Blocking
from kiosk.hub.credentials.store import FIRST_COUNTER, Credential, CredentialStore
from kiosk.hub.incidents.pairs import Pairs
from kiosk.hub.issuing import rules
from kiosk.hub.issuing.keys import NewKeys
from kiosk.hub.issuing.rules import Issue
from kiosk.hub.issuing.store import IssueStore
from kiosk.hub.people.store import clean_uid
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.config import Site
from provisioning.contracts import (
    Contract,
    CredentialKind,
    Done,
    Issued,
    IssueFailed,
    PlugReport,
    ToIssue,
)
from provisioning.errors import Corrupt
from provisioning.identity import NodeKey
from provisioning.identity.keywire import to_text
from provisioning.identity.stick import StickHeader, Ticket, blind_holder, sign_header, sign_ticket
from provisioning.ids import new_key, short_code
from provisioning.sync import Receiver

C = TypeVar("C", bound=Contract)
UID_CHARS = range(4, 41)  # provisioning.readers.words.clean_uid
PROBLEM_CHARS = 40


@dataclass(frozen=True)
class Issuing:
    """Orders and what kiosks say about them. A credential's row is written last, in one transaction with its trail."""

    credentials: CredentialStore
    issues: IssueStore
    blocking: Blocking
    pairs: Pairs
    new_keys: NewKeys
    trail: Trail
    clock: Clock
    site: Site
    key: NodeKey
    holder_key: bytes

    def connect(self, receiver: Receiver) -> None:
        """Answer kiosks that have something in hand."""
        receiver.on_call(PlugReport, self.report)
        receiver.on_call(Issued, self.issued)
        receiver.on_call(IssueFailed, self.failed)

    @property
    def _now(self) -> str:
        return iso(self.clock.now_utc())

    def is_awaited(self, kiosk_id: str, kind: str) -> bool:
        """Whether something of this kind is to be made at that kiosk now."""
        return self.issues.at(kiosk_id, kind) is not None

    # --- officers ---

    def order(self, wanted: Issue) -> Issue:
        """Begin: open at its kiosk when ``signed_by`` names the second person, else waiting for one.

        What runs already for this person and kind is given back instead: a second press begins nothing.

        Raises:
            AlreadyCarries, KioskBusy, IssueOwn: nothing was written.
        """
        with self.issues.store.atomic():
            self._expire()
            if running := self.issues.running(wanted.resident_id, wanted.kind):
                return running
            carried = self.credentials.of(wanted.resident_id)
            rules.check_order(wanted.kind, wanted.is_temporary, carried, self._now)
            if wanted.signed_by:
                rules.check_second(wanted.ordered_by, wanted.signed_by)
            one = replace(
                wanted,
                issue_id=short_code("C"),
                state="open" if wanted.signed_by else "ordered",
                ordered_utc=self._now,
                until_utc=rules.until(self.clock.now_utc(), "open" if wanted.signed_by else "ordered"),
            )
            self.issues.add(one)
            self._note(one.ordered_by, "issue_ordered", one, kiosk=one.kiosk_id, second=one.signed_by)
        return one

    def sign(self, issue_id: str, officer_id: str) -> None:
        """The second person signs at a desk of their own.

        Raises:
            IssueOver, IssueOwn, KioskBusy: nothing was written.
        """
        with self.issues.store.atomic():
            one = self._running(issue_id)
            rules.check_second(one.ordered_by, officer_id)
            if self.issues.sign(issue_id, officer_id, rules.until(self.clock.now_utc(), "open")):
                self._note(officer_id, "issue_signed", one)

    def let_erase(self, issue_id: str, officer_id: str) -> None:
        """Whatever lies on the stick may go. Raises :class:`IssueOver`."""
        with self.issues.store.atomic():
            one = self._running(issue_id)
            if self.issues.let_erase(issue_id, rules.until(self.clock.now_utc(), "open")):
                self._note(officer_id, "issue_may_erase", one)

    def cancel(self, issue_id: str, officer_id: str) -> None:
        """Give it up; nothing was given out. Raises :class:`IssueOver` when it is done or over."""
        with self.issues.store.atomic():
            one = self._running(issue_id)
            self.issues.end(issue_id, "cancelled", officer_id)
            self._note(officer_id, "issue_cancelled", one)

    def _running(self, issue_id: str) -> Issue:
        self._expire()
        one = self.issues.find(issue_id)
        if one is None or one.state not in rules.RUNNING:
            raise rules.IssueOver
        return one

    def _expire(self) -> None:
        for one in self.issues.late():
            self.issues.end(one.issue_id, "expired", "")
            self._note("hub", "issue_expired", one)

    # --- kiosks ---

    def report(self, sender: str, question: Contract) -> Contract:
        """What a kiosk shall make of the thing in its hand.

        Raises:
            NothingToIssue: no officer waits for it there.
            CredentialKnown: this badge is somebody's, or was blocked.
        """
        asked = _from(PlugReport, sender, question)
        with self.issues.store.atomic():
            self._expire()
            one = self.issues.at(sender, asked.credential)
            if one is None:
                raise rules.NothingToIssue(kind=asked.credential)
            uid = self._number(one, asked.uid)
            one = replace(one, uid=uid, attempt=new_key()[:12])
            self.issues.begin(one.issue_id, uid, one.attempt, rules.until(self.clock.now_utc(), "writing"))
        return self._to_make(one)

    def _number(self, one: Issue, shown: str) -> str:
        """The badge's own number, a new random one for a stick; a key names itself when it is made."""
        if one.kind == "stick":
            return secrets.token_hex(8).upper()
        if one.kind == "key":
            return ""
        uid = clean_uid(shown)
        known = self.credentials.find("badge", uid)
        if known is not None and known.state != "returned":
            raise rules.CredentialKnown(kind="badge")
        if len(uid) not in UID_CHARS:
            raise Corrupt("message_foreign", kiosk=one.kiosk_id)
        return uid

    def _to_make(self, one: Issue) -> ToIssue:
        holder = blind_holder(one.resident_id, self.holder_key)
        if one.kind == "badge":
            return ToIssue(issue_id=one.attempt_id)
        if one.kind == "key":
            known = [kept.uid for kept in self.credentials.of(one.resident_id) if kept.kind == "key"]
            options = self.new_keys.ask(one.issue_id, one.kiosk_id, holder, known)
            return ToIssue(issue_id=one.attempt_id, options=options)
        site_id, now = self.site.site_id, self._now
        header = StickHeader(site_id=site_id, stick_id=one.uid, holder=holder, issued_utc=now)
        ticket = Ticket(
            site_id=site_id,
            stick_id=one.uid,
            holder=holder,
            counter=FIRST_COUNTER,
            at_utc=now,
            nonce=secrets.token_hex(16),
        )
        return ToIssue(
            issue_id=one.attempt_id,
            header=sign_header(header, self.key),
            ticket=sign_ticket(ticket, self.key),
            erase=one.may_erase,
        )

    def issued(self, sender: str, question: Contract) -> Contract:
        """It was made: from now on it opens something. Heard twice it changes nothing.

        Raises:
            IssueOver: cancelled or too late; what was made opens nothing.
            KeyRefused: the key's answer is not right.
            CredentialKnown: somebody carries it already.
        """
        asked = _from(Issued, sender, question)
        with self.issues.store.atomic():
            self._expire()
            one = self._attempted(sender, asked.issue_id)
            if one is None or one.state not in {"writing", "done"}:
                raise rules.IssueOver
            if one.state == "writing":
                made = self._made(one, asked.attestation)
                known = self.credentials.find(made.kind, made.uid)
                if known is not None and known.state != "returned":  # made at another kiosk meanwhile
                    raise rules.CredentialKnown(kind=made.kind)
                self._give(one, made)
        return Done()

    def _attempted(self, sender: str, attempt_id: str) -> Issue | None:
        """The order of which this is this kiosk's last try, or None."""
        one = self.issues.find(attempt_id.partition(".")[0])
        return one if one and one.kiosk_id == sender and one.attempt_id == attempt_id else None

    def _made(self, one: Issue, attestation: bytes) -> Credential:
        made = Credential(
            kind=one.kind,
            uid=one.uid,
            resident_id=one.resident_id,
            until_utc=iso(self.clock.now_utc() + rules.TEMPORARY_FOR) if one.is_temporary else "",
            counter=FIRST_COUNTER if one.kind == "stick" else 0,
            origin="issued",
            issued_by=one.ordered_by,
            issued_with=one.signed_by,
        )
        if one.kind != "key":
            return made
        key = self.new_keys.made(one.issue_id, one.kiosk_id, attestation)
        uid = to_text(key.credential_id)
        return replace(
            made, uid=uid, public_key=key.public_key_cose, counter=key.sign_count, aaguid=key.aaguid
        )

    def _give(self, one: Issue, made: Credential) -> None:
        carried = self.credentials.of(one.resident_id)
        again = any(old.kind == made.kind for old in carried)
        for old in carried:  # the temporary badge makes room for the real one
            if old.kind == made.kind and old.state == "active" and not one.is_temporary:
                self.blocking.block(old, "replaced", one.ordered_by)
        self.credentials.issue(made)
        self.issues.end(one.issue_id, "done", one.ordered_by, made.uid)
        self._note(
            one.ordered_by,
            "credential_issued",
            one,
            kiosk=one.kiosk_id,
            second=one.signed_by,
            ends_in=made.uid[-3:],
            temporary=one.is_temporary,
            again=again,
        )
        self.pairs.look(one.resident_id)

    def failed(self, sender: str, question: Contract) -> Contract:
        """It could not be made; the officer reads why, and it may be tried again while there is time."""
        asked = _from(IssueFailed, sender, question)
        with self.issues.store.atomic():
            self._expire()
            one = self._attempted(sender, asked.issue_id)
            if one is not None and one.state == "writing":
                problem = asked.code[:PROBLEM_CHARS]
                self.issues.fail(one.issue_id, problem, rules.until(self.clock.now_utc(), "open"))
                self._note(sender, "issue_failed", one, code=problem)
        return Done()

    def _note(self, actor: str, action: str, one: Issue, **detail: str | bool) -> None:
        self.trail.record(
            actor,
            action,
            one.resident_id,
            issue=one.issue_id,
            kind=one.kind,
            **{k: v for k, v in detail.items() if v != ""},
        )


def _from(kind: type[C], sender: str, contract: Contract) -> C:
    """The question, of this very kiosk. Raises Corrupt ``message_foreign`` otherwise."""
    assert isinstance(contract, kind)
    if getattr(contract, "kiosk_id", "") != sender:
        raise Corrupt("message_foreign", sender=sender)
    return contract


def wanted(
    kind: CredentialKind, resident_id: str, kiosk_id: str, by: str, *, second: str = "", **flags: bool
) -> Issue:
    """What an officer wants made, before the hub has given it a number."""
    return Issue(
        issue_id="",
        kind=kind,
        resident_id=resident_id,
        kiosk_id=kiosk_id,
        is_temporary=flags.get("temporary", False),
        may_erase=flags.get("erase", False),
        state="ordered",
        ordered_by=by,
        ordered_utc="",
        signed_by=second,
    )
