"""What a kiosk keeps about people is sealed: AES-GCM under keys derived from its storage key."""

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provisioning.errors import Corrupt

NONCE_BYTES = 12  # NIST SP 800-38D 8.2: 96 random bits, safe for 2**32 messages under one key
KEY_BYTES = 32


def derive(storage_key: bytes, purpose: str, salt: bytes | None = None) -> bytes:
    """A key for one purpose (HKDF-SHA256, RFC 5869); 32 bytes.

    Raises:
        ValueError: the storage key has fewer than 32 bytes.
    """
    if len(storage_key) < KEY_BYTES:
        raise ValueError("the storage key has fewer than 32 bytes")
    return HKDF(SHA256(), KEY_BYTES, salt, f"passage kiosk {purpose}".encode()).derive(storage_key)


@dataclass(frozen=True)
class Sealer:
    """Closes and opens bytes under one key; ``about`` binds them to the place where they are kept."""

    key: bytes

    def close(self, plain: bytes, about: bytes = b"") -> bytes:
        """The sealed bytes: nonce, then ciphertext with its tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes = b"") -> bytes:
        """What was closed.

        Raises:
            Corrupt: ``sealed_unreadable``: other key, other place, or changed bytes.
        """
        try:
            return AESGCM(self.key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except (InvalidTag, ValueError) as error:
            raise Corrupt("sealed_unreadable") from error


def blind(key: bytes, text: str) -> str:
    """A name that finds the same thing again and tells nobody what it is (HMAC-SHA256, 32 hex digits)."""
    return hmac.new(key, text.encode(), "sha256").hexdigest()[:32]
