"""Security keys (FIDO2): what a key shall sign, whether it did, and whether its counter betrays a copy.

Values in, values out; who keeps challenges and keys, and uses each challenge once, is the hub. Numbers like
"§7.2" are sections of Web Authentication Level 2 (W3C Recommendation, 8 April 2021).
"""

import contextlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from provisioning.errors import Corrupt
from provisioning.identity.attestation import AttestationBroken, Models, judge_attestation
from provisioning.identity.keywire import (
    MALFORMED,
    ClientData,
    KeyRefused,
    from_text,
    read_assertion,
    read_attestation,
    read_client_data,
    to_text,
    unpack,
)

CHALLENGE_BYTES = 32  # §13.4.3 asks for 16 at least
CHALLENGE_S = 120.0  # time to find the key, type its PIN and touch it; §15.1 lets a party choose up to 300 s
# COSE numbers of ES256 and EdDSA (IANA): what the keys on the market make; no RSA, no unknown curve.
ALGORITHMS = (-7, -8)

Verdict = Literal["fine", "copied"]
Ceremony = Literal["webauthn.create", "webauthn.get"]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a key signs for: ``rp_id`` is burnt into each credential, ``origins`` are the pages that may ask."""

    rp_id: str
    origins: frozenset[str]
    name: str = "Passage"


def kiosk_party(site_id: str) -> Party:
    """The site as its kiosks name it: ``<site_id>.passage``, asked from ``https://<site_id>.passage`` alone.

    No browser is between a kiosk and a key, so the reader's process states this origin itself.
    """
    rp_id = f"{site_id}.passage"
    return Party(rp_id=rp_id, origins=frozenset({f"https://{rp_id}"}))


def browser_party(*origins: str) -> Party:
    """The back office as a browser names it: the host of the first origin (``https://hub``, ``http://localhost:8400``).

    Browsers refuse an address of digits as host (§5.1.2: a valid domain), and other hosts than ``rp_id`` or below it.
    """
    host = origins[0].split("://", 1)[1].split("/", 1)[0].split(":", 1)[0]
    return Party(rp_id=host, origins=frozenset(origins))


class SecurityKey(msgspec.Struct, frozen=True, kw_only=True):
    """One credential on one key, as the hub keeps it."""

    credential_id: bytes
    public_key_cose: bytes
    sign_count: int = 0
    aaguid: str = ""  # the model, as 8-4-4-4-12 hexadecimal digits
    holder: bytes = (
        b""  # the user handle that the key keeps, never a name (§14.6.1); empty: not known, not compared
    )
    attested: bool = False  # whether a maker that the site trusts signed for the model


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """What a key has proven. Keep ``sign_count`` in the same transaction as what is granted for it."""

    credential_id: bytes
    sign_count: int
    user_verified: bool
    holder: bytes = b""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a key shall sign, once: where, what for, by whom if that is known, and since when.

    The hub stores it under :attr:`name` and takes it out at the first answer, whatever that answer is worth.
    """

    value: bytes
    place: str  # the node, or the browser session, that may answer
    purpose: (
        str  # such as "sign_in", "enrol", "step_up", "approve:R-1": one proof never serves for another act
    )
    made_at: datetime
    holder: bytes = b""
    allowed: tuple[bytes, ...] = ()  # credential ids; empty: the key says itself whose it is

    @property
    def name(self) -> str:
        """Its value as base64url: how an answer names it, see :func:`named_challenge`."""
        return to_text(self.value)

    def is_open(self, *, place: str, purpose: str, now: datetime) -> bool:
        """Whether it may be answered here, for this, at ``now`` (aware)."""
        age = now - self.made_at
        return (
            place == self.place
            and purpose == self.purpose
            and timedelta(0) <= age <= timedelta(seconds=CHALLENGE_S)
        )


def make_challenge(
    place: str, purpose: str, now: datetime, *, holder: bytes = b"", allowed: tuple[bytes, ...] = ()
) -> Challenge:
    """A fresh challenge of 32 random bytes."""
    value = secrets.token_bytes(CHALLENGE_BYTES)
    return Challenge(value=value, place=place, purpose=purpose, made_at=now, holder=holder, allowed=allowed)


def counter_verdict(stored: int, seen: int) -> Verdict:
    """Whether a signature count can be the next one of the same key.

    Keys count up with each signature (§6.1.1); a count that stands still or goes back means that two hold the same
    secret. Both zero is a key that does not count (§7.2, step 21); it stops being innocent once it has counted.
    """
    if stored == 0 and seen == 0:
        return "fine"
    return "fine" if seen > stored else "copied"


# --- what the key is asked ------------------------------------------------------------------------------------


def registration_options(
    party: Party, models: Models, challenge: Challenge, *, label: str = "Passage", known: Iterable[bytes] = ()
) -> bytes:
    """The JSON (PublicKeyCredentialCreationOptionsJSON) to make a credential for ``challenge.holder``.

    Discoverable, so that nobody types a name, and with the PIN always. ``label`` is kept on the key in the clear:
    never a name. ``known`` are ids of credentials that must not be on the same key already.

    Raises:
        ValueError: the challenge names no holder, or one longer than 64 bytes (§5.4.3): the caller's mistake.
    """
    if not 1 <= len(challenge.holder) <= 64:
        raise ValueError("a credential is made for a holder of 1 to 64 bytes")
    server = _server(party, "direct" if models.wants_proof else "none")
    options, _state = server.register_begin(
        PublicKeyCredentialUserEntity(id=challenge.holder, name=label, display_name=label),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge.value,
    )
    return json.dumps(dict(options.public_key)).encode()


def authentication_options(party: Party, challenge: Challenge) -> bytes:
    """The JSON (PublicKeyCredentialRequestOptionsJSON) that a key shall sign, with its PIN."""
    options, _state = _server(party, "none").authenticate_begin(
        credentials=_descriptors(challenge.allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge.value,
    )
    return json.dumps(dict(options.public_key)).encode()


# --- what the key has answered --------------------------------------------------------------------------------


def named_challenge(response: bytes) -> str:
    """Which challenge an answer is for, to look it up by :attr:`Challenge.name`; proves nothing.

    Raises:
        KeyRefused: ``key_unreadable``.
    """
    return read_client_data(unpack(response).response.client_data).challenge


def named_credential(response: bytes) -> bytes:
    """Which credential an answer is from, to look its key up; proves nothing. Raises as :func:`named_challenge`."""
    return from_text(unpack(response).raw_id)


def complete_registration(
    party: Party,
    models: Models,
    challenge: Challenge,
    response: bytes,
    *,
    place: str,
    purpose: str,
    now: datetime,
) -> SecurityKey:
    """The new key, when ``response`` (RegistrationResponseJSON) answers this challenge rightly (§7.1).

    The caller refuses an id that somebody already carries (§7.1, step 17).

    Raises:
        KeyRefused: every code but ``key_copied``.
    """
    outer = unpack(response)
    inner = read_attestation(outer)
    client = read_client_data(inner.client_data)
    data = inner.attestation_object.auth_data
    _check_setting(party, challenge, client, "webauthn.create", place=place, purpose=purpose, now=now)
    _check_flags(party, data)
    made = data.credential_data
    if made is None or made.credential_id != from_text(outer.raw_id):
        raise KeyRefused("key_unreadable", why="no credential, or another one than it says")
    _check_kind(data, made)
    answer = RegistrationResponse(raw_id=made.credential_id, response=inner)
    state = {"challenge": challenge.name, "user_verification": UserVerificationRequirement.REQUIRED}
    try:
        _server(party, "none").register_complete(state, answer)
    except MALFORMED as error:
        raise KeyRefused("key_foreign", why=str(error)) from error
    try:
        attested = judge_attestation(models, inner.attestation_object, sha256(inner.client_data).digest())
    except AttestationBroken as error:
        raise KeyRefused("key_unsuitable", why=str(error)) from error
    return SecurityKey(
        credential_id=made.credential_id,
        public_key_cose=cbor.encode(made.public_key),
        sign_count=data.counter,
        aaguid=str(made.aaguid),
        holder=challenge.holder,
        attested=attested,
    )


def complete_authentication(
    party: Party,
    keys: Iterable[SecurityKey],
    challenge: Challenge,
    response: bytes,
    *,
    place: str,
    purpose: str,
    now: datetime,
) -> Assertion:
    """What a key has proven, when ``response`` (AuthenticationResponseJSON) answers this challenge rightly (§7.2).

    ``keys`` are those that may answer: the one that :func:`named_credential` names, or all of a person.

    Raises:
        KeyRefused: every code but ``key_unsuitable``; ``key_copied`` only when the signature is right, so that
            nobody can have somebody else's key blocked. Then detail has ``stored`` and ``seen``.
        Corrupt: ``key_damaged``: the public key that the hub kept is none.
    """
    outer = unpack(response)
    inner = read_assertion(outer)
    client = read_client_data(inner.client_data)
    data = inner.authenticator_data
    _check_setting(party, challenge, client, "webauthn.get", place=place, purpose=purpose, now=now)
    _check_flags(party, data)
    key = _carrier(keys, challenge, from_text(outer.raw_id), inner.user_handle)
    answer = AuthenticationResponse(raw_id=key.credential_id, response=inner)
    state = {"challenge": challenge.name, "user_verification": UserVerificationRequirement.REQUIRED}
    kept = _kept(key)
    try:
        _server(party, "none").authenticate_complete(state, [kept], answer)
    except MALFORMED as error:  # the signature, or a word that was not looked at above
        raise KeyRefused("key_foreign", why=str(error)) from error
    if counter_verdict(key.sign_count, data.counter) == "copied":
        raise KeyRefused("key_copied", stored=key.sign_count, seen=data.counter)
    return Assertion(
        credential_id=key.credential_id,
        sign_count=data.counter,
        user_verified=data.is_user_verified(),
        holder=key.holder,
    )


# --- one check each -------------------------------------------------------------------------------------------


def _check_setting(
    party: Party,
    challenge: Challenge,
    client: ClientData,
    ceremony: Ceremony,
    *,
    place: str,
    purpose: str,
    now: datetime,
) -> None:
    """The challenge is the open one of this place and purpose, and one of our own pages asked (§7.2, steps 11-14)."""
    if not challenge.is_open(place=place, purpose=purpose, now=now):
        raise KeyRefused("key_stale", why="elsewhere, for something else, or too late")
    if not secrets.compare_digest(client.challenge, challenge.name):
        raise KeyRefused("key_stale", why="another challenge")
    if client.type != ceremony:
        raise KeyRefused("key_foreign", why="another ceremony")
    if client.origin not in party.origins or client.cross_origin:
        raise KeyRefused("key_foreign", why="another page asked")


def _check_flags(party: Party, data: AuthenticatorData) -> None:
    """Signed for this site, by somebody who touched the key and typed its PIN (§7.2, steps 15-17)."""
    if data.rp_id_hash != sha256(party.rp_id.encode()).digest():
        raise KeyRefused("key_foreign", why="another site")
    if not data.is_user_present():
        raise KeyRefused("key_unverified", why="not touched")
    if not data.is_user_verified():
        raise KeyRefused("key_unverified", why="no PIN")


def _check_kind(data: AuthenticatorData, made: AttestedCredentialData) -> None:
    """A public key that can be used later, on a key that keeps its secret to itself (§7.1, step 16)."""
    if made.public_key.get(3) not in ALGORITHMS:
        raise KeyRefused("key_unsuitable", why="algorithm")
    if data.is_backup_eligible():  # Level 3 §6.1.3: copied from device to device by design
        raise KeyRefused("key_unsuitable", why="synced")
    try:
        _check_point(made.public_key)
    except MALFORMED as error:
        raise KeyRefused("key_unsuitable", why="public key") from error


def _carrier(
    keys: Iterable[SecurityKey], challenge: Challenge, credential_id: bytes, handle: bytes | None
) -> SecurityKey:
    """The key that answered, when it may (§7.2, steps 5 and 6)."""
    key = next((one for one in keys if one.credential_id == credential_id), None)
    if key is None:
        raise KeyRefused("key_foreign", why="nobody carries it")
    if challenge.allowed and credential_id not in challenge.allowed:
        raise KeyRefused("key_foreign", why="not one of those that were asked")
    if challenge.holder and key.holder != challenge.holder:
        raise KeyRefused("key_foreign", why="somebody else's")
    if handle is None and not challenge.allowed:
        raise KeyRefused("key_foreign", why="says not whose it is")
    if handle is not None and key.holder and handle != key.holder:
        raise KeyRefused("key_foreign", why="says that it is somebody else's")
    return key


# --- the library -----------------------------------------------------------------------------------------------


def _kept(key: SecurityKey) -> AttestedCredentialData:
    """A key in the library's words."""
    try:
        public = CoseKey.parse(_plain_map(cbor.decode(key.public_key_cose)))
        _check_point(public)
        return AttestedCredentialData.create(bytes(16), key.credential_id, public)
    except MALFORMED as error:
        raise Corrupt("key_damaged", why=type(error).__name__) from error


def _check_point(public: CoseKey) -> None:
    """Raises one of ``MALFORMED`` when nothing could ever be verified with this key."""
    with contextlib.suppress(InvalidSignature):
        public.verify(b"", b"")


def _plain_map(value: Any) -> dict[int, Any]:
    if not isinstance(value, dict):
        raise TypeError("a COSE key is a map")
    return value


def _descriptors(ids: Iterable[bytes]) -> list[PublicKeyCredentialDescriptor] | None:
    return [
        PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=one) for one in ids
    ] or None


def _server(party: Party, attestation: str) -> Fido2Server:
    """The library's half: it checks the signature, and the rest a second time."""
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.rp_id, name=party.name),
        attestation=AttestationConveyancePreference(attestation),
        verify_origin=party.origins.__contains__,
    )
    server.timeout = int(CHALLENGE_S * 1000)  # type: ignore[assignment]  # the library declares it as None only
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=one) for one in ALGORITHMS
    ]
    return server
