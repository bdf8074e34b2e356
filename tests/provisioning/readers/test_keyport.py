"""The port for security keys looks now and then, not all day."""

from __future__ import annotations

import selectors
import time

from fido2.ctap import CtapDevice

from provisioning.linesock import turn
from provisioning.readers.keyplaces import KeySource
from provisioning.readers.keyport import LOOK_S, KeyPort
from tests.support import wait_until


def test_a_look_that_has_ended_does_not_begin_the_next_at_once() -> None:
    looks = 0

    class Nothing:
        """A place for keys where none lies."""

        def names(self) -> frozenset[str]:
            nonlocal looks
            looks += 1
            return frozenset()

        def open(self, name: str) -> CtapDevice:
            raise OSError(name)

    def places() -> tuple[KeySource, ...]:
        return (Nothing(),)

    selector = selectors.DefaultSelector()
    port = KeyPort("demo", selector, lambda _word: None, places)
    begun_s = time.monotonic()

    def went_on() -> bool:
        port.turn(time.monotonic())
        turn(selector, 0.01)
        return looks >= 3

    try:
        wait_until(went_on, what="three looks")
        assert time.monotonic() - begun_s >= 2 * LOOK_S
    finally:
        port.close()
        selector.close()
