"""Proving who someone is: what they have, what they know, and the limits on trying. No session begins here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn

from kiosk.hub.credentials.store import Credential, CredentialStore
from kiosk.hub.incidents.store import IncidentKind, IncidentStore
from kiosk.hub.people.store import PeopleStore, Resident
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.keys import KeyDesk
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.store import SessionStore
from kiosk.hub.sessions.tries import NOBODY, Counted, Tries, subject_of
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.config import Site
from provisioning.contracts import SignIn, Welcome, WhoComes
from provisioning.errors import Corrupt, Refused
from provisioning.identity import NodeKey
from provisioning.identity.keywire import KeyRefused
from provisioning.identity.stick import Ticket, blind_holder, read_ticket, verdict

FOUND_AGAIN = frozenset({"lost", "stolen", "replaced"})  # seen again, it is an alarm with its place (J1.F1)
LEVELS = {"badge": 0, "stick": 1, "key": 2}  # practice.md 2.6, the ladder of proofs


@dataclass(frozen=True)
class Proven:
    """A person and what they proved it with."""

    person: Resident
    credential: Credential
    is_held: bool  # they used the secret that calls for help
    counter: int  # of the ticket that the stick showed, or of the key's signature
    counted: Counted | None = None  # the try as it was counted, to be forgotten now; a key is no guess

    @property
    def level(self) -> int:
        """How strong the proof is."""
        return LEVELS[self.credential.kind]


@dataclass(frozen=True)
class Prover:
    """Looks at credentials and secrets; a copy blocks, a failure counts, and each refusal is in the trail."""

    people: PeopleStore
    credentials: CredentialStore
    incidents: IncidentStore
    sessions: SessionStore
    trail: Trail
    checker: Checker
    keys: KeyDesk
    clock: Clock
    site: Site
    key: NodeKey
    is_awaited: Callable[[str, str], bool]  # (kiosk, kind): an officer waits for one to be made there

    @property
    def tries(self) -> Tries:
        """The limits on trying."""
        return Tries(self.sessions, self.incidents, self.clock, self.site)

    # --- something was put on the reader ---

    def welcome(self, asked: WhoComes) -> Welcome:
        """What the screen asks for next.

        Raises:
            BadgeBlocked, BadgeExpired, StickCopied, StickForeign: told at once, nobody needs to type a code for it.
        """
        to_issue = self.is_awaited(asked.kiosk_id, asked.credential)
        if asked.credential == "key":
            return Welcome(options=self.keys.options(asked.kiosk_id), to_issue=to_issue)
        found = self.credentials.find(asked.credential, asked.uid)
        if found is None or (to_issue and found.state == "returned"):
            return Welcome(to_issue=to_issue)
        person = self.people.resident(found.resident_id)
        try:
            self.must_work(found, asked.kiosk_id)
            if asked.credential == "stick":
                self._shown(found, asked.ticket, asked.kiosk_id)
        except Refused as refusal:
            if person is not None:
                refusal.detail["language"] = person.language  # the screen says it in theirs
            self._refused(asked.kiosk_id, found, refusal)
        if person is None:
            return Welcome(is_officer=True)
        return Welcome(language=person.language, factor="pictures" if person.factor == "pictures" else "pin")

    # --- a secret was typed ---

    def prove(self, asked: SignIn) -> Proven:
        """Who it is.

        Raises:
            Refused: one of the codes that :class:`SignIn` names; it is in the trail.
        """
        credential, subject = self._shown_by(asked)
        with self.checker.one_at_a_time(subject):
            if credential is not None:  # as it is now that it is our turn
                credential = self.credentials.find(credential.kind, credential.uid)
            try:
                return self._checked(asked, credential)
            except Refused as refusal:
                self._refused(asked.kiosk_id, credential, refusal)

    def _shown_by(self, asked: SignIn) -> tuple[Credential | None, str]:
        """What was put on the reader, as the hub knows it, and whose failures count."""
        try:
            if asked.credential == "key":
                credential = self.keys.carrier(asked)
            else:
                credential = self.credentials.find(asked.credential, asked.uid)
        except Refused as refusal:
            self._refused(asked.kiosk_id, None, refusal)
        return credential, subject_of(credential)

    def _checked(self, asked: SignIn, credential: Credential | None) -> Proven:
        self.tries.may(asked.kiosk_id, credential)
        if (
            asked.credential == "key" and credential is not None
        ):  # it checks its own PIN, eight times and no more
            return self._keyed(asked, credential)
        counted = self.tries.count(asked.kiosk_id, credential)
        person = self.people.resident(credential.resident_id) if credential else None
        which = self._known(asked, person)
        if credential is None or person is None:
            self.tries.alarm(asked.kiosk_id, None, counted)
            raise rules.BadgeUnknown
        counter = 0
        try:
            self.must_work(credential, asked.kiosk_id)
            if asked.credential == "stick":
                counter = self._shown(credential, asked.ticket, asked.kiosk_id).counter
        except Refused:
            self.tries.give_back(counted)
            if which == "duress":  # it opens nothing, and calls all the same
                self.call_for_help(person, credential, asked.kiosk_id)
            raise
        if not which:
            self.tries.alarm(asked.kiosk_id, credential, counted)
            raise counted.answer
        return Proven(person, credential, which == "duress", counter, counted)

    def _keyed(self, asked: SignIn, credential: Credential) -> Proven:
        person = self.people.resident(credential.resident_id)
        if person is None:
            raise rules.BadgeUnknown
        self.must_work(credential, asked.kiosk_id)
        return Proven(person, credential, False, self._signed(credential, asked))

    def _known(self, asked: SignIn, person: Resident | None) -> Literal["own", "duress", ""]:
        """Which secret was typed."""
        pin_hash = person.pin_hash if person else None
        return self.checker.which(asked.pin, pin_hash, person.duress_hash if person else "")

    def call_for_help(self, person: Resident, credential: Credential, kiosk_id: str) -> None:
        """The emergency code was typed there; the session that may come of it names itself later."""
        self.incidents.call_for_help(person.resident_id, kiosk_id, credential.kind, credential.uid)

    def look_again(self, proven: Proven, kiosk_id: str) -> None:
        """Look at the credential as it is now: checking a code is slow, and it may be blocked or copied meanwhile.

        Raises:
            BadgeUnknown, BadgeBlocked, BadgeExpired, StickCopied: what is written about it stays with the caller.
        """
        found = self.credentials.find(proven.credential.kind, proven.credential.uid)
        if found is None or found.resident_id != proven.person.resident_id:
            raise rules.BadgeUnknown
        self.must_work(found, kiosk_id)
        if found.kind == "stick":
            self._must_come_next(found, proven.counter, kiosk_id)

    # --- what a credential shows ---

    def must_work(self, found: Credential, kiosk_id: str) -> None:
        """Nothing, when it opens something.

        Raises:
            BadgeBlocked, BadgeExpired: what was lost and is found again is an incident.
        """
        if found.state != "active":
            if found.state == "blocked" and found.why in FOUND_AGAIN:
                self._incident("found", found, kiosk_id)
            raise rules.BadgeBlocked(kind=found.kind)
        if found.is_expired(iso(self.clock.now_utc())):
            raise rules.BadgeExpired(kind=found.kind)

    def _shown(self, found: Credential, data: bytes, kiosk_id: str) -> Ticket:
        """The ticket that a stick shows, when it is the one that must come next.

        Raises:
            StickForeign: not this hub's, or another stick's.
            StickCopied: it was used before; the stick is blocked and an incident is open.
        """
        try:
            ticket = read_ticket(data, self.key.key.public_key(), self.site.site_id)
        except Corrupt as error:
            raise rules.StickForeign(reason=error.reason) from error
        holder = blind_holder(found.resident_id, self.checker.holder_key)
        if (ticket.stick_id, ticket.holder) != (found.uid, holder):
            raise rules.StickForeign(reason="another stick's")
        self._must_come_next(found, ticket.counter, kiosk_id)
        return ticket

    def _must_come_next(self, found: Credential, counter: int, kiosk_id: str) -> None:
        if verdict(counter, found.counter, found.offered or None) == "copied":
            self._copied(found, counter, kiosk_id)

    def _signed(self, found: Credential, asked: SignIn) -> int:
        """The key's signature count, when it signed what it was asked here and its count has grown.

        Raises:
            KeyRefused: it did not.
            StickCopied: it did, and its count stands where it stood before: somebody has a copy.
        """
        holder = blind_holder(found.resident_id, self.checker.holder_key).encode()
        try:
            counter = self.keys.answered(asked, holder).sign_count
        except KeyRefused as refusal:
            seen = refusal.detail.get("seen")
            if refusal.reason == "key_copied" and isinstance(seen, int):
                self._copied(found, seen, asked.kiosk_id)
            raise
        if not self.credentials.counted(found.uid, counter, asked.kiosk_id):
            self._copied(found, counter, asked.kiosk_id)
        return counter

    def _copied(self, found: Credential, counter: int, kiosk_id: str) -> NoReturn:
        with self.sessions.store.atomic():
            self.credentials.condemn(
                found.kind, found.uid, "hub"
            )  # also when it was blocked meanwhile as lost
            for one in self.sessions.of_resident(found.resident_id):
                self.sessions.let_end(one.session_id, "hub")
            self._incident(
                "copy",
                found,
                kiosk_id,
                counter=counter,
                expected=found.counter,
                other_kiosk=found.last_kiosk,
                other_utc=found.last_utc,
            )
            self.trail.record("hub", "copy_found", found.resident_id, kind=found.kind, kiosk=kiosk_id)
        raise rules.StickCopied(kind=found.kind)

    def _incident(self, kind: IncidentKind, found: Credential, kiosk_id: str, **detail: str | int) -> None:
        with self.sessions.store.atomic():  # two kiosks may notice it at once
            if not self.incidents.open_like(kind, found.kind, found.uid):
                self.incidents.open(kind, found.resident_id, kiosk_id, found.kind, found.uid, **detail)

    # --- failures ---

    def _refused(self, kiosk_id: str, credential: Credential | None, refusal: Refused) -> NoReturn:
        self.trail.record(kiosk_id, "sign_in_refused", _owner(credential), code=refusal.reason)
        raise refusal


def _owner(credential: Credential | None) -> str:
    return (credential.resident_id or credential.officer_id) if credential else NOBODY
