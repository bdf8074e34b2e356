"""One file to one printer, without desk, cell or card: for a technician who stands beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from farm.bench.ending import switch_off
from farm.bench.identify import ask
from farm.bench.job import Job
from farm.bench.talk import Talk
from farm.link.events import Busy, CommandRefused, Event, Resent, Settled, SourceDone, Temperatures
from farm.profiles import Profile
from farm.run import Drop, Effect, Hold, Interrupt, PrintRun, Report, RunState, StopNow, Stream, Submit
from provisioning.errors import Refused

TURN_S = 0.25  # a signal does not end a wait: look up at least so often
STALL_S = 0.5  # what a planner of 16 short moves bridges
SHOW_S = 0.5
STATUS = Path("/proc/self/status")


class NotThisPrinter(Refused):
    """The printer is not what the profile says: ``why``."""

    code = "not_this_printer"


class Figures(msgspec.Struct):
    """What came of it. ``seconds`` and all that follows is from the first line to the last one's end."""

    outcome: str = "cancelled"
    reason: str | None = None
    are_heaters_off: bool = True  # by the printer's own word; otherwise somebody must switch it off
    lines: int = 0
    of: int = 0
    seconds: float = 0.0
    lines_s: float = 0.0
    cpu_us_line: float = 0.0
    resends: int = 0
    stalls: int = 0  # while printing, no line taken for over STALL_S and no word that the printer is busy
    peak_memory_kib: int = 0


class Seen(msgspec.Struct, frozen=True):
    """The print as it stands, for a line on the screen."""

    word: str
    line: int
    of: int
    layer: int
    layers: int
    left_s: float
    temperatures: Temperatures
    reason: str | None = None


