"""A blank stick, a new badge or key becomes somebody's: an officer ordered it, this kiosk makes it."""

import contextlib
import logging
import threading
from collections.abc import Callable

from kiosk.terminal.entrance import NoReader, Reader
from kiosk.terminal.hubside import HubSide
from kiosk.terminal.keeper import Keeper
from kiosk.terminal.session import BeingMade, MakingWent, State
from kiosk.terminal.session.words import MakingStage
from provisioning.contracts import Done, Issued, IssueFailed, PlugReport, ToIssue
from provisioning.errors import PassageError, Unavailable
from provisioning.ids import new_key
from provisioning.readers.words import Did, EnrolKey, FormatStick, Order

log = logging.getLogger("passage.kiosk")

FORMAT_S = 40.0  # a slow stick takes 10 s for the sectors of an empty volume, and they are read back
KEY_S = 45.0  # PIN and touch; the key gives up by itself after 30 s (CTAP 2.1, 6.1.2)
TELL_TRIES = 5  # a hub that restarts is back within this; the order is open for minutes
TELL_AGAIN_S = 1.0
LEAST_PIN = 4  # CTAP 2.1, 6.5.1: the shortest PIN of a key
MOST_PIN = 12
KEY_CODES = {
    "pin_wrong": "key_pin_wrong",
    "pin_blocked": "key_pin_blocked",
}  # not the person's code but the key's
ASK_AGAIN = frozenset({"key_pin_wrong", "pin_too_short"})


class Making:
    """Each step runs beside the pages; the screen follows by :class:`MakingWent`. A key's code is kept nowhere."""

    def __init__(
        self, kiosk_id: str, keeper: Keeper, hub: HubSide, run: Callable[[Callable[[], object]], object]
    ) -> None:
        self._kiosk_id = kiosk_id
        self._keeper = keeper
        self._hub = hub
        self._run = run
        self.reader: Reader = NoReader()
        self._typed: tuple[int, str] = (0, "")  # visit and code, between the first time and the second
        self._pause = threading.Event()

    def begin(self, state: State) -> State:
        """Make what lies there; the state when it is made, when it failed, or when the key's code must be typed."""
        if not isinstance(state, BeingMade):
            return state
        one = state.credential
        try:
            told = self._hub.ask(
                PlugReport(kiosk_id=self._kiosk_id, credential=one.kind, uid=_badge_uid(one.kind, one.uid)),
                ToIssue,
            )
        except PassageError as error:
            return self._show(state, "failed", error.reason)
        if one.kind == "key":
            went = MakingWent(state.visit, "pin", issue_id=told.issue_id, options=told.options)
            return self._keeper.feed(went)
        shown = self._show(state, "writing", issue_id=told.issue_id)
        is_there = isinstance(shown, BeingMade) and shown.visit == state.visit + 1
        if one.kind == "stick":
            if not is_there:  # what is in the socket by now is another one, and nobody said that it may go
                return self._fail(state, told.issue_id, "stick_gone")
            # One of ours that nobody carries is half a stick of an earlier try: it may go without asking.
            erase = told.erase or bool(one.uid)
            did = self._order(FormatStick(new_key(), told.header, told.ticket, erase), FORMAT_S)
            if did.code:
                return self._fail(shown, told.issue_id, did.code)
        return self._tell(shown if is_there else state, told.issue_id)

    def typed(self, pin: str) -> None:
        """The key's code, once and once again; then the key is asked. Anything else on the screen changes nothing."""
        state = self._keeper.state
        if not isinstance(state, BeingMade) or not LEAST_PIN <= len(pin) <= MOST_PIN:
            return
        if state.stage == "pin":
            after = self._show(state, "pin_again")
            self._typed = (after.visit, pin)
        elif state.stage == "pin_again":
            visit, first = self._typed
            self._typed = (0, "")
            if visit != state.visit or first != pin:
                self._show(state, "pin", "pins_differ")
                return
            touching = self._show(state, "touch")
            self._run(lambda: self._enrol(touching, pin))

    def forget(self) -> None:
        """Let a code go that was typed once, when it is somebody else's turn."""
        visit, _pin = self._typed
        if visit and visit != self._keeper.state.visit:
            self._typed = (0, "")

    def _enrol(self, state: State, pin: str) -> None:
        if not isinstance(state, BeingMade):
            return
        did = self._order(EnrolKey(new_key(), state.options, pin), KEY_S)
        code = KEY_CODES.get(did.code, did.code)
        if code in ASK_AGAIN:
            self._show(state, "pin", code)
        elif code:
            self._fail(state, state.issue_id, code)
        else:
            self._tell(state, state.issue_id, did.data)

    def _order(self, order: Order, timeout_s: float) -> Did:
        return self.reader.ask(order, timeout_s)

    def _tell(self, state: State, issue_id: str, attestation: bytes = b"") -> State:
        """It is made: only when the hub says so too does it open anything."""
        said = Issued(kiosk_id=self._kiosk_id, issue_id=issue_id, attestation=attestation)
        for left in range(TELL_TRIES - 1, -1, -1):
            try:
                self._hub.ask(said, Done)
            except Unavailable as error:
                if not left:
                    return self._show(state, "failed", error.reason)
                self._pause.wait(TELL_AGAIN_S)
            except PassageError as error:
                return self._fail(state, issue_id, error.reason)
            else:
                return self._show(state, "done")
        return state

    def _fail(self, state: State, issue_id: str, code: str) -> State:
        """Show why, and let the officer's page show it; a hub that is away shows that by itself."""
        log.warning("a credential could not be made: %s", code)
        with contextlib.suppress(PassageError):
            self._hub.ask(IssueFailed(kiosk_id=self._kiosk_id, issue_id=issue_id, code=code), Done)
        return self._show(state, "failed", code)

    def _show(self, state: State, stage: MakingStage, code: str = "", issue_id: str = "") -> State:
        return self._keeper.feed(MakingWent(state.visit, stage, code, issue_id))


def _badge_uid(kind: str, uid: str) -> str:
    return uid if kind == "badge" else ""
