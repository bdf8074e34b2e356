"""A site with security keys for tests: the hub's half by the real rules, the reader's half by the real client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap2.base import Ctap2
from fido2.webauthn import CollectedClientData

from provisioning.clock import FakeClock
from provisioning.identity import fido
from provisioning.identity.attestation import Models
from provisioning.identity.fido import Assertion, Challenge, Party, SecurityKey
from provisioning.readers.keys import Keys
from provisioning.sim.security_key import VirtualKey

PIN = "271828"
KIOSK = "kiosk-1"
ANY_MODEL = Models(unattested=True)


def nobody_waits() -> None:
    """The finger lies on the key already."""


@dataclass
class Site:
    """One site: whom it knows, what its kiosks let a key sign, what its hub says to the answer."""

    site_id: str = "oudenaarde"
    models: Models = ANY_MODEL
    clock: FakeClock = field(default_factory=FakeClock)
    known: dict[bytes, SecurityKey] = field(default_factory=dict)

    @property
    def party(self) -> Party:
        return fido.kiosk_party(self.site_id)

    @property
    def reader(self) -> Keys:
        return Keys(self.site_id)

    def challenge(self, purpose: str = "sign_in", place: str = KIOSK, **rest: Any) -> Challenge:
        return fido.make_challenge(place, purpose, self.clock.now_utc(), **rest)

    def enrol(self, key: VirtualKey, holder: bytes = b"holder-1", pin: str = PIN) -> SecurityKey:
        challenge = self.challenge("enrol", holder=holder)
        options = fido.registration_options(self.party, self.models, challenge)
        response = self.reader.enrol(key.plug(), options, pin, nobody_waits)
        made = self.take_in(challenge, response)
        self.known[made.credential_id] = made
        return made

    def take_in(self, challenge: Challenge, response: bytes) -> SecurityKey:
        return fido.complete_registration(
            self.party,
            self.models,
            challenge,
            response,
            place=KIOSK,
            purpose="enrol",
            now=self.clock.now_utc(),
        )

    def sign(
        self, key: VirtualKey, challenge: Challenge, pin: str = PIN, cancel: Event | None = None
    ) -> bytes:
        options = fido.authentication_options(self.party, challenge)
        return self.reader.sign(key.plug(), options, pin, nobody_waits, cancel)

    def judge(
        self, challenge: Challenge, response: bytes, *, place: str = KIOSK, purpose: str = "sign_in"
    ) -> Assertion:
        """The hub: looks the key up, judges, and keeps the new count."""
        done = fido.complete_authentication(
            self.party,
            self.known.values(),
            challenge,
            response,
            place=place,
            purpose=purpose,
            now=self.clock.now_utc(),
        )
        before = self.known[done.credential_id]
        self.known[done.credential_id] = SecurityKey(
            credential_id=before.credential_id,
            public_key_cose=before.public_key_cose,
            sign_count=done.sign_count,
            aaguid=before.aaguid,
            holder=before.holder,
        )
        return done

    def sign_in(self, key: VirtualKey) -> Assertion:
        challenge = self.challenge()
        return self.judge(challenge, self.sign(key, challenge))


class Typist(UserInteraction):
    """Somebody who types the PIN when a client asks."""

    def request_pin(self, permissions: Any, rp_id: str | None) -> str:
        return PIN


class AnyPage(DefaultClientDataCollector):
    """A client that asks no questions: signs for any page, any ceremony, inside any other page."""

    def __init__(self, origin: str, ceremony: str, *, inside: bool) -> None:
        super().__init__(origin, verify=lambda _rp, _origin: True)
        self._page, self._ceremony, self._inside = origin, ceremony, inside

    def collect_client_data(self, options: Any) -> tuple[CollectedClientData, str]:
        data = CollectedClientData.create(
            self._ceremony, options.challenge, self._page, cross_origin=self._inside
        )
        return data, self.get_rp_id(options, self._page)


def from_page(
    key: VirtualKey,
    origin: str,
    rp_id: str,
    challenge: Challenge,
    *,
    ceremony: str = "webauthn.get",
    inside: bool = False,
) -> bytes:
    """What a key signs, with its PIN and truly, for any page at all."""
    client = Fido2Client(key.plug(), AnyPage(origin, ceremony, inside=inside), Typist(), ())
    options = json.loads(fido.authentication_options(Party(rp_id=rp_id, origins=frozenset()), challenge))
    return json.dumps(dict(client.get_assertion(options).get_response(0))).encode()


def without_pin(key: VirtualKey, site: Site, challenge: Challenge, **options: bool) -> bytes:
    """What a stolen key signs for somebody who does not know its PIN, or (``up=False``) untouched: no client needed."""
    client_data = client_data_json(site, challenge)
    found = Ctap2(key.plug()).get_assertion(
        site.party.rp_id, fido.sha256(client_data).digest(), options=options or None
    )
    return answer_json(
        found.credential["id"],
        client_data,
        found.auth_data,
        found.signature,
        found.user["id"] if found.user else None,
    )


def client_data_json(site: Site, challenge: Challenge, **more: Any) -> bytes:
    origin = next(iter(site.party.origins))
    return json.dumps(
        {"type": "webauthn.get", "challenge": challenge.name, "origin": origin, "crossOrigin": False, **more}
    ).encode()


def answer_json(
    credential_id: bytes, client_data: bytes, auth_data: bytes, signature: bytes, handle: bytes | None
) -> bytes:
    """An answer put together by hand, as a forger would."""
    text = fido.to_text
    body = {
        "clientDataJSON": text(client_data),
        "authenticatorData": text(auth_data),
        "signature": text(signature),
    }
    if handle is not None:
        body["userHandle"] = text(handle)
    one = text(credential_id)
    return json.dumps({"id": one, "rawId": one, "type": "public-key", "response": body}).encode()


def parts(response: bytes) -> dict[str, bytes]:
    """The bytes inside an answer: rawId, clientDataJSON, authenticatorData, signature, userHandle."""
    plain = json.loads(response)
    return {
        name: fido.from_text(value)
        for name, value in {"rawId": plain["rawId"], **plain["response"]}.items()
        if isinstance(value, str)
    }


def changed(response: bytes, **new: bytes) -> bytes:
    """The same answer with some of its parts exchanged."""
    now = {**parts(response), **new}
    return answer_json(
        now["rawId"], now["clientDataJSON"], now["authenticatorData"], now["signature"], now.get("userHandle")
    )
