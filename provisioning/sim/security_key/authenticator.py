"""The key itself: CTAP2 requests in, answers out, with real signatures; knows no port and no finger.

Numbers are sections of the Client to Authenticator Protocol 2.1 (FIDO Alliance, 15 June 2021). Not offered:
extensions, credential management, large blobs, fingerprints; so it is no certifiable 2.1 key, but an honest one.
"""

import secrets
import struct
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap import CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData

from provisioning.clock import Clock
from provisioning.sim.security_key.memory import Holding, Memory
from provisioning.sim.security_key.pins import MIN_PIN_CHARS, PERMISSION, PinDesk
from provisioning.sim.security_key.words import (
    ERR,
    cose_key,
    list_of_maps,
    need,
    need_bytes,
    need_map,
    need_text,
    options,
)

MAX_MESSAGE_BYTES = 2048
MAX_HOLDINGS = 25  # what a plain key of the market keeps
NEXT_ASSERTION_S = 30.0  # §6.3: a series of assertions waits no longer
RESET_S = 10.0  # §6.6: only this soon after being plugged in
FLAG = AuthenticatorData.FLAG
CMD = Ctap2.CMD
Touched = Callable[[], None]  # comes back when the key was touched; raises CtapError when not


class Authenticator:
    """One security key. ``keep`` is called after each change of its memory, before the answer leaves."""

    def __init__(self, memory: Memory, clock: Clock, keep: Callable[[], None]) -> None:
        self.memory = memory
        self._clock = clock
        self._keep = keep
        self._pins = PinDesk(memory, clock, keep)
        self._series: list[dict[int, Any]] = []  # assertions that wait for getNextAssertion
        self._series_s = 0.0
        self._powered_s = clock.monotonic_s()

    def power_up(self) -> None:
        """Plugged in: whatever was not written down is forgotten."""
        self._series.clear()
        self._pins.power_up()
        self._powered_s = self._clock.monotonic_s()

    def answer(self, request: bytes, touched: Touched) -> bytes:
        """The status byte, and the CBOR map of a request that went well (§8.1)."""
        try:
            done = self._act(request, touched)
        except CtapError as error:
            return bytes([error.code])
        return bytes([ERR.SUCCESS]) + (cbor.encode(done) if done else b"")

    def _act(self, request: bytes, touched: Touched) -> Mapping[int, Any]:
        if len(request) > MAX_MESSAGE_BYTES:
            raise CtapError(ERR.REQUEST_TOO_LARGE)
        command, params = request[:1], _params(request[1:])
        if command != bytes([CMD.GET_NEXT_ASSERTION]):
            self._series = []  # §6.3: any other command ends it
        match int.from_bytes(command, "big"):
            case CMD.GET_INFO:
                return self._info()
            case CMD.MAKE_CREDENTIAL:
                return self._make_credential(params, touched)
            case CMD.GET_ASSERTION:
                return self._get_assertion(params, touched)
            case CMD.GET_NEXT_ASSERTION:
                return self._next_assertion()
            case CMD.CLIENT_PIN:
                return self._pins.answer(params)
            case CMD.RESET:
                return self._reset(touched)
            case CMD.SELECTION:
                touched()
                return {}
            case _:
                raise CtapError(ERR.INVALID_COMMAND)

    def _info(self) -> dict[int, Any]:
        """§6.4."""
        return {
            1: ["FIDO_2_0", "FIDO_2_1"],
            3: bytes(Aaguid.parse(self.memory.aaguid)),
            4: {
                "rk": True,
                "up": True,
                "plat": False,
                "clientPin": self._pins.is_set,
                "pinUvAuthToken": True,
            },
            5: MAX_MESSAGE_BYTES,
            6: [2, 1],
            7: 8,
            8: 128,
            9: ["usb"],
            10: [{"alg": ES256.ALGORITHM, "type": "public-key"}],
            13: MIN_PIN_CHARS,
            14: 1,
            20: MAX_HOLDINGS - len(self.memory.holdings),
        }

    def _reset(self, touched: Touched) -> dict[int, Any]:
        """§6.6."""
        if self._clock.monotonic_s() - self._powered_s > RESET_S:
            raise CtapError(ERR.NOT_ALLOWED)
        touched()
        self.memory.forget()
        self._keep()
        self._pins.power_up()
        return {}

    # --- makeCredential, §6.1

    def _make_credential(self, params: Mapping[Any, Any], touched: Touched) -> dict[int, Any]:
        digest, rp, user = need_bytes(params, 1), need_map(params, 2), need_map(params, 3)
        rp_id, user_id = need_text(rp, "id"), need_bytes(user, "id")
        self._probe(params, touched)
        need(params, 4)
        if not any(one.get("alg") == ES256.ALGORITHM for one in list_of_maps(params, 4)):
            raise CtapError(ERR.UNSUPPORTED_ALGORITHM)
        wanted = options(params, 7)
        if wanted.get("uv") or not wanted.get("up", True):
            raise CtapError(ERR.INVALID_OPTION)
        verified = self._verified(params, (8, 9), digest, PERMISSION.MAKE_CREDENTIAL, rp_id)
        if self._pins.is_set and not verified:  # step 10: makeCredUvNotRqd is not offered
            raise CtapError(ERR.PUAT_REQUIRED)
        excluded = any(self._found(rp_id, one) for one in list_of_maps(params, 5))
        touched()
        self._pins.token.spend()
        if excluded:
            raise CtapError(ERR.CREDENTIAL_EXCLUDED)
        key = ec.generate_private_key(ec.SECP256R1())
        credential_id = (
            self._held(rp_id, user, user_id, key) if wanted.get("rk") else self._wrapped(rp_id, key)
        )
        self.memory.counter += 1
        self._keep()
        data = AuthenticatorData.create(
            sha256(rp_id.encode()).digest(),
            FLAG.AT | FLAG.UP | (FLAG.UV if verified else FLAG(0)),
            self.memory.counter,
            AttestedCredentialData.create(
                Aaguid.parse(self.memory.aaguid),
                credential_id,
                ES256(cose_key(key.public_key(), algorithm=ES256.ALGORITHM)),
            ),
        )
        return self._attested(data, digest, key)

    def _attested(self, data: bytes, digest: bytes, key: ec.EllipticCurvePrivateKey) -> dict[int, Any]:
        """The attestation statement: "packed" by the maker or by the credential itself, or "none" (WebAuthn L2 §8)."""
        if self.memory.attestation == "none":
            return {1: "none", 2: data, 3: {}}
        seal = self.memory.seal
        statement: dict[str, Any] = {"alg": ES256.ALGORITHM}
        if seal is not None:
            key = _private_key(seal.scalar)
            statement["x5c"] = [*seal.chain[:-1]]  # the root stays with whoever trusts it
        statement["sig"] = key.sign(data + digest, ec.ECDSA(SHA256()))
        return {1: "packed", 2: data, 3: statement}

    def _held(
        self, rp_id: str, user: Mapping[Any, Any], user_id: bytes, key: ec.EllipticCurvePrivateKey
    ) -> bytes:
        """Keep a discoverable credential; the same person's older one for this site goes (step 17)."""
        others = [one for one in self.memory.holdings if (one.rp_id, one.user_id) != (rp_id, user_id)]
        if len(others) >= MAX_HOLDINGS:
            raise CtapError(ERR.KEY_STORE_FULL)
        holding = Holding(
            credential_id=secrets.token_bytes(32),
            scalar=_scalar(key),
            rp_id=rp_id,
            user_id=user_id,
            user_name=str(user.get("name", "")),
            display_name=str(user.get("displayName", "")),
        )
        self.memory.holdings = [*others, holding]
        return holding.credential_id

    def _wrapped(self, rp_id: str, key: ec.EllipticCurvePrivateKey) -> bytes:
        """A credential that is kept nowhere: its id is its secret half, sealed for this key and site."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.memory.master).encrypt(nonce, _scalar(key), rp_id.encode())

    # --- getAssertion, §6.2

    def _get_assertion(self, params: Mapping[Any, Any], touched: Touched) -> dict[int, Any]:
        rp_id, digest = need_text(params, 1), need_bytes(params, 2)
        self._probe(params, touched, proof=6)
        wanted = options(params, 5)
        if wanted.get("uv") or "rk" in wanted:
            raise CtapError(ERR.INVALID_OPTION)
        verified = self._verified(params, (6, 7), digest, PERMISSION.GET_ASSERTION, rp_id)
        if 3 in params:
            found = [one for one in (self._found(rp_id, each) for each in list_of_maps(params, 3)) if one][:1]
        else:
            found = [one for one in reversed(self.memory.holdings) if one.rp_id == rp_id]
        if not found:
            raise CtapError(ERR.NO_CREDENTIALS)
        present = wanted.get("up", True)
        if present:
            touched()
            self._pins.token.spend()
        flags = (FLAG.UP if present else FLAG(0)) | (FLAG.UV if verified else FLAG(0))
        first, *rest = [
            self._signed(one, digest, flags, many=len(found) > 1 and verified, named=3 not in params)
            for one in found
        ]
        if rest:
            first[5] = len(found)
            self._series, self._series_s = rest, self._clock.monotonic_s()
        return first

    def _next_assertion(self) -> dict[int, Any]:
        """§6.3."""
        if not self._series or self._clock.monotonic_s() - self._series_s > NEXT_ASSERTION_S:
            raise CtapError(ERR.NOT_ALLOWED)
        self._series_s = self._clock.monotonic_s()
        return self._series.pop(0)

    def _signed(
        self, one: Holding, digest: bytes, flags: AuthenticatorData.FLAG, *, many: bool, named: bool
    ) -> dict[int, Any]:
        """One assertion. Names of people leave the key only to choose among many, and after the PIN (§6.2.2, 12)."""
        self.memory.counter += 1
        self._keep()
        data = AuthenticatorData.create(sha256(one.rp_id.encode()).digest(), flags, self.memory.counter)
        signature = _private_key(one.scalar).sign(data + digest, ec.ECDSA(SHA256()))
        done = {1: {"id": one.credential_id, "type": "public-key"}, 2: data, 3: signature}
        if one.user_id and (named or many):
            names = {"name": one.user_name, "displayName": one.display_name} if many else {}
            done[4] = {"id": one.user_id, **names}
        return done

    # --- steps of both

    def _probe(self, params: Mapping[Any, Any], touched: Touched, proof: int = 8) -> None:
        """An empty proof asks only which key the person touches (§6.1.2 step 1, §6.2.2 step 1)."""
        if params.get(proof) == b"":
            touched()
            raise CtapError(ERR.PIN_INVALID if self._pins.is_set else ERR.PIN_NOT_SET)

    def _verified(
        self,
        params: Mapping[Any, Any],
        keys: tuple[int, int],
        digest: bytes,
        permission: ClientPin.PERMISSION,
        rp_id: str,
    ) -> bool:
        """Whether the PIN was given for this act; refuses a proof that is wrong."""
        if keys[0] not in params:
            return False
        protocol = need(params, keys[1])
        self._pins.check(protocol, digest, need_bytes(params, keys[0]), permission, rp_id)
        return True

    def _found(self, rp_id: str, descriptor: Mapping[Any, Any]) -> Holding | None:
        """The credential with this id when it is this key's and this site's."""
        wanted = need_bytes(descriptor, "id")
        for one in self.memory.holdings:
            if one.credential_id == wanted:
                return one if one.rp_id == rp_id else None
        try:
            scalar = AESGCM(self.memory.master).decrypt(wanted[:12], wanted[12:], rp_id.encode())
        except (InvalidTag, ValueError):
            return None
        return Holding(credential_id=wanted, scalar=scalar, rp_id=rp_id, user_id=b"")


def _params(data: bytes) -> Mapping[Any, Any]:
    if not data:
        return {}
    try:
        params = cbor.decode(data)
    except (ValueError, LookupError, TypeError, RecursionError, struct.error) as error:
        raise CtapError(ERR.INVALID_CBOR) from error
    if not isinstance(params, dict):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return params


def _scalar(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


def _private_key(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
