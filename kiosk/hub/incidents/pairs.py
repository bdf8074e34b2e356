"""J4.F10: the same officer gave a person another badge, stick or key and touched their money or regime in a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from kiosk.hub.incidents.store import IncidentStore
from provisioning.audit import AuditRecord, Trail
from provisioning.clock import Clock, iso

WINDOW = timedelta(hours=24)  # J4.F10
TOUCHES = frozenset({"regime_changed", "balance_changed", "price_refunded"})


def who_did_both(records: Iterable[AuditRecord]) -> dict[str, str]:
    """Officer -> what they touched besides: those who had a hand in a re-issue and in the person's money or regime.

    ``records`` are about one person, of one :data:`WINDOW`. A first badge is no re-issue: everybody has to get one.
    """
    gave: set[str] = set()
    touched: dict[str, str] = {}
    for one in records:
        if one.action == "credential_issued" and one.detail.get("again"):
            gave |= _hands(one)
        elif one.action in TOUCHES:
            touched |= dict.fromkeys(_hands(one), one.action)
    return {officer: action for officer, action in touched.items() if officer in gave}


def _hands(one: AuditRecord) -> set[str]:
    second = one.detail.get("second")
    return {one.actor, second} if isinstance(second, str) and second else {one.actor}


@dataclass(frozen=True)
class Pairs:
    """Looks at a person's last day after each act of either kind, in the act's own transaction."""

    incidents: IncidentStore
    trail: Trail
    clock: Clock

    def look(self, resident_id: str) -> None:
        """Open an incident for each officer who did both, once while it is not settled."""
        now = self.clock.now_utc()
        records = self.trail.between(
            iso(now - WINDOW), iso(now + timedelta(milliseconds=1)), names=(resident_id,)
        )
        about = [one for one in records if one.subject == resident_id]
        for officer_id, action in who_did_both(about).items():
            if not self.incidents.open_with("pair", resident_id, officer_id):
                self.incidents.open("pair", resident_id, "", officer=officer_id, touched=action)
