"""One conversation with one Marlin 2 printer: bytes and times in, bytes and events out.

One line is in flight. An ``ok`` is believed only until the firmware's own line number says otherwise, and nothing is
called done (``Settled``, ``Held``, ``SourceDone``) before that number was asked for and matched. See ``tracks`` for why
a line can then never be repeated, skipped or reordered, and ``inquiry`` for how the number is asked for. What no host
can see: a line whose whole ``N<number> `` was lost on the wire is executed by Marlin unchecked; ``Resent`` follows.
"""

from __future__ import annotations

from enum import Enum

from farm.link.acquaintance import Acquaintance, Stage
from farm.link.events import (
    Busy,
    Event,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Resent,
)
from farm.link.framing import Lines
from farm.link.identity import Firmware
from farm.link.inquiry import Questions, Refusal
from farm.link.replies import LastLine, Ok, Reply, Report, Resend, Start, read_reply
from farm.link.sending import drained, next_out
from farm.link.tracks import Lanes, LineSource, check_command
from farm.profiles import Profile

SETTLE_S = 1.0  # a banner comes in one go; quiet for so long, it is over
REFUSED_S = 1.0  # error, resend and ok are written in one go
STOP_S = 3.0  # kill() answers within 0.6 s when it can
SYNC_TRIES = 20  # M110 without effect: not a firmware we know
STRIKES = 3  # answers that cannot be, in a row


class Phase(Enum):
    """What the conversation waits for."""

    GONE = "gone"
    BOOTING = "booting"
    FREE = "free"  # nothing is outstanding
    WAITING = "waiting"  # for the ok of one line
    REFUSED = "refused"  # for the rest of a refusal
    ASKING = "asking"  # for the answer to a question
    STOPPING = "stopping"
    HALTED = "halted"


