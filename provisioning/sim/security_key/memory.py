"""What a virtual security key keeps without power: its secrets, its counter, its PIN; and the file it is kept in."""

import os
import secrets
from pathlib import Path
from typing import Literal

import msgspec

from provisioning.errors import Corrupt

PIN_RETRIES = 8  # CTAP 2.1 §6.5.2: maxPinRetries, 8 at most
DEMO_AAGUID = "9a5ba9e0-0001-4bad-9a55-a9e0000d0e5c"  # ours alone: a random number that no maker uses


class Holding(msgspec.Struct, kw_only=True):
    """One discoverable credential: for whom, and the secret half."""

    credential_id: bytes
    scalar: bytes  # the private key on P-256, 32 bytes
    rp_id: str
    user_id: bytes
    user_name: str = ""
    display_name: str = ""


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """A maker's key for one batch of keys, with the certificates above it (DER, nearest first)."""

    scalar: bytes
    chain: tuple[bytes, ...]


class Memory(msgspec.Struct, kw_only=True):
    """Everything that survives being pulled out."""

    serial: str
    master: bytes  # wraps the credentials that are not kept on the key
    aaguid: str = DEMO_AAGUID
    attestation: Literal["self", "none", "maker"] = "self"
    seal: Seal | None = None  # with attestation "maker"
    counter: int = 0  # one for all credentials (WebAuthn L2 §6.1.1: a global signature counter)
    pin_hash: bytes = b""  # LEFT(SHA-256(PIN), 16), CTAP 2.1 §6.5.5.5; empty: no PIN yet
    pin_retries: int = PIN_RETRIES
    holdings: list[Holding] = []

    def copy(self) -> "Memory":
        """A second key with the same secrets, counter and PIN: what a thief with a laboratory would make."""
        return msgspec.msgpack.decode(msgspec.msgpack.encode(self), type=Memory)

    def forget(self) -> None:
        """What a reset leaves: the serial number and the model (CTAP 2.1 §6.6). The counter goes on."""
        self.master = secrets.token_bytes(32)
        self.pin_hash = b""
        self.pin_retries = PIN_RETRIES
        self.holdings = []


def blank_memory(serial: str = "", *, aaguid: str = DEMO_AAGUID, seal: Seal | None = None) -> Memory:
    """A key fresh from its maker: no PIN, no credentials. With a ``seal`` its maker vouches for its model."""
    return Memory(
        serial=serial or f"V-{secrets.token_hex(4).upper()}",
        master=secrets.token_bytes(32),
        aaguid=aaguid,
        attestation="maker" if seal else "self",
        seal=seal,
    )


def load_memory(path: Path) -> Memory:
    """The key that is kept in a file; a file that is not there yet is a blank key.

    Raises:
        Corrupt: ``virtual_key_unreadable``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return blank_memory()
    try:
        return msgspec.json.decode(data, type=Memory)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt("virtual_key_unreadable", file=path.name, reason=str(error)) from error


def save_memory(memory: Memory, path: Path) -> None:
    """Keep a key in a file of its owner alone; a loss of power leaves the old or the new one."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(memory))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
