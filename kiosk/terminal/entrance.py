"""Signing in at a kiosk: the hub's word, or at home, while the hub is away, this kiosk's own pass."""

import logging

from kiosk.terminal.hubside import AWAY_CODES, SIGN_IN_READ_S, HubSide
from kiosk.terminal.keeper import Keeper
from kiosk.terminal.passes import OfflinePasses
from kiosk.terminal.session import (
    Credential,
    Event,
    Person,
    PinGiven,
    SigningIn,
    SignInGranted,
    SignInRefused,
    State,
)
from provisioning.audit import Trail
from provisioning.contracts import Lease, SignIn
from provisioning.errors import PassageError, Unavailable

log = logging.getLogger("passage.kiosk")

RETRY_CODES = frozenset({"pin_wrong"})
FORGET_CODES = frozenset({"badge_unknown", "badge_blocked"})


class Entrance:
    """Turns a PIN into an answer for the session machine. The PIN is kept nowhere."""

    def __init__(
        self, kiosk_id: str, keeper: Keeper, hub: HubSide, passes: OfflinePasses, trail: Trail
    ) -> None:
        self._kiosk_id = kiosk_id
        self._keeper = keeper
        self._hub = hub
        self._passes = passes
        self._trail = trail

    def sign_in(self, pin: str) -> State:
        """Ask the hub, or this kiosk's own passes when it is away; the state after the answer."""
        asking = self._keeper.feed(PinGiven())
        if not isinstance(asking, SigningIn):
            return asking
        try:
            answer: Event = self._ask_hub(asking, pin)
        except Unavailable as error:
            answer = self._ask_passes(asking, pin, error)
        except PassageError as error:
            answer = self._no(asking, error)
        state = self._keeper.feed(answer)
        if isinstance(answer, SignInGranted) and not answer.is_offline:
            self._keep_pass(asking.credential, pin, answer.person)
        return state

    def _ask_hub(self, asking: SigningIn, pin: str) -> SignInGranted:
        credential = asking.credential
        question = SignIn(kiosk_id=self._kiosk_id, credential=credential.kind, uid=credential.uid, pin=pin)
        lease = self._hub.ask_for_page(question, Lease, SIGN_IN_READ_S)
        self._hub.hold_policy(lease.policy_sha256)
        return SignInGranted(asking.visit, _person(lease))

    def _ask_passes(self, asking: SigningIn, pin: str, why: Unavailable) -> SignInGranted | SignInRefused:
        if why.reason not in AWAY_CODES:
            return self._no(asking, why)
        try:
            return SignInGranted(asking.visit, self._passes.enter(asking.credential, pin), is_offline=True)
        except PassageError as error:
            return self._no(asking, error)

    def _no(self, asking: SigningIn, error: PassageError) -> SignInRefused:
        try:
            self._trail.record(self._kiosk_id, "sign_in_refused", self._kiosk_id, code=error.reason)
            if error.reason in FORGET_CODES:
                self._passes.forget(asking.credential)
        except Unavailable as full:  # the answer is no all the same, and the hub has its own record of it
            log.error("a refused sign-in could not be written down: %s", full)
        left = error.detail.get("tries_left")
        return SignInRefused(
            asking.visit,
            error.reason,
            tuple(sorted(error.detail.items())),
            left if isinstance(left, int) else None,
            try_again=error.reason in RETRY_CODES,
        )

    def _keep_pass(self, credential: Credential, pin: str, person: Person) -> None:
        try:
            if person.may_offline:
                self._passes.remember(credential, pin, person)
            else:
                self._passes.forget(credential)
        except Unavailable as error:
            log.error("offline pass: %s", error)


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
    )
