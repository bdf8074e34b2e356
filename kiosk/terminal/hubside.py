"""The kiosk's side of the hub: asking it, renewing the lease, keeping the public copy fresh, noticing it is away."""

import hashlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from kiosk.policy import Rulebook
from kiosk.terminal.ownword import OwnWord
from kiosk.terminal.store import TerminalStore
from provisioning.clock import Clock
from provisioning.contracts import (
    Contract,
    PassesStanding,
    Picture,
    PictureBytes,
    PublicCopy,
    PublicCopyAnswer,
)
from provisioning.errors import Corrupt, PassageError, Refused, Unavailable
from provisioning.store import Outbox
from provisioning.sync import NodeClient, OutboxDrain
from provisioning.sync.client import READ_S

log = logging.getLogger("passage.kiosk")
A = TypeVar("A", bound=Contract)

REFRESH_S = 15.0  # an urgent notice is on every idle screen within this
AWAY_REFRESH_S = 3.0  # a returned hub is seen within this
RENEW_S = (
    3.0  # a session that was taken over or ended by an officer ends here within this; somebody waits for it
)
PROMISES = 6  # so many times within the span after which this kiosk may act by its own word
TICK_S = 1.0
PICTURES_S = 2.0  # then leases and promises have their turn: they are due every three to five seconds
AWAY_CODES = frozenset({"peer_away", "peer_slow", "peer_unreadable", "peer_refused"})
HUB_STORE_CODES = frozenset(
    {"store_full", "store_read_only", "store_locked"}
)  # from the hub: about its own disk
PAGE_READ_S = 3.0  # a person looks at the screen meanwhile
SIGN_IN_READ_S = 8.0  # a check of a PIN may wait in line; below what the screen allows for it
PAGE_QUESTIONS = 2  # at once, of the four threads: the others keep blanking the screen when a badge goes
HUSH_S = 15.0  # after a hub that took a question and gave no answer, pages do without until it is heard again


