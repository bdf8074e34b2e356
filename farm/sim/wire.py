"""One direction of a serial line with its baud rate and its way through USB, as a value: time in, bytes out."""

from __future__ import annotations

import math
from collections import deque

BITS_PER_BYTE = 10  # 8N1: a start bit, eight of data, a stop bit


class TimedWire:
    """Bytes handed over at one end with :meth:`send` come out at the other with :meth:`take`, when they have got there.

    A byte leaves the host's driver at once, needs ``usb_s`` to the serial chip, waits there until those before it are
    through, takes ten bits' time, and counts as arrived at its stop bit. The other way round the bits come first
    and the USB after them; the sum is the same. Times are in seconds of whoever calls, ever growing.
    """

    def __init__(self, baud: float = math.inf, usb_s: float = 0.0) -> None:
        """``baud`` in bits a second, infinity for none; ``usb_s`` each way."""
        self.baud, self.usb_s = baud, usb_s
        self._parts: deque[tuple[float, bytes]] = deque()  # when the first byte sets out, the bytes
        self._free_at = -math.inf
        self._next_at = math.inf

    @property
    def byte_s(self) -> float:
        """What one byte takes."""
        return BITS_PER_BYTE / self.baud

    def send(self, data: bytes, now: float) -> None:
        """Hand ``data`` over at ``now``."""
        if not data:
            return
        begin = max(now + self.usb_s, self._free_at)
        self._free_at = begin + len(data) * self.byte_s
        self._parts.append((begin, data))
        if len(self._parts) == 1:
            self._look()

    def next_at(self) -> float:
        """When the next line's end (or the last byte under way) arrives, infinity when nothing is under way.

        Bytes before it can be taken earlier, but nobody who reads lines would act on them.
        """
        return self._next_at

    def take(self, now: float) -> bytes:
        """Every byte that has arrived by ``now`` and was not taken yet."""
        if not self._parts or now < self._parts[0][0]:
            return b""
        out, byte_s = [], self.byte_s
        while self._parts:
            begin, data = self._parts[0]
            # half a nanosecond, so that asking at a byte's own arrival time finds it whatever rounding does
            count = len(data) if not byte_s else int((now - begin + 5e-10) / byte_s)
            if now < begin or count <= 0:
                break
            if count < len(data):
                out.append(data[:count])
                self._parts[0] = (begin + count * byte_s, data[count:])
                break
            out.append(data)
            self._parts.popleft()
        if out:
            self._look()
        return b"".join(out)

    def clear(self) -> None:
        """The cable is pulled: what was under way is gone."""
        self._parts.clear()
        self._free_at, self._next_at = -math.inf, math.inf

    def _look(self) -> None:
        if not self._parts:
            self._next_at = math.inf
            return
        begin, data = self._parts[0]
        end = data.find(b"\n") + 1 or len(data)
        self._next_at = begin + end * self.byte_s
