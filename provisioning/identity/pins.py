"""PINs and passwords as Argon2id hashes with the site's pepper."""

import hashlib
import hmac
import os
from binascii import Error as Base64Error

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


def verify_secret(secret: str, phc: str, pepper: bytes) -> bool:
    """Whether ``secret`` is the one that ``phc`` was made of. A damaged ``phc`` matches nothing."""
    try:
        Argon2id.verify_phc_encoded(_peppered(secret, pepper), phc)
    except (InvalidKey, ValueError, Base64Error):
        return False
    return True
