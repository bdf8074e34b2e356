"""The other half: what an answer means, and where that leaves the conversation."""

from __future__ import annotations

from farm.link.acquaintance import Stage
from farm.link.dialects.base import Standing
from farm.link.events import (
    Busy,
    Event,
    Held,
    PortGone,
    Position,
    PrinterHalted,
    Ready,
    Resent,
    Said,
    SourceDone,
)
from farm.link.framing import OKS
from farm.link.replies import Identity, Idle, LastLine, Ok, Place, Reply, Report, Resend, Start
from farm.link.speaking import DRAIN_S, NUMBERED_OKS, PACKING_S, REFUSED_S, SETTLE_S, STRIKES, Phase, Speaking
from farm.link.window import Window


class Hearing(Speaking):
    """What the firmware's words change."""

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """What these bytes tell; ``b""`` means that the port is gone."""
        count = len(data) // 3
        if (
            0 < count < len(OKS)
            and data == OKS[count]
            and self._phase is Phase.FLOWING
            and self._lines.is_between
        ):
            self._take_oks(count, now)  # the common case by far, at the price of one comparison
            return []
        if self._phase is Phase.GONE:
            return []
        if not data:
            return self._end(PortGone())
        if self._phase is Phase.FLOWING and not self._is_in_flight:
            self._deadline = now + self._quiet_s()
        happened: list[Event] = []
        lines = self._lines.feed(data)
        self._has_heard = self._has_heard or bool(lines)
        for line in lines:
            if self._phase is Phase.MEETING:
                self._meeting.note(line)
            else:
                happened += self._read(line, now)
        return happened

    def _take_oks(self, count: int, now: float) -> None:
        """So many oks without a number."""
        if self._numbered_oks < NUMBERED_OKS:  # else every true one bears its number
            track = self._lanes.track
            taken = min(count, track.next - 1 - track.acked)
            track.acked += taken
            if not self._window.is_whole:
                self._window.note_taken(taken)
        self.questions.note_life()
        self._deadline = now + self._quiet_s()

    def _read(self, line: str, now: float) -> list[Event]:
        meaning = self._dialect.read(line)
        if isinstance(meaning, Start):
            return self._restart(meaning.cause, now) if self._is_start(meaning) else [Said(meaning.cause)]
        if isinstance(meaning, Idle):
            return []
        if self._phase is Phase.BOOTING:
            self._deadline = min(now + SETTLE_S, self._boot_by)
        if isinstance(meaning, PrinterHalted):
            return self._halt(meaning.reason)
        if isinstance(meaning, Reply):
            return self._read_reply(meaning, now)
        if isinstance(meaning, Busy):
            self._note_life(now)
        elif isinstance(meaning, Said):
            is_awaited = self._phase is Phase.PACKING
            if self._packing.hear(meaning.text, is_awaited=is_awaited) and is_awaited:
                self._phase, self._deadline = Phase.FLOWING, now + self._quiet_s()
        elif isinstance(meaning, Position) and self._phase is Phase.ASKING:
            return [meaning, *self._take_answer(meaning, now)]
        return [meaning]

    def _read_reply(self, reply: Reply, now: float) -> list[Event]:
        """What a reply tells by itself, and what it changes."""
        if isinstance(reply, Identity):
            self._who.note(reply)
            return self._take_reply(Ok(), now) if reply.is_ok else []
        if isinstance(reply, Report):
            return [reply.temperatures, *self._take_reply(reply, now)]
        if isinstance(reply, Place):
            return [reply.position, *self._take_reply(Ok(), now)]
        return self._take_reply(reply, now)

    def _is_start(self, said: Start) -> bool:
        """Whether the firmware really has started: some say the same when a port is opened, or when asked."""
        is_new = self._who.stage is Stage.UNKNOWN and self._adoption is None
        return said.is_certain or is_new or self._phase is Phase.HALTED

    def _note_life(self, now: float) -> None:
        """The firmware is at work: silence begins anew, and a question that waits behind the work is not repeated."""
        self.questions.note_life()
        link = self._profile.link
        if self._phase is Phase.FLOWING:
            self._deadline = now + self._quiet_s()
        elif self._phase is Phase.ASKING:
            self._deadline = now + 2 * link.busy_s + link.silence_s

    def _take_reply(self, reply: Reply, now: float) -> list[Event]:
        is_owed = False  # the answer to an earlier question for temperatures
        if isinstance(reply, Report):
            is_owed = reply.is_ok and self._polling.is_awaited
            self._polling.note_answer(now, is_ok=reply.is_ok)
            if not reply.is_ok:
                if reply.is_wait:
                    self._note_life(now)
                return []
        self.questions.note_life()
        if self._phase is Phase.FLOWING:
            self._take_while_flowing(reply, now)
        elif self._phase is Phase.REFUSED:
            return self._take_while_refused(reply, now)
        elif self._phase is Phase.ASKING and not is_owed:
            return self._take_answer(reply, now)
        return []

    def _take_while_flowing(self, reply: Reply, now: float) -> None:
        if isinstance(reply, Ok):
            if reply.free is not None:
                self._free_most = max(self._free_most or 0, reply.free)
            self._acknowledge(reply, now)
        elif isinstance(reply, (LastLine, Resend)):
            self._refusal = self._dialect.begin_refusal()
            self._phase, self._deadline = Phase.REFUSED, now + REFUSED_S
            self._take_while_refused(reply, now)

    def _acknowledge(self, reply: Ok, now: float) -> None:
        if reply.number is None:
            self._take_oks(1, now)
            return
        taken = self._lanes.track.acknowledge(reply.number)
        if taken:
            self._numbered_oks = min(self._numbered_oks + 1, NUMBERED_OKS)
            self._window.note_taken(taken)
            self._deadline = now + self._quiet_s()

    def _take_while_refused(self, reply: Reply, now: float) -> list[Event]:
        """The rest of a refusal; oks of earlier lines may follow it, and refusals of lines that were behind it."""
        if isinstance(reply, Ok) and self._refusal.is_closed:
            deadline = self._deadline
            self._acknowledge(reply, now)
            self._deadline = deadline
            return []
        self._refusal.take(reply)
        if not self._refusal.is_closed:
            return []
        last, track = self._refusal.last, self._lanes.track
        if last is None or not track.is_plausible(last) or last + 2 >= track.next:
            return self._resolve_refusal(now)
        # what was sent behind the refused line is still on its way, and will be refused or swallowed
        behind = track.source.offset(track.next) - track.source.offset(last + 2)
        self._deadline = now + DRAIN_S + behind * 10 / self._profile.link.baud
        return []

    def _resolve_refusal(self, now: float) -> list[Event]:
        """Go where the firmware wants to be, if its two sentences agree and it can be there; else ask."""
        last, track = self._refusal.last, self._lanes.track
        if last is None or not track.is_plausible(last):
            self._ask()
            return []
        is_behind = last + 1 < track.next
        # where an ok says no more than that a line was received, so does this
        track.go_to(last, is_done=self._dialect.numbers_own_oks)
        self._phase, self._deadline = Phase.FLOWING, now + self._quiet_s()
        if not is_behind:  # the line was taken, something else was refused: its ok is still to come
            self._out += self._dialect.after_answer
            return []
        self._window.narrow()
        return [Resent(last + 1)]

    def _take_answer(self, reply: Reply | Position, now: float) -> list[Event]:
        standing = self.questions.take(reply)
        return [] if standing is None else self._conclude(standing, now)

    def _conclude(self, standing: Standing, now: float) -> list[Event]:
        """Where the firmware stands is known, and nothing is outstanding."""
        self._phase, self._deadline = Phase.FLOWING, now + self._quiet_s()
        self._begin_oks()
        self._polling.note_all_answered()
        self._out += self._dialect.after_answer
        lanes, track = self._lanes, self._lanes.track
        if self._adoption is not None:
            told, self._adoption = self._adoption.judge(standing), None
            return [told]
        last = standing.last
        if last is None:
            last = track.next - 1
            if track.acked < last and not self._dialect.has_faithful_wire:
                return self._doubt(last)
        if lanes.is_syncing:
            return self._synced(last == track.base)
        if not track.is_plausible(last):
            self._strikes += 1
            if last and self._strikes < STRIKES:
                self._ask()
                return []
            return self._restart("the firmware has lost its line number", now)
        self._strikes = 0
        return self._stand(last, now)

    def _stand(self, last: int, now: float) -> list[Event]:
        """The firmware has taken and done everything up to ``last``."""
        lanes, track = self._lanes, self._lanes.track
        resent: list[Event] = []
        if last + 1 < track.next:
            self._window.narrow()
            resent = [Resent(last + 1)]
        track.go_to(last, is_done=True)
        self._deadline = now + self._quiet_s()
        if last != track.high or lanes.is_confirmed:
            return resent
        if track.has_more() and not lanes.is_held:
            return []
        happened: list[Event]
        if lanes.is_printing:
            happened = [Held(last + 1) if track.has_more() else SourceDone(last)]
        else:
            happened = self._who.settle(lanes.commands)
            if any(isinstance(event, Ready) for event in happened):
                self._suit(now)
        lanes.turn_to_commands(last)
        return happened

    def _suit(self, now: float) -> None:
        """Suit what the firmware said that it can.

        Without an emergency parser a stop is seen when it is taken from the receive ring, which is read only while the
        command queue has room (Marlin queue.cpp): one place is left free for it. How many places there are it may have
        said itself, between the one command and the next.
        """
        link = self._profile.link
        if not self.is_stop_immediate:
            places = link.queue_lines if self._free_most is None else self._free_most + 1
            self._window = Window(max(1, min(link.window_lines, places - 1)), link.rx_bytes)
        if not self._dialect.reports_itself(self.firmware, self._profile):
            self._polling.begin(now)
        offers = "MEATPACK" in self.firmware.capabilities or self._dialect.hides_meatpack
        if not offers:
            self._packing.rule_out()
        if self._packing.is_wanted:
            self._out, self._phase, self._deadline = self._packing.begin(), Phase.PACKING, now + PACKING_S

    @property
    def is_stop_immediate(self) -> bool:
        """Whether a stop acts at once, even with a full queue; else the cell's power is the stop."""
        known = self._dialect.stops_at_once
        return "EMERGENCY_PARSER" in self.firmware.capabilities if known is None else known
