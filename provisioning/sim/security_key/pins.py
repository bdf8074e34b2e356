"""The PIN half of a virtual security key: both PIN/UV auth protocols, tries, and the token a PIN buys.

Numbers are sections of the Client to Authenticator Protocol 2.1 (FIDO Alliance, 15 June 2021).
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.ctap import CtapError
from fido2.ctap2.pin import ClientPin, PinProtocol, PinProtocolV1, PinProtocolV2

from provisioning.clock import Clock
from provisioning.sim.security_key.memory import PIN_RETRIES, Memory
from provisioning.sim.security_key.words import ERR, cose_key, need_bytes, need_int, need_map

MISMATCHES_PER_PLUG = 3  # §6.5.5.7: after three in a row only power off helps
MIN_PIN_CHARS = 4  # §6.5.1: code points
MAX_PIN_BYTES = 63  # §6.5.1
PADDED_PIN_BYTES = 64  # §6.5.5.5
TOKEN_S = 600.0  # §6.5.2.1: maximum usage time period
PERMISSION = ClientPin.PERMISSION
GRANTABLE = PERMISSION.MAKE_CREDENTIAL | PERMISSION.GET_ASSERTION
Keep = Callable[[], None]


class Token:
    """What a right PIN buys (§6.5.2.1): may do what, for which site, until it is used or old."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.value = secrets.token_bytes(32)
        self._permissions = PERMISSION(0)
        self._rp_id = ""
        self._since_s = 0.0

    def begin(self, permissions: ClientPin.PERMISSION, rp_id: str) -> None:
        """A fresh token with these permissions."""
        self.value = secrets.token_bytes(32)
        self._permissions, self._rp_id = permissions, rp_id
        self._since_s = self._clock.monotonic_s()

    def stop(self) -> None:
        """The token is worth nothing from now on."""
        self.begin(PERMISSION(0), "")

    def spend(self) -> None:
        """A touch used it up: the next act needs the PIN again (§6.1.2 step 15, §6.2.2 step 9)."""
        self._permissions = PERMISSION(0)

    def check(self, permission: ClientPin.PERMISSION, rp_id: str) -> None:
        """Refuse an act that this token was not given for (§6.1.2 step 11, §6.2.2 step 6)."""
        if self._clock.monotonic_s() - self._since_s > TOKEN_S:
            self.stop()
        if permission not in self._permissions or self._rp_id not in {"", rp_id}:
            raise CtapError(ERR.PIN_AUTH_INVALID)
        self._rp_id = rp_id


