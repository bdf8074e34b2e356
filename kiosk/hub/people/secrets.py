"""A person changes what they know: the own code, its kind, and the emergency code that opens and calls for help."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from kiosk.hub.credentials.store import Credential
from kiosk.hub.people.store import Resident
from kiosk.hub.sessions.proving import Prover
from kiosk.hub.sessions.rules import SessionEnded
from kiosk.services.base import SessionFact
from provisioning.clock import parse_iso
from provisioning.contracts import ChangeSecret, CodeKind, Contract, Done, MyCode
from provisioning.contracts.kiosk import Factor
from provisioning.errors import Refused
from provisioning.identity.choosing import is_near, why_not
from provisioning.sync import Receiver

MOST_PRETENDED = 200  # sessions; more than a site has kiosks


class SecretUnfit(Refused):
    """Not 4 to 12 digits, not three different pictures, or not of the kind that the person has."""

    code = "secret_unfit"


class SecretTrivial(Refused):
    """Everybody would guess it first."""

    code = "secret_trivial"


class SecretSame(Refused):
    """It is the code that the person has already."""

    code = "secret_same"


class SecretNear(Refused):
    """The own code and the emergency code are a slip of the finger apart."""

    code = "secret_near"


WHY_NOT = {one.code: one for one in (SecretUnfit, SecretTrivial)}


@dataclass(frozen=True)
class Known:
    """What a person knows, as hashes."""

    factor: Factor
    pin_hash: str
    duress_hash: str


@dataclass(frozen=True)
class SecretDesk:
    """Answers :class:`MyCode` and :class:`ChangeSecret`.

    In a held session every change only seems to happen: it is remembered until the session ends, so that whoever
    stands beside the person may even try the new code as the old one. The emergency code is understood as the old code
    too: then the session is held from there on.
    """

    prover: Prover  # what it counts and checks by, is what signing in does
    pretended: OrderedDict[str, Known] = field(default_factory=OrderedDict)  # by session

    def connect(self, receiver: Receiver) -> None:
        """Answer these calls."""
        receiver.on_call(MyCode, self.kind)
        receiver.on_call(ChangeSecret, self.change)

    def kind(self, sender: str, question: Contract) -> Contract:
        """What the person of this session signs in with."""
        assert isinstance(question, MyCode)
        session, person = self._here(sender, question.session_id)
        return CodeKind(factor=self._known(session, person).factor)

    def change(self, sender: str, question: Contract) -> Contract:
        """Change what was asked, or seem to.

        Raises:
            Refused: one of the codes that :class:`ChangeSecret` names; nothing was changed.
        """
        assert isinstance(question, ChangeSecret)
        session, person = self._here(sender, question.session_id)
        with self.prover.checker.one_at_a_time(person.resident_id):
            session, person = self._here(sender, question.session_id)  # as they are now that it is our turn
            known = self._known(session, person)
            which = self._proven(session, known, question.old)
            wanted = self._wanted(question, known)
            if session.is_held or which == "duress":
                self._pretend(session, wanted)
            else:
                self._keep(person, wanted)
        return Done()

    def _here(self, sender: str, session_id: str) -> tuple[SessionFact, Resident]:
        session = self.prover.sessions.fact(session_id)
        person = self.prover.people.resident(session.resident_id) if session else None
        if session is None or person is None or session.kiosk_id != sender or session.ended_utc:
            raise SessionEnded(why="unknown")
        if parse_iso(session.until_utc) <= self.prover.clock.now_utc():
            raise SessionEnded(why="lease_over")
        return session, person

    def _known(self, session: SessionFact, person: Resident) -> Known:
        factor: Factor = "pictures" if person.factor == "pictures" else "pin"
        real = Known(factor, person.pin_hash, person.duress_hash)
        return self.pretended.get(session.session_id, real) if session.is_held else real

    def _proven(self, session: SessionFact, known: Known, old: str) -> Literal["own", "duress"]:
        """Which of the two it was; a wrong one counts as a try, as it does at the pad."""
        tries = self.prover.tries
        carrier = Credential("code", session.resident_id, resident_id=session.resident_id)
        tries.may(session.kiosk_id, carrier)
        counted = tries.count(session.kiosk_id, carrier)
        which = self.prover.checker.which(old, known.pin_hash, known.duress_hash)
        if not which:
            tries.alarm(session.kiosk_id, carrier, counted)
            raise counted.answer
        with self.prover.sessions.store.atomic():
            tries.forget(counted)
            if which == "duress" and self.prover.sessions.hold(session.session_id):
                self.prover.incidents.open(
                    "duress", session.resident_id, session.kiosk_id, session=session.session_id
                )
        return which

    def _wanted(self, asked: ChangeSecret, known: Known) -> Known:
        """What the person shall know from now on."""
        factor, pin_hash, duress_hash = known.factor, known.pin_hash, known.duress_hash
        if asked.new:
            _must_be_fit(asked.new, asked.factor)
            if asked.new == asked.old:
                raise SecretSame
            if self.prover.checker.which(asked.new, known.pin_hash, known.duress_hash) == "duress":
                raise SecretNear
            stays = asked.factor == known.factor
            factor, duress_hash = asked.factor, duress_hash if stays else ""
            pin_hash = self.prover.checker.made(asked.new, known.pin_hash if stays else "")
        if asked.no_emergency:
            duress_hash = ""
        if asked.emergency:
            _must_be_fit(asked.emergency, factor)
            if is_near(asked.emergency, asked.new or asked.old):
                raise SecretNear
            duress_hash = self.prover.checker.made(asked.emergency, pin_hash)
        return Known(factor, pin_hash, duress_hash)

    def _keep(self, person: Resident, wanted: Known) -> None:
        with self.prover.people.store.atomic():
            must_choose = person.must_choose and wanted.pin_hash == person.pin_hash
            self.prover.people.set_secret(
                person.resident_id, wanted.factor, wanted.pin_hash, wanted.duress_hash, must_choose
            )
            # One word for every change: who reads this record over a shoulder learns nothing about an emergency code.
            self.prover.trail.record(person.resident_id, "secret_changed", person.resident_id)

    def _pretend(self, session: SessionFact, wanted: Known) -> None:
        self.pretended[session.session_id] = wanted
        while len(self.pretended) > MOST_PRETENDED:
            self.pretended.popitem(last=False)
        with self.prover.people.store.atomic():
            self.prover.trail.record(session.resident_id, "secret_kept_while_held", session.session_id)


def _must_be_fit(secret: str, factor: Factor) -> None:
    if code := why_not(secret, factor):
        raise WHY_NOT[code]
