"""What kiosks and farm nodes ask the hub: sign-in, lease, requests, public copy, pictures, badges."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import msgspec

from kiosk.hub.agreement import Agreements
from kiosk.hub.credentials.store import CredentialStore
from kiosk.hub.looks import looks_at
from kiosk.hub.nodes.contacts import Contacts
from kiosk.hub.people.store import PeopleStore, Resident, clean_uid
from kiosk.hub.policy.ruling import Ruling
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.signing_in import Granted, SigningIn
from kiosk.hub.sessions.store import SessionStore
from kiosk.services.base import HubContext, HubService, SessionFact
from provisioning.clock import iso, parse_iso
from provisioning.contracts import (
    BadgeOwner,
    CheckPasses,
    Contract,
    EndSession,
    Factor,
    Lease,
    MyFile,
    MyRequests,
    OfficerBadge,
    PassesStanding,
    Pending,
    Picture,
    PictureBytes,
    PublicCopy,
    PublicCopyAnswer,
    PublicKey,
    RenewLease,
    RequestList,
    RequestView,
    SignIn,
    TakeUp,
    WhoComes,
    WhoseBadge,
)
from provisioning.errors import Corrupt, Refused, Unavailable
from provisioning.sync import Receiver
from provisioning.sync.receiver import CallHandler, MessageHandler

C = TypeVar("C", bound=Contract)


class PictureUnknown(Refused):
    """No service has that picture, or residents may not see it any more."""

    code = "picture_unknown"


class NotForThisNode(Corrupt):
    """A node asked in another's name, or for something that its kind has no business with."""

    code = "not_for_this_node"


class HubReceiver(Receiver):
    """A receiver that notes who was heard."""

    contacts: Contacts

    def on_call(self, kind: type[Contract], handler: CallHandler) -> None:
        """Answer calls of this kind, and note who called."""

        def noted(sender: str, contract: Contract) -> Contract:
            self.contacts.heard(sender)
            return handler(sender, contract)

        super().on_call(kind, noted)

    def on_message(self, kind: type[Contract], handler: MessageHandler) -> None:
        """Act on messages of this kind, and note who sent them."""

        def noted(sender: str, contract: Contract) -> None:
            self.contacts.heard(sender)
            handler(sender, contract)

        super().on_message(kind, noted)


