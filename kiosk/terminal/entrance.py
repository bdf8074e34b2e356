"""Signing in at a kiosk: the hub's word, or at home, while the hub is away, this kiosk's own.

Who comes is met first (pictures or digits, which language, or why not at all); then what they know is checked; then,
for a stick, its next ticket is written; then the session begins. Each step may take a while and runs beside the pages.
"""

import logging
import threading
from collections.abc import Callable
from math import inf
from typing import Protocol

from kiosk.terminal.guarding import Guard
from kiosk.terminal.hubside import AWAY_CODES, SIGN_IN_READ_S, HubSide
from kiosk.terminal.keeper import Keeper
from kiosk.terminal.ownkeys import OwnKeys
from kiosk.terminal.ownword import OwnWord
from kiosk.terminal.passes import Held, OfflinePasses, StickBehind
from kiosk.terminal.session import (
    Credential,
    Event,
    NotWelcome,
    OfficerCame,
    Person,
    PinGiven,
    SigningIn,
    SignInGranted,
    SignInRefused,
    State,
    ToBeMade,
    ToldToWait,
    Welcomed,
    Welcoming,
)
from provisioning.audit import Trail
from provisioning.contracts import Answer, CredentialKind, Lease, Pending, SignIn, TakeUp, Welcome, WhoComes
from provisioning.errors import Corrupt, PassageError, Refused, Unavailable
from provisioning.ids import new_key
from provisioning.readers.words import Did, Order, SignWithKey, WriteSlot

log = logging.getLogger("passage.kiosk")

RETRY_CODES = frozenset({"pin_wrong", "key_pin_wrong"})
FORGET_CODES = frozenset({"badge_unknown", "badge_blocked", "badge_expired", "stick_copied"})
WELCOME_READ_S = 3.0  # somebody stands there with a badge on the reader
WRITE_S = 8.0  # a slow stick takes 1 s for a sector; one that takes longer is broken
KEY_S = (
    40.0  # to touch the key; it gives up by itself after 30 s (CTAP 2.1, 6.2: at least 10 s, keys take 30)
)
OTHER_KIOSK_S = 15.0  # another kiosk hears of a take-over within 3 s and has let go in the next moment
ASK_AGAIN_S = 0.7


class Reader(Protocol):
    """The reader's end of the line, see :class:`kiosk.terminal.readerport.ReaderPort`."""

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Have an order carried out and wait for it."""
        ...

    def cancel(self, order_id: str) -> None:
        """Nobody wants it any more."""
        ...


class NoReader:
    """Before the reader's port is open."""

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Nobody there."""
        del timeout_s
        return Did(order.order, "reader_away")

    def cancel(self, order_id: str) -> None:
        """Nothing to do."""


class StickNotWritten(Refused):
    """The ticket could not be written to the stick and read back; ``why`` is the reader's code."""

    code = "stick_not_written"


class KeyFailed(Refused):
    """The security key did not sign; the code is the reader's, such as ``key_timeout``."""

    code = "key_failed"


