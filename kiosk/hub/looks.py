"""Who looked at a person's page or log, as the person may read it: out of the trail, which nobody can shorten."""

from kiosk.hub.people.store import PeopleStore
from kiosk.policy.roles import acting_role
from provisioning.audit import AuditRecord, Trail
from provisioning.contracts import FileLooks, Look

MOST = 60  # what a person reads at a kiosk; the security officer has the rest
LOOKS = ("person_viewed", "log_read")


def looks_at(trail: Trail, people: PeopleStore, resident_id: str) -> FileLooks:
    """The newest looks at this person, newest first."""
    seen = [
        record
        for action in LOOKS
        for record in trail.latest(10 * MOST, action=action, about=resident_id)
        if record.subject == resident_id
    ]
    seen.sort(key=lambda record: record.seq, reverse=True)
    return FileLooks(looks=tuple(_look(record, people) for record in seen[:MOST]))


def _look(record: AuditRecord, people: PeopleStore) -> Look:
    card = people.officer(record.actor)
    role = record.detail.get("role") or acting_role(record.action, card.roles if card else ())
    return Look(
        at_utc=record.at_utc,
        by_role=str(role),
        what="log" if record.action == "log_read" else "page",
        purpose=str(record.detail.get("purpose") or ""),
    )
