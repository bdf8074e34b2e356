"""Signing in at the home kiosk while the hub is away: a pass that only the person's stick or key and PIN open.

The pass is made at an online sign-in and sealed under HKDF(storage key, Argon2id(PIN, salt)): the disk alone opens
nothing, and the storage key alone leaves every PIN to be guessed at Argon2id's price. What the screen must know before
the PIN (pictures or digits, and which language) is sealed under the storage key alone.
"""

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import msgspec

from kiosk.terminal.sealing import Sealer, blind, derive
from kiosk.terminal.session import Credential, Person
from kiosk.terminal.store import PassRow, TerminalStore
from provisioning.clock import Clock, iso, parse_iso
from provisioning.contracts import Factor, PublicKey
from provisioning.errors import Corrupt, Refused
from provisioning.identity.attempts import Limit, PinLocked, PinWrong, is_running
from provisioning.ids import new_key

T = TypeVar("T")
PASS_HOURS = 72
OFFLINE_PREFIX = "offline-"  # a session that this kiosk granted itself; the hub never knew it
SALT_BYTES = 16
# OWASP's first choice for Argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
MEMORY_KIB, ITERATIONS, LANES = 19 * 1024, 2, 1


class NoPass(Refused):
    """The hub is away and this kiosk has no valid pass for that stick or key; a badge never has one."""

    code = "offline_no_pass"


class PassPaused(Refused):
    """When the hub was last heard, this person was signed in at another kiosk."""

    code = "session_elsewhere"


class StickBehind(Refused):
    """The stick shows an older ticket than this kiosk saw last: two of them exist."""

    code = "stick_copied"


@dataclass(frozen=True)
class Held:
    """What a pass holds: the person, and what their stick or key must show."""

    person: Person
    counter: int = 0  # of the ticket
    public_key: PublicKey | None = None


@dataclass(frozen=True)
class Greeting:
    """What the screen asks before it knows who came."""

    language: str
    factor: Factor
    public_key: PublicKey | None = None


class OfflinePasses:
    """The passes of one kiosk."""

    def __init__(
        self, store: TerminalStore, storage_key: bytes, clock: Clock, tries: int = 5, pause_s: int = 300
    ) -> None:
        self._store = store
        self._storage_key = storage_key
        self._lookup_key = derive(storage_key, "pass lookup")
        self._greetings = Sealer(derive(storage_key, "pass greeting"))
        self._clock = clock
        self._limit = Limit(tries, pause_s)

    def remember(self, credential: Credential, pin: str, held: Held, factor: Factor) -> None:
        """Make a pass for the next :data:`PASS_HOURS` hours; it replaces the one before."""
        lookup, salt = self._lookup(credential), os.urandom(SALT_BYTES)
        sealed = self._sealer(pin, salt).close(msgspec.json.encode(held), lookup.encode())
        greeting = self._closed(Greeting(held.person.language, factor, held.public_key), lookup)
        made_utc, stamp = iso(self._clock.now_utc()), held.person.pass_stamp
        self._store.keep_pass(lookup, salt, sealed, made_utc, stamp, greeting)

    def forget(self, credential: Credential) -> None:
        """The hub said no to this credential, or the person lives elsewhere now."""
        self._store.forget_pass(self._lookup(credential))

    def greeting(self, credential: Credential) -> Greeting | None:
        """How the owner of a pass is met; None without a pass.

        Raises:
            Corrupt: ``sealed_unreadable``, ``pass_unreadable``.
        """
        lookup = self._lookup(credential)
        row = self._store.offline_pass(lookup)
        if row is None or not row.greeting:
            return None
        return _read(self._greetings.open(row.greeting, lookup.encode()), Greeting)

    def count(self, credential: Credential, sign_count: int) -> None:
        """A security key has signed here: an older count is a copy's from now on."""
        before = self.greeting(credential)
        if before is not None and before.public_key is not None:
            counted = msgspec.structs.replace(before.public_key, sign_count=sign_count)
            lookup = self._lookup(credential)
            self._store.keep_greeting(lookup, self._closed(replace(before, public_key=counted), lookup))

    def _closed(self, greeting: Greeting, lookup: str) -> bytes:
        return self._greetings.close(msgspec.json.encode(greeting), lookup.encode())

    def enter(self, credential: Credential, pin: str, counter: int = 0) -> Person:
        """Who it is, with a session of this kiosk's own and what policy knew of them then.

        ``counter`` is what the stick's ticket says.

        Raises:
            NoPass: none, or older than 72 hours.
            PassPaused: the person was elsewhere when the hub was last heard.
            PinLocked: a pause is running.
            PinWrong: not the PIN.
            StickBehind: an older ticket than this kiosk saw last; the pass is gone with it.
            Corrupt: ``pass_unreadable``: another release made it.
        """
        lookup = self._lookup(credential)
        row = self._store.offline_pass(lookup)
        now = self._clock.now_utc()
        if row is None or not timedelta(0) <= now - parse_iso(row.made_utc) <= timedelta(hours=PASS_HOURS):
            raise NoPass
        if row.paused:
            raise PassPaused
        if row.locked_until_utc and is_running(parse_iso(row.locked_until_utc), now):
            raise PinLocked(until_utc=row.locked_until_utc)
        held = self._try(lookup, row, pin)
        if counter < held.counter and credential.kind == "stick":
            self.forget(credential)
            raise StickBehind(uid=credential.uid, counter=counter)
        return replace(held.person, session_id=OFFLINE_PREFIX + new_key())

    def _try(self, lookup: str, row: PassRow, pin: str) -> Held:
        failures = row.failures + 1
        pause_s = self._limit.pause_after(failures)
        until_utc = iso(self._clock.now_utc() + timedelta(seconds=pause_s)) if pause_s else ""
        self._store.count_failure(lookup, failures, until_utc)
        try:
            plain = self._sealer(pin, row.salt).open(row.sealed, lookup.encode())
        except Corrupt as error:
            if until_utc:
                raise PinLocked(until_utc=until_utc) from error
            raise PinWrong(tries_left=self._limit.tries_left(failures)) from error
        self._store.count_failure(lookup, 0, "")
        return _read(plain, Held)

    def _lookup(self, credential: Credential) -> str:
        return blind(self._lookup_key, f"{credential.kind}:{credential.uid}")

    def _sealer(self, pin: str, salt: bytes) -> Sealer:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        kdf = Argon2id(salt=salt, length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
        return Sealer(derive(self._storage_key, "offline pass", kdf.derive(pin.encode())))


def _read(plain: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(plain, type=kind)
    except msgspec.MsgspecError as error:
        raise Corrupt("pass_unreadable") from error
