"""A security key's answer as it travels: JSON around bytes, read strictly before anything is believed.

The shapes are RegistrationResponseJSON and AuthenticationResponseJSON of Web Authentication Level 3 (§5.1, §5.8).
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal, NoReturn

import msgspec
from fido2.webauthn import (
    AttestationObject,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
)

from provisioning.errors import Refused

# A chain of three certificates and a credential id of 1,023 bytes (§4, Credential ID) fit twice.
MAX_RESPONSE_BYTES = 16_384
# What the library raises about bytes that no key made: it reads them without looking ahead.
MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    struct.error,
)


class KeyRefused(Refused):
    """A key's answer proves nothing; ``why`` is for engineers.

    Codes: ``key_foreign`` (not one of this site's keys, or not for this site), ``key_unverified`` (touched or
    typed nothing), ``key_copied`` (its counter stands still or went back), ``key_stale`` (not the challenge that is
    open here and now), ``key_unsuitable`` (a model or kind the site does not take), ``key_unreadable``.
    """

    code = "key_foreign"


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    client_data_text: str = msgspec.field(name="clientDataJSON")
    attestation_object: str = ""
    authenticator_data: str = ""
    signature: str = ""
    user_handle: str | None = None

    @property
    def client_data(self) -> bytes:
        return from_text(self.client_data_text)


class Outer(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON around either kind of answer."""

    id: str
    raw_id: str
    type: Literal["public-key"]
    response: _Body


class ClientData(msgspec.Struct, frozen=True, rename="camel"):
    """What a page, or the reader's process, says that it asked (§5.8.1)."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False


def _unreadable(error: Exception) -> NoReturn:
    raise KeyRefused("key_unreadable", why=type(error).__name__) from error


def unpack(response: bytes) -> Outer:
    """An answer without its JSON. Browsers add words of their own; they are left unread.

    Raises:
        KeyRefused: ``key_unreadable``.
    """
    if len(response) > MAX_RESPONSE_BYTES:
        raise KeyRefused("key_unreadable", why="size")
    try:
        outer = msgspec.json.decode(response, type=Outer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _unreadable(error)
    if outer.id != outer.raw_id:
        raise KeyRefused("key_unreadable", why="two ids")
    return outer


def read_client_data(data: bytes) -> ClientData:
    """What was asked. Raises as :func:`unpack`."""
    try:
        return msgspec.json.decode(data, type=ClientData)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _unreadable(error)


def read_assertion(outer: Outer) -> AuthenticatorAssertionResponse:
    """What a key signed, in the library's words. Raises as :func:`unpack`."""
    body = outer.response
    handle = from_text(body.user_handle) if body.user_handle else None
    raw, signature, client = from_text(body.authenticator_data), from_text(body.signature), body.client_data
    try:
        return AuthenticatorAssertionResponse(
            client_data=CollectedClientData(client),
            authenticator_data=AuthenticatorData(raw),
            signature=signature,
            user_handle=handle,
        )
    except MALFORMED as error:
        _unreadable(error)


def read_attestation(outer: Outer) -> AuthenticatorAttestationResponse:
    """What a key made, in the library's words. Raises as :func:`unpack`."""
    raw, client = from_text(outer.response.attestation_object), outer.response.client_data
    try:
        return AuthenticatorAttestationResponse(
            client_data=CollectedClientData(client), attestation_object=AttestationObject(raw)
        )
    except MALFORMED as error:
        _unreadable(error)


def from_text(text: str) -> bytes:
    """Base64url without padding, in its one written form: the library would also read others as the same.

    Raises:
        KeyRefused: ``key_unreadable``.
    """
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        _unreadable(error)
    if to_text(data) != text:
        raise KeyRefused("key_unreadable", why="base64url")
    return data


def to_text(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
