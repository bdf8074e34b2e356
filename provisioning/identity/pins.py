"""PINs and passwords as Argon2id hashes with the site's pepper."""

import base64
import hashlib
import hmac
import os
from binascii import Error as Base64Error
from typing import Literal

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# OWASP's first choice for Argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
MEMORY_KIB = 19 * 1024
ITERATIONS = 2
LANES = 1


def _peppered(secret: str, pepper: bytes) -> bytes:
    return hmac.new(pepper, secret.encode(), hashlib.sha256).digest()


def hash_secret(secret: str, pepper: bytes) -> str:
    """The PHC string of a PIN or password: ``$argon2id$v=19$m=19456,t=2,p=1$...``."""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(_peppered(secret, pepper))


def hash_beside(secret: str, phc: str, pepper: bytes) -> str:
    """The PHC string of another secret with the salt and cost of ``phc``: one pass then tells which of two it is.

    Raises:
        ValueError: ``phc`` is damaged.
    """
    try:
        _, kind, _version, cost, salt, _digest = phc.split("$")
        numbers = dict(word.split("=") for word in cost.split(","))
        if kind != "argon2id":
            raise ValueError(f"not argon2id: {kind}")
        kdf = Argon2id(
            salt=base64.b64decode(salt + "=" * (-len(salt) % 4)),
            length=32,
            iterations=int(numbers["t"]),
            lanes=int(numbers["p"]),
            memory_cost=int(numbers["m"]),
        )
    except (KeyError, Base64Error) as error:
        raise ValueError("damaged hash") from error
    return kdf.derive_phc_encoded(_peppered(secret, pepper))


def no_secret() -> str:
    """A PHC string that nothing fits, as costly to check as any other: its digest is drawn, not computed."""
    salt, digest = (base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={ITERATIONS},p={LANES}${salt}${digest}"


def which_secret(secret: str, phc: str, duress_phc: str, pepper: bytes) -> Literal["own", "duress", ""]:
    """Which of a person's two secrets this is; the same time and memory for either, and for neither.

    ``duress_phc`` was made by :func:`hash_beside` of ``phc``, or is empty. A damaged hash matches nothing.
    """
    try:
        made = hash_beside(secret, phc, pepper).encode()
    except ValueError:
        return ""
    is_own = hmac.compare_digest(made, phc.encode())
    is_duress = hmac.compare_digest(made, duress_phc.encode())
    return "own" if is_own else "duress" if is_duress else ""


def verify_secret(secret: str, phc: str, pepper: bytes) -> bool:
    """Whether ``secret`` is the one that ``phc`` was made of. A damaged ``phc`` matches nothing."""
    try:
        Argon2id.verify_phc_encoded(_peppered(secret, pepper), phc)
    except (InvalidKey, ValueError, Base64Error):
        return False
    return True
