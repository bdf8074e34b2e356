"""``audit verify`` of every node: a whole trail against its key and an optional head, in one sentence."""

import re

from provisioning.audit.store import read_trail
from provisioning.audit.trail import verify_trail
from provisioning.config import Node
from provisioning.errors import Refused
from provisioning.identity.keys import NodeKey

MEANING = {
    "gap": "a record is missing or was put in",
    "previous": "it does not follow the one before it",
    "digest": "its words were changed",
    "signature": "this node did not sign it",
    "node": "it belongs to another node",
    "end": "the trail ends before the head that was given",
}


class HeadUnreadable(Refused):
    """A head is not ``SEQ:DIGEST``."""

    code = "head_unreadable"


def verdict(node: Node, store_file: str, head: str = "") -> tuple[str, bool]:
    """What verifying this node's own trail found, in words, and whether the trail is whole.

    ``head`` is ``SEQ:DIGEST`` as an earlier verdict printed it: with it a cut-off end is found too.

    Raises:
        Unavailable: ``store_missing``.
        HeadUnreadable: ``head`` is something else.
    """
    path = node.state_dir / store_file
    flaw = verify_trail(path, node.node_id, NodeKey.load(node).key.public_key(), _head(head))
    if flaw is not None:
        return f"Record {flaw.seq} is the first bad one: {MEANING[flaw.what]}.", False
    count, last = 0, "0" * 64
    for record in read_trail(path):
        count, last = record.seq, record.digest
    return f"{count} records, all whole. Head {count}:{last}", True


def _head(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", text)
    if found is None:
        raise HeadUnreadable(head=text)
    return int(found[1]), found[2]
