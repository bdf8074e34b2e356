"""Security keys while they are given out: the question for a new key, in memory until its answer comes."""

import threading
from dataclasses import dataclass, field

from provisioning.clock import Clock
from provisioning.identity.attestation import Models
from provisioning.identity.fido import (
    Challenge,
    Party,
    SecurityKey,
    complete_registration,
    make_challenge,
    registration_options,
)
from provisioning.identity.keywire import KeyRefused, from_text

PURPOSE = "enrol"
MODELS = Models(unattested=True)  # two officers hold it in their hands: any key with a PIN of its own


@dataclass(frozen=True)
class NewKeys:
    """One open question for each issue; a hub that restarts asks again."""

    party: Party
    clock: Clock
    _open: dict[str, Challenge] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, issue_id: str, kiosk_id: str, holder: str, known: list[str]) -> bytes:
        """The question (WebAuthn JSON) for this issue; ``known`` keys must not be the same one."""
        challenge = make_challenge(kiosk_id, PURPOSE, self.clock.now_utc(), holder=holder.encode())
        with self._lock:
            self._open[issue_id] = challenge
        ids = [from_text(one) for one in known]
        return registration_options(self.party, MODELS, challenge, label="Passage", known=ids)

    def made(self, issue_id: str, kiosk_id: str, answer: bytes) -> SecurityKey:
        """The key that was made; its question is used up.

        Raises:
            KeyRefused: the answer is not right, or nothing was asked.
        """
        with self._lock:
            challenge = self._open.pop(issue_id, None)
        if challenge is None:
            raise KeyRefused("key_stale", why="no such challenge")
        now = self.clock.now_utc()
        return complete_registration(
            self.party, MODELS, challenge, answer, place=kiosk_id, purpose=PURPOSE, now=now
        )
