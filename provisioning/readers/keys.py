"""Security keys at a reader: letting one sign, making a credential on one, its first PIN.

Runs in a thread of the reader's process: a key waits for a finger. A PIN passes through to the key and is neither
kept nor logged; what comes back is for the hub to judge.
"""

import json
import struct
import unicodedata
from collections.abc import Callable
from threading import Event
from typing import Any, Literal, TypeVar

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    PinRequiredError,
    UserInteraction,
)
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.webauthn import PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions

from provisioning.errors import Refused
from provisioning.readers.keyplaces import KeyWatch, gone_errors

MAX_PIN_BYTES = 63  # CTAP 2.1 §6.5.1, in UTF-8
T = TypeVar("T")

KeyCode = Literal[
    "pin_wrong",  # tries_left
    "pin_blocked",  # only a reset helps, which erases it
    "pin_too_short",
    "pin_too_long",
    "pin_missing",
    "key_replug",  # three wrong in a row: take it out and put it back; tries_left
    "key_timeout",  # nobody touched it
    "key_cancelled",
    "key_gone",  # pulled out, or broken
    "key_no_credential",  # nothing on it for this site
    "key_known",  # one of this person's credentials is on it already
    "key_full",
    "key_busy",
    "key_without_pin",  # nobody has set it up
    "key_unsupported",  # no FIDO2, no PIN, or no room for a credential that says whose it is
    "key_unreadable",  # the options are none, or another site's
    "key_failed",  # any other word of the key; ``status``
]
_CAUSES: dict[int, KeyCode] = {
    CtapError.ERR.PIN_BLOCKED: "pin_blocked",
    CtapError.ERR.PIN_POLICY_VIOLATION: "pin_too_short",
    CtapError.ERR.PIN_NOT_SET: "key_without_pin",
    CtapError.ERR.PUAT_REQUIRED: "pin_missing",
    CtapError.ERR.USER_ACTION_TIMEOUT: "key_timeout",
    CtapError.ERR.ACTION_TIMEOUT: "key_timeout",
    CtapError.ERR.OPERATION_DENIED: "key_timeout",
    CtapError.ERR.KEEPALIVE_CANCEL: "key_cancelled",
    CtapError.ERR.NO_CREDENTIALS: "key_no_credential",
    CtapError.ERR.CREDENTIAL_EXCLUDED: "key_known",
    CtapError.ERR.KEY_STORE_FULL: "key_full",
    CtapError.ERR.CHANNEL_BUSY: "key_busy",
    CtapError.ERR.NOT_ALLOWED: "key_replug",
    CtapError.ERR.UNSUPPORTED_ALGORITHM: "key_unsupported",
    CtapError.ERR.UNSUPPORTED_OPTION: "key_unsupported",
    CtapError.ERR.INVALID_OPTION: "key_unsupported",
    CtapError.ERR.INVALID_COMMAND: "key_unsupported",
}
_TRIES: dict[int, KeyCode] = {
    CtapError.ERR.PIN_INVALID: "pin_wrong",
    CtapError.ERR.PIN_AUTH_BLOCKED: "key_replug",
}


# What the library raises about a device that knows no CTAP2, answers what no key would, or claims sizes that none has.
_NONSENSE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
MOST_TRIES = 8  # CTAP 2.1 §6.5.2, maxPinRetries


class KeyTrouble(Refused):
    """A key did not do it. ``reason`` is one of ``KeyCode``; detail may have ``tries_left`` or ``status``."""

    code = "key_failed"


class Keys:
    """What a reader at one site does with a key: signs in the site's own name and for no other."""

    def __init__(self, site_id: str) -> None:
        self._asking = DefaultClientDataCollector(f"https://{site_id}.passage")

    def sign(
        self,
        device: CtapDevice,
        options_json: bytes,
        pin: str,
        on_touch: Callable[[], None],
        cancel: Event | None = None,
    ) -> bytes:
        """The key's answer (AuthenticationResponseJSON). ``on_touch`` is called when it waits for a finger.

        Of several credentials for this site it is the newest one that signs. ``cancel`` ends the wait.

        Raises:
            KeyTrouble: any code but ``key_known`` and ``key_full``.
        """
        options = _options(options_json, PublicKeyCredentialRequestOptions)

        def act() -> bytes:
            clean = _clean_pin(pin, device)
            if Ctap2(device).info.options.get("clientPin") is False:
                raise KeyTrouble("key_without_pin")
            client = self._client(device, clean, on_touch)
            return _json(client.get_assertion(options, cancel).get_response(0))

        return translated(act, device)

    def enrol(
        self,
        device: CtapDevice,
        options_json: bytes,
        pin: str,
        on_touch: Callable[[], None],
        cancel: Event | None = None,
    ) -> bytes:
        """The key's answer (RegistrationResponseJSON). A key without a PIN gets this one first.

        Raises:
            KeyTrouble: any code but ``key_no_credential``.
        """
        options = _options(options_json, PublicKeyCredentialCreationOptions)

        def act() -> bytes:
            clean = _clean_pin(pin, device)
            set_first_pin(device, clean)
            client = self._client(device, clean, on_touch)
            return _json(client.make_credential(options, cancel))

        return translated(act, device)

    def erase(self, device: CtapDevice, on_touch: Callable[[], None], cancel: Event | None = None) -> None:
        """Take everything off a key, its PIN too, before somebody else gets it (CTAP 2.1 §6.6).

        Raises:
            KeyTrouble: ``key_replug`` when it was plugged in more than ten seconds ago, and the others of a touch.
        """

        def act() -> None:
            Ctap2(device).reset(event=cancel, on_keepalive=_Person("", on_touch).hear)

        translated(act, device)

    @staticmethod
    def open(watch: KeyWatch, name: str) -> CtapDevice:
        """A handle on a key that is there.

        Raises:
            KeyTrouble: ``key_gone``, or ``key_unsupported`` when it answers nonsense.
        """
        return translated(lambda: watch.open(name), None)

    def _client(self, device: CtapDevice, pin: str, on_touch: Callable[[], None]) -> Fido2Client:
        return Fido2Client(device, self._asking, _Person(pin, on_touch), extensions=())


