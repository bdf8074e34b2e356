"""What lies on a reader and what is plugged in, as a value; says what changed."""

from provisioning.readers.words import BadgeGone, BadgeSeen, ReaderWord, StickGone, StickSeen, clean_uid


class Presence:
    """One badge and one stick at most. Every change comes back as the words that tell it."""

    def __init__(self) -> None:
        self.badge: str | None = None
        self.stick: str | None = None

    def touch(self, uid: str) -> list[ReaderWord]:
        """A badge was put down; a reader that repeats itself says nothing new. Unreadable numbers are nothing."""
        clean = clean_uid(uid)
        if clean is None or clean == self.badge:
            return []
        before: list[ReaderWord] = self.lift()
        self.badge = clean
        return [*before, BadgeSeen(clean)]

    def lift(self) -> list[ReaderWord]:
        """The badge was taken away."""
        if self.badge is None:
            return []
        self.badge = None
        return [BadgeGone()]

    def plug(self, uid: str) -> list[ReaderWord]:
        """A stick was plugged in."""
        clean = clean_uid(uid)
        if clean is None or clean == self.stick:
            return []
        before: list[ReaderWord] = self.pull()
        self.stick = clean
        return [*before, StickSeen(clean)]

    def pull(self) -> list[ReaderWord]:
        """The stick was pulled out."""
        if self.stick is None:
            return []
        self.stick = None
        return [StickGone()]

    def now(self) -> list[ReaderWord]:
        """What a listener that has just connected must hear."""
        badge: list[ReaderWord] = [BadgeSeen(self.badge)] if self.badge else []
        stick: list[ReaderWord] = [StickSeen(self.stick)] if self.stick else []
        return badge + stick
