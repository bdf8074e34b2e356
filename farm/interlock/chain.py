"""The rule of one cell's power as a value: contacts and beats in, one latched state out. No pins, no clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

BEAT_TIMEOUT_S = 3.0  # three missed beats of one a second
HANGUPS_MAX, HANGUPS_S = 3, 60.0  # a worker that dies more often within a minute supervises nothing
MAX_WORKERS = 16  # printers in one cell; more names than that are nonsense on the socket
RESET_ROLES = frozenset({"workshop", "security", "technician", "director"})
STARTED = "start"


@dataclass(frozen=True)
class Obstacle:
    """Why a reset is refused: a stable code and the contact, worker or role that stands in the way."""

    code: str
    detail: str


class Chain:
    """Whether one cell may have power: dead from the start, live only by a reset, dead again at the first trip.

    A trip is absorbing: nothing but :meth:`reset` leaves it, and the first cause is kept whatever follows.
    Times are seconds of any clock that never goes backwards.
    """

    def __init__(self, contacts: Collection[str]) -> None:
        if not contacts:
            raise ValueError("a cell without contacts can not be supervised")
        self._contacts: dict[str, bool | None] = dict.fromkeys(contacts)
        self._beat_s: dict[str, float] = {}
        self._silent: set[str] = set()
        self._hangups_s: dict[str, list[float]] = {}
        self.tripped_by: str | None = STARTED

    @property
    def live(self) -> bool:
        """Whether the relay may be on."""
        return self.tripped_by is None

    @property
    def contacts(self) -> dict[str, bool]:
        """Every expected contact; one that was never read counts as open."""
        return {name: closed is True for name, closed in self._contacts.items()}

    @property
    def workers(self) -> dict[str, bool]:
        """Every worker that ever beat, and whether it still does."""
        return {name: name not in self._silent for name in sorted(self._beat_s)}

    def is_news(self, name: str, closed: bool) -> bool:
        """Whether this reading differs from the last one."""
        return self._contacts[name] is not closed

    def contact(self, name: str, closed: bool) -> bool:
        """Learn a contact's position; true when this tripped a live cell.

        Raises:
            KeyError: the cell has no such contact.
        """
        if name not in self._contacts:
            raise KeyError(name)
        self._contacts[name] = closed
        return not closed and self.trip(name)

    def beat(self, worker: str, now_s: float) -> bool:
        """A worker says that it lives; false when there are too many names to be true."""
        if worker not in self._beat_s and len(self._beat_s) >= MAX_WORKERS:
            return False
        self._beat_s[worker] = now_s
        self._silent.discard(worker)
        return True

    def hung_up(self, worker: str, now_s: float) -> bool:
        """A worker's connection ended; true when this tripped a live cell.

        It counts like silence: the worker has until ``BEAT_TIMEOUT_S`` after its last beat to come back. As safe as a
        worker that hangs, which nobody can tell from a living one for just as long: the firmware holds its heaters
        meanwhile, every contact acts as ever, and one that dies again and again gets no further grace.
        """
        if worker not in self._beat_s or worker in self._silent:
            return False
        recent = [at_s for at_s in self._hangups_s.get(worker, []) if now_s - at_s <= HANGUPS_S]
        self._hangups_s[worker] = [*recent, now_s]
        return len(recent) >= HANGUPS_MAX and self._miss(worker)

    def check_beats(self, now_s: float) -> bool:
        """Notice workers that fell silent; true when this tripped a live cell."""
        late = [name for name, at_s in self._beat_s.items() if now_s - at_s > BEAT_TIMEOUT_S]
        tripped = [self._miss(name) for name in late]  # each one is marked, not only the first
        return any(tripped)

    def _miss(self, worker: str) -> bool:
        if worker in self._silent:
            return False
        self._silent.add(worker)
        return self.trip(f"worker:{worker}")

    def trip(self, cause: str) -> bool:
        """Go dead; true only for the first cause since the last reset."""
        if self.tripped_by is not None:
            return False
        self.tripped_by = cause
        return True

    def obstacle(self, role: str) -> Obstacle | None:
        """What stands in the way of a reset by an officer with ``role``, or None."""
        if role not in RESET_ROLES:
            return Obstacle("role_not_allowed", role)
        unread = [name for name, closed in self._contacts.items() if closed is None]
        if unread:
            return Obstacle("contact_unknown", ",".join(unread))
        opened = [name for name, closed in self._contacts.items() if not closed]
        if opened:
            return Obstacle("contacts_open", ",".join(opened))
        if self._silent:
            return Obstacle("worker_silent", ",".join(sorted(self._silent)))
        return None

    def reset(self, role: str) -> Obstacle | None:
        """Go live when nothing stands in the way; otherwise say what does and change nothing."""
        found = self.obstacle(role)
        if found is None:
            self.tripped_by = None
        return found
