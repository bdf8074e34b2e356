"""What can be sent, by number: the host's own commands and a print's lines, in two ranges that never meet.

The firmware executes a numbered line only when its number is the last one plus one. So a line cannot be repeated,
skipped or reordered as long as a number always means the same bytes and the firmware's counter (M110) is moved only
between ranges, when everything sent in the old range is known to have been taken. The wire keeps order, so an answer
that names a number of the new range proves that no answer from the old one can follow.
"""

from __future__ import annotations

from typing import Protocol

from farm.link.framing import frame
from farm.link.window import Window

CONTROL_FIRST = (
    10_000_000  # above any print's lines; small numbers are short, and exact where they are read as float
)
CONTROL_LAST = 15_000_000  # then the range begins again: by then nobody remembers its first numbers
CONTROL_GAP = 10  # each stay in the control range begins at a number never used before
BACK_MAX_LINES = (
    128  # a firmware that wants a line further back than this has lost its memory: twice the widest window
)
SURE_LINES = 4  # a print of which so much was acknowledged cannot be back at nought, whatever the wire did


class LineSource(Protocol):
    """A print's lines, ready to send; numbers are part of the bytes and run from ``first`` to ``last``."""

    @property
    def first(self) -> int: ...

    @property
    def last(self) -> int: ...

    def lines(self, first: int, last: int, /) -> bytes | memoryview:
        """The bytes of lines ``first`` to ``last``, both included: numbers, checksums and newlines."""
        ...

    def offset(self, n: int, /) -> int:
        """How many bytes all lines before ``n`` have together; ``n`` may be one more than the last."""
        ...


class Commands:
    """The host's own commands as a source; kept until their track is left."""

    def __init__(self, first: int, waiting: tuple[str, ...] = ()) -> None:
        self.first = first
        self._commands: list[str] = []
        self._framed: list[bytes] = []
        self._offsets = [0]
        for command in waiting:
            self.add(command)

    @property
    def last(self) -> int:
        return self.first + len(self._commands) - 1

    def lines(self, first: int, last: int, /) -> bytes:
        return b"".join(self._framed[first - self.first : last + 1 - self.first])

    def offset(self, n: int, /) -> int:
        return self._offsets[n - self.first]

    def add(self, command: str) -> None:
        """Put a command at the end."""
        framed = frame(self.last + 1, command)
        self._commands.append(command)
        self._framed.append(framed)
        self._offsets.append(self._offsets[-1] + len(framed))

    def renewed(self, since: int) -> Commands:
        """The same commands from number ``since`` on, under numbers never used before."""
        begin = self.last + CONTROL_GAP
        waiting = tuple(self._commands[max(0, since - self.first) :])
        return Commands(begin if begin < CONTROL_LAST else CONTROL_FIRST, waiting)


def check_command(command: str, line_max_bytes: int) -> None:
    """Refuse what would not arrive as one command.

    Raises:
        ValueError: not one printable ASCII line that fits the firmware's buffer.
    """
    if not (command.isascii() and command.isprintable() and command) or ";" in command:
        raise ValueError(f"not one plain command: {command!r}")
    if len(command) + 20 > line_max_bytes:  # number of eight digits, checksum, blanks
        raise ValueError(f"over {line_max_bytes} bytes: {command!r}")


