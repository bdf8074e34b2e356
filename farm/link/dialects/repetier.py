"""Repetier-Firmware 1.0.

Sources: Repetier-Firmware 1.0.4 gcode.cpp (readFromSerial, parseAscii, checkAndPushCommand, requestResend, keepAlive),
Communication.cpp, Configuration.h (ACK_WITH_LINENUMBER, KILL_METHOD), Repetier.h (GCODE_BUFFER_SIZE), and transcripts.
``ok n`` says that line n was *received*; it is cumulative. A refused line is asked for again each 200 ms until the
right one or any good unnumbered one comes. Repeated lines, up to 40 back and modulo 65536, are skipped.
"""

from __future__ import annotations

import re
from typing import ClassVar

from farm.link.dialects.base import Inquiry, Refusal, Standing
from farm.link.dialects.marlin import Marlin
from farm.link.events import Position, PrinterHalted
from farm.link.framing import checked, frame
from farm.link.identity import Firmware
from farm.link.replies import SAID_MAX_CHARACTERS, Idle, LastLine, Meaning, Ok, Start
from farm.profiles import Profile

FAR_LINES = (
    30_000  # modulo 65536 neither the next line nor one of the last 40, wherever within 25,000 it stands
)
_OK = re.compile(r"ok(?: (\d+))?")
_EXPECTED = re.compile(r"Error:expected line (\d+) got \d+")
_START = re.compile(r"start|Info: ?(?:PowerUp|(?:External|Watchdog|Software) Reset|Brown out Reset)")
_FATAL = re.compile(r"fatal: ?(.*)")


class RepetierInquiry(Inquiry):
    """The answer to Repetier's question: what was taken before it is done, and the line it was told of twice."""

    def __init__(self) -> None:
        self._refusal = Refusal()
        self._is_fenced = False

    def take(self, reply: Meaning) -> Standing | None:
        if isinstance(reply, Position):
            self._is_fenced = True
        else:
            self._refusal.take(reply)
        last = self._refusal.last
        return Standing(last) if self._is_fenced and self._refusal.is_closed and last is not None else None


class Repetier(Marlin):
    """Numbers are enforced, checksums when they are there."""

    numbers_own_oks: ClassVar[bool] = True  # a bare one answers M110, a skipped line or a refusal
    # any good line without a number ends the asking for a line that the question began
    after_answer: ClassVar[bytes] = b"\n" + checked("M105")

    def read(self, line: str) -> Meaning:
        if match := _OK.fullmatch(line):
            return Ok(int(match[1]) if match[1] else None)
        if match := _EXPECTED.fullmatch(line):
            return LastLine(int(match[1]) - 1)
        if match := _FATAL.fullmatch(line):
            return PrinterHalted(match[1][:SAID_MAX_CHARACTERS])
        if line.startswith("Got:"):  # DEBUG_ECHO_ASCII
            return Idle()
        return super().read(line)

    def read_start(self, line: str) -> Start | None:
        match = _START.fullmatch(line)
        return Start(match[0].removeprefix("Info:").strip()) if match else None

    def begin_refusal(self) -> Refusal:
        """``Wrong checksum`` names no line: the resend alone says which. A wrong one is caught by the next refusal."""
        return Refusal(has_error=False)

    def question(self, near: int) -> bytes:
        """``M114``, whose ``X:..`` comes when it is *executed*, then a line whose number cannot be right.

        Not ``M105``: its answer looks like the report of each second. ``M114`` also ends the silence in which a wrong
        number is skipped after a refusal, so that the line behind it is refused aloud.
        """
        return b"\n" + checked("M114") + frame(near + FAR_LINES, "M105")

    def begin_inquiry(self) -> Inquiry:
        return RepetierInquiry()

    def greeting(self, firmware: Firmware, profile: Profile) -> list[str]:
        """No M113: its busy interval is fixed (KEEP_ALIVE_INTERVAL)."""
        return [f"M155 S{profile.link.report_s}"] if self.reports_itself(firmware, profile) else []
