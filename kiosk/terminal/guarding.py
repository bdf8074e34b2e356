"""An officer at a kiosk: their badge lets them block somebody's badge or stick right here, hub or no hub (S04.4).

Nothing else opens by an officer's badge. What was blocked stays closed at this kiosk at once, and everywhere as soon
as the hub has heard it; from then on the hub's own word holds.
"""

import logging

from kiosk.terminal.keeper import Keeper
from kiosk.terminal.ownword import OwnWord
from kiosk.terminal.passes import OfflinePasses
from kiosk.terminal.sealing import blind, derive
from kiosk.terminal.session import BlockDone, Credential, OfficerHere, State
from kiosk.terminal.store import TerminalStore
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.contracts import BlockHere, CopyFound
from provisioning.store import Outbox

log = logging.getLogger("passage.kiosk")


class Guard:
    """What officers blocked at this kiosk."""

    def __init__(
        self,
        kiosk_id: str,
        hub_id: str,
        store: TerminalStore,
        outbox: Outbox,
        passes: OfflinePasses,
        own_word: OwnWord,
        keeper: Keeper,
        trail: Trail,
        clock: Clock,
        storage_key: bytes,
    ) -> None:
        self._kiosk_id, self._hub_id = kiosk_id, hub_id
        self._store, self._outbox, self._passes = store, outbox, passes
        self._own_word, self._keeper = own_word, keeper
        self._trail, self._clock = trail, clock
        self._key = derive(storage_key, "local block")

    def officer_of(self, credential: Credential) -> str:
        """The officer whose badge this is, by what the hub said last; empty when it is nobody's."""
        return self._own_word.officer_of(credential.uid) if credential.kind == "badge" else ""

    def is_blocked(self, credential: Credential) -> bool:
        """Whether an officer blocked it here and the hub has not heard it yet."""
        return bool(credential.uid) and self._store.is_blocked_here(self._lookup(credential))

    def hub_knows(self, credential: Credential) -> None:
        """The hub let it in with every message from here heard: an officer has let it work again."""
        if self.is_blocked(credential) and not self._outbox.about(self._lookup(credential)):
            self._store.unblock_here(self._lookup(credential))

    def block(self) -> State:
        """Block what the officer chose; the state after it.

        Raises:
            Unavailable: it could not be written down; nothing is blocked.
        """
        state = self._keeper.state
        if not isinstance(state, OfficerHere) or state.chosen is None or state.is_done:
            return state
        one, at_utc, lookup = state.chosen, iso(self._clock.now_utc()), self._lookup(state.chosen)
        told = BlockHere(
            kiosk_id=self._kiosk_id,
            officer_id=state.officer_id,
            credential=one.kind,
            uid=one.uid,
            at_utc=at_utc,
        )
        with self._store.store.atomic():
            self._store.block_here(lookup, at_utc)
            self._passes.forget(one)
            self._outbox.put(self._hub_id, told, lookup)
            self._trail.record(state.officer_id, "badge_blocked", self._kiosk_id, kind=one.kind)
        log.warning("an officer blocked a %s here", one.kind)
        return self._keeper.feed(BlockDone())

    def copy_found(self, credential: Credential, counter: int) -> None:
        """A stick or key came that counts less than it did here: closed here, and the hub hears it.

        Raises:
            Unavailable: it could not be written down.
        """
        at_utc, lookup = iso(self._clock.now_utc()), self._lookup(credential)
        told = CopyFound(
            kiosk_id=self._kiosk_id,
            credential=credential.kind,
            uid=credential.uid,
            counter=counter,
            at_utc=at_utc,
        )
        with self._store.store.atomic():
            self._store.block_here(lookup, at_utc)
            self._outbox.put(self._hub_id, told, lookup)
            self._trail.record(self._kiosk_id, "copy_found", self._kiosk_id, kind=credential.kind)

    def _lookup(self, credential: Credential) -> str:
        return blind(self._key, f"{credential.kind}:{credential.uid}")