class HubSide:
    """One thread towards the hub, beside the outbox's own; every answer that comes clears ``is_away``."""

    def __init__(
        self,
        client: NodeClient,
        outbox: Outbox,
        store: TerminalStore,
        clock: Clock,
        renew: Callable[[], None],
        read_policy: Callable[[bytes], Rulebook],
        own_word: OwnWord,
    ) -> None:
        self.drain = OutboxDrain(outbox, client, clock)
        self.hub_id = client.peer
        self._client = client
        self._store = store
        self._clock = clock
        self._renew = renew
        self._away = threading.Event()
        self._page_slots = threading.BoundedSemaphore(PAGE_QUESTIONS)
        self._hushed_until_s = 0.0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self.copy = store.public_copy() or PublicCopyAnswer(etag="", changed=True)
        self._read_policy = read_policy
        self._own_word = own_word
        self.rulebook: Rulebook | None = None  # none yet: everything is denied
        self._take_policy()

    @property
    def is_away(self) -> bool:
        """Whether the hub did not answer the last time."""
        return self._away.is_set()

    def ask_for_page(self, question: Contract, kind: type[A], read_s: float = PAGE_READ_S) -> A:
        """The hub's answer for a page that is being drawn: soon, or not at all. Raises as :meth:`ask`."""
        if self._clock.monotonic_s() < self._hushed_until_s or not self._page_slots.acquire(blocking=False):
            raise Unavailable("peer_slow", peer=self.hub_id)
        try:
            return self.ask(question, kind, read_s)
        finally:
            self._page_slots.release()

    def ask(self, question: Contract, kind: type[A], read_s: float = READ_S) -> A:
        """The hub's answer.

        Raises:
            Unavailable: the hub is away or said so (``hub_cannot_save``: it cannot write).
            Refused, Corrupt, Tripped: what it named.
        """
        try:
            answer = self._client.call(question, read_s)
        except Unavailable as error:
            if error.reason == "peer_slow":
                self._hushed_until_s = self._clock.monotonic_s() + HUSH_S
            if error.reason in AWAY_CODES:
                self.note_away()
            if (
                error.reason in HUB_STORE_CODES
            ):  # the same code of our own store says that this screen cannot save
                raise Unavailable("hub_cannot_save", peer=self.hub_id, reason=error.reason) from error
            raise
        except PassageError:
            self._note_back()
            raise
        self._note_back()
        if not isinstance(answer, kind):
            raise Corrupt("answer_unexpected", kind=type(answer).__name__)
        return answer

    def note_away(self) -> None:
        """The hub did not answer."""
        if not self._away.is_set():
            log.warning("the hub is away")
        self._away.set()

    def _note_back(self) -> None:
        self._hushed_until_s = 0.0
        if self._away.is_set():
            log.info("the hub is back")
            self._away.clear()
            self._wake.set()
            self.drain.nudge()

    # --- the thread ---

    def run(self) -> None:
        """Renew and refresh until :meth:`stop`; for a thread of its own."""
        renew_at_s = refresh_at_s = promise_at_s = self._clock.monotonic_s()
        while not self._stopping.is_set():
            now_s = self._clock.monotonic_s()
            if now_s >= promise_at_s:
                self.promise()
                promise_at_s = now_s + self._own_word.alone_after_s / PROMISES
            self._own_word.look()
            if now_s >= refresh_at_s or self._wake.is_set():
                self._wake.clear()
                self.refresh()
                refresh_at_s = now_s + (AWAY_REFRESH_S if self.is_away else REFRESH_S)
            if now_s >= renew_at_s:
                self._renew()
                renew_at_s = now_s + RENEW_S
            self._wake.wait(TICK_S)

    def stop(self) -> None:
        """End :meth:`run` and the outbox's thread."""
        self._stopping.set()
        self._wake.set()
        self.drain.stop()

    def refresh(self) -> None:
        """Bring the public copy and its pictures up to date; the hub being away changes nothing here."""
        try:
            self._take_copy(self.ask(PublicCopy(etag=self.copy.etag), PublicCopyAnswer))
            self._fetch_pictures()
        except Unavailable:
            return
        except (Refused, Corrupt) as error:
            log.error("the public copy could not be refreshed: %s", error)

    def _take_copy(self, answer: PublicCopyAnswer) -> None:
        if not answer.changed:
            return
        self._store.keep_public_copy(answer)
        self.copy = answer
        self._take_policy()
        log.info("public copy %s: %d notices, %d models", answer.etag[:8], *_counts(answer))

    def _take_policy(self) -> None:
        """Compile the policy of the copy in hand; one that cannot be trusted changes nothing."""
        if not self.copy.policy:
            return
        try:
            self.rulebook = self._read_policy(self.copy.policy)
        except (Refused, Corrupt) as error:
            log.error("the policy cannot be used, the one before stays in force: %s", error)

    def hold_policy(self, sha256: str) -> None:
        """Fetch the policy of this name when the copy in hand is another one; the hub being away changes nothing."""
        if hashlib.sha256(self.copy.policy).hexdigest() != sha256:
            self.fetch_copy()

    def fetch_copy(self) -> None:
        """Bring the public copy up to date while a page waits; the hub being away changes nothing."""
        try:
            self._take_copy(self.ask_for_page(PublicCopy(etag=self.copy.etag), PublicCopyAnswer))
        except (Unavailable, Refused, Corrupt) as error:
            log.error("the public copy could not be fetched: %s", error)

    def promise(self) -> None:
        """Ask after the passes, and so promise to do nothing by this kiosk's own word for a while."""
        try:
            question = self._own_word.question()
            self._own_word.take(question, self.ask(question, PassesStanding))
        except Unavailable:
            return
        except (Refused, Corrupt) as error:
            log.error("the passes could not be checked: %s", error)

    def _fetch_pictures(self) -> None:
        """Those that are missing; what does not come in time comes at the next turn, which is at once."""
        wanted = {model.picture_sha256 for model in self.copy.models if model.picture_sha256}
        until_s = self._clock.monotonic_s() + PICTURES_S
        for sha256 in sorted(wanted - self._store.pictures()):
            if self._clock.monotonic_s() >= until_s:
                self._wake.set()
                return
            try:
                png = self.ask(Picture(sha256=sha256), PictureBytes).png
            except Refused as error:
                log.warning("picture %s: %s", sha256[:8], error)
                continue
            if hashlib.sha256(png).hexdigest() == sha256:
                self._store.keep_picture(sha256, png)
            else:
                log.error("picture %s is not what its name says", sha256[:8])


def _counts(copy: PublicCopyAnswer) -> tuple[int, int]:
    return len(copy.notices), len(copy.models)