@dataclass(frozen=True)
class Api:
    """The hub's answers. ``connect`` registers them."""

    context: HubContext
    services: Sequence[HubService]
    people: PeopleStore
    credentials: CredentialStore
    sessions: SessionStore
    signing_in: SigningIn
    ruling: Ruling
    agreements: Agreements

    def connect(self, receiver: Receiver) -> None:
        """Answer these calls and hear these messages."""
        receiver.on_call(WhoComes, self.welcome)
        receiver.on_call(SignIn, self.sign_in)
        receiver.on_call(TakeUp, self.take_up)
        receiver.on_call(CheckPasses, self.check_passes)
        receiver.on_call(RenewLease, self.renew)
        receiver.on_call(MyRequests, self.my_requests)
        receiver.on_call(MyFile, self.my_file)
        receiver.on_call(PublicCopy, self.public_copy)
        receiver.on_call(Picture, self.picture)
        receiver.on_call(WhoseBadge, self.whose_badge)
        receiver.on_message(EndSession, self.end_session)

    # --- sessions ---

    def welcome(self, sender: str, question: Contract) -> Contract:
        """What a screen asks whoever put this on its reader."""
        asked = _as(WhoComes, question)
        self._must_be(sender, asked.kiosk_id)
        return self.signing_in.prover.welcome(asked)

    def sign_in(self, sender: str, question: Contract) -> Contract:
        """A lease for a credential and a secret, or what must be done first."""
        asked = _as(SignIn, question)
        self._must_be(sender, asked.kiosk_id)
        return self._granted(self.signing_in.resident(asked))

    def take_up(self, sender: str, question: Contract) -> Contract:
        """Go on with a claim."""
        asked = _as(TakeUp, question)
        self._must_be(sender, asked.kiosk_id)
        return self._granted(self.signing_in.take_up(asked))

    def _must_be(self, sender: str, kiosk_id: str) -> None:
        if sender != kiosk_id or sender in self.context.farms:
            raise NotForThisNode(sender=sender)

    def _granted(self, answer: Granted | Pending) -> Contract:
        if isinstance(answer, Pending):
            return answer
        stamp = self._stamp(answer.credential, answer.uid, answer.person, self.ruling.suspensions.marks())
        session = self.sessions.fact(answer.session_id)
        assert session is not None
        lease = self._lease(answer.person, session, iso(answer.until), stamp, answer.lasts_s)
        used = self.credentials.find(answer.credential, answer.uid)
        factor: Factor = "pictures" if answer.person.factor == "pictures" else "pin"
        if used is None or not lease.may_offline:
            return lease
        key = PublicKey(credential_id=used.uid, cose=used.public_key, sign_count=used.counter)
        return msgspec.structs.replace(
            lease, counter=used.counter, public_key=key if used.kind == "key" else None, factor=factor
        )

    def _stamp(self, kind: str, uid: str, person: Resident, marks: Mapping[str, str]) -> str:
        """Changes with everything that makes a pass fall, but for a block: what is blocked has none."""
        words = (
            kind,
            clean_uid(uid),
            person.resident_id,
            person.wing,
            person.pin_hash,
            person.regime,
            marks.get(person.resident_id, ""),
            *person.groups,
        )
        return self.signing_in.checker.stamp(*words)

    def check_passes(self, sender: str, question: Contract) -> Contract:
        """Which of a home kiosk's passes still stand, and which open nothing while their person is elsewhere."""
        asked = _as(CheckPasses, question)
        self._must_be(sender, sender)  # a farm keeps no passes, and has no use for officers' badge numbers
        standing = self._standing_passes(sender)
        in_use = frozenset(standing[stamp] for stamp in asked.in_use if stamp in standing)
        # A session there whose pass fell is of somebody whom nobody can name now: believe nothing until it ended.
        as_of = asked.as_of if set(asked.in_use) <= set(standing) else ""
        with self.context.store.atomic():  # no session begins between the look and the word
            elsewhere, now_s = self.sessions.elsewhere(sender), self.context.clock.monotonic_s()
            answer = self.signing_in.promises.hear(sender, as_of, in_use, elsewhere, now_s)
        return PassesStanding(
            stamps=tuple(stamp for stamp in asked.stamps if stamp in standing),
            paused=tuple(stamp for stamp in asked.stamps if standing.get(stamp) in elsewhere),
            as_of=answer,
            officers=tuple(
                OfficerBadge(officer_id=one.officer_id, uid=one.uid) for one in self.credentials.officers()
            ),
        )

    def _standing_passes(self, kiosk_id: str) -> dict[str, str]:
        """Stamp -> resident, of everyone who may sign in at this kiosk by its own word."""
        kiosk = self.people.kiosks().get(kiosk_id)
        if kiosk is None or kiosk.out_of_service_utc:
            return {}
        wings = tuple(wing for wing in kiosk.home_of if self.people.home_of(wing) == kiosk_id)
        people = {one.resident_id: one for wing in wings for one in self.people.of_wing(wing)}
        marks = self.ruling.suspensions.marks()  # once: every home kiosk asks this every few seconds
        return {
            self._stamp(one.kind, one.uid, people[one.resident_id], marks): one.resident_id
            for one in self.credentials.working(wings)
            if one.kind != "badge"
        }

    def renew(self, sender: str, question: Contract) -> Contract:
        """A longer lease for a session that still is.

        Raises:
            SessionEnded: it is over, or shall be.
            Unavailable: ``home_kiosk_unheard``: not now; the lease in hand goes on as it is.
        """
        asked = _as(RenewLease, question)
        session = self._running(sender, asked.session_id)
        if session.ending:
            raise rules.SessionEnded(why=session.ending)
        person = self.people.resident(session.resident_id)
        if person is None:
            raise rules.SessionEnded(why="hub")
        lasts_s = self.signing_in.renewed_s(person, sender)
        now = self.context.clock.now_utc()
        until = max(now + timedelta(seconds=lasts_s), parse_iso(session.until_utc))
        if lasts_s <= 0:
            raise Unavailable("home_kiosk_unheard")
        with self.context.store.atomic():
            self._running(sender, asked.session_id)
            self.sessions.extend(asked.session_id, until)
        return self._lease(person, session, iso(until), lasts_s=lasts_s)

    def end_session(self, sender: str, message: Contract) -> None:
        """The person left; heard twice or too late it changes nothing."""
        ended = _as(EndSession, message)
        session = self.sessions.fact(ended.session_id)
        if session is None or session.kiosk_id != sender:
            return
        why = session.ending or ended.why
        self.signing_in.end(ended.session_id, why, session.resident_id, sender)

    def _running(self, sender: str, session_id: str) -> SessionFact:
        """The session, when it is this kiosk's and its lease runs.

        Raises:
            SessionEnded: it does not.
        """
        session = self.sessions.fact(session_id)
        if session is None or session.kiosk_id != sender:
            raise rules.SessionEnded(why="unknown")
        if session.ended_utc:
            raise rules.SessionEnded(why=self.sessions.why_ended(session_id))
        if parse_iso(session.until_utc) <= self.context.clock.now_utc():
            raise rules.SessionEnded(why="lease_over")
        return session

    def _lease(
        self, person: Resident, session: SessionFact, until_utc: str, stamp: str = "", lasts_s: int = 0
    ) -> Lease:
        return Lease(
            session_id=session.session_id,
            resident=person.card,
            until_utc=until_utc,
            lasts_s=lasts_s,
            balance_cents=self.context.money.balance_cents(person.resident_id),
            pass_stamp=stamp,
            may_offline=session.gives_pass and self.people.home_of(person.wing) == session.kiosk_id,
            standing=self.ruling.standing(person, session.kiosk_id, session.level),
            policy_sha256=self.ruling.document()[0],
            must_choose=person.must_choose,
            agreement_due=self.agreements.due(person.resident_id),
        )

    # --- what a person asked ---

    def my_requests(self, sender: str, question: Contract) -> Contract:
        """Everything this session's person asked, of every service, newest first."""
        session = self._running(sender, _as(MyRequests, question).session_id)
        person = self.people.resident(session.resident_id)
        language = person.language if person else self.context.node.site.languages[0]
        views = [
            view for service in self.services for view in service.request_views(session.resident_id, language)
        ]
        balance_cents = self.context.money.balance_cents(session.resident_id)
        return RequestList(
            requests=tuple(sorted(views, key=_begun, reverse=True)), balance_cents=balance_cents
        )

    def my_file(self, sender: str, question: Contract) -> Contract:
        """Who looked at the page or the log of this session's person."""
        session = self._running(sender, _as(MyFile, question).session_id)
        return looks_at(self.context.trail, self.people, session.resident_id)

    # --- what everyone may see ---

    def public_copy(self, sender: str, question: Contract) -> Contract:
        """Notices, offered models, the agreement and the signed policy, when they are not what the caller has."""
        del sender
        notices = tuple(notice for service in self.services for notice in service.notices())
        models = tuple(model for service in self.services for model in service.offered_models())
        policy_sha256, policy = self.ruling.document()
        agreement = self.agreements.text()
        parts = (notices, models, policy_sha256, agreement)
        etag = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
        if _as(PublicCopy, question).etag == etag:
            return PublicCopyAnswer(etag=etag, changed=False)
        return PublicCopyAnswer(
            etag=etag, changed=True, notices=notices, models=models, policy=policy, agreement=agreement
        )

    def picture(self, sender: str, question: Contract) -> Contract:
        """The bytes of a picture named in the public copy."""
        del sender
        sha256 = _as(Picture, question).sha256
        for service in self.services:
            if png := service.picture(sha256):
                return PictureBytes(sha256=sha256, png=png)
        raise PictureUnknown(sha256=sha256)

    # --- farm ---

    def whose_badge(self, sender: str, question: Contract) -> Contract:
        """The owner of a badge touched at a farm node's reader."""
        if sender not in self.context.farms:
            raise NotForThisNode(sender=sender)
        found = self.credentials.find("badge", _as(WhoseBadge, question).uid)
        if found is None:
            raise rules.BadgeUnknown
        if found.is_expired(iso(self.context.clock.now_utc())):
            raise rules.BadgeExpired
        self.signing_in.prover.must_work(found, sender)
        if found.resident_id:
            label = self.context.people.label(found.resident_id)
            return BadgeOwner(resident_id=found.resident_id, label=label)
        officer = self.people.officer(found.officer_id)
        return BadgeOwner(officer_id=found.officer_id, label=officer.name if officer else "")


def _begun(view: RequestView) -> str:
    return view.steps[0].at_utc if view.steps else ""


def _as(kind: type[C], contract: Contract) -> C:
    assert isinstance(contract, kind)
    return contract
