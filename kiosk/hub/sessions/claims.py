"""People who have proven who they are and do not have their lease yet: in memory, for a minute, one each."""

import threading
from dataclasses import dataclass, replace

from provisioning.ids import new_key

LIVES_S = 60.0  # longer than a stick takes to be written and another kiosk to be told; a new sign-in is cheap


@dataclass(frozen=True)
class Claim:
    """One proven person at one kiosk."""

    claim_id: str
    resident_id: str
    kiosk_id: str
    credential: str
    uid: str
    level: int
    is_held: bool  # the secret called for help: the session looks normal and its orders wait
    made_s: float
    counter: int = 0  # the ticket that must be on the stick first; 0: nothing to write
    is_written: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether the stick carries its new ticket."""
        return self.is_written or not self.counter


class Claims:
    """The newest claim of each person; the one before is over."""

    def __init__(self) -> None:
        self._of: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def make(self, claim: Claim) -> Claim:
        """Keep a claim under a new id; the person's claim before, at whichever kiosk, is over."""
        named = replace(claim, claim_id=new_key())
        with self._lock:
            self._of = {who: one for who, one in self._of.items() if claim.made_s - one.made_s < LIVES_S} | {
                claim.resident_id: named
            }
        return named

    def find(self, claim_id: str, kiosk_id: str, now_s: float) -> Claim | None:
        """A claim of this kiosk that is the newest of its person and not too old."""
        with self._lock:
            found = next((one for one in self._of.values() if one.claim_id == claim_id), None)
        fits = found is not None and found.kiosk_id == kiosk_id and now_s - found.made_s < LIVES_S
        return found if fits else None

    def written(self, claim: Claim) -> Claim:
        """The stick carries its ticket."""
        done = replace(claim, is_written=True)
        with self._lock:
            if self._of.get(claim.resident_id) == claim:
                self._of[claim.resident_id] = done
        return done

    def drop(self, claim: Claim) -> None:
        """The claim became a lease, or was given up."""
        with self._lock:
            if (one := self._of.get(claim.resident_id)) and one.claim_id == claim.claim_id:
                del self._of[claim.resident_id]