class Entrance:
    """Turns what was shown and typed into events of the session. A secret is kept nowhere."""

    def __init__(
        self,
        kiosk_id: str,
        keeper: Keeper,
        hub: HubSide,
        passes: OfflinePasses,
        own_word: OwnWord,
        own_keys: OwnKeys,
        guard: Guard,
        trail: Trail,
        counter_of: Callable[[Credential], int],
    ) -> None:
        self._kiosk_id = kiosk_id
        self._keeper = keeper
        self._hub = hub
        self._passes = passes
        self._own_word = own_word
        self._own_keys = own_keys
        self._guard = guard
        self._trail = trail
        self._counter_of = counter_of
        self.reader: Reader = NoReader()
        self._order = ""
        self._pause = threading.Event()

    # --- who comes ---

    def welcome(self, state: Welcoming) -> State:
        """Ask what the screen shall ask whoever came; the state after the answer."""
        try:
            answer = self._met(state)
        except Unavailable:
            answer = self._met_alone(state)
        except PassageError as error:
            self._note_no(state.credential, error)
            answer = _not_welcome(state.visit, error)
        return self._keeper.feed(answer)

    def _met(self, state: Welcoming) -> Event:
        one = state.credential
        question = WhoComes(kiosk_id=self._kiosk_id, credential=one.kind, uid=one.uid, ticket=one.ticket)
        said = self._hub.ask_for_page(question, Welcome, WELCOME_READ_S)
        self._guard.hub_knows(one)
        if self._guard.is_blocked(one):
            raise Refused("badge_blocked", kind=one.kind)
        if said.to_issue:
            return ToBeMade(state.visit)
        if said.is_officer and (officer_id := self._guard.officer_of(one)):
            return OfficerCame(state.visit, officer_id)
        return Welcomed(state.visit, said.language, said.factor, said.options)

    def _met_alone(self, state: Welcoming) -> Event:
        """What this kiosk itself knows; whoever has no pass is asked for digits, and refused after."""
        if self._guard.is_blocked(state.credential):
            return NotWelcome(state.visit, "badge_blocked")
        if officer_id := self._guard.officer_of(state.credential):
            return OfficerCame(state.visit, officer_id)
        if state.credential.kind == "key":
            return Welcomed(state.visit, options=self._own_keys.options())
        try:
            greeting = self._passes.greeting(state.credential)
        except Corrupt as error:
            log.error("a pass cannot be read: %s", error)
            greeting = None
        if greeting is None:
            return Welcomed(state.visit)
        return Welcomed(state.visit, greeting.language, greeting.factor)

    # --- what they know ---

    def sign_in(self, secret: str) -> State:
        """Check what was typed or touched; the state after the answer."""
        asking = self._keeper.feed(PinGiven())
        return self.go_on(asking, secret) if isinstance(asking, SigningIn) else asking

    def go_on(self, asking: SigningIn, secret: str) -> State:
        """From a typed secret to the answer."""
        try:
            assertion = self._signed(asking, secret)
        except PassageError as error:
            return self._keeper.feed(self._no(asking, error))
        try:
            lease_s, lease = self._asked(asking, secret, assertion)
        except Unavailable as error:
            return self._by_own_word(asking, secret, assertion, error)
        except PassageError as error:
            return self._keeper.feed(self._no(asking, error))
        granted = SignInGranted(asking.visit, _person(lease), lease_until_s=lease_s)
        return self._own_word.let_in(granted, lambda: self._keep_pass(asking.credential, secret, lease))

    def give_up(self) -> None:
        """Whoever was signing in has gone."""
        self._pause.set()
        if self._order:
            self.reader.cancel(self._order)

    def _signed(self, asking: SigningIn, pin: str) -> bytes:
        """What a security key answers; nothing for anything else.

        Raises:
            KeyFailed: it did not.
        """
        if asking.credential.kind != "key":
            return b""
        self._keeper.feed(ToldToWait(asking.visit, "key"))
        did = self._ordered(SignWithKey(new_key(), asking.options, pin), KEY_S)
        if did.code:
            raise KeyFailed(_KEY_CODES.get(did.code, did.code), tries_left=did.tries_left)
        return did.data

    def _asked(self, asking: SigningIn, secret: str, assertion: bytes) -> tuple[float, Lease]:
        """The hub's lease, and until when it lasts here: counted from before the question."""
        credential = asking.credential
        is_key = credential.kind == "key"
        asked_s = self._keeper.now_s
        question = SignIn(
            kiosk_id=self._kiosk_id,
            credential=credential.kind,
            uid=credential.uid,
            pin="" if is_key else secret,
            ticket=credential.ticket,
            assertion=assertion,
        )
        answer = self._said(question)
        if isinstance(answer, Pending):
            asked_s, answer = self._taken_up(asking, answer)
        self._hub.hold_policy(answer.policy_sha256)
        return asked_s + (answer.lasts_s or inf), answer

    def _taken_up(self, asking: SigningIn, pending: Pending) -> tuple[float, Lease]:
        """Do what must be done before there is a lease.

        Raises:
            StickNotWritten: the stick was pulled, or is broken.
            Refused: ``session_elsewhere``: the other kiosk did not let go in time.
        """
        until_s = self._keeper.now_s + OTHER_KIOSK_S
        is_written = False
        self._pause.clear()
        while True:
            if pending.ticket and not is_written:
                self._write(asking, pending.ticket)
                is_written = True
            elif pending.elsewhere:
                self._keeper.feed(ToldToWait(asking.visit, "elsewhere", pending.elsewhere))
                if self._keeper.now_s >= until_s or self._pause.wait(ASK_AGAIN_S):
                    raise Refused("session_elsewhere", kiosk=pending.elsewhere, until_utc=pending.until_utc)
            asked_s = self._keeper.now_s
            question = TakeUp(kiosk_id=self._kiosk_id, claim_id=pending.claim_id, written=is_written)
            answer = self._said(question)
            if isinstance(answer, Lease):
                return asked_s, answer
            pending = answer

    def _said(self, question: SignIn | TakeUp) -> Lease | Pending:
        answer = self._hub.ask_for_page(question, Answer, SIGN_IN_READ_S)
        if not isinstance(answer, Lease | Pending):
            raise Corrupt("answer_unexpected", kind=type(answer).__name__)
        return answer

    def _write(self, asking: SigningIn, ticket: bytes) -> None:
        """Write the ticket to the stick of this visit.

        One that came out meanwhile and is in again was read before this ticket: told of it, the hub would take what it
        showed for a copy's. And the next one in the socket may be somebody else's.
        """
        self._must_be_in(asking, self._keeper.feed(ToldToWait(asking.visit, "stick")))
        did = self._ordered(WriteSlot(new_key(), asking.credential.spare, ticket), WRITE_S)
        if did.code:
            raise StickNotWritten(why=did.code)
        self._must_be_in(asking, self._keeper.state)

    @staticmethod
    def _must_be_in(asking: SigningIn, now: State) -> None:
        if not isinstance(now, SigningIn) or now.visit != asking.visit:
            raise StickNotWritten(why="stick_gone")

    def _ordered(self, order: Order, timeout_s: float) -> Did:
        self._order = order.order
        try:
            return self.reader.ask(order, timeout_s)
        finally:
            self._order = ""

    # --- without the hub ---

    def _by_own_word(self, asking: SigningIn, secret: str, assertion: bytes, why: Unavailable) -> State:
        if why.reason not in AWAY_CODES:
            return self._keeper.feed(self._no(asking, why))
        try:
            self._own_word.must_be_alone()
            credential = asking.credential
            if credential.kind == "key":
                credential = self._own_keys.proven(assertion)
            person = self._passes.enter(credential, secret, self._counter_of(credential))
            return self._own_word.grant(SignInGranted(asking.visit, person, is_offline=True))
        except StickBehind as error:
            self._tell_copy(asking.credential.kind, error)
            return self._keeper.feed(self._no(asking, error))
        except PassageError as error:
            return self._keeper.feed(self._no(asking, error))

    def _tell_copy(self, kind: CredentialKind, found: StickBehind) -> None:
        counter = found.detail.get("counter")
        try:
            self._guard.copy_found(Credential(kind, str(found.detail["uid"])), int(counter or 0))
        except Unavailable as full:  # it is refused all the same, and its pass is gone
            log.error("a copy that was found could not be written down: %s", full)

    def _no(self, asking: SigningIn, error: PassageError) -> SignInRefused:
        self._note_no(asking.credential, error)
        left = error.detail.get("tries_left")
        return SignInRefused(
            asking.visit,
            error.reason,
            tuple(sorted(error.detail.items())),
            left if isinstance(left, int) else None,
            try_again=error.reason in RETRY_CODES,
            options=self._options_again(asking, error),
        )

    def _note_no(self, credential: Credential, error: PassageError) -> None:
        try:
            self._trail.record(self._kiosk_id, "sign_in_refused", self._kiosk_id, code=error.reason)
            if error.reason in FORGET_CODES:
                self._passes.forget(credential)
        except Unavailable as full:  # the answer is no all the same, and the hub has its own record of it
            log.error("a refused sign-in could not be written down: %s", full)

    def _options_again(self, asking: SigningIn, error: PassageError) -> bytes:
        """Options that a key did not sign yet are good for the next try."""
        return asking.options if error.reason in RETRY_CODES else b""

    def _keep_pass(self, credential: Credential, secret: str, lease: Lease) -> None:
        try:
            if credential.kind == "key" and lease.public_key is not None:
                credential = Credential("key", lease.public_key.credential_id)
            if lease.may_offline:
                held = Held(_person(lease), lease.counter, lease.public_key)
                self._passes.remember(credential, secret, held, lease.factor)
            else:
                self._passes.forget(credential)
        except Unavailable as error:
            log.error("offline pass: %s", error)


