"""The hash chain as a value: linking a record to the one before, and finding the first that does not fit."""

import hashlib
from collections.abc import Callable, Iterable

import msgspec
import rfc8785

GENESIS = "0" * 64


class AuditRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that happened. Names nobody: residents and officers appear by id."""

    seq: int
    at_utc: str
    node_id: str
    actor: str  # officer id, resident id, or the node itself
    action: str  # a verb in the past: "request_decided"
    subject: str
    detail: dict[str, str | int | float | bool | None]
    previous: str
    digest: str = ""
    signature: str = ""  # hex, Ed25519 over the digest


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """The first record that does not fit: where, and what is wrong (``gap previous digest signature node end``)."""

    seq: int
    what: str


def digest_of(record: AuditRecord) -> str:
    """SHA-256 (hex) of a record's canonical JSON without its own digest and signature."""
    plain = msgspec.to_builtins(record)
    del plain["digest"], plain["signature"]
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()


def link_record(record: AuditRecord, sign: Callable[[bytes], bytes]) -> AuditRecord:
    """The record with its digest and the node's signature over it."""
    digest = digest_of(record)
    return msgspec.structs.replace(record, digest=digest, signature=sign(bytes.fromhex(digest)).hex())


def first_flaw(
    records: Iterable[AuditRecord],
    node_id: str,
    check: Callable[[bytes, bytes], bool],
    head: tuple[int, str] | None = None,
) -> Flaw | None:
    """The first record that was changed, removed, inserted or reordered; None when the chain is whole.

    ``check(signature, digest)`` tells whether this node signed. ``head`` is a (seq, digest) seen earlier
    elsewhere: with it a cut-off end is found too.
    """
    previous, expected_seq = GENESIS, 1
    for record in records:
        if what := _what_is_wrong(record, expected_seq, previous, node_id, check):
            return Flaw(seq=expected_seq, what=what)
        if head and record.seq == head[0] and record.digest != head[1]:
            return Flaw(seq=record.seq, what="digest")
        previous, expected_seq = record.digest, expected_seq + 1
    if head and expected_seq <= head[0]:
        return Flaw(seq=expected_seq, what="end")
    return None


def _what_is_wrong(
    record: AuditRecord, seq: int, previous: str, node_id: str, check: Callable[[bytes, bytes], bool]
) -> str | None:
    if record.seq != seq:
        return "gap"
    if record.node_id != node_id:
        return "node"
    if record.previous != previous:
        return "previous"
    if digest_of(record) != record.digest:
        return "digest"
    try:
        signed = check(bytes.fromhex(record.signature), bytes.fromhex(record.digest))
    except ValueError:
        signed = False
    return None if signed else "signature"
