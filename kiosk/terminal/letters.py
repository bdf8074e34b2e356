"""What a person sends from this kiosk: kept first, sealed, and delivered as soon as the hub is there."""

import threading
from datetime import timedelta

from kiosk.services.pages import Unsent
from kiosk.terminal.hubside import HubSide
from kiosk.terminal.sealing import blind
from kiosk.terminal.store import TerminalStore
from provisioning.clock import Clock, iso
from provisioning.contracts import Contract, Objection, PrintRequest
from provisioning.store import Outbox

DELIVERY_S = 2.0  # a receipt waits this long to be able to say "sent"
AWAY_DELIVERY_S = 0.5  # ... and this long when the hub was away a moment ago
LOOK_S = 0.05
KEEP_DAYS = 14


class Letters:
    """The outbox as a person meets it: each found again under a name that tells nobody whose it is."""

    def __init__(
        self, store: TerminalStore, outbox: Outbox, hub: HubSide, clock: Clock, subject_key: bytes
    ) -> None:
        self._store, self._outbox, self._hub, self._clock = store, outbox, hub, clock
        self._subject_key = subject_key

    def subject(self, resident_id: str) -> str:
        """The opaque name under which a person's letters lie."""
        return blind(self._subject_key, resident_id)

    def send(self, contract: Contract, key: str, resident_id: str) -> bool:
        """Keep a message for the hub, once per ``key``, and try at once: True when the hub has it already.

        Raises:
            Unavailable: nothing could be written here.
        """
        with self._store.store.atomic():
            message_id = self._store.sent_message(key)
            if message_id is None:
                message_id = self._outbox.put(self._hub.hub_id, contract, self.subject(resident_id))
                self._store.note_sent(key, message_id, iso(self._clock.now_utc()))
        return self._delivered_soon(message_id)

    def unsent(self, resident_id: str) -> tuple[Unsent, ...]:
        """What waits here, and what the hub would not take: the person learns it instead of wondering."""
        subject, since_utc = (
            self.subject(resident_id),
            iso(self._clock.now_utc() - timedelta(days=KEEP_DAYS)),
        )
        letters = [(one, False) for one in self._outbox.about(subject)]
        letters += [(one, True) for one in self._outbox.set_aside(subject) if one.queued_utc >= since_utc]
        return tuple(
            Unsent(letter.contract, letter.queued_utc, is_refused)
            for letter, is_refused in letters
            if isinstance(letter.contract, PrintRequest | Objection)
        )

    def _delivered_soon(self, message_id: str) -> bool:
        """Whether the hub has a message; waits a little while there is hope."""
        drain = self._hub.drain
        was_away = drain.is_away
        drain.nudge()
        pause = threading.Event()
        for _ in range(int((AWAY_DELIVERY_S if was_away else DELIVERY_S) / LOOK_S)):
            if self._store.is_delivered(message_id):
                return True
            if drain.is_away and not was_away:
                self._hub.note_away()
                return False
            pause.wait(LOOK_S)
        return False
