"""Taking a badge, stick or key out of use, everywhere at once; and hearing from kiosks that it was done there."""

from dataclasses import dataclass
from typing import Literal

from kiosk.hub.credentials.store import Credential, CredentialStore
from kiosk.hub.incidents.store import IncidentStore
from kiosk.hub.sessions.store import SessionStore
from provisioning.audit import Trail
from provisioning.contracts import BlockHere, Contract, CopyFound
from provisioning.errors import Corrupt
from provisioning.sync import Receiver

Why = Literal["lost", "stolen", "damaged", "returned", "replaced", "copied", "kiosk"]
# What an officer taps, and what becomes of it: only what was handed in may be given out anew.
STATES: dict[Why, Literal["blocked", "returned"]] = {
    "lost": "blocked",
    "stolen": "blocked",
    "damaged": "blocked",
    "returned": "returned",
    "replaced": "blocked",
    "copied": "blocked",
    "kiosk": "blocked",
}


@dataclass(frozen=True)
class Blocking:
    """Blocks at the hub; kiosks learn it with their next question, and their offline passes fall."""

    credentials: CredentialStore
    sessions: SessionStore
    incidents: IncidentStore
    trail: Trail

    def connect(self, receiver: Receiver) -> None:
        """Hear what officers and kiosks blocked while the hub was away."""
        receiver.on_message(BlockHere, self.hear_block)
        receiver.on_message(CopyFound, self.hear_copy)

    def block(self, one: Credential, why: Why, by: str, **detail: str) -> bool:
        """Take it out of use and let its person's session end; False when it was out of use so already.

        Raises:
            CopyStays: it was copied; that is why it is blocked, for good.
        """
        state = STATES[why]
        with self.credentials.store.atomic():
            if not self.credentials.set_state(one.kind, one.uid, state, by, why):
                return False
            action = "badge_returned" if state == "returned" else "badge_blocked"
            which = {"kind": one.kind, "ends_in": one.uid[-3:], "why": why}  # not what opens
            self.trail.record(by, action, one.resident_id or one.officer_id, **which, **detail)
            for session in self.sessions.of_resident(one.resident_id) if one.resident_id else ():
                if self.sessions.let_end(session.session_id, "hub"):
                    self.trail.record(by, "session_end_ordered", session.session_id, kiosk=session.kiosk_id)
        return True

    def unblock(self, one: Credential, by: str, **detail: str) -> bool:
        """Let it work again; False when it works. Raises as :meth:`block`."""
        with self.credentials.store.atomic():
            if not self.credentials.set_state(one.kind, one.uid, "active", by):
                return False
            which = {"kind": one.kind, "ends_in": one.uid[-3:]}
            self.trail.record(by, "badge_unblocked", one.resident_id, **which, **detail)
        return True

    # --- messages of kiosks ---

    def hear_block(self, sender: str, message: Contract) -> None:
        """An officer's own badge blocked something at a kiosk: so it is everywhere, and an officer looks into it.

        Raises:
            Corrupt: ``message_foreign``: another kiosk's, or of an officer who carried no badge that worked then.
        """
        assert isinstance(message, BlockHere)
        is_officers = self.credentials.carried_badge(message.officer_id, message.at_utc)
        if message.kiosk_id != sender or not is_officers:
            raise Corrupt("message_foreign", sender=sender)
        found = self.credentials.find(message.credential, message.uid)
        if found is None:
            return
        with self.credentials.store.atomic():
            if self.block(found, "kiosk", message.officer_id, kiosk=sender):
                self.incidents.open(
                    "blocked_here",
                    found.resident_id,
                    sender,
                    found.kind,
                    found.uid,
                    officer=message.officer_id,
                    there_utc=message.at_utc,
                )

    def hear_copy(self, sender: str, message: Contract) -> None:
        """A kiosk found a copy by itself: it is blocked everywhere, and there is one incident about it.

        Raises:
            Corrupt: ``message_foreign``: another kiosk's.
        """
        assert isinstance(message, CopyFound)
        if message.kiosk_id != sender:
            raise Corrupt("message_foreign", sender=sender)
        found = self.credentials.find(message.credential, message.uid)
        if found is None or (found.state == "blocked" and found.why == "copied"):
            return
        with self.credentials.store.atomic():
            if not self.block(found, "copied", "hub", kiosk=sender):
                self.credentials.condemn(found.kind, found.uid, "hub")  # blocked before, for another reason
            if not self.incidents.open_like("copy", found.kind, found.uid):
                self.incidents.open(
                    "copy",
                    found.resident_id,
                    sender,
                    found.kind,
                    found.uid,
                    counter=message.counter,
                    expected=found.counter,
                    other_kiosk=found.last_kiosk or sender,
                    other_utc=found.last_utc,
                    there_utc=message.at_utc,
                )
            self.trail.record("hub", "copy_found", found.resident_id, kind=found.kind, kiosk=sender)
