"""One half of a conversation: its state, what goes out, how it ends."""

from __future__ import annotations

from enum import Enum

from farm.link.acquaintance import Acquaintance, Stage
from farm.link.adoption import Adoption
from farm.link.dialects import dialect_of
from farm.link.events import (
    Event,
    InDoubt,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
)
from farm.link.framing import Lines
from farm.link.identity import Firmware
from farm.link.inquiry import Questions
from farm.link.meatpack import Packing
from farm.link.meeting import AGAIN_S, ANSWER_S, STRANGE_S, Meeting
from farm.link.meeting import QUESTION as WHO
from farm.link.polling import Polling
from farm.link.tracks import Lanes
from farm.link.window import Window
from farm.profiles import Profile

SETTLE_S = 1.0  # a banner comes in one go; quiet for so long, it is over
BANNER_S = 5.0  # the longest banner; reports that come unasked do not put off the first word
REFUSED_S = 1.0  # error, resend and ok are written in one go
DRAIN_S = 0.03  # the latency timer of a USB bridge (16 ms) before we hear of it, and a turn of the main loop
PACKING_S = 1.0  # the order is answered when it is read
SYNC_TRIES = 20  # M110 without effect: not a firmware we know
STRIKES = 3  # answers that cannot be, in a row
NUMBERED_OKS = 3  # so many oks with numbers in a row: this firmware always gives them


class Phase(Enum):
    """What the conversation waits for."""

    GONE = "gone"
    BOOTING = "booting"
    FLOWING = "flowing"  # lines go out and are acknowledged, or there is nothing to say
    REFUSED = "refused"  # for the rest of a refusal, and for what was on its way behind the refused line
    MEETING = "meeting"  # for the name of a firmware that is not understood
    PACKING = "packing"  # for the word that packed lines are understood
    ASKING = "asking"  # for the answer to a question
    STOPPING = "stopping"
    HALTED = "halted"


