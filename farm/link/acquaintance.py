"""Getting to know a firmware: unknown, being set, ready, or kept in quarantine because it is not what we believe."""

from __future__ import annotations

from enum import Enum

from farm.link.events import Event, Quarantined, Ready, Settled
from farm.link.identity import MAX_CAPABILITIES, Firmware, difference, read_identity
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

    def __init__(self, profile: Profile, said_before: Firmware) -> None:
        self._profile = profile
        self._lines: list[str] = []
        self._tries = 0
        self.stage = Stage.UNKNOWN
        self.firmware = said_before

    def note(self, line: str) -> bool:
        """Whether a reply's line is one of M115's answer; it is kept while the firmware is unknown."""
        if not line.startswith(("FIRMWARE_NAME:", "Cap:")):
            return False
        if self.stage is Stage.UNKNOWN and len(self._lines) < MAX_CAPABILITIES:
            self._lines.append(line)
        return True

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
            self.stage = Stage.SETTING
            commands.add(f"M113 S{self._profile.link.busy_s}")
            commands.add(f"M155 S{self._profile.link.report_s}")
        elif self._tries >= IDENTIFY_TRIES:
            self.stage = Stage.QUARANTINED
            return [Quarantined(self.firmware, reason)]
        return []
