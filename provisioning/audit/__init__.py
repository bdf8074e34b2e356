"""The audit trail: a hash chain per node, each record signed, kept in the same transaction as the fact."""

from provisioning.audit.chain import AuditRecord, Flaw, first_flaw, link_record
from provisioning.audit.store import AUDIT, read_trail
from provisioning.audit.trail import Trail, verify_trail

__all__ = ["AUDIT", "AuditRecord", "Flaw", "Trail", "first_flaw", "link_record", "read_trail", "verify_trail"]
