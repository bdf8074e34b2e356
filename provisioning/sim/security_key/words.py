"""Reading the CBOR maps that a client sends to a virtual key; a wrong one gets the status the standard names."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.ctap import CtapError

ERR = CtapError.ERR  # CTAP 2.1 §8.2, status codes


def need(params: Mapping[Any, Any], key: Any) -> Any:
    """A value that must be there, of any type."""
    if key not in params:
        raise CtapError(ERR.MISSING_PARAMETER)
    return params[key]


def need_bytes(params: Mapping[Any, Any], key: Any) -> bytes:
    """A byte string that must be there."""
    value = need(params, key)
    if not isinstance(value, bytes):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def need_text(params: Mapping[Any, Any], key: Any) -> str:
    """A text that must be there."""
    value = need(params, key)
    if not isinstance(value, str):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def need_int(params: Mapping[Any, Any], key: Any) -> int:
    """A number that must be there."""
    value = need(params, key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def need_map(params: Mapping[Any, Any], key: Any) -> Mapping[Any, Any]:
    """A map that must be there."""
    value = need(params, key)
    if not isinstance(value, dict):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def list_of_maps(params: Mapping[Any, Any], key: Any) -> list[Mapping[Any, Any]]:
    """A list of maps, empty when it is not there."""
    value = params.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def options(params: Mapping[Any, Any], key: Any) -> Mapping[str, bool]:
    """The options map, empty when it is not there."""
    value = params.get(key, {})
    if not isinstance(value, dict) or not all(isinstance(one, bool) for one in value.values()):
        raise CtapError(ERR.CBOR_UNEXPECTED_TYPE)
    return value


def cose_key(key: ec.EllipticCurvePublicKey, *, algorithm: int) -> dict[int, Any]:
    """A point on P-256 as RFC 9053 §7.1.1 writes it."""
    point = key.public_numbers()
    x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    return {1: 2, 3: algorithm, -1: 1, -2: x, -3: y}
