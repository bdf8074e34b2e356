"""Checking PINs and passwords without letting a burst of them eat the memory, the disk or everyone's patience.

How a burst is bounded, from the door inwards: a thread for each of a site's kiosks takes the question in
(:data:`kiosk.hub.main.THREADS`); ``CORES + WRITING`` sign-ins are under way at once, the others stand in line, first
come, first served, and hold nothing but their thread; of those under way as many as there are cores hash (19 MiB each),
while the others write what the record must keep. In a burst memory goes from one check to the next instead of to the
kernel and back, which would cost half as much time again; the last one gives it back. Pages stand in no line: they
share cores, disk and Python's lock with those few only. Whoever waits longer than ``WAIT_S`` is told that the hub is
busy; nobody's try is counted for it.
"""

import hashlib
import hmac
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from provisioning.errors import Unavailable
from provisioning.identity import hash_secret, verify_secret
from provisioning.identity.pins import hash_beside, no_secret, which_secret
from provisioning.identity.stick import holder_key
from provisioning.memory import give_back_blocks, keep_big_blocks

WAIT_S = 20.0  # longest queue for a check; below the kiosk's patience nothing is answered anyway
STRIPES = 64
CORES = os.cpu_count() or 1
WRITING = 2  # beyond the cores: one at the disk (it has one head, or one lock), one about to be
Verify = Callable[[str, str, bytes], bool]  # (secret, PHC string, pepper)
Which = Callable[[str, str, str, bytes], Literal["own", "duress", ""]]  # (secret, PHC, duress PHC, pepper)


class Crowd:
    """Who stands in line to sign in; while there are more than can hash, the memory of each check goes to the next."""

    def __init__(
        self, keep: Callable[[], None] = keep_big_blocks, give_back: Callable[[], None] = give_back_blocks
    ) -> None:
        self._keep, self._give_back = keep, give_back
        self._lock = threading.Lock()
        self._here = 0
        self._is_kept = False

    def __enter__(self) -> None:
        with self._lock:
            self._here += 1
            if self._here > CORES and not self._is_kept:
                self._is_kept = True
                self._keep()

    def __exit__(self, *_failure: object) -> None:
        with self._lock:
            self._here -= 1
            if not self._here and self._is_kept:
                self._is_kept = False
                self._give_back()


class Checker:
    """Argon2id checks, as many at once as there are cores (19 MiB each); everyone else waits in line."""

    def __init__(self, pepper: bytes, verify: Verify = verify_secret, which: Which = which_secret) -> None:
        self._pepper = pepper
        self._verify, self._which = verify, which
        self._slots = threading.BoundedSemaphore(CORES)
        self._turns = threading.BoundedSemaphore(CORES + WRITING)
        self._crowd = Crowd()
        self._stripes = [threading.Lock() for _ in range(STRIPES)]
        self._nobody = no_secret()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """One of the few sign-ins that are under way.

        Raises:
            Unavailable: ``busy``: too many people at once.
        """
        with self._crowd, _taken(self._turns):
            yield

    def fits(self, secret: str, phc: str | None) -> bool:
        """Whether the secret is the hash's; without a hash it takes as long as any other wrong answer.

        Raises:
            Unavailable: ``busy``: too many people at once.
        """
        with _taken(self._slots):
            return self._verify(secret, phc or self._nobody, self._pepper) and bool(phc)

    def which(self, secret: str, phc: str | None, duress_phc: str) -> Literal["own", "duress", ""]:
        """Which of a person's two secrets this is; without a hash it takes as long as any other wrong answer.

        Raises:
            Unavailable: ``busy``: too many people at once.
        """
        with _taken(self._slots):
            found = self._which(secret, phc or self._nobody, duress_phc, self._pepper)
        return found if phc else ""

    def made(self, secret: str, beside: str = "") -> str:
        """The hash of a new secret; with the salt of ``beside``, when one pass shall tell the two apart.

        Raises:
            Unavailable: ``busy``: too many people at once.
        """
        with _taken(self._slots):
            return hash_beside(secret, beside, self._pepper) if beside else hash_secret(secret, self._pepper)

    @property
    def holder_key(self) -> bytes:
        """The key under which sticks name their holder; without the pepper nobody makes it."""
        return holder_key(self._pepper)

    def stamp(self, *words: str) -> str:
        """An opaque name for these words together; without the pepper nobody makes or reads one."""
        text = "\0".join(("offline pass", *words)).encode()
        return hmac.new(self._pepper, text, hashlib.sha256).hexdigest()[:32]

    @contextmanager
    def one_at_a_time(self, subject: str) -> Iterator[None]:
        """Attempts of one subject follow each other, so that parallel guesses are all counted."""
        with self._stripes[zlib.crc32(subject.encode()) % STRIPES]:
            yield


@contextmanager
def _taken(places: threading.BoundedSemaphore) -> Iterator[None]:
    """One of so many places, when one is free in time."""
    if not places.acquire(timeout=WAIT_S):
        raise Unavailable("busy")
    try:
        yield
    finally:
        places.release()