class Streaming:
    """One job on its way. :meth:`run` returns when it has ended.

    :meth:`cancel` and :meth:`resume` may be called from a signal handler.
    """

    def __init__(
        self,
        talk: Talk,
        profile: Profile,
        job: Job,
        show: Callable[[Seen], None],
        is_resumed: Callable[[], bool] = lambda: False,
    ) -> None:
        """``show`` is told how it stands, at once when it is paused; ``is_resumed`` is asked while it is."""
        self._talk, self._job, self._show = talk, job, show
        self._is_resumed = is_resumed
        self._profile = profile
        self._run = PrintRun(profile, job, job.last)
        self.figures = Figures(of=job.last)
        self._temperatures = Temperatures()
        self._word = ""
        self._wishes = 0  # how often somebody wanted to cancel
        self._heard = 0
        self._wants_resume = False
        self._is_refused = False  # a command of the end was
        self._last_words: list[Event] = []  # from the event that ended the run on
        self._begun_s = self._begun_cpu_s = self._cpu_s = 0.0
        self._moved_s = self._shown_s = 0.0

    def cancel(self) -> None:
        """End it safely: heaters off, head away. Asked again: emergency stop (M112)."""
        self._wishes += 1

    def resume(self) -> None:
        """Go on after a pause; nothing while it is not paused."""
        self._wants_resume = self._run.state is RunState.PAUSED

    def run(self) -> Figures:
        """Identify, print, end.

        Raises:
            NotThisPrinter: before anything moved or heated.
        """
        answer = ask(self._talk, lambda: not self._wishes)
        if answer is None:
            return self._measured()
        if answer.difference is not None:
            raise NotThisPrinter(why=answer.difference)
        self.figures.are_heaters_off = False
        self._begun_s = self._moved_s = self._talk.now_s()
        self._begun_cpu_s = time.process_time()
        self._perform(self._run.begin())
        while self._run.state is not RunState.ENDED:
            self._heed()
            for event in self._talk.turn(TURN_S):
                self._take(event)
            now_s = self._talk.now_s()
            self._perform(self._run.handle_timeout(now_s))
            self._note_line(now_s)
            if now_s - self._shown_s >= SHOW_S:
                self._shown_s = now_s
                self._show(self._seen())
        self.figures.are_heaters_off = self._is_safe or self._switch_off()
        self._talk.turn(0.0)  # what is still to be written
        return self._measured()

    @property
    def _is_safe(self) -> bool:
        """Whether the run's own end has switched the heaters off: it waits until its commands are done."""
        return self.figures.outcome in {"done", "cancelled"} and not self._is_refused

    def _switch_off(self) -> bool:
        """Whether the heaters of a print that failed are off."""
        self._word = "switching the heaters off"
        self._show(self._seen())
        is_stopped = self.figures.reason == "stopped"
        return switch_off(
            self._talk, self._last_words, lambda: self._wishes > self._heard, is_stopped=is_stopped
        )

    def _heed(self) -> None:
        while self._heard < min(self._wishes, 2):
            self._heard += 1
            self._perform(self._run.cancel() if self._heard == 1 else self._run.stop())
        if self._run.state is RunState.PAUSED and (self._wants_resume or self._is_resumed()):
            self._wants_resume = False
            self._word = "resuming"
            self._perform(self._run.resume())

    def _take(self, event: Event) -> None:
        now_s = self._talk.now_s()
        if isinstance(event, Temperatures):
            self._temperatures = event
        elif isinstance(event, Resent):
            self.figures.resends += 1
        elif isinstance(event, Busy):
            self._moved_s = now_s
        elif isinstance(event, SourceDone):
            self._count(event.line, now_s)
        elif isinstance(event, CommandRefused):
            self._is_refused = self._run.state in {RunState.LEAVING, RunState.COOLING}
        is_off = isinstance(event, Settled) and self._run.state is RunState.COOLING
        self._perform(self._run.take(event, now_s))
        if is_off and self._run.state is RunState.COOLING:  # whoever stands beside it can see it cool
            self._word = "done"
            self._perform(self._run.cancel())
        if self._run.state is RunState.ENDED:
            self._last_words.append(event)

    def _note_line(self, now_s: float) -> None:
        at = self._talk.link.next_line
        if at is None:
            self._moved_s = now_s
            return
        if at - 1 == self.figures.lines:
            return
        if now_s - self._moved_s > STALL_S and self._run.state is RunState.PRINTING:
            self.figures.stalls += 1
        self._moved_s = now_s
        self._count(at - 1, now_s)
        if self._run.state is RunState.HEATING:
            self._perform(self._run.note_layer(self._job.spool.layer_at(at - 1)))

    def _count(self, line: int, now_s: float) -> None:
        self.figures.lines = max(self.figures.lines, line)
        self.figures.seconds = now_s - self._begun_s
        self._cpu_s = time.process_time() - self._begun_cpu_s

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Stream(at=at):
                    self._talk.stream(self._job, at)
                case Hold():
                    self._talk.hold()
                case Submit(commands=commands):
                    for command in commands:
                        self._talk.submit(command)
                case Interrupt():
                    self._talk.interrupt()
                case StopNow():
                    self._talk.stop()
                case Report(state=state, reason=reason):
                    self._word = self._word if self._word == "done" else state
                    self.figures.outcome, self.figures.reason = self._word, reason
                    self._show(self._seen())  # at once: paused it waits for somebody who must know
                case Drop():
                    pass

    def _seen(self) -> Seen:
        line, spool = self.figures.lines, self._job.spool
        left_s = spool.seconds_left_at(line)
        return Seen(
            self._word,
            line,
            self._job.last,
            spool.layer_at(line),
            spool.layers,
            left_s,
            self._temperatures,
            self.figures.reason,
        )

    def _measured(self) -> Figures:
        figures, lines = self.figures, max(self.figures.lines, 1)
        figures.cpu_us_line = round(self._cpu_s / lines * 1e6, 1)
        figures.lines_s = round(figures.lines / figures.seconds, 1) if figures.seconds else 0.0
        figures.seconds = round(figures.seconds, 3)
        figures.peak_memory_kib = peak_memory_kib()
        return figures


def peak_memory_kib() -> int:
    """The most that this process has ever held, KiB (VmHWM, proc(5))."""
    for line in STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def screen_line(seen: Seen) -> str:
    """One line: state, lines, layer, time left, temperatures."""
    share = 100 * seen.line // max(seen.of, 1)
    minutes, seconds = divmod(round(seen.left_s), 60)
    t = seen.temperatures
    heat = " · ".join(
        f"{name} {now:.0f}/{target or 0:.0f} °C"
        for name, now, target in (("nozzle", t.nozzle_c, t.nozzle_target_c), ("bed", t.bed_c, t.bed_target_c))
        if now is not None
    )
    layer = f"layer {seen.layer}/{seen.layers} · " if seen.layers else ""
    left = f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left"
    return f"{seen.word} · {share:3} % · line {seen.line}/{seen.of} · {layer}{left} · {heat}".rstrip(" ·")
