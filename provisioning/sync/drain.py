"""Emptying an outbox towards one peer: in order, with growing pauses, never dropping."""

import logging
import threading

from provisioning.errors import Corrupt, PassageError, Refused, Unavailable
from provisioning.store.mail import Outbox
from provisioning.sync.client import NodeClient

log = logging.getLogger("passage.sync")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0  # a returned hub is found again within this
IDLE_S = 5.0


class OutboxDrain:
    """A thread that delivers what waits for one peer. ``nudge`` after a commit makes it look at once."""

    def __init__(self, outbox: Outbox, client: NodeClient) -> None:
        self._outbox = outbox
        self._client = client
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._away = threading.Event()
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
        """End after the message under way."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=2)

    def drain_once(self) -> int:
        """Deliver what waits, oldest first; how many were delivered.

        Raises:
            Unavailable: the peer is away; what was not delivered still waits.
        """
        delivered = 0
        for letter in self._outbox.waiting(self._client.peer):
            try:
                self._client.deliver(letter.message_id, letter.contract)
            except (Refused, Corrupt) as error:
                log.error("message %s refused by %s: %s", letter.message_id, self._client.peer, error)
                self._outbox.refused(letter.message_id, error.reason)
                continue
            self._outbox.delivered(letter.message_id)
            delivered += 1
        return delivered

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                more = self.drain_once() > 0
            except Unavailable as error:
                self._note_away(error)
                self._wake.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            except PassageError as error:
                log.error("outbox for %s: %s", self._client.peer, error)
                more = False
            pause_s = FIRST_PAUSE_S
            self._away.clear()
            if not more:
                self._wake.wait(IDLE_S)

    def _note_away(self, error: Unavailable) -> None:
        if not self._away.is_set():
            log.warning("%s is away: %s", self._client.peer, error)
        self._away.set()
