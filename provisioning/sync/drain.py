"""Emptying an outbox towards one peer: in order, with growing pauses, never dropping."""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from provisioning.clock import Clock, SystemClock, iso
from provisioning.errors import Corrupt, PassageError, Refused, Tripped, Unavailable
from provisioning.store.mail import Outbox, Waiting
from provisioning.sync.client import NodeClient, PeerStumbled

log = logging.getLogger("passage.sync")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0  # a returned hub is found again within this
IDLE_S = 5.0
JOIN_S = 0.5  # a stop has two seconds for everything; a message cut off here is sent again after the start
# a peer that stumbles over a message may be in the middle of something: about four seconds
IN_ORDER_TRIES = 4
STUMBLE_PAUSE_S = 60.0  # after that the others go first, and this one is tried again each minute
KEPT = timedelta(
    days=14
)  # a delivered message leaves its line here for a while, for whoever looks into a quarrel
TIDY_EVERY_S = 24 * 3600.0


@dataclass(frozen=True)
class _Stumble:
    """A message that the peer could not handle: how often, and when it is tried again."""

    tries: int
    again_at_s: float


class OutboxDrain:
    """A thread that delivers what waits for one peer. ``nudge`` after a commit makes it look at once.

    A message over which the peer stumbles is neither dropped nor in the way: after a few tries the messages about
    other things pass it, and it is tried again and again. Only the peer's own signed no is final.
    """

    def __init__(self, outbox: Outbox, client: NodeClient, clock: Clock | None = None) -> None:
        self._outbox = outbox
        self._client = client
        self._clock = clock or SystemClock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._away = threading.Event()
        self._stumbles: dict[str, _Stumble] = {}
        self._tidy_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"drain-{client.peer}", daemon=True)

    @property
    def is_away(self) -> bool:
        """Whether the peer did not answer the last time."""
        return self._away.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def nudge(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    def stop(self) -> None:
        """End soon; a message under way to a peer that does not answer is left, and sent again after the start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def drain_once(self) -> int:
        """Deliver what waits, oldest first; how many were delivered.

        Raises:
            Unavailable: the peer is away; what was not delivered still waits.
        """
        delivered = 0
        held: set[str] = set()  # subjects whose older message must go first
        for letter in self._outbox.waiting(self._client.peer, 100 + len(self._stumbles)):
            if self._stopping.is_set():
                break
            if self._is_held(letter, held):
                continue
            try:
                self._client.deliver(letter.message_id, letter.contract)
            except (PeerStumbled, Tripped) as error:
                self._stumbled(letter, error)
                held.add(letter.subject)
                continue
            except (Refused, Corrupt) as error:
                log.error("message %s refused by %s: %s", letter.message_id, self._client.peer, error)
                self._outbox.refused(letter.message_id, error.reason)
            else:
                if self._stopping.is_set():
                    break  # the database may be closed by now; the peer will know this message when it comes again
                self._outbox.delivered(letter.message_id)
                delivered += 1
            self._stumbles.pop(letter.message_id, None)
        return delivered

    def _is_held(self, letter: Waiting, held: set[str]) -> bool:
        """Whether it waits its turn: tried a moment ago, or an older one about the same thing did not pass."""
        stumble = self._stumbles.get(letter.message_id)
        if stumble is not None and self._clock.monotonic_s() < stumble.again_at_s:
            held.add(letter.subject)
            return True
        return bool(letter.subject) and letter.subject in held

    def _stumbled(self, letter: Waiting, error: PassageError) -> None:
        """Count it; the first few times nothing passes it.

        Raises:
            Unavailable: try all of them again in a moment.
        """
        before = self._stumbles.get(letter.message_id)
        tries = before.tries + 1 if before else 1
        if tries < IN_ORDER_TRIES:
            self._stumbles[letter.message_id] = _Stumble(tries, 0.0)
            raise Unavailable("peer_refused", peer=self._client.peer, reason=error.reason) from error
        log.error("%s stumbles over message %s: %s", self._client.peer, letter.message_id, error)
        self._stumbles[letter.message_id] = _Stumble(tries, self._clock.monotonic_s() + STUMBLE_PAUSE_S)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                more = self.drain_once() > 0
                if not self._stopping.is_set():
                    self._tidy()
            except Unavailable as error:
                self._note_away(error)
                self._wake.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            pause_s = FIRST_PAUSE_S
            self._away.clear()
            if not more:
                self._wake.wait(IDLE_S)

    def _tidy(self) -> None:
        """Once a day, let go of the lines of messages that were delivered long ago."""
        if self._clock.monotonic_s() >= self._tidy_at_s:
            self._tidy_at_s = self._clock.monotonic_s() + TIDY_EVERY_S
            self._outbox.forget_delivered(iso(self._clock.now_utc() - KEPT))

    def _note_away(self, error: Unavailable) -> None:
        if error.reason.startswith("store_"):
            log.error("outbox for %s: %s", self._client.peer, error)  # our own disk, not the peer
            return
        if not self._away.is_set():
            log.warning("%s is away: %s", self._client.peer, error)
        self._away.set()
