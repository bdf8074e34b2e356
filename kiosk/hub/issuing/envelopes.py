"""PIN envelopes: a new PIN is made while its sheet is printed, once, and is kept nowhere but as a hash."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kiosk.hub.issuing.pins import new_pin
from kiosk.hub.issuing.store import IssueStore
from kiosk.hub.people.store import PeopleStore
from provisioning.audit import Trail
from provisioning.clock import Clock, parse_iso
from provisioning.errors import Refused
from provisioning.ids import short_code

PRINTED_WITHIN = timedelta(minutes=10)  # after that the officer who wanted it is asked to sign once more


class EnvelopePrinted(Refused):
    """This envelope was printed before; its PIN cannot be shown again."""

    code = "envelope_printed"


class EnvelopeLate(Refused):
    """Nobody printed it in time; the PIN was not changed."""

    code = "envelope_late"


@dataclass(frozen=True)
class Envelopes:
    """Orders and prints envelopes. The PIN passes through :meth:`make` and stays nowhere."""

    people: PeopleStore
    issues: IssueStore
    trail: Trail
    clock: Clock
    hash_pin: Callable[[str], str]

    def order(self, resident_id: str, by: str, **signed_by: str) -> str:
        """An officer may print one envelope for this person soon; its id, ``E-7K3M9Q``. The old PIN works meanwhile."""
        envelope_id = short_code("E")
        with self.issues.store.atomic():
            self.issues.add_envelope(envelope_id, resident_id, by)
            self.trail.record(by, "pin_envelope_ordered", resident_id, envelope=envelope_id, **signed_by)
        return envelope_id

    def make(self, envelope_id: str, resident_id: str, by: str) -> str:
        """The new PIN, which works from now on; the old one and an emergency secret do not.

        Raises:
            EnvelopePrinted, EnvelopeLate: nothing was changed.
        """
        kept = self.issues.envelope(envelope_id)
        if kept is None or kept["resident_id"] != resident_id or kept["ordered_by"] != by:
            raise EnvelopeLate
        if kept["printed_utc"]:
            raise EnvelopePrinted(at_utc=kept["printed_utc"])
        if self.clock.now_utc() - parse_iso(kept["ordered_utc"]) > PRINTED_WITHIN:
            raise EnvelopeLate
        pin = new_pin()
        pin_hash = self.hash_pin(pin)  # slow on purpose: not inside the transaction
        with self.issues.store.atomic():
            if not self.issues.print_envelope(envelope_id):
                raise EnvelopePrinted
            self.people.set_secret(resident_id, "pin", pin_hash, "", must_choose=True)
            self.trail.record(by, "pin_envelope_printed", resident_id, envelope=envelope_id)
        return pin