class Speaking:
    """What goes out, and the state that decides it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._dialect = dialect_of(profile)
        self.sent_lines = self.resent_lines = self.stalls = 0
        self.questions = Questions(self._dialect, profile.link)
        self._phase = Phase.GONE
        self._deadline: float | None = None
        self._lines = Lines()
        self._forget(Firmware())

    def _forget(self, said_before: Firmware) -> None:
        """Begin anew; what a firmware was called is still shown."""
        link = self._profile.link
        self._who = Acquaintance(self._profile, self._dialect, said_before)
        self._lines.clear()
        self._out = b""
        self._lanes = Lanes()
        self.questions.forget()
        self._refusal = self._dialect.begin_refusal()
        self._strikes = 0
        self._begin_oks()
        self._window = Window(link.window_lines, link.rx_bytes)
        self._polling = Polling(link.report_s)
        self._packing = Packing(is_wanted=link.meatpack)
        self._adoption: Adoption | None = None
        self._free_most: int | None = None  # places in the command queue beside the one that is executed
        self._meeting = Meeting()
        self._has_heard = False
        self._strange_at: float | None = None  # not understood until then: it is asked who it is
        self._boot_by = 0.0  # a board that talks on and on is spoken to all the same

    def _begin_oks(self) -> None:
        """Whether oks bear numbers is found out, unless this firmware's always do."""
        self._numbered_oks = NUMBERED_OKS if self._dialect.numbers_own_oks else 0

    @property
    def _is_in_flight(self) -> bool:
        track = self._lanes.track
        return track.acked + 1 < track.next

    def _quiet_s(self) -> float:
        """How long silence means nothing."""
        link = self._profile.link
        return link.silence_s if self._is_in_flight else 2 * link.report_s + link.silence_s

    # --- going out ------------------------------------------------------------------------------------------------

    def data_to_send(self, now: float) -> bytes:
        """The bytes that belong on the wire now; the caller sends them all."""
        if self._phase is Phase.FLOWING and self._who.stage is not Stage.QUARANTINED:
            self._fill(now)
        out, self._out = self._out, b""
        return self._packing.put(out) if self._packing.is_on else out

    def _fill(self, now: float) -> None:
        """Send what the window has room for; when everything is acknowledged, what comes next."""
        lanes, who = self._lanes, self._who
        while True:
            if self._adoption is not None or self.questions.is_due:
                self._put_question(now)
                return
            if self._polling.is_put_off and not self._is_in_flight:
                self._polling.is_put_off = False
                self.questions.begin()
                self._put_question(now)
                return
            if lanes.is_syncing:
                self.questions.begin()
                self._put_question(now, self._dialect.sync(lanes.track.base))
                return
            if lanes.track.has_more():
                self._put_lines(now)
            if self._is_in_flight:
                return
            if not lanes.is_confirmed:
                self.questions.begin()
                self._put_question(now)
                return
            if who.stage is Stage.UNKNOWN:
                lanes.commands.add("M115")
            elif who.stage is not Stage.READY or not lanes.turn_to_print():
                return

    def _put_lines(self, now: float) -> None:
        track = self._lanes.track
        first, high = track.next, track.high
        data = self._lanes.take(self._window)
        if not data:
            return
        self._out += data
        self.sent_lines += track.next - first
        if first <= high:
            self.resent_lines += min(high + 1, track.next) - first
        self._deadline = now + self._profile.link.silence_s

    def _put_question(self, now: float, before: bytes = b"") -> None:
        if (
            not self._packing.is_on or self.questions.are_unheard
        ):  # perhaps packing is not understood any more
            self._out = self._packing.end(self._out)
        adoption = self._adoption
        near = self._lanes.track.next if adoption is None else adoption.at_least + 1
        self._out += before + self._dialect.question(near)
        is_known = adoption is not None or self._who.stage is not Stage.UNKNOWN
        self._phase, self._deadline = Phase.ASKING, now + self.questions.put(is_known=is_known)

    def _ask(self) -> None:
        """Ask where the firmware stands with the next bytes sent; answers to older questions still count."""
        if self._phase is not Phase.ASKING:
            self.questions.begin()
        self.questions.is_due, self._phase = True, Phase.FLOWING

    # --- endings --------------------------------------------------------------------------------------------------

    @property
    def firmware(self) -> Firmware:
        """What the printer said of itself last."""
        return self._who.firmware

    def _boot(self, now: float, wait_s: float) -> None:
        """Wait until the board has said what it says when it starts."""
        self._phase, self._deadline = Phase.BOOTING, now + wait_s
        self._boot_by = now + wait_s + BANNER_S

    def _meet(self, now: float) -> None:
        """Ask who it is; without the order to end packing, which is no text (Klipper drops what is no UTF-8)."""
        self._out = WHO
        self._phase, self._deadline = Phase.MEETING, now + ANSWER_S

    def _end_meeting(self, now: float) -> list[Event]:
        """It has said who it is, or nothing: into quarantine, or begin anew with what we took for a stranger."""
        was_quarantined = self._who.stage is Stage.QUARANTINED
        firmware, reason = self._meeting.end(self._profile, is_understood=was_quarantined)
        if self._meeting.is_vain:
            return self._end(PrinterSilent())
        if reason is None:
            self._forget(firmware)
            self._phase, self._deadline, self._strange_at = Phase.FLOWING, now, now + STRANGE_S
            return []
        self._phase, self._deadline = Phase.FLOWING, now + AGAIN_S
        if not firmware.name:  # it said nothing, or was spoiled: what is known of it still holds
            return []
        return self._who.quarantine(firmware, reason)

    def _synced(self, is_taken: bool) -> list[Event]:
        """The counter was to be moved: it was, or it will be tried again."""
        self._lanes.note_sync(is_taken=is_taken)
        self._strikes = 0 if is_taken else self._strikes + 1
        return [] if self._strikes < SYNC_TRIES else self._end(PrinterSilent())

    def _restart(self, cause: str, now: float) -> list[Event]:
        """Everything we knew of the firmware is void: begin anew. A start after a stop means that it was obeyed."""
        is_stopped = self._phase is Phase.STOPPING
        is_news = (
            self._who.stage is not Stage.UNKNOWN or self._phase is Phase.HALTED or self._adoption is not None
        )
        self._forget(self.firmware)
        self._boot(now, SETTLE_S)
        halted: list[Event] = [PrinterHalted(f"The stop made the firmware start anew ({cause}).")]
        return [*(halted if is_stopped else []), *([PrinterReset(cause)] if is_news else [])]

    def _doubt(self, last: int) -> list[Event]:
        """Lines went unacknowledged, and this firmware cannot tell which of them it took: nobody may guess."""
        track = self._lanes.track
        first = track.acked + 1
        missing = f"line {first} was" if first == last else f"lines {first} to {last} were"
        self._forget(self.firmware)
        return [InDoubt(f"{missing} not acknowledged, and the firmware does not count lines")]

    def _end(self, how: PortGone | PrinterSilent) -> list[Event]:
        """There is nobody to talk to until the port is opened anew."""
        self._phase, self._deadline = Phase.GONE, None
        return [how]

    def _halt(self, reason: str, *, is_confirmed: bool = True) -> list[Event]:
        if self._phase is Phase.HALTED:
            return []
        self._phase, self._deadline = Phase.HALTED, None
        return [PrinterHalted(reason, is_confirmed)]
