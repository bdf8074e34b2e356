"""Signing in: a badge and a PIN become a lease, a name and a password become a desk session."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.hub.people.store import Credential, PeopleStore, Resident
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.store import SessionStore
from kiosk.services.base import OfficerCard
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.config import Site
from provisioning.contracts import SignIn
from provisioning.errors import Refused
from provisioning.identity.attempts import Attempts, Limit, PinLocked, PinWrong

NOBODY = "nobody"
LEVELS = {"badge": 0, "stick": 1}  # practice.md 2.6, the ladder of proofs


@dataclass(frozen=True)
class SigningIn:
    """Everything that signing in needs; decides by :mod:`kiosk.hub.sessions.rules`."""

    people: PeopleStore
    sessions: SessionStore
    trail: Trail
    checker: Checker
    clock: Clock
    site: Site
    rule: rules.SessionRule

    @property
    def _limit(self) -> Limit:
        return Limit(self.site.pin_tries, self.site.pin_pause_s)

    # --- residents at a kiosk ---

    def resident(self, asked: SignIn) -> tuple[Resident, str, datetime]:
        """Who it is, the new session's id, and until when its lease runs.

        Raises:
            BadgeUnknown, BadgeBlocked, PinWrong, PinLocked, KioskPaused, SessionElsewhere: and it is in the trail.
        """
        credential = self.people.credential(asked.credential, asked.uid)
        subject = _subject_of(credential)
        with self.checker.one_at_a_time(subject):
            try:
                return self._checked(asked, credential, subject)
            except Refused as refusal:
                self.trail.record(asked.kiosk_id, "sign_in_refused", subject, code=refusal.reason)
                raise

    def _checked(
        self, asked: SignIn, credential: Credential | None, subject: str
    ) -> tuple[Resident, str, datetime]:
        now = self.clock.now_utc()
        kiosk = f"kiosk:{asked.kiosk_id}"
        if (paused := self.sessions.attempts(kiosk)).is_locked(now):
            raise rules.KioskPaused(until_utc=_until(paused))
        person = self.people.resident(credential.resident_id) if credential else None
        if person and (locked := self.sessions.attempts(subject)).is_locked(now):
            raise PinLocked(until_utc=_until(locked))
        fits = self.checker.fits(asked.pin, person.pin_hash if person else None)
        if credential is None or person is None:
            self._failed(kiosk, rules.KIOSK_LIMIT)
            self._failed(NOBODY, self._limit)  # never asked for: the answer shall take as long as any other
            raise rules.BadgeUnknown
        if credential.blocked:
            self._failed(kiosk, rules.KIOSK_LIMIT)
            raise rules.BadgeBlocked
        if not fits:
            self._failed(kiosk, rules.KIOSK_LIMIT)
            raise self._wrong_pin(self._failed(subject, self._limit))
        return person, *self._begin(person, asked, subject, kiosk)

    def _begin(self, person: Resident, asked: SignIn, *subjects: str) -> tuple[str, datetime]:
        now, kiosk_id, level = self.clock.now_utc(), asked.kiosk_id, LEVELS[asked.credential]
        until = now + timedelta(seconds=self.site.lease_s)
        with self.sessions.store.atomic():
            open_ones = self.sessions.open_ones(person.resident_id, kiosk_id)
            ending = rules.sessions_to_end(open_ones, person.resident_id, kiosk_id, now, self.rule)
            for subject in subjects:
                self.sessions.keep_attempts(subject, Attempts())
            for session_id, why in ending:
                self.sessions.end(session_id, why)
                self.trail.record(person.resident_id, "session_ended", session_id, why=why, kiosk=kiosk_id)
            session_id = self.sessions.begin(person.resident_id, kiosk_id, until, level)
            self.trail.record(person.resident_id, "signed_in", session_id, kiosk=kiosk_id)
        return session_id, until

    def _wrong_pin(self, after: Attempts) -> Refused:
        if after.locked_until is not None:
            return PinLocked(until_utc=_until(after))
        return PinWrong(tries_left=after.tries_left(self._limit))

    def _failed(self, subject: str, limit: Limit) -> Attempts:
        with self.sessions.store.atomic():
            after = self.sessions.attempts(subject).after_failure(self.clock.now_utc(), limit)
            self.sessions.keep_attempts(subject, after)
        return after

    # --- officers at a desk ---

    def officer(self, sign_in_name: str, password: str) -> tuple[OfficerCard, str]:
        """Who it is, and the new desk session's id.

        Raises:
            SignInWrong, SignInLocked: the same for names that nobody has; and it is in the trail.
        """
        subject = "name:" + sign_in_name.strip().casefold()[:80]
        with self.checker.one_at_a_time(subject):
            locked = self.sessions.attempts(subject)
            if locked.is_locked(self.clock.now_utc()):
                raise rules.SignInLocked(until_utc=_until(locked))
            found = self.people.officer_secret(sign_in_name.strip())
            card = self.people.officer(found[0]) if found else None
            if not self.checker.fits(password, found[1] if found else None) or card is None:
                raise self._wrong_password(subject, card)
            with self.sessions.store.atomic():
                self.sessions.keep_attempts(subject, Attempts())
                desk_session_id = self.sessions.begin_desk(card.officer_id)
                self.trail.record(card.officer_id, "signed_in", card.officer_id, where="office")
        return card, desk_session_id

    def _wrong_password(self, subject: str, card: OfficerCard | None) -> Refused:
        with self.sessions.store.atomic():
            after = self._failed(subject, self._limit)
            who = card.officer_id if card else "nobody"
            self.trail.record("office", "sign_in_refused", who, locked=after.locked_until is not None)
        if after.locked_until is not None:
            return rules.SignInLocked(until_utc=_until(after))
        return rules.SignInWrong(tries_left=after.tries_left(self._limit))


def _subject_of(credential: Credential | None) -> str:
    """Whose attempts are counted: a person's; without one, nobody's (the kiosk's limit still counts)."""
    if credential is None:
        return NOBODY
    return credential.resident_id or credential.officer_id


def _until(attempts: Attempts) -> str:
    assert attempts.locked_until is not None
    return iso(attempts.locked_until)
