"""Typed names of things, random keys for messages, and short codes that people read aloud."""

import secrets
import uuid
from typing import NewType

NodeId = NewType("NodeId", str)
ResidentId = NewType("ResidentId", str)
OfficerId = NewType("OfficerId", str)
SessionId = NewType("SessionId", str)
RequestId = NewType("RequestId", str)
OrderId = NewType("OrderId", str)
ModelId = NewType("ModelId", str)
JobId = NewType("JobId", str)
RunId = NewType("RunId", str)
PartId = NewType("PartId", str)
PrinterId = NewType("PrinterId", str)
CellId = NewType("CellId", str)
ReelId = NewType("ReelId", str)

# No 0/O, 1/I/L, 5/S, 2/Z, 8/B: letters that a label printer and a tired reader keep apart.
READABLE = "34679ACDEFGHJKMNPQRTUVWXY"


def new_key() -> str:
    """A random 32-digit hexadecimal key: request keys, message ids, sessions (122 random bits, RFC 9562 v4)."""
    return uuid.uuid4().hex


def short_code(prefix: str, length: int = 6) -> str:
    """A code such as ``P-7K3M9Q`` that people can read aloud (25**6, about 244 million per prefix)."""
    return f"{prefix}-" + "".join(secrets.choice(READABLE) for _ in range(length))
