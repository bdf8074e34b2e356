"""The agreement at this kiosk: what the person has read of it in this visit; their yes is kept for the hub."""

import logging
import threading

from kiosk.terminal.sealing import blind, derive
from kiosk.terminal.session import AgreementDeclined, SignedIn, State
from kiosk.terminal.terminal import Terminal
from provisioning.clock import iso
from provisioning.contracts import AgreementSigned, AgreementText

log = logging.getLogger("passage.kiosk")


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
        self._session_id = ""
        self._seen: set[tuple[int, str, int]] = set()  # version, language, section from 1
        self._at: dict[tuple[int, str], int] = {}  # which screen is in front of them, by version and language
        self._was_heard = False
        self._has_signed = False  # in this visit: a version that comes meanwhile waits for the next

    def due(self, state: State) -> AgreementText | None:
        """What the person of this state has to sign first; None when nothing, or when the text is not here.

        A text that cannot be shown keeps nobody out: they are asked at the next sign-in.
        """
        if not isinstance(state, SignedIn) or not state.person.agreement_due:
            return None
        is_new = self._follow(state.person.session_id)
        wanted, hub = state.person.agreement_due, self._terminal.hub
        if is_new and (hub.copy.agreement is None or hub.copy.agreement.version < wanted):
            hub.fetch_copy()
        text = hub.copy.agreement
        if self._has_signed:
            return None
        if text is None or text.version < wanted:
            if is_new:
                log.error("version %d of the agreement is to be signed and not here", wanted)
            return None
        return None if self._is_signed(text, state) else text

    def _follow(self, session_id: str) -> bool:
        """Forget what another person read; True once per session."""
        with self._lock:
            if self._session_id == session_id:
                return False
            self._session_id, self._was_heard, self._has_signed = session_id, False, False
            self._seen.clear()
            self._at.clear()
            return True

    def place(self, text: AgreementText, language: str) -> int:
        """The first section that was not seen in this language, from 1; one more than there are when all were."""
        for number in range(1, len(text.sections) + 1):
            if (text.version, language, number) not in self._seen:
                return number
        return len(text.sections) + 1

    def at(self, text: AgreementText, language: str) -> int:
        """The screen where this person was last in this language, from 1."""
        return self._at.get((text.version, language), 1)

    def saw(self, text: AgreementText, language: str, number: int) -> None:
        """A section, or after the last one the question, is on the screen."""
        self._seen.add((text.version, language, number))
        self._at[text.version, language] = number

    def heard(self) -> None:
        """A section was read aloud."""
        self._was_heard = True

    def sign(self, state: SignedIn, text: AgreementText, language: str) -> None:
        """Keep the person's yes for the hub; a second press changes nothing.

        Raises:
            Unavailable: nothing could be written here; nothing was signed.
        """
        terminal, who, key = self._terminal, state.person, self._name(text, state)
        now = iso(terminal.clock.now_utc())
        message = AgreementSigned(
            session_id=who.session_id,
            resident_id=who.resident_id,
            kiosk_id=terminal.kiosk_id,
            version=text.version,
            text_sha256=text.sha256,
            language=language,
            read_aloud=self._was_heard,
            pages_seen=len(text.sections),
            at_utc=now,
        )
        with terminal.db.atomic():
            if terminal.store.sent_message(key) is not None:
                return
            terminal.store.note_sent(key, terminal.outbox.put(terminal.hub.hub_id, message), now)
            subject = f"agreement-{text.version}"
            terminal.trail.record(who.resident_id, "agreement_signed", subject, language=language)
        self._has_signed = True
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