class Track:
    """A source that is being sent: where the counter was set, what was acknowledged, the next line, the highest sent.

    Lines ``acked + 1`` to ``next - 1`` are in flight.
    """

    def __init__(self, source: LineSource, at: int) -> None:
        self.source = source
        self.base = self.acked = self.high = at - 1
        self.next = at

    def has_more(self) -> bool:
        return self.next <= self.source.last

    def take(self, window: Window) -> bytes | memoryview:
        """The bytes that may go now, as many lines as the window has room for; they count as sent."""
        source, first, acked = self.source, self.next, self.acked
        last = min(acked + window.limit, source.last)
        if last < first:
            return b""
        full = source.offset(acked + 1) + window.bytes
        while source.offset(last + 1) > full:
            last -= 1
            if last < first:
                if first > acked + 1:
                    return b""
                last = first  # one line always may go
                break
        self.next = last + 1
        self.high = max(self.high, last)
        return source.lines(first, last)

    def acknowledge(self, number: int | None) -> int:
        """An ok has come, for the oldest line in flight or up to a number; how many lines it acknowledges."""
        if number is None:
            number = self.acked + 1
        if not self.acked < number < self.next:
            return 0
        taken, self.acked = number - self.acked, number
        return taken

    def go_to(self, last: int, *, is_done: bool) -> None:
        """The firmware's last line is ``last``; ``is_done``: nothing before it is still to be acknowledged."""
        self.next = last + 1
        self.high = max(self.high, last)
        self.acked = last if is_done else min(self.acked, last)

    def is_plausible(self, last: int) -> bool:
        """Whether the firmware can have ``last`` as its last line; zero is what a restarted firmware has."""
        if last == 0 and self.acked > SURE_LINES:
            return False
        return max(self.base, self.high - BACK_MAX_LINES) <= last <= self.high


class Lanes:
    """Which range is being sent: the host's commands, or a print while they wait."""

    def __init__(self) -> None:
        self.commands = Commands(CONTROL_FIRST)
        self.track = Track(self.commands, CONTROL_FIRST)
        self.is_syncing = True  # the firmware's counter is still to be moved to this range
        self.is_confirmed = False  # the firmware named the last line sent, and has done all of them
        self._pending: tuple[LineSource, int] | None = None
        self._is_holding = False  # until the next print is streamed

    @property
    def is_printing(self) -> bool:
        """Whether the range of a print is being sent."""
        return self.track.source is not self.commands

    @property
    def next_line(self) -> int | None:
        """The next line of the print that will be sent, ``None`` when no print is being sent."""
        return self.track.next if self.is_printing else None

    @property
    def acked_line(self) -> int | None:
        """The last line of the print that the printer acknowledged, ``None`` when no print is being sent."""
        return self.track.acked if self.is_printing else None

    @property
    def is_held(self) -> bool:
        """Whether no new line of the print may go; one that was sent before and refused still must."""
        return self._is_holding and self.is_printing and self.track.next > self.track.high

    def stream(self, source: LineSource, at: int) -> None:
        """Send ``source`` from line ``at`` once the commands before it are settled.

        Raises:
            ValueError: no such line.
        """
        if not source.first <= at <= source.last or source.last >= CONTROL_FIRST:
            raise ValueError(f"no line {at} between {source.first} and {source.last}")
        self._pending, self._is_holding = (source, at), False

    def hold(self) -> None:
        """Send no further line of the print, if there is one."""
        if self.is_printing or self._pending is not None:
            self._is_holding, self.is_confirmed = True, False

    def take(self, window: Window) -> bytes | memoryview:
        """The next lines' bytes; they count as sent. While held only those that were sent before."""
        track = self.track
        if self._is_holding and self.is_printing:
            window = Window(min(window.limit, track.high - track.acked), window.bytes + 1)
        data = track.take(window)
        if data:
            self.is_confirmed = False
        return data

    def turn_to_print(self) -> bool:
        """Go over to the print that waits; false when none does."""
        if self._pending is None:
            return False
        self._enter(Track(*self._pending))
        self._pending = None
        return True

    def turn_to_commands(self, last: int) -> None:
        """Go back to the commands behind ``last``, or to all of them after a print: under numbers never used before."""
        self.commands = self.commands.renewed(last + 1)  # a print's numbers are below all of theirs
        self._enter(Track(self.commands, self.commands.first))

    def note_sync(self, *, is_taken: bool) -> None:
        """The counter was to be moved: it was, or it will be tried again."""
        self.is_syncing, self.is_confirmed = not is_taken, is_taken and not self.is_held

    def _enter(self, track: Track) -> None:
        """Move the firmware's counter to another range; everything sent in this one is known to be taken."""
        self.track, self.is_syncing, self.is_confirmed = track, True, False
