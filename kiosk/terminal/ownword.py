"""When a kiosk may act by its own word: not before the hub, counting by its own clock, has given it up.

The other half is :mod:`kiosk.hub.sessions.promises`. Every question about passes says which answer was the last to
arrive; until ``alone_after_s`` have passed since that arrival nobody is let in here without the hub.
"""

import logging
import threading
from collections.abc import Callable

import msgspec

from kiosk.terminal.keeper import Keeper
from kiosk.terminal.sealing import Sealer
from kiosk.terminal.session import HubHeard, HubSilent, SessionEnded, SignedIn, SignInGranted, State
from kiosk.terminal.store import TerminalStore
from provisioning.clock import Clock
from provisioning.contracts import CheckPasses, OfficerBadge, PassesStanding
from provisioning.errors import Corrupt, Unavailable

log = logging.getLogger("passage.kiosk")


class HubNotGivenUp(Unavailable):
    """The hub does not answer, and it is too early to do without it."""

    code = "hub_just_left"


class OwnWord:
    """What this kiosk has promised, and whom it let in by its own word."""

    def __init__(
        self, store: TerminalStore, keeper: Keeper, sealer: Sealer, clock: Clock, alone_after_s: float
    ) -> None:
        self._store, self._keeper, self._sealer, self._clock = store, keeper, sealer, clock
        self.alone_after_s = alone_after_s
        self._lock = threading.RLock()
        self._as_of = ""
        self._heard_s = clock.monotonic_s()  # a promise of the process before this one may still bind
        self._officers: tuple[OfficerBadge, ...] | None = None

    @property
    def may_act(self) -> bool:
        """Whether the hub was not heard for so long that it counts on nothing from here."""
        return self._clock.monotonic_s() - self._heard_s >= self.alone_after_s

    def look(self) -> None:
        """Tell the session when the hub has been silent for long enough."""
        with self._lock:
            if self.may_act:
                self._keeper.feed(HubSilent())

    def let_in(self, granted: SignInGranted, keep_pass: Callable[[], None]) -> State:
        """Let somebody in by the hub's word and keep their pass; no answer about passes is taken in between.

        An answer that found no pass yet would be named to the hub as one after which the pass is paused. So would one
        before a lease that comes too late: whoever left may be elsewhere by now, and gets no pass.
        """
        with self._lock:
            state = self._keeper.feed(granted)
            if isinstance(state, SignedIn) and state.person.session_id == granted.person.session_id:
                keep_pass()
            return state

    def grant(self, granted: SignInGranted) -> State:
        """Let somebody in by this kiosk's own word.

        Raises:
            HubNotGivenUp: the hub was heard just now.
        """
        with self._lock:
            self.must_be_alone()
            return self._keeper.feed(granted)

    def must_be_alone(self) -> None:
        """Raise unless this kiosk may act by its own word.

        Raises:
            HubNotGivenUp: it may not, yet.
        """
        if not self.may_act:
            raise HubNotGivenUp(alone_after_s=int(self.alone_after_s))

    def question(self) -> CheckPasses:
        """What to ask, consistent in itself: the answer that arrived last, and who is here without the hub."""
        with self._lock:
            state = self._keeper.state
            is_own = isinstance(state, SignedIn) and state.is_offline
            in_use = (state.person.pass_stamp,) if is_own and isinstance(state, SignedIn) else ()
            stamps = tuple(sorted({*self._store.pass_stamps(), *in_use}))
            return CheckPasses(stamps=stamps, as_of=self._as_of, in_use=in_use)

    def take(self, question: CheckPasses, answer: PassesStanding) -> None:
        """Act on an answer: drop what fell, pause who is elsewhere, and do nothing alone from now on."""
        with self._lock:
            fallen = set(question.stamps) - set(answer.stamps)
            if fallen:
                log.info("%d offline passes fell", len(fallen))
                self._store.drop_passes(fallen)
            self._store.pause_passes(frozenset(answer.paused))
            self._keep_officers(answer.officers)
            if self._store.pass_stamps() <= {
                *question.stamps,
                *fallen,
            }:  # a pass made since may have to be paused too
                self._as_of = answer.as_of
            self._heard_s = self._clock.monotonic_s()
            state = self._keeper.feed(HubHeard())
            if isinstance(state, SignedIn) and state.is_offline and state.person.pass_stamp in fallen:
                self._keeper.feed(SessionEnded(state.person.session_id, "hub"))

    def _keep_officers(self, officers: tuple[OfficerBadge, ...]) -> None:
        if officers != self._officers:  # a card wears out by writing
            self._store.keep_officers(self._sealer.close(msgspec.json.encode(officers)))
            self._officers = officers

    def officer_of(self, uid: str) -> str:
        """The officer who carries this badge, by what the hub said last; empty when none does."""
        sealed = self._store.officers()
        if sealed is None:
            return ""
        try:
            known = msgspec.json.decode(self._sealer.open(sealed), type=tuple[OfficerBadge, ...])
        except (Corrupt, msgspec.MsgspecError):
            return ""
        return next((one.officer_id for one in known if one.uid == uid), "")
