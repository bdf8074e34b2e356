"""What the link must know of a firmware: how its replies read, how to ask where it stands, how to stop it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from farm.link.framing import frame
from farm.link.identity import Firmware
from farm.link.replies import Identity, LastLine, Meaning, Ok, Report, Resend
from farm.profiles import Profile


class Standing(msgspec.Struct, frozen=True):
    """Where a firmware stands: everything that it took is done.

    ``last`` is the last line it took; ``None`` when it does not count lines.
    """

    last: int | None


class Refusal:
    """A refused line's answer as it comes in: the error, the resend, the ok that acknowledges nothing.

    ``has_error``: the firmware names the last line too, and both must agree, for replies carry no checksum.
    ``has_ok``: an ok belongs to it.
    """

    def __init__(self, *, has_error: bool = True, has_ok: bool = True) -> None:
        self._has_error, self._has_ok = has_error, has_ok
        self._told: int | None = None
        self._wanted: int | None = None
        self.is_closed = False

    @property
    def last(self) -> int | None:
        """The firmware's last line when it was told clearly, else ``None``."""
        if self._wanted is None or (
            self._has_error and (self._told is None or self._wanted != self._told + 1)
        ):
            return None
        return self._wanted - 1

    def take(self, reply: Meaning) -> None:
        """Add what came in; an error begins anew."""
        if isinstance(reply, LastLine):
            self._told, self._wanted, self.is_closed = reply.number, None, False
        elif isinstance(reply, Resend):
            self._wanted, self.is_closed = reply.number, not self._has_ok
        elif isinstance(reply, Ok) and (self._told is not None or self._wanted is not None):
            self.is_closed = True


class Inquiry:
    """One or more questions on their way, and what has come back."""

    def take(self, reply: Meaning) -> Standing | None:
        """Add what came in; where the firmware stands, once that is known."""
        raise AssertionError(reply)


class Fence(Inquiry):
    """Only M105's answer: everything before it is done, and no line is named."""

    def take(self, reply: Meaning) -> Standing | None:
        return Standing(None) if isinstance(reply, Report) and reply.is_ok else None


class Dialect:
    """One firmware's way of speaking. It keeps nothing of a conversation, so one serves a link for ever."""

    is_numbered: ClassVar[bool] = True  # a line is executed only when its number is the last one plus one
    has_faithful_wire: ClassVar[bool] = (
        False  # in order and complete (a pseudo-terminal): an answer proves all before
    )
    numbers_own_oks: ClassVar[bool] = False  # every ok of a line bears its number, so a bare one is none
    hides_meatpack: ClassVar[bool] = False  # it may be there though no capability names it
    stop_bytes: ClassVar[bytes] = (
        b"\nM112\n"  # bare and after a newline, so that a half-sent line cannot hide it
    )
    interrupt_bytes: ClassVar[bytes] = b"\nM108\n"  # none: this firmware's waits cannot be ended
    after_answer: ClassVar[bytes] = b""  # what a firmware must be sent once its answer is understood
    stops_at_once: ClassVar[bool | None] = None  # None: by the capability EMERGENCY_PARSER

    def read(self, line: str) -> Meaning:
        """What ``line`` (not empty, without its end) means; anything unknown is ``Said``."""
        raise AssertionError(line)

    def begin_refusal(self) -> Refusal:
        """How this firmware refuses a line."""
        return Refusal()

    def question(self, near: int) -> bytes:
        """Bytes that make the firmware say where it stands; ``near`` is the number that would come next."""
        raise AssertionError(near)

    def begin_inquiry(self) -> Inquiry:
        """What to make of the answers to :meth:`question`."""
        raise AssertionError

    def sync(self, base: int) -> bytes:
        """Bytes that set the firmware's last line to ``base``; two numbers, for old and new firmwares (Marlin M110)."""
        return b"\n" + frame(base, f"M110 N{base}")

    def greeting(self, firmware: Firmware, profile: Profile) -> list[str]:
        """Commands that a firmware gets once it is known: how often to report, by what it can."""
        link = profile.link
        commands = [f"M113 S{link.busy_s}"] if link.busy_s else []
        return [*commands, f"M155 S{link.report_s}"] if self.reports_itself(firmware, profile) else commands

    def reports_itself(self, firmware: Firmware, profile: Profile) -> bool:
        """Whether temperatures come unasked (M155); else the link asks for them."""
        return profile.link.report == "auto" and "AUTOREPORT_TEMP" in firmware.capabilities

    def is_identity(self, line: str) -> Identity | None:
        """``line`` as one of M115's answer."""
        if line.startswith(("FIRMWARE_NAME:", "Cap:")):
            return Identity(line)
        return None