class MarlinLink:
    """The conversation. After every call, send :meth:`data_to_send` and mind :attr:`deadline`."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.deadline: float | None = None  # when to call handle_timeout, in the caller's seconds
        self.sent_lines = self.resent_lines = 0
        self.questions = Questions()
        self._phase = Phase.GONE
        self._lines = Lines()
        self._forget(Firmware())

    def _forget(self, said_before: Firmware) -> None:
        """Begin anew; what a firmware was called is still shown."""
        self._who = Acquaintance(self._profile, said_before)
        self._lines.clear()
        self._out = b""
        self._lanes = Lanes()
        self.questions.forget()
        self._refusal = Refusal()
        self._strikes = 0

    def open(self, now: float) -> None:
        """The port has just been opened, which may have reset the board."""
        self._forget(self.firmware)
        self._phase = Phase.BOOTING
        self.deadline = now + self._profile.link.boot_wait_s

    def submit(self, command: str) -> None:
        """Put a command behind those waiting. ``Settled`` follows when the last one is done.

        While a print runs, commands wait until it is held or done.

        Raises:
            ValueError: not one printable ASCII line that fits the firmware's buffer.
        """
        check_command(command, self._profile.link.line_max_bytes)
        self._lanes.commands.add(command)

    def stream(self, source: LineSource, at: int) -> None:
        """Send ``source`` from line ``at`` once the commands before it are settled.

        Raises:
            ValueError: no such line.
        """
        self._lanes.stream(source, at)

    def hold(self) -> None:
        """Send no further line of the print; ``Held`` says where it stands. Nothing when there is no print."""
        self._lanes.hold()

    def interrupt(self) -> None:
        """End a heat-up wait (M108).

        Bare, because Marlin heeds it early only so; its extra ok is sorted out by asking.
        """
        self._out += b"\nM108\n"
        if self._phase in {Phase.WAITING, Phase.REFUSED, Phase.ASKING}:
            self._ask()

    def stop(self, now: float) -> None:
        """M112, ahead of everything and bare; a newline first so that a half-sent line cannot hide it."""
        if self._phase in {Phase.GONE, Phase.HALTED}:
            return
        self._out = b"\nM112\n"
        if self._phase is not Phase.STOPPING:  # pressed again: the first press's time runs on
            self._phase, self.deadline = Phase.STOPPING, now + STOP_S

    @property
    def next_line(self) -> int | None:
        """The next line of the print that will be sent, ``None`` when no print is being sent."""
        return self._lanes.next_line

    @property
    def firmware(self) -> Firmware:
        """What the printer said of itself last."""
        return self._who.firmware

    @property
    def is_ready(self) -> bool:
        """Whether the firmware is known and answers."""
        return self._who.stage is Stage.READY and self._phase is not Phase.GONE

    def data_to_send(self, now: float) -> bytes:
        """The bytes that belong on the wire now; the caller sends them all."""
        if self._phase is Phase.FREE:
            self._begin_next(now)
        out, self._out = self._out, b""
        return out

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """What these bytes tell; ``b""`` means that the port is gone."""
        if self._phase is Phase.GONE:
            return []
        if not data:
            return self._end(PortGone())
        if self._phase is Phase.FREE:
            self.deadline = now + self._idle_s
        happened: list[Event] = []
        for line in self._lines.feed(data):
            happened += self._read(line, now)
        return happened

    def handle_timeout(self, now: float) -> list[Event]:
        """What the passing of :attr:`deadline` means; nothing before it."""
        if self.deadline is None or now < self.deadline:
            return []
        if self._phase is Phase.BOOTING:
            self._phase, self.deadline = Phase.FREE, now
        elif self._phase is Phase.REFUSED:
            return self._resolve_refusal(now)
        elif self._phase is Phase.STOPPING:
            return self._halt("the stop was sent, the firmware did not confirm it", is_confirmed=False)
        elif self.questions.are_in_vain:
            return self._end(PrinterSilent())
        else:
            self._ask()
        return []

    @property
    def _idle_s(self) -> float:
        return 2 * self._profile.link.report_s + self._profile.link.silence_s

    def _ask(self) -> None:
        """Ask for the firmware's line number with the next bytes sent; answers to older questions still count."""
        if self._phase is not Phase.ASKING:
            self.questions.begin()
        self.questions.is_due, self._phase = True, Phase.FREE

    def _begin_next(self, now: float) -> None:
        """Nothing is outstanding: send what comes next."""
        out = next_out(self._lanes, self.questions, self._who.stage)
        if out is None:
            return
        self._out += out.data
        if out.answer_s is not None:
            self._phase, self.deadline = Phase.ASKING, now + out.answer_s
            return
        self.sent_lines += 1
        self.resent_lines += out.is_repeat
        self._phase, self.deadline = Phase.WAITING, now + self._profile.link.silence_s

    def _read(self, line: str, now: float) -> list[Event]:
        if self._who.note(line):
            return []
        meaning = read_reply(line)
        if isinstance(meaning, Start):
            return self._restart(meaning.cause, now)
        if self._phase is Phase.BOOTING:
            self.deadline = now + SETTLE_S
        if isinstance(meaning, PrinterHalted):
            return self._halt(meaning.reason)
        if isinstance(meaning, Report):
            return [meaning.temperatures, *self._take_reply(meaning, now)]
        if isinstance(meaning, Reply):
            return self._take_reply(meaning, now)
        if isinstance(meaning, Busy):
            self._note_life(now)
        return [meaning]

    def _take_reply(self, reply: Reply, now: float) -> list[Event]:
        if isinstance(reply, Report) and not reply.is_ok:
            if reply.is_wait:
                self._note_life(now)
            return []
        self.questions.note_life()
        if self._phase is Phase.WAITING:
            return self._take_while_waiting(reply, now)
        if self._phase is Phase.REFUSED:
            self._refusal.take(reply)
            return self._resolve_refusal(now) if self._refusal.is_closed else []
        if self._phase is Phase.ASKING:
            last = self.questions.take(reply)
            return [] if last is None else self._conclude(last, now)
        return []

    def _note_life(self, now: float) -> None:
        """The firmware is at work: silence begins anew."""
        self.questions.note_life()
        if self._phase in {Phase.WAITING, Phase.ASKING}:
            self.deadline = now + self._profile.link.silence_s

    def _take_while_waiting(self, reply: Reply, now: float) -> list[Event]:
        if isinstance(reply, Ok):
            if reply.number is None or reply.number == self._lanes.track.next:
                self._lanes.track.next += 1
                self._phase = Phase.FREE
        elif isinstance(reply, (LastLine, Resend)):
            self._refusal = Refusal()
            self._refusal.take(reply)
            self._phase, self.deadline = Phase.REFUSED, now + REFUSED_S
        return []

    def _resolve_refusal(self, now: float) -> list[Event]:
        """Go where the firmware wants to be, if its two sentences agree and it can be there; else ask."""
        last, track = self._refusal.last, self._lanes.track
        if last is None or not track.is_plausible(last):
            self._ask()
            return []
        if last == track.high:  # the line was taken, something else was refused: its ok is still to come
            self._phase, self.deadline = Phase.WAITING, now + self._profile.link.silence_s
            return []
        track.next, self._phase = last + 1, Phase.FREE
        return [Resent(track.next)]

    def _conclude(self, last: int, now: float) -> list[Event]:
        """The firmware's last line is known, and nothing is outstanding."""
        self._phase, self.deadline = Phase.FREE, now + self._idle_s
        lanes, track = self._lanes, self._lanes.track
        if lanes.is_syncing:
            return self._synced(last == track.base)
        if not track.is_plausible(last):
            self._strikes += 1
            if last and self._strikes < STRIKES:
                self._ask()
                return []
            return self._restart("the firmware has lost its line number", now)
        self._strikes = 0
        resent: list[Event] = [Resent(last + 1)] if last + 1 < track.next else []
        track.next = last + 1
        if last != track.high or lanes.is_confirmed:
            return resent
        if track.has_more() and not lanes.is_held:
            return []
        return drained(lanes, self._who, last)

    def _synced(self, is_taken: bool) -> list[Event]:
        """The counter was to be moved: it was, or it will be tried again."""
        self._lanes.note_sync(is_taken=is_taken)
        self._strikes = 0 if is_taken else self._strikes + 1
        return [] if self._strikes < SYNC_TRIES else self._end(PrinterSilent())

    def _restart(self, cause: str, now: float) -> list[Event]:
        """Everything we knew of the firmware is void: begin anew."""
        is_news = self._who.stage is not Stage.UNKNOWN or self._phase is Phase.HALTED
        self._forget(self.firmware)
        self._phase, self.deadline = Phase.BOOTING, now + SETTLE_S
        return [PrinterReset(cause)] if is_news else []

    def _end(self, how: PortGone | PrinterSilent) -> list[Event]:
        """There is nobody to talk to until the port is opened anew."""
        self._phase, self.deadline = Phase.GONE, None
        return [how]

    def _halt(self, reason: str, *, is_confirmed: bool = True) -> list[Event]:
        if self._phase is Phase.HALTED:
            return []
        self._phase, self.deadline = Phase.HALTED, None
        return [PrinterHalted(reason, is_confirmed)]