class _Person(UserInteraction):
    """Who stands there: has given the PIN, and is told when to touch."""

    def __init__(self, pin: str, on_touch: Callable[[], None]) -> None:
        self._pin = pin
        self._on_touch = on_touch

    def prompt_up(self) -> None:
        self._on_touch()

    def hear(self, status: int) -> None:
        """What a key says while it works."""
        if status == STATUS.UPNEEDED:
            self._on_touch()

    def request_pin(self, permissions: ClientPin.PERMISSION, rp_id: str | None) -> str | None:  # noqa: ARG002
        return self._pin

    def request_uv(self, permissions: ClientPin.PERMISSION, rp_id: str | None) -> bool:  # noqa: ARG002
        """A fingerprint instead of the PIN is not asked for: everybody signs in the same way."""
        return False


def set_first_pin(device: CtapDevice, pin: str) -> bool:
    """Give a PIN to a key that has none; True when it was given. A key that has one is left alone.

    Raises:
        CtapError: the key refuses this PIN.
        ValueError: the key knows no PIN.
    """
    info = Ctap2(device)
    if info.info.options.get("clientPin"):
        return False
    ClientPin(info).set_pin(pin)
    return True


def _clean_pin(pin: str, device: CtapDevice) -> str:
    """The PIN as CTAP 2.1 §6.5.1 wants it: NFC, and neither too short for this key nor too long for any."""
    clean = unicodedata.normalize("NFC", pin)
    if not clean:
        raise KeyTrouble("pin_missing")
    if len(clean) < Ctap2(device).info.min_pin_length:
        raise KeyTrouble("pin_too_short")
    if len(clean.encode()) > MAX_PIN_BYTES:
        raise KeyTrouble("pin_too_long")
    return clean


def _options(data: bytes, kind: type[T]) -> T:
    """What the hub wants signed. Its time limit is left to the key and to ``cancel``: the library would use up both."""
    try:
        plain = json.loads(data)
        plain.pop("timeout", None)
        rp_id = plain["rp"]["id"] if "rp" in plain else plain["rpId"]
        if not (isinstance(rp_id, str) and isinstance(plain["challenge"], str)):
            raise TypeError("a site and a challenge are texts")
        made: T = kind.from_dict(plain)  # type: ignore[attr-defined]
    except _NONSENSE as error:
        raise KeyTrouble("key_unreadable") from error
    return made


def _json(response: Any) -> bytes:
    return json.dumps(dict(response)).encode()


def translated(act: Callable[[], T], device: CtapDevice | None) -> T:
    """What ``act`` returns; what a key or the library complains about, as a :class:`KeyTrouble`."""
    try:
        return act()
    except ClientError as error:
        raise _client_trouble(error, device) from error
    except CtapError as error:
        raise _trouble(error, device) from error
    except gone_errors() as error:
        raise KeyTrouble("key_gone", status=type(error).__name__) from error
    except _NONSENSE as error:
        raise KeyTrouble("key_unsupported", status=type(error).__name__) from error


def _client_trouble(error: ClientError, device: CtapDevice | None) -> KeyTrouble:
    if isinstance(error, PinRequiredError):
        return KeyTrouble("pin_missing")
    if isinstance(error.cause, CtapError):
        return _trouble(error.cause, device)
    match error.code:
        case ClientError.ERR.CONFIGURATION_UNSUPPORTED:
            return KeyTrouble("key_unsupported")
        case ClientError.ERR.BAD_REQUEST:
            return KeyTrouble("key_unreadable")
        case _:
            return KeyTrouble("key_failed", status=error.code.name)


def _trouble(error: CtapError, device: CtapDevice | None) -> KeyTrouble:
    if error.code in _TRIES and device is not None:
        return KeyTrouble(_TRIES[error.code], tries_left=_tries_left(device))
    code = _CAUSES.get(error.code)
    return KeyTrouble(code) if code else KeyTrouble("key_failed", status=error.code.name)


def _tries_left(device: CtapDevice) -> int | None:
    """How many PINs may still be tried; None when the key does not say any more."""
    try:
        left = ClientPin(Ctap2(device)).get_pin_retries()[0]
    except gone_errors():
        return None
    except (CtapError, *_NONSENSE):
        return None
    return left if type(left) is int and 0 <= left <= MOST_TRIES else None