# The reader's words for what went wrong with a key, as the screen says them; its PIN is the key's, not the site's.
_KEY_CODES = {
    "pin_wrong": "key_pin_wrong",
    "pin_too_short": "key_pin_wrong",
    "pin_too_long": "key_pin_wrong",
    "pin_missing": "key_pin_wrong",
    "pin_blocked": "key_pin_blocked",
    "key_no_credential": "key_foreign",
    "key_without_pin": "key_foreign",
    "key_unreadable": "key_failed",
    "key_busy": "key_failed",
    "key_cancelled": "key_timeout",
    "reader_slow": "key_timeout",
}


def _not_welcome(visit: int, error: PassageError) -> NotWelcome:
    """Why not, in the language of whoever carries it when the hub said which."""
    detail = {name: value for name, value in error.detail.items() if name != "language"}
    language = error.detail.get("language")
    return NotWelcome(visit, error.reason, tuple(sorted(detail.items())), str(language or ""))


def _person(lease: Lease) -> Person:
    who = lease.resident
    return Person(
        who.resident_id,
        who.first_name,
        who.language,
        who.wing,
        lease.session_id,
        lease.balance_cents,
        lease.may_offline,
        lease.standing,
        lease.pass_stamp,
        lease.agreement_due,
        lease.must_choose,
    )
