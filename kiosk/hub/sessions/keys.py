"""Security keys at kiosks: what a key is asked to sign, once, and whether it did."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta

from kiosk.hub.credentials.store import Credential, CredentialStore
from provisioning.clock import Clock
from provisioning.contracts import SignIn
from provisioning.identity.fido import (
    CHALLENGE_S,
    Assertion,
    Challenge,
    Party,
    SecurityKey,
    authentication_options,
    complete_authentication,
    make_challenge,
    named_challenge,
    named_credential,
)
from provisioning.identity.keywire import KeyRefused, from_text, to_text

PURPOSE = "sign_in"


@dataclass(frozen=True)
class KeyDesk:
    """Makes challenges and takes each answer once. Challenges live in memory: a hub that restarts asks again."""

    party: Party
    credentials: CredentialStore
    clock: Clock
    _open: dict[str, Challenge] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def options(self, kiosk_id: str) -> bytes:
        """What a key at this kiosk shall sign (WebAuthn JSON)."""
        now = self.clock.now_utc()
        challenge = make_challenge(kiosk_id, PURPOSE, now)
        with self._lock:
            for name, one in list(self._open.items()):
                if now - one.made_at > timedelta(seconds=CHALLENGE_S) or one.place == kiosk_id:
                    del self._open[name]
            self._open[challenge.name] = challenge
        return authentication_options(self.party, challenge)

    def carrier(self, asked: SignIn) -> Credential | None:
        """The credential that the answer names, or None; proves nothing.

        Raises:
            KeyRefused: ``key_unreadable``.
        """
        return self.credentials.find("key", to_text(named_credential(asked.assertion)))

    def answered(self, asked: SignIn, holder: bytes) -> Assertion:
        """What the key has proven; the challenge is used up, whatever the answer is worth.

        Raises:
            KeyRefused: as :func:`complete_authentication`.
        """
        with self._lock:
            challenge = self._open.pop(named_challenge(asked.assertion), None)
        if challenge is None:
            raise KeyRefused("key_stale", why="no such challenge")
        found = self.carrier(asked)
        keys = [_kept(found, holder)] if found else []
        now = self.clock.now_utc()
        return complete_authentication(
            self.party, keys, challenge, asked.assertion, place=asked.kiosk_id, purpose=PURPOSE, now=now
        )


def _kept(one: Credential, holder: bytes) -> SecurityKey:
    return SecurityKey(
        credential_id=from_text(one.uid),
        public_key_cose=one.public_key,
        sign_count=one.counter,
        aaguid=one.aaguid,
        holder=holder,
    )
