"""The agreement at this kiosk: what the person has read of it in this visit; their yes is kept for the hub."""

import logging
import threading
from dataclasses import dataclass, field

from kiosk.terminal.sealing import blind, derive
from kiosk.terminal.session import AgreementDeclined, SignedIn, State
from kiosk.terminal.terminal import Terminal
from provisioning.clock import iso
from provisioning.contracts import AgreementSigned, AgreementText

log = logging.getLogger("passage.kiosk")


@dataclass
class _Visit:
    """What one person read in one visit; sections by version, language and number from 1."""

    session_id: str = ""
    seen: set[tuple[int, str, int]] = field(default_factory=set)
    at: dict[tuple[int, str], int] = field(default_factory=dict)  # the screen in front of them
    was_heard: bool = False
    has_signed: bool = False  # a version that comes meanwhile waits for the next visit
    was_fetched: bool = False  # the hub was asked for a text that was missing here


class Reading:
    """What stands between a person who has something to sign and the menu.

    What was read is remembered by language and only for this visit: who signs in Arabic has seen every section in
    Arabic. That somebody signed is remembered on disk, under a name that tells nobody who, so that nobody signs the
    same version twice here while the hub has not heard of it.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._key = derive(terminal.node.credential("storage-key"), "agreement")
        self._lock = threading.Lock()
        self._visit = _Visit()

    def _of(self, state: SignedIn) -> _Visit:
        """This person's visit; what another one read is forgotten."""
        with self._lock:
            if self._visit.session_id != state.person.session_id:
                self._visit = _Visit(state.person.session_id)
            return self._visit

    def due(self, state: State) -> AgreementText | None:
        """What the person of this state has to sign first; None when nothing, or when the text is not here.

        A text that cannot be shown keeps nobody out: they are asked at the next sign-in.
        """
        if not isinstance(state, SignedIn) or not state.person.agreement_due:
            return None
        visit = self._of(state)
        text = self._text(visit, state.person.agreement_due)
        return None if text is None or visit.has_signed or self._is_signed(text, state) else text

    def _text(self, visit: _Visit, wanted: int) -> AgreementText | None:
        hub = self._terminal.hub
        if _is_behind(hub.copy.agreement, wanted) and not visit.was_fetched:
            visit.was_fetched = True
            hub.fetch_copy()
            if _is_behind(hub.copy.agreement, wanted):
                log.error("version %d of the agreement is to be signed and not here", wanted)
        return None if _is_behind(hub.copy.agreement, wanted) else hub.copy.agreement

    def place(self, state: SignedIn, text: AgreementText, language: str) -> int:
        """The first section that was not seen in this language, from 1; one more than there are when all were."""
        seen = self._of(state).seen
        for number in range(1, len(text.sections) + 1):
            if (text.version, language, number) not in seen:
                return number
        return len(text.sections) + 1

    def at(self, state: SignedIn, text: AgreementText, language: str) -> int:
        """The screen where this person was last in this language, from 1."""
        return self._of(state).at.get((text.version, language), 1)

    def saw(self, state: SignedIn, text: AgreementText, language: str, number: int) -> None:
        """A section, or after the last one the question, is on the screen."""
        visit = self._of(state)
        visit.seen.add((text.version, language, number))
        visit.at[text.version, language] = number

    def heard(self, state: SignedIn) -> None:
        """A section was read aloud."""
        self._of(state).was_heard = True

    def sign(self, state: SignedIn, text: AgreementText, language: str) -> None:
        """Keep the person's yes for the hub; a second press changes nothing.

        Raises:
            Unavailable: nothing could be written here; nothing was signed.
        """
        visit = self._of(state)
        terminal, who, key = self._terminal, state.person, self._name(text, state)
        now = iso(terminal.clock.now_utc())
        message = AgreementSigned(
            session_id=who.session_id,
            resident_id=who.resident_id,
            kiosk_id=terminal.kiosk_id,
            version=text.version,
            text_sha256=text.sha256,
            language=language,
            read_aloud=visit.was_heard,
            pages_seen=len(text.sections),
            at_utc=now,
        )
        with terminal.db.atomic():
            if terminal.store.sent_message(key) is not None:
                return
            terminal.store.note_sent(key, terminal.outbox.put(terminal.hub.hub_id, message), now)
            subject = f"agreement-{text.version}"
            terminal.trail.record(who.resident_id, "agreement_signed", subject, language=language)
        visit.has_signed = True
        terminal.hub.drain.nudge()

    def decline(self, state: SignedIn, text: AgreementText, language: str) -> None:
        """End the visit; that somebody said no stands in the trail and nowhere else.

        Raises:
            Unavailable: nothing could be written here.
        """
        subject = f"agreement-{text.version}"
        self._terminal.trail.record(
            state.person.resident_id, "agreement_declined", subject, language=language
        )
        self._terminal.keeper.feed(AgreementDeclined())

    def _is_signed(self, text: AgreementText, state: SignedIn) -> bool:
        return self._terminal.store.sent_message(self._name(text, state)) is not None

    def _name(self, text: AgreementText, state: SignedIn) -> str:
        return blind(self._key, f"{text.version}:{text.sha256}:{state.person.resident_id}")


def _is_behind(text: AgreementText | None, wanted: int) -> bool:
    return text is None or text.version < wanted
