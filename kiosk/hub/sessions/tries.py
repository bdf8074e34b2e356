"""How often somebody may guess: a try is counted before it is checked, and given back when it was no guess.

Five failures in a row are free, wherever they happen. After that each further failure closes that credential **at
that kiosk**, for 5, 10, then 15 minutes; elsewhere its owner goes in with the right code, and with another kind of
credential everywhere. So one kiosk answers at most 102 guesses in a day and a night: five, one after 5 minutes, one
after 10, and 95 more. That is 1.1 % of the 9,655 PINs of four digits that may be chosen, and 7.7 % of the 1,320 rows of
three pictures; the security officer hears of it after ten.
"""

from dataclasses import dataclass, replace

from kiosk.hub.credentials.store import Credential
from kiosk.hub.incidents.store import IncidentStore
from kiosk.hub.sessions import rules
from kiosk.hub.sessions.store import SessionStore
from provisioning.clock import Clock, iso, parse_iso
from provisioning.config import Site
from provisioning.errors import Refused
from provisioning.identity.attempts import Attempts, Limit, PinLocked, PinWrong

NOBODY = "nobody"


@dataclass(frozen=True)
class Counted:
    """A try as it was counted: what each subject's row was and became, and its number among the site's failures."""

    rows: tuple[tuple[str, Attempts, Attempts], ...]  # subject, before, after
    number: int
    answer: Refused  # what the person hears when the code was wrong

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whose failures are forgotten when it was right."""
        return tuple(subject for subject, _, _ in self.rows)


def subject_of(credential: Credential | None) -> str:
    """Whose attempts are counted: a person's with one kind of credential; without one, nobody's.

    By kind, so that whoever reads a badge's number off and guesses closes that badge for a while, not the stick.
    """
    if credential is None:
        return NOBODY
    return f"{credential.resident_id or credential.officer_id}/{credential.kind}"


@dataclass(frozen=True)
class Tries:
    """The limits per person, per kiosk and per site."""

    sessions: SessionStore
    incidents: IncidentStore
    clock: Clock
    site: Site

    @property
    def _limit(self) -> Limit:
        return Limit(self.site.pin_tries, self.site.pin_pause_s, rules.LONGEST_PAUSE_S)

    def may(self, kiosk_id: str, credential: Credential | None) -> None:
        """Nothing, when something may be tried here now.

        Raises:
            KioskPaused: this kiosk checks nothing for a while.
            PinLocked: this credential is not checked at this kiosk for a while.
        """
        now = self.clock.now_utc()
        if (paused := self.sessions.attempts(_kiosk(kiosk_id))).is_locked(now):
            raise rules.KioskPaused(until_utc=_until(paused))
        here = self.sessions.attempts(_here(credential, kiosk_id))
        if credential is not None and here.is_locked(now):
            raise PinLocked(until_utc=_until(here))

    def count(self, kiosk_id: str, credential: Credential | None) -> Counted:
        """Count a try as a failure, on disk, before anything is checked: a hub that is killed now has counted."""
        now = parse_iso(iso(self.clock.now_utc()))  # as it will be read back
        limit, subject = self._limit, subject_of(credential)
        with self.sessions.store.atomic():
            number, together = self.sessions.note_failure(rules.SITE_WINDOW)
            is_alert = together > rules.SITE_TRIES
            person, here = (
                self.sessions.attempts(subject),
                self.sessions.attempts(_here(credential, kiosk_id)),
            )
            kiosk = self.sessions.attempts(_kiosk(kiosk_id))
            failures = person.failures + 1
            is_last = failures >= limit.tries or here.pauses > 0 or is_alert
            here_after = here.after_failure(now, limit, is_last)
            kiosk_limit = rules.ALERT_KIOSK_LIMIT if is_alert else rules.KIOSK_LIMIT
            rows = (
                (subject, person, replace(person, failures=failures)),
                (_here(credential, kiosk_id), here, here_after),
                (_kiosk(kiosk_id), kiosk, kiosk.after_failure(now, kiosk_limit)),
            )
            for name, _, after in rows:
                self.sessions.keep_attempts(name, after)
        answer = (
            PinLocked(until_utc=_until(here_after))
            if here_after.locked_until
            else PinWrong(tries_left=limit.tries - failures)
        )
        return Counted(rows, number, answer)

    def give_back(self, counted: Counted) -> None:
        """It was no guess: nothing was checked, or the code was right and something else stood in the way."""
        with self.sessions.store.atomic():
            for subject, before, after in counted.rows:
                if self.sessions.attempts(subject) == after:
                    self.sessions.keep_attempts(subject, before)
            self.sessions.unnote_failure(counted.number)

    def forget(self, counted: Counted) -> None:
        """It was right: this person, here, and this kiosk begin anew. Inside the caller's ``atomic()``."""
        for subject in counted.subjects:
            self.sessions.keep_attempts(subject, Attempts())
        self.sessions.unnote_failure(counted.number)

    def alarm(self, kiosk_id: str, credential: Credential | None, counted: Counted) -> None:
        """It was wrong: tell the security officer when somebody seems to guess. Once, until that is settled."""
        failures = counted.rows[0][2].failures
        with self.sessions.store.atomic():
            if credential is not None and failures >= rules.GUESSING:
                self._tell(credential.resident_id, kiosk_id, credential.kind, credential.uid, failures)
            if (together := self.sessions.failures(rules.SITE_WINDOW)) > rules.SITE_TRIES:
                self._tell("", kiosk_id, "", "", together)

    def _tell(self, resident_id: str, kiosk_id: str, kind: str, uid: str, failures: int) -> None:
        if not self.incidents.open_like("guessing", kind, uid):
            self.incidents.open("guessing", resident_id, kiosk_id, kind, uid, failures=failures)


def _here(credential: Credential | None, kiosk_id: str) -> str:
    return f"{subject_of(credential)}@{kiosk_id}"


def _kiosk(kiosk_id: str) -> str:
    return f"kiosk:{kiosk_id}"


def _until(attempts: Attempts) -> str:
    assert attempts.locked_until is not None
    return iso(attempts.locked_until)
