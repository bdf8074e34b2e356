"""Security keys at a reader, beside the loop: which lies there, and what the pages order it to do."""

import logging
import selectors
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from provisioning.readers.words import Did, EnrolKey, KeyGone, KeySeen, ReaderWord, SignWithKey, TouchWanted
from provisioning.readers.work import Side

if TYPE_CHECKING:
    from provisioning.readers.keyplaces import KeySource, KeyWatch
    from provisioning.readers.keys import Keys

log = logging.getLogger("passage.reader")

LOOK_S = 0.1  # a look that has ended wakes the loop: without a pause it would look all day
Order = SignWithKey | EnrolKey


class KeyPort:
    """The newest key that is there is the one that signs. Keys are looked at and spoken to in one thread only.

    ``sources`` is called in that thread, once, when ``is_used`` first says so: the library behind it is large.
    """

    def __init__(
        self,
        site_id: str,
        selector: selectors.BaseSelector,
        emit: Callable[[ReaderWord], None],
        sources: "Callable[[], tuple[KeySource, ...]]",
        is_used: Callable[[], bool] = lambda: True,
    ) -> None:
        self._emit, self._is_used = emit, is_used
        self._side = Side("key", selector)
        self._hands = _Hands(site_id, sources)
        self._key = ""
        self._is_looking = False
        self._look_at_s = 0.0
        self._cancels: dict[str, threading.Event] = {}

    def present(self) -> list[ReaderWord]:
        """The key that is there."""
        return [KeySeen()] if self._key else []

    def turn(self, now_s: float) -> None:
        """Look, unless a look or an order is under way: an order says itself when its key goes."""
        if now_s >= self._look_at_s and not self._is_looking and not self._cancels and self._is_used():
            self._is_looking, self._look_at_s = True, now_s + LOOK_S
            self._side.do(self._hands.look, self._saw)

    def carry_out(self, order: Order) -> None:
        """Do it beside the loop; one :class:`Did` follows, after a :class:`TouchWanted` when the key waits."""
        if order.order in self._cancels:
            return  # it arrived twice
        if not self._key:
            self._emit(Did(order.order, "key_gone"))
            return
        cancel = self._cancels[order.order] = threading.Event()
        key = self._key
        wanted = TouchWanted(order.order)

        def ask_for_touch() -> None:
            self._side.tell(lambda: self._emit(wanted))

        self._side.do(lambda: self._hands.carry_out(order, key, ask_for_touch, cancel), self._did)

    def cancel(self, order_id: str) -> None:
        """Nobody waits for this any more; it is answered all the same."""
        if (event := self._cancels.get(order_id)) is not None:
            event.set()

    def close(self) -> None:
        """Let the key go."""
        for event in self._cancels.values():
            event.set()
        self._side.close()

    def _did(self, did: Did) -> None:
        del self._cancels[did.order]
        self._emit(did)

    def _saw(self, newest: str) -> None:
        self._is_looking = False
        before, self._key = self._key, newest
        if before and before != newest:
            self._emit(KeyGone())
        if newest and newest != before:
            self._emit(KeySeen())


class _Hands:
    """What is done in the keys' own thread."""

    def __init__(self, site_id: str, sources: "Callable[[], tuple[KeySource, ...]]") -> None:
        self._site_id, self._sources = site_id, sources
        self._there: list[str] = []

    @cached_property
    def _watch(self) -> "KeyWatch":
        from provisioning.readers.keyplaces import KeyWatch

        return KeyWatch(*self._sources())

    @cached_property
    def _keys(self) -> "Keys":
        from provisioning.readers.keys import Keys

        return Keys(self._site_id)

    def look(self) -> str:
        """The name of the key that came last and is still there; empty when there is none."""
        from provisioning.readers.keyplaces import gone_errors

        try:
            came, went = self._watch.look()
        except gone_errors() as error:  # between the list and the look; badges go on being read
            log.warning("keys could not be looked at: %s", error)
            return self._there[-1] if self._there else ""
        self._there = [one for one in self._there if one not in went] + sorted(came)
        return self._there[-1] if self._there else ""

    def carry_out(self, order: Order, key: str, on_touch: Callable[[], None], cancel: threading.Event) -> Did:
        """Open the key, let it sign or enrol, close it."""
        from provisioning.readers.keys import KeyTrouble

        if cancel.is_set():
            return Did(order.order, "key_cancelled")
        try:
            device = self._keys.open(self._watch, key)
            try:
                act = self._keys.sign if isinstance(order, SignWithKey) else self._keys.enrol
                return Did(order.order, data=act(device, order.options, order.pin, on_touch, cancel))
            finally:
                device.close()
        except KeyTrouble as trouble:
            left = trouble.detail.get("tries_left")
            return Did(order.order, trouble.reason, left if isinstance(left, int) else None)
