"""What takes a while and must not hold up a page or the reader: each in a thread of its own."""

import threading
from collections.abc import Callable

JOIN_S = 0.4


class Errands:
    """Short-lived threads; one that dies of a bug ends the process, as any thread does (:mod:`provisioning.log`)."""

    def __init__(self) -> None:
        self._running: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def run(self, errand: Callable[[], object]) -> threading.Event:
        """Begin; the event is set when it is over, however it ended."""
        over = threading.Event()

        def go() -> None:
            try:
                errand()
            finally:
                with self._lock:
                    self._running.discard(thread)
                over.set()

        thread = threading.Thread(target=go, name="errand", daemon=True)
        with self._lock:
            self._running.add(thread)
        thread.start()
        return over

    def join(self) -> bool:
        """Wait a moment for all of them; whether all are over."""
        with self._lock:
            threads = list(self._running)
        for thread in threads:
            thread.join(JOIN_S)
        return not any(thread.is_alive() for thread in threads)
