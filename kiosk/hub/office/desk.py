"""Who sits at the back office: an officer for one shift, and the lock that falls after a minute of nothing."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.node import Hub
from kiosk.hub.office.store import DeskState, OfficeStore
from kiosk.services.base import OfficerCard
from provisioning.errors import Refused, Unavailable

LONGEST = timedelta(hours=8)  # one shift
LATE = timedelta(seconds=3)  # how late the last touch may be told before the hub locks by itself
NOTED_EVERY = timedelta(seconds=15)  # a restart of the hub costs at most this much of a desk's minute
WARNING_S = 10
OPEN_TO_ALL = ("static", "web.", "node_api.", "signing.")


class SignInNeeded(Refused):
    """Nobody is signed in at this desk, or not any more."""

    code = "sign_in_needed"
    http_status = 401


class DeskLocked(Refused):
    """The desk was left alone; the officer proves themselves again before anything else."""

    code = "desk_locked"
    http_status = 401


class Desk:
    """Finds the officer behind a request and keeps their desk locked when nobody touches it (J3.F4)."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.store = OfficeStore(hub.store)
        self._seen: dict[str, datetime] = {}  # the record may be full; what was seen still counts
        self._lock = threading.Lock()

    @property
    def lock_after(self) -> timedelta:
        """How long a desk may be left alone; the site's own choice."""
        return timedelta(seconds=self.hub.node.site.desk_lock_s)

    # --- at each request ---

    def admit(self) -> AnyResponse | None:
        """Before each request: find the officer of an open desk, or ask for a proof."""
        if request.endpoint is None:  # there is no such page: said in the language of whoever sits here
            g.speaker = self.sitting()
            return None
        if request.endpoint.startswith(OPEN_TO_ALL):
            return None
        card = self.sitting()
        if card is None:
            if _is_page():
                return redirect(url_for("signing.page", next=_here()), 303)
            raise SignInNeeded
        if self.is_locked():
            if _is_page():
                return redirect(url_for("signing.locked", next=_here()), 303)
            raise DeskLocked
        g.officer = card
        g.desk_lock_s = self.hub.node.site.desk_lock_s
        if _is_touch():
            self.touched()
        return None

    def sitting(self) -> OfficerCard | None:
        """The officer whose shift it is at this desk, locked or not; None when nobody is signed in."""
        kept = self.hub.sessions.desk(session.get("desk", ""))
        if kept is None or self.hub.clock.now_utc() - kept[1] > LONGEST:
            return None
        return self.hub.people.officer(kept[0])

    def state(self) -> DeskState | None:
        """The desk's state on disk, with what was seen since."""
        return self.store.desk(session.get("desk", ""))

    def is_locked(self) -> bool:
        """Whether the officer must prove themselves before the next page."""
        state = self.state()
        if state is None or state.locked:
            return True
        alone = self.hub.clock.now_utc() - self._last_seen(state)
        return not -LATE <= alone <= self.lock_after + LATE

    def _last_seen(self, state: DeskState) -> datetime:
        with self._lock:
            return max(state.seen, self._seen.get(session["desk"], state.seen))

    # --- what happens at it ---

    def touched(self, ago: timedelta = timedelta()) -> None:
        """Somebody touched the desk so long ago; a desk that was left alone for too long stays locked."""
        state, now = self.state(), self.hub.clock.now_utc()
        if state is None or self.is_locked():
            return
        at = max(now - max(ago, timedelta()), self._last_seen(state))
        with self._lock:
            self._seen[session["desk"]] = at
        if at - state.seen >= NOTED_EVERY:
            self._write(lambda: self.store.see(session["desk"], at))

    def lock(self) -> None:
        """Lock now; with a record that cannot be written the hub still locks by itself."""
        self._forget()
        self._write(lambda: self.store.lock(session.get("desk", "")))

    def open(self, desk_session_id: str, proof: str) -> None:
        """The officer proved themselves at this desk by ``password`` or ``key``."""
        self.store.prove(desk_session_id, proof, self.hub.clock.now_utc())
        with self._lock:
            self._seen.pop(desk_session_id, None)

    def end(self) -> None:
        """The officer leaves for good."""
        self._forget()
        self.hub.sessions.end_desk(session.get("desk", ""))

    def _forget(self) -> None:
        with self._lock:
            self._seen.pop(session.get("desk", ""), None)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Unavailable:
            return  # reading goes on while nothing can be written


def _here() -> str:
    return request.full_path.rstrip("?")


def _is_page() -> bool:
    return request.method == "GET" and _is_touch()


def _is_touch() -> bool:
    """Whether a person caused this request: a page opened or a form sent, not something that a page does by itself."""
    return (
        "HX-Request" not in request.headers
        and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    )
