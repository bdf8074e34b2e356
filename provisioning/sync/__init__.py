"""Telling and asking other nodes: a small client, the outbox drain, and the receiving end."""

from provisioning.sync.client import NodeClient
from provisioning.sync.drain import OutboxDrain
from provisioning.sync.receiver import Receiver

__all__ = ["NodeClient", "OutboxDrain", "Receiver"]
