"""Holds the one session of this process, in memory only, and has its effects performed in order."""

import logging
import threading
from collections.abc import Callable

from kiosk.terminal.session import (
    Begun,
    Effect,
    Event,
    Idle,
    Refused,
    Rules,
    SignedIn,
    SigningIn,
    State,
    TimePassed,
    step,
)
from provisioning.clock import Clock
from provisioning.errors import PassageError
from provisioning.ids import new_key

log = logging.getLogger("passage.kiosk")


class Keeper:
    """The session machine under a lock. A start is always idle; a page drawn before it belongs to nobody."""

    def __init__(self, clock: Clock, rules: Rules, perform: Callable[[Effect], None]) -> None:
        self._clock = clock
        self._rules = rules
        self._perform = perform
        self._boot = new_key()[:8]
        self._state: State = Idle()
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The state now: what time has ended is already over."""
        return self.feed(TimePassed())

    @property
    def now_s(self) -> float:
        """The machine's time."""
        return self._clock.monotonic_s()

    def epoch(self, state: State) -> str:
        """Names whose turn it is; a page that carries another one is blanked by its pulse."""
        waits_for = state.waits_for if isinstance(state, SigningIn) else ""
        return f"{self._boot}-{state.visit}{waits_for}"

    def feed(self, event: Event) -> State:
        """Let something happen; the state after it, effects performed."""
        with self._lock:
            done = step(self._state, event, self.now_s, self._rules)
            self._state = done.state
            for effect in done.effects:
                self._do(effect)
            return self._state

    def _do(self, effect: Effect) -> None:
        """Perform one effect. A session that cannot be written down does not begin; one that ends, ends anyway."""
        try:
            self._perform(effect)
        except PassageError as error:
            log.error("could not write down %s: %s", type(effect).__name__, error)
            if isinstance(effect, Begun) and isinstance(self._state, SignedIn):
                until_s = self.now_s + self._rules.refused_s
                self._state = Refused(self._state.visit + 1, self._state.language, until_s, error.reason)