class PinDesk:
    """authenticatorClientPIN (§6.5.5), with what it changes in the key's memory."""

    def __init__(self, memory: Memory, clock: Clock, keep: Keep) -> None:
        self._memory = memory
        self._keep = keep
        self._protocols = {one.VERSION: one() for one in (PinProtocolV1, PinProtocolV2)}
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._mismatches = 0
        self.token = Token(clock)

    @property
    def is_set(self) -> bool:
        """Whether the key has a PIN."""
        return bool(self._memory.pin_hash)

    def power_up(self) -> None:
        """Plugged in: new keys, and three more tries in a row."""
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._mismatches = 0
        self.token.stop()

    def answer(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """One sub-command."""
        acts: dict[int, Callable[[Mapping[int, Any]], dict[int, Any]]] = {
            ClientPin.CMD.GET_PIN_RETRIES: self._retries,
            ClientPin.CMD.GET_KEY_AGREEMENT: self._public_key,
            ClientPin.CMD.SET_PIN: self._set_pin,
            ClientPin.CMD.CHANGE_PIN: self._change_pin,
            ClientPin.CMD.GET_TOKEN_USING_PIN_LEGACY: self._legacy_token,
            ClientPin.CMD.GET_TOKEN_USING_PIN: self._permitted_token,
        }
        act = acts.get(need_int(params, 2))
        if act is None:
            raise CtapError(ERR.INVALID_SUBCOMMAND)
        return act(params)

    def check(
        self, protocol: Any, message: bytes, proof: bytes, permission: ClientPin.PERMISSION, rp_id: str
    ) -> None:
        """Refuse a request whose ``pinUvAuthParam`` is not made with the token for it."""
        self._prove(self._protocol({1: protocol}), self.token.value, message, proof)
        self.token.check(permission, rp_id)

    # --- sub-commands

    def _retries(self, _params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.2."""
        return {3: self._memory.pin_retries, 4: self._mismatches >= MISMATCHES_PER_PLUG}

    def _public_key(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.4: a COSE key whose algorithm is named -25 and not used."""
        self._protocol(params)
        return {1: cose_key(self._agreement.public_key(), algorithm=-25)}

    def _set_pin(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.5."""
        protocol, new_pin, proof = self._protocol(params), need_bytes(params, 5), need_bytes(params, 4)
        if self.is_set:
            raise CtapError(ERR.PIN_AUTH_INVALID)
        shared = self._shared(protocol, params)
        self._prove(protocol, shared, new_pin, proof)
        self._take_pin(self._opened(protocol, shared, new_pin))
        return {}

    def _change_pin(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.6."""
        protocol, new_pin, proof = self._protocol(params), need_bytes(params, 5), need_bytes(params, 4)
        pin_hash = need_bytes(params, 6)
        shared = self._shared(protocol, params)
        self._prove(protocol, shared, new_pin + pin_hash, proof)
        self._try_pin(self._opened(protocol, shared, pin_hash))
        self._take_pin(self._opened(protocol, shared, new_pin))
        self.token.stop()
        return {}

    def _legacy_token(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.7.1: for any one site, for making and for using credentials."""
        return self._sold_token(params, GRANTABLE, "")

    def _permitted_token(self, params: Mapping[int, Any]) -> dict[int, Any]:
        """§6.5.5.7.2."""
        permissions, rp_id = PERMISSION(need_int(params, 9)), params.get(10)
        if not permissions:
            raise CtapError(ERR.INVALID_PARAMETER)
        if permissions & ~GRANTABLE:
            raise CtapError(ERR.UNAUTHORIZED_PERMISSION)
        if not isinstance(rp_id, str):
            raise CtapError(ERR.MISSING_PARAMETER)
        return self._sold_token(params, permissions, rp_id)

    def _sold_token(
        self, params: Mapping[int, Any], permissions: ClientPin.PERMISSION, rp_id: str
    ) -> dict[int, Any]:
        protocol, pin_hash = self._protocol(params), need_bytes(params, 6)
        shared = self._shared(protocol, params)
        self._try_pin(self._opened(protocol, shared, pin_hash))
        self.token.begin(permissions, rp_id)
        return {2: _sealed(protocol, shared, self.token.value)}

    # --- steps

    def _protocol(self, params: Mapping[int, Any]) -> PinProtocolV1:
        protocol = self._protocols.get(need_int(params, 1))
        if protocol is None:
            raise CtapError(ERR.INVALID_PARAMETER)
        return protocol

    def _shared(self, protocol: PinProtocolV1, params: Mapping[int, Any]) -> bytes:
        """§6.5.6 decapsulate: the secret that both sides now have."""
        peer = need_map(params, 3)
        x, y = need_bytes(peer, -2), need_bytes(peer, -3)
        try:
            point = ec.EllipticCurvePublicNumbers(
                int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
            ).public_key()
        except ValueError as error:
            raise CtapError(ERR.INVALID_PARAMETER) from error
        return protocol.kdf(self._agreement.exchange(ec.ECDH(), point))

    def _prove(self, protocol: PinProtocol, shared: bytes, message: bytes, proof: bytes) -> None:
        if not hmac.compare_digest(protocol.authenticate(shared, message), proof):
            raise CtapError(ERR.PIN_AUTH_INVALID)

    def _opened(self, protocol: PinProtocol, shared: bytes, sealed: bytes) -> bytes:
        try:
            return protocol.decrypt(shared, sealed)
        except ValueError as error:
            raise CtapError(ERR.INVALID_PARAMETER) from error

    def _try_pin(self, pin_hash: bytes) -> None:
        """One try; it is counted before it is judged, so that pulling the key gains nothing (§6.5.5.7)."""
        if not self.is_set:
            raise CtapError(ERR.PIN_NOT_SET)
        if self._memory.pin_retries == 0:
            raise CtapError(ERR.PIN_BLOCKED)
        if self._mismatches >= MISMATCHES_PER_PLUG:
            raise CtapError(ERR.PIN_AUTH_BLOCKED)
        self._memory.pin_retries -= 1
        self._keep()
        if hmac.compare_digest(pin_hash, self._memory.pin_hash):
            self._memory.pin_retries = PIN_RETRIES
            self._mismatches = 0
            self._keep()
            return
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._mismatches += 1
        if self._memory.pin_retries == 0:
            raise CtapError(ERR.PIN_BLOCKED)
        if self._mismatches >= MISMATCHES_PER_PLUG:
            raise CtapError(ERR.PIN_AUTH_BLOCKED)
        raise CtapError(ERR.PIN_INVALID)

    def _take_pin(self, padded: bytes) -> None:
        if len(padded) != PADDED_PIN_BYTES:
            raise CtapError(ERR.INVALID_PARAMETER)
        pin = padded.rstrip(b"\0")
        if len(pin.decode(errors="replace")) < MIN_PIN_CHARS or len(pin) > MAX_PIN_BYTES:
            raise CtapError(ERR.PIN_POLICY_VIOLATION)
        self._memory.pin_hash = sha256(pin).digest()[:16]
        self._memory.pin_retries = PIN_RETRIES
        self._keep()


def _sealed(protocol: PinProtocol, shared: bytes, plain: bytes) -> bytes:
    return protocol.encrypt(shared, plain)
