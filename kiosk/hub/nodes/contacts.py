"""Which node was heard when: kept in memory, written down at most once a minute a node."""

import threading
from datetime import datetime, timedelta

from kiosk.hub.nodes.store import NodeStore
from provisioning.clock import Clock
from provisioning.errors import Unavailable

WRITE_EVERY = timedelta(minutes=1)


class Contacts:
    """The hub's memory of who spoke to it. Nothing fails because this cannot be written down."""

    def __init__(self, nodes: NodeStore, clock: Clock) -> None:
        self._nodes = nodes
        self._clock = clock
        self._lock = threading.Lock()
        self._heard = nodes.heard()
        self._written = dict(self._heard)

    def heard(self, node_id: str) -> None:
        """This node spoke just now."""
        now = self._clock.now_utc()
        with self._lock:
            self._heard[node_id] = now
            last = self._written.get(node_id)
            if last is not None and now - last < WRITE_EVERY:
                return
            self._written[node_id] = now
        try:
            self._nodes.keep(node_id, now)
        except Unavailable:
            return  # a full or read-only disk is told by those who need to write

    def all(self) -> dict[str, datetime]:
        """The last contact of every node that was ever heard."""
        with self._lock:
            return dict(self._heard)
