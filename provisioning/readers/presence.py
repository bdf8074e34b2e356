"""What lies on a badge reader, as a value; says what changed."""

from provisioning.readers.words import BadgeGone, BadgeSeen, ReaderWord, clean_uid


class Presence:
    """One badge at most. Every change comes back as the words that tell it."""

    def __init__(self) -> None:
        self.badge: str | None = None

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

    def now(self) -> list[ReaderWord]:
        """What a listener that has just connected must hear."""
        return [BadgeSeen(self.badge)] if self.badge else []
