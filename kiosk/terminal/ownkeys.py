"""Security keys while the hub is away: this kiosk asks, and checks the signature against what a pass holds."""

from kiosk.terminal.passes import NoPass, OfflinePasses, StickBehind
from kiosk.terminal.session import Credential
from provisioning.clock import Clock
from provisioning.identity.fido import (
    Challenge,
    SecurityKey,
    authentication_options,
    complete_authentication,
    kiosk_party,
    make_challenge,
    named_challenge,
    named_credential,
)
from provisioning.identity.keywire import KeyRefused, from_text, to_text

HERE, PURPOSE = "here", "sign_in"


class OwnKeys:
    """The one challenge of this kiosk's own that is open."""

    def __init__(self, site_id: str, passes: OfflinePasses, clock: Clock) -> None:
        self._party = kiosk_party(site_id)
        self._passes = passes
        self._clock = clock
        self._open: Challenge | None = None

    def options(self) -> bytes:
        """What a key shall sign (WebAuthn JSON)."""
        self._open = make_challenge(HERE, PURPOSE, self._clock.now_utc())
        return authentication_options(self._party, self._open)

    def proven(self, assertion: bytes) -> Credential:
        """Which key signed; its count is kept. The challenge is used up.

        Raises:
            NoPass: this kiosk did not ask, or knows no such key.
            StickBehind: its count stands where it stood before: two of them exist; the pass is gone with it.
            KeyRefused: as :func:`complete_authentication`.
        """
        challenge, self._open = self._open, None
        credential = Credential("key", to_text(named_credential(assertion)))
        greeting = self._passes.greeting(credential)
        if challenge is None or challenge.name != named_challenge(assertion):
            raise NoPass
        if greeting is None or greeting.public_key is None:
            raise NoPass
        kept = SecurityKey(
            credential_id=from_text(greeting.public_key.credential_id),
            public_key_cose=greeting.public_key.cose,
            sign_count=greeting.public_key.sign_count,
        )
        now = self._clock.now_utc()
        try:
            proven = complete_authentication(
                self._party, [kept], challenge, assertion, place=HERE, purpose=PURPOSE, now=now
            )
        except KeyRefused as refusal:
            if refusal.reason != "key_copied":
                raise
            self._passes.forget(credential)
            raise StickBehind(uid=credential.uid, counter=refusal.detail["seen"]) from refusal
        self._passes.count(credential, proven.sign_count)
        return credential
