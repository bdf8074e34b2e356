"""Who is who, as services may ask it (:class:`kiosk.services.base.People`)."""

from kiosk.hub.people.store import PeopleStore
from kiosk.hub.sessions.store import SessionStore
from kiosk.services.base import OfficerCard, SessionFact
from provisioning.contracts import ResidentCard


class Directory:
    """The people's and the sessions' store behind the face that services know."""

    def __init__(self, people: PeopleStore, sessions: SessionStore) -> None:
        self._people = people
        self._sessions = sessions

    def resident(self, resident_id: str) -> ResidentCard | None:
        """The resident's first name, language and wing."""
        person = self._people.resident(resident_id)
        return person.card if person else None

    def officer(self, officer_id: str) -> OfficerCard | None:
        """The officer's name and roles."""
        return self._people.officer(officer_id)

    def session(self, session_id: str) -> SessionFact | None:
        """A session that the hub granted, running or over."""
        return self._sessions.fact(session_id)

    def is_home(self, kiosk_id: str, resident_id: str) -> bool:
        """Whether this kiosk may let the resident in by its own word while the hub is away."""
        kiosk, person = self._people.kiosks().get(kiosk_id), self._people.resident(resident_id)
        return kiosk is not None and person is not None and person.wing in kiosk.home_of

    def label(self, resident_id: str) -> str:
        """``Amira · B``: first name and wing; the id when nobody is known."""
        person = self._people.resident(resident_id)
        return f"{person.first_name} · {person.wing}" if person else resident_id
