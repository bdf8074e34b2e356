"""Getting to know a firmware: unknown, being set, ready, or kept in quarantine because it is not what we believe."""

from __future__ import annotations

from enum import Enum

from farm.link.dialects.base import Dialect
from farm.link.events import Event, Quarantined, Ready, Settled
from farm.link.identity import MAX_CAPABILITIES, Firmware, difference, read_identity
from farm.link.replies import Identity
from farm.link.tracks import Commands
from farm.profiles import Profile

IDENTIFY_TRIES = 3  # replies carry no checksum: a spoiled answer is asked for again


class Stage(Enum):
    """How well we know the firmware."""

    UNKNOWN = "unknown"
    SETTING = "setting"
    READY = "ready"
    QUARANTINED = "quarantined"


class Acquaintance:
    """Getting to know one firmware: asked who it is, held against the profile, told how often to report."""

    def __init__(self, profile: Profile, dialect: Dialect, said_before: Firmware) -> None:
        self._profile, self._dialect = profile, dialect
        self._lines: list[str] = []
        self._tries = 0
        self._told: Quarantined | None = None
        self.stage = Stage.UNKNOWN
        self.firmware = said_before

    def note(self, told: Identity) -> None:
        """Keep a line of M115's answer while the firmware is unknown."""
        if self.stage is Stage.UNKNOWN and len(self._lines) < MAX_CAPABILITIES:
            self._lines.append(told.line)

    def settle(self, commands: Commands) -> list[Event]:
        """All commands are done: what that says of the firmware, and in ``commands`` what to send it next."""
        if self.stage is Stage.READY:
            return [Settled()]
        if self.stage is Stage.SETTING:
            self.stage = Stage.READY
            return [Ready(self.firmware)]
        self.firmware, self._lines = read_identity(self._lines), []
        self._tries += 1
        reason = difference(self.firmware, self._profile.identify, self._profile.id)
        if reason is None:
            greeting = self._dialect.greeting(self.firmware, self._profile)
            self.stage = Stage.SETTING if greeting else Stage.READY
            for command in greeting:
                commands.add(command)
            return [] if greeting else [Ready(self.firmware)]
        return self.quarantine(self.firmware, reason) if self._tries >= IDENTIFY_TRIES else []

    def quarantine(self, firmware: Firmware, reason: str) -> list[Event]:
        """Talk no further to this firmware; told when that, or why, is news."""
        told = Quarantined(firmware, reason)
        is_news = told != self._told
        self.firmware, self.stage, self._told = firmware, Stage.QUARANTINED, told
        return [told] if is_news else []
