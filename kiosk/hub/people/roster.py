"""Telling every farm node which officers may act there, whenever that changed."""

import hashlib

import msgspec

from kiosk.hub.nodes.store import NodeStore
from kiosk.hub.people.store import PeopleStore
from provisioning.clock import Clock
from provisioning.contracts import OfficerRoster
from provisioning.store import Outbox


class Roster:
    """Puts an :class:`OfficerRoster` into the outbox for each farm that does not have the present one."""

    def __init__(
        self, people: PeopleStore, nodes: NodeStore, outbox: Outbox, farms: tuple[str, ...], clock: Clock
    ) -> None:
        self._people = people
        self._nodes = nodes
        self._outbox = outbox
        self._farms = farms
        self._clock = clock

    def publish(self) -> int:
        """Queue the roster where it is news, in the caller's transaction or one of its own; for how many farms."""
        told = 0
        with self._people.store.atomic():
            officers = self._people.roster()
            sha256 = hashlib.sha256(msgspec.json.encode(officers)).hexdigest()
            for farm in self._farms:
                edition, last = self._nodes.roster_told(farm)
                if last != sha256:
                    edition = self._next(edition)
                    self._outbox.put(farm, OfficerRoster(edition=edition, officers=officers))
                    self._nodes.keep_roster_told(farm, edition, sha256)
                    told += 1
        return told

    def _next(self, edition: int) -> int:
        """Milliseconds of the day it is made: a hub restored from yesterday still speaks later than it did before."""
        return max(edition + 1, int(self._clock.now_utc().timestamp() * 1000))
