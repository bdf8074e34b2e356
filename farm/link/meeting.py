"""Asking a firmware that is not understood who it is, in words that every firmware knows. Pure."""

from __future__ import annotations

from farm.link.identity import MAX_CAPABILITIES, Firmware, difference, read_identity
from farm.profiles import Profile

QUESTION = b"\nM115\n"  # without number or checksum: nobody refuses it
STRANGE_S = 20.0  # an opening takes a second or two; an answer that makes no sense for so long never will
ANSWER_S = 3.0
AGAIN_S = 30.0  # one that is kept in quarantine is asked again so often: noise may have spoiled its name
UNHEARD = 3  # so many times nothing at all: nobody is there


class Meeting:
    """What a firmware said of itself, line by line, and how often it said nothing."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._unheard = 0
        self._is_strange = False

    @property
    def is_vain(self) -> bool:
        """Whether nobody has answered again and again."""
        return self._unheard >= UNHEARD

    def note(self, line: str) -> None:
        """Keep a line of the answer."""
        if len(self._lines) < MAX_CAPABILITIES:
            self._lines.append(line)

    def end(self, profile: Profile, *, is_understood: bool) -> tuple[Firmware, str | None]:
        """Who it is, and a sentence that says why it is not what the profile says; ``None`` when it is.

        ``is_understood``: it has been talked with. One that has the right name and talks otherwise is not what it says.
        """
        self._unheard = 0 if self._lines else self._unheard + 1
        firmware, self._lines = read_identity(self._lines), []
        reason = difference(firmware, profile.identify, profile.id)
        if reason is None and (self._is_strange or not is_understood):
            self._is_strange = True
            reason = (
                f"The firmware {firmware.name[:80]!r} answers, but not as {profile.dialect} firmwares do."
            )
        return firmware, reason
