"""A node's own trail: recording inside the caller's transaction, and verifying it against the node's key."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provisioning.audit.chain import AuditRecord, Flaw, first_flaw, link_record
from provisioning.audit.store import TrailStore, read_trail
from provisioning.clock import Clock, iso
from provisioning.identity.keys import NodeKey
from provisioning.store.opening import Store


class Trail(TrailStore):
    """Where one node writes what happened."""

    def __init__(self, store: Store, signer: NodeKey, clock: Clock) -> None:
        super().__init__(store)
        self._signer = signer
        self._clock = clock

    def record(
        self, actor: str, action: str, subject: str, **detail: str | int | float | bool | None
    ) -> AuditRecord:
        """Append one record in the current transaction (or one of its own)."""
        with self._store.atomic():
            seq, digest = self.head()
            record = link_record(
                AuditRecord(
                    seq=seq + 1,
                    at_utc=iso(self._clock.now_utc()),
                    node_id=self._signer.node_id,
                    actor=actor,
                    action=action,
                    subject=subject,
                    detail=detail,
                    previous=digest,
                ),
                self._signer.key.sign,
            )
            self._append(record)
        return record


def verify_trail(
    path: Path, node_id: str, key: Ed25519PublicKey, head: tuple[int, str] | None = None
) -> Flaw | None:
    """The first bad record of a node's trail, or None. ``head`` as in :func:`first_flaw`."""

    def check(signature: bytes, digest: bytes) -> bool:
        try:
            key.verify(signature, digest)
        except InvalidSignature:
            return False
        return True

    return first_flaw(read_trail(path), node_id, check, head)
