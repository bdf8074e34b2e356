"""Signing in: a proven person becomes a lease, one at a time; a name and a password become a desk session."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kiosk.hub.credentials.store import CredentialStore
from kiosk.hub.people.store import PeopleStore, Resident
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.claims import Claim, Claims
from kiosk.hub.sessions.promises import Promises
from kiosk.hub.sessions.proving import Proven, Prover
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.store import SessionStore
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.config import Site
from provisioning.contracts import Pending, SignIn, TakeUp
from provisioning.errors import Refused
from provisioning.identity import NodeKey
from provisioning.identity.stick import Ticket, blind_holder, next_counter, sign_ticket

# A kiosk's own pass opens for 72 hours (kiosk.terminal.passes), counted from a moment after this one; and whoever it
# let in at the last of them stays for a while.
PASS_LIFE = timedelta(hours=76)
STAY = timedelta(
    hours=4
)  # of somebody whom their home kiosk keeps by its own word: a lease more, and time to spare
LEAST_S = 10.0  # a shorter lease would end before the kiosk can ask for the next


@dataclass(frozen=True)
class Granted:
    """A session that began, or goes on."""

    session_id: str
    person: Resident
    until: datetime
    lasts_s: int
    credential: str
    uid: str


@dataclass(frozen=True)
class SigningIn:
    """Everything that signing in needs; decides by :mod:`kiosk.hub.sessions.rules`."""

    people: PeopleStore
    sessions: SessionStore
    prover: Prover
    promises: Promises
    trail: Trail
    checker: Checker
    clock: Clock
    site: Site
    key: NodeKey
    rule: rules.SessionRule
    claims: Claims = field(default_factory=Claims)

    # --- residents at a kiosk ---

    def resident(self, asked: SignIn) -> Granted | Pending:
        """A session, or what must be done before there is one.

        Raises:
            Refused: one of the codes that :class:`SignIn` names; it is in the trail.
            Unavailable: ``busy``: too many people at once; no try was counted.
        """
        with self.checker.in_turn():
            return self._resident(asked)

    def _resident(self, asked: SignIn) -> Granted | Pending:
        proven = self.prover.prove(asked)
        try:
            return self._claimed(proven, asked.kiosk_id)
        except Refused as refusal:
            if proven.counted:  # the code was right: it is no failure
                self.prover.tries.give_back(proven.counted)
            if proven.is_held:
                self.prover.call_for_help(proven.person, proven.credential, asked.kiosk_id)
            self.trail.record(
                asked.kiosk_id, "sign_in_refused", proven.person.resident_id, code=refusal.reason
            )
            raise

    def _claimed(self, proven: Proven, kiosk_id: str) -> Granted | Pending:
        self._seconds(proven.person, kiosk_id)
        with (
            self.sessions.store.atomic()
        ):  # one for both: each costs the disk a flush, and a burst waits for those
            if proven.counted:
                self.prover.tries.forget(proven.counted)
            if proven.is_held:  # now: the stick may be pulled before there is a session
                self.prover.call_for_help(proven.person, proven.credential, kiosk_id)
            try:
                self.prover.look_again(proven, kiosk_id)
                claim = self.claims.make(self._claim(proven, kiosk_id))
                return self._go_on(claim, proven.person)
            except (
                Refused
            ) as refusal:  # no session; but the code was right, and that is kept, as is what a copy did
                no = refusal
        raise no

    def _claim(self, proven: Proven, kiosk_id: str) -> Claim:
        credential = proven.credential
        return Claim(
            claim_id="",
            resident_id=proven.person.resident_id,
            kiosk_id=kiosk_id,
            credential=credential.kind,
            uid=credential.uid,
            level=proven.level,
            is_held=proven.is_held,
            made_s=self.clock.monotonic_s(),
            counter=self._offered(proven, kiosk_id) if credential.kind == "stick" else 0,
        )

    def _offered(self, proven: Proven, kiosk_id: str) -> int:
        """The ticket that this stick shall carry next: nobody was handed that one before, at whatever kiosk."""
        uid = proven.credential.uid
        kept = self._credentials.find("stick", uid) or proven.credential
        if proven.counter > kept.counter:
            self._credentials.used("stick", uid, proven.counter, kiosk_id)
        counter = next_counter(max(proven.counter, kept.counter), kept.offered or None)
        self._credentials.offer(uid, counter)
        return counter

    def take_up(self, asked: TakeUp) -> Granted | Pending:
        """Go on with a claim: the stick carries its ticket now, or the session elsewhere may be over.

        Raises:
            ClaimOver: it is too old, or the person claimed a session at another kiosk since.
            SessionElsewhere, HomeKioskAway, BadgeBlocked, BadgeExpired, KioskOutOfService: as at the sign-in.
        """
        claim = self.claims.find(asked.claim_id, asked.kiosk_id, self.clock.monotonic_s())
        person = self.people.resident(claim.resident_id) if claim else None
        if claim is None or person is None:
            raise rules.ClaimOver
        with self.checker.one_at_a_time(claim.resident_id):
            if asked.written and not claim.is_ready:
                with self.sessions.store.atomic():
                    self._must_work(claim)
                    self._credentials.used("stick", claim.uid, claim.counter, claim.kiosk_id)
                claim = self.claims.written(claim)
            return self._go_on(claim, person)

    def _go_on(self, claim: Claim, person: Resident) -> Granted | Pending:
        """The lease when nothing stands in its way."""
        now, kiosk_id = self.clock.now_utc(), claim.kiosk_id
        with self.sessions.store.atomic():
            self._must_work(claim)
            if self.people.is_out_of_service(kiosk_id):  # the hub counts on it that nobody is there
                raise rules.KioskOutOfService(kiosk=kiosk_id)
            open_ones = self.sessions.open_ones(person.resident_id, kiosk_id)
            found = rules.way_in(open_ones, kiosk_id, now, self.rule)
            if found.in_the_way is not None and self.sessions.let_end(
                found.in_the_way.session_id, "taken_over"
            ):
                self.trail.record(
                    person.resident_id, "session_claimed", found.in_the_way.session_id, kiosk=kiosk_id
                )
            if found.in_the_way is not None or not claim.is_ready:
                return self._pending(claim, person, found.in_the_way)
            seconds = self._seconds(person, kiosk_id)
            for session_id, why in found.over:
                self.end(session_id, why, person.resident_id, kiosk_id)
            until = now + timedelta(seconds=seconds)
            at_home = self.people.home_of(person.wing) == kiosk_id
            session_id = self.sessions.begin(
                person.resident_id,
                kiosk_id,
                until,
                claim.level,
                held=claim.is_held,
                gives_pass=at_home and claim.level > 0 and not claim.is_held,
            )
            self.promises.back(kiosk_id, person.resident_id)
            self.trail.record(person.resident_id, "signed_in", session_id, kiosk=kiosk_id, level=claim.level)
            if claim.is_held:
                self.prover.incidents.call_for_help(
                    person.resident_id, kiosk_id, claim.credential, claim.uid, session_id
                )
        self.claims.drop(claim)
        return Granted(session_id, person, until, seconds, claim.credential, claim.uid)

    def _must_work(self, claim: Claim) -> None:
        """Raise unless what the claim was made with works at this moment."""
        found = self._credentials.find(claim.credential, claim.uid)
        if found is None or found.state != "active":
            raise rules.BadgeBlocked(kind=claim.credential)
        if found.is_expired(iso(self.clock.now_utc())):
            raise rules.BadgeExpired(kind=claim.credential)

    def _pending(self, claim: Claim, person: Resident, other: rules.OpenSession | None) -> Pending:
        kiosk = self.people.kiosks().get(other.kiosk_id) if other else None
        return Pending(
            claim_id=claim.claim_id,
            ticket=b"" if claim.is_ready else self._ticket(claim, person),
            elsewhere=kiosk.name if kiosk else other.kiosk_id if other else "",
            until_utc=iso(other.until + rules.LEASE_SLACK) if other else "",
        )

    def _ticket(self, claim: Claim, person: Resident) -> bytes:
        return sign_ticket(
            Ticket(
                site_id=self.site.site_id,
                stick_id=claim.uid,
                holder=blind_holder(person.resident_id, self.checker.holder_key),
                counter=claim.counter,
                at_utc=iso(self.clock.now_utc()),
                nonce=secrets.token_hex(16),
            ),
            self.key,
        )

    @property
    def _credentials(self) -> CredentialStore:
        return self.prover.credentials

    # --- one session per person ---

    def renewed_s(self, person: Resident, kiosk_id: str) -> int:
        """For how many seconds a running session may go on; 0: not now (its home kiosk is not heard)."""
        return int(self._safe_s(person, kiosk_id))

    def end(self, session_id: str, why: str, resident_id: str, kiosk_id: str) -> None:
        """A session is over, and it is in the trail, once."""
        if self.sessions.end(session_id, why):
            self.trail.record(resident_id, "session_ended", session_id, why=why, kiosk=kiosk_id)

    def _seconds(self, person: Resident, kiosk_id: str) -> int:
        """How long a first lease may last.

        Raises:
            HomeKioskAway: the person's home kiosk may let them in by its own word.
        """
        safe_s = self._safe_s(person, kiosk_id)
        if safe_s < LEAST_S:
            raise rules.HomeKioskAway
        return int(safe_s)

    def _safe_s(self, person: Resident, kiosk_id: str) -> float:
        """For how many seconds nobody else lets this person in: every kiosk that may hold a pass of theirs counts."""
        now_s = self.clock.monotonic_s()
        places = self.sessions.pass_places(person.resident_id, PASS_LIFE, STAY) - {kiosk_id}
        safe = [
            self.promises.safe_s(place, person.resident_id, now_s)
            for place in places
            if not self.people.is_out_of_service(place)
        ]
        return min([float(self.site.lease_s), *safe])
