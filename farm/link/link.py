"""One conversation with one printer: bytes and times in, bytes and events out.

As many lines are in flight as the window has room for. An ``ok`` is believed only until the firmware's own line number
says otherwise, and nothing is called done (``Settled``, ``Held``, ``SourceDone``) before that number was asked for and
matched. See ``tracks`` for why a line can then never be repeated, skipped or reordered, and a dialect's ``question``
for how the number is asked for. What no host can see: a line whose whole ``N<number> `` was lost on the wire is
executed by Marlin unchecked; ``Resent`` follows.
"""

from __future__ import annotations

from farm.link.acquaintance import Stage
from farm.link.adoption import Adoption
from farm.link.events import Event, PrinterSilent
from farm.link.hearing import Hearing
from farm.link.meeting import STRANGE_S
from farm.link.speaking import SETTLE_S, Phase
from farm.link.tracks import LineSource, check_command

DEAF = frozenset(
    {Phase.GONE, Phase.HALTED, Phase.STOPPING, Phase.BOOTING, Phase.MEETING}
)  # to anything but a stop
STOP_S = 3.0  # kill() answers within 0.6 s when it can


class Link(Hearing):
    """The conversation. After every call, send :meth:`data_to_send` and mind :attr:`deadline`."""

    def open(self, now: float) -> None:
        """The port has just been opened, which may have reset the board."""
        self._forget(self.firmware)
        self._boot(now, self._profile.link.boot_wait_s)

    def adopt(self, source: LineSource, at_least: int, now: float) -> None:
        """The port was opened anew, without a reset, while ``source`` was printed; ``at_least`` was surely taken.

        ``Found`` says where the firmware stands; then the conversation begins as after :meth:`open`, and the print
        goes on when it is streamed. ``PrinterReset``, ``InDoubt`` or ``PrinterSilent``: it cannot go on.
        """
        self._forget(self.firmware)
        self._adoption = Adoption(source.last, at_least)
        self._boot(now, SETTLE_S)

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
        """End a heat-up wait (M108), where the firmware can.

        Bare, because Marlin heeds it early only so; its extra ok is sorted out by asking.
        """
        if not self._dialect.interrupt_bytes or self._phase in DEAF:
            return
        # packed as everything else: Marlin heeds it when it is read
        self._out += self._dialect.interrupt_bytes
        if self._is_in_flight or self._phase in {Phase.REFUSED, Phase.ASKING}:
            self._ask()

    def stop(self, now: float) -> None:
        """The firmware's emergency stop, ahead of everything else that waits here."""
        if self._phase in {Phase.GONE, Phase.HALTED}:
            return
        self._out = self._packing.end(self._dialect.stop_bytes)
        if self._phase is not Phase.STOPPING:  # pressed again: the first press's time runs on
            self._phase, self._deadline = Phase.STOPPING, now + STOP_S

    def handle_timeout(self, now: float) -> list[Event]:
        """What the passing of :attr:`deadline` means; nothing before it."""
        if self._phase is Phase.FLOWING and self._polling.is_due(now):
            self._poll(now)
        if self._deadline is None or now < self._deadline:
            return []
        if self._phase is Phase.BOOTING:
            self._phase, self._deadline, self._strange_at = Phase.FLOWING, now, now + STRANGE_S
        elif self._phase is Phase.MEETING:
            return self._end_meeting(now)
        elif self._phase is Phase.PACKING:
            self._phase, self._deadline = Phase.FLOWING, now + self._quiet_s()
        elif self._phase is Phase.REFUSED:
            return self._resolve_refusal(now)
        elif self._phase is Phase.STOPPING:
            return self._halt("the stop was sent, the firmware did not confirm it", is_confirmed=False)
        elif self._who.stage is Stage.QUARANTINED or self._is_strange(now):
            self._meet(now)
        elif self.questions.are_in_vain:
            return self._end(PrinterSilent())
        else:
            self.stalls += self._phase is Phase.FLOWING and self._is_in_flight
            self._ask()
        return []

    def _is_strange(self, now: float) -> bool:
        """Whether it has said something, but for long nothing that made it known."""
        at, is_new = self._strange_at, self._who.stage is Stage.UNKNOWN and self._adoption is None
        return is_new and self._has_heard and at is not None and now >= at

    def _poll(self, now: float) -> None:
        """Ask for temperatures.

        Spoiled on the way the question is another command, whose bare ok would acknowledge a line that was dropped:
        where no number would tell, it is asked between lines.
        """
        if self._dialect.is_numbered or self._dialect.has_faithful_wire:
            self._out += self._polling.put(now, self._lanes.track)
        else:
            self._polling.put_off(now)

    # --- how it stands --------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`handle_timeout`, in the caller's seconds."""
        poll = self._polling.due_at
        if poll is None or self._phase is not Phase.FLOWING or self._deadline is None:
            return self._deadline
        return min(poll, self._deadline)

    @property
    def next_line(self) -> int | None:
        """The next line of the print that will be sent, ``None`` when no print is being sent."""
        return self._lanes.next_line

    @property
    def acked_line(self) -> int | None:
        """The last line of the print that the printer acknowledged, ``None`` when no print is being sent."""
        return self._lanes.acked_line

    @property
    def window_lines(self) -> int:
        """How many lines may be in flight just now."""
        return self._window.limit

    @property
    def is_ready(self) -> bool:
        """Whether the firmware is known and answers."""
        return self._who.stage is Stage.READY and self._phase is not Phase.GONE
