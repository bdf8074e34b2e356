"""RDM6300-type readers of 125 kHz badges: a serial module that repeats a frame while a badge lies on it.

A frame has 14 bytes: 02, ten hexadecimal digits, two that are the XOR of those five bytes, 03 (practice.md 2.6).
Removal is not told, and some modules fall silent after two to five frames: a badge that lies still tells nothing more.
"""

import logging
import os
import selectors
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Protocol

from provisioning.readers.words import BadgeSeen, DriverName, ReaderWord

log = logging.getLogger("passage.reader")

BAUD = 9600  # fixed in the module; 8 bits, no parity
START, END = 0x02, 0x03
DIGITS = frozenset(b"0123456789ABCDEF")
BODY_BYTES = 12
SILENCE_S = 1.0  # frames come every 50 ms: after so long without one, the badge was away and came back
TORN_S = 0.5  # a frame takes 15 ms at 9600 baud; one that takes longer was cut off
REOPEN_S = 1.0


class FrameDecoder:
    """Bytes and times in, badge numbers out: ten hexadecimal digits, the first two being the badge's maker code."""

    def __init__(self) -> None:
        self._body: bytearray | None = None
        self._begun_s = 0.0
        self._last: tuple[str, float] | None = None

    def feed(self, data: bytes, now_s: float) -> list[str]:
        """The badges that were put down; one that lies still counts once."""
        if self._body is not None and now_s - self._begun_s > TORN_S:
            self._body = None
        return [uid for byte in data if (uid := self._take(byte, now_s)) and self._is_new(uid, now_s)]

    def _take(self, byte: int, now_s: float) -> str | None:
        if byte == START:
            self._body, self._begun_s = bytearray(), now_s
            return None
        if self._body is None:
            return None
        if byte in DIGITS and len(self._body) < BODY_BYTES:
            self._body.append(byte)
            return None
        body, self._body = self._body, None
        return _uid(body) if byte == END else None

    def _is_new(self, uid: str, now_s: float) -> bool:
        before, self._last = self._last, (uid, now_s)
        return before is None or before[0] != uid or now_s - before[1] >= SILENCE_S


def _uid(body: bytearray) -> str | None:
    """The badge number of a frame's twelve digits; None when they do not add up."""
    if len(body) != BODY_BYTES:
        return None
    *number, check = bytes.fromhex(body.decode("ascii"))
    return body[:-2].decode("ascii") if reduce(xor, number) == check else None


class Port(Protocol):
    """The part of ``serial.Serial`` that is used here."""

    def fileno(self) -> int: ...
    def close(self) -> None: ...


def open_serial(path: str) -> Port:
    """The serial port at ``path``, ours alone. pyserial is imported here: other readers' processes never need it.

    Raises:
        OSError: no such port, or another process holds it (pyserial's own exception is one).
    """
    from serial import Serial

    return Serial(path, BAUD, timeout=0, exclusive=True)


class Rdm6300Reader:
    """One serial port; opened again and again when it is away."""

    name: DriverName = "rdm6300"
    tells_removal = False

    def __init__(
        self,
        path: str,
        selector: selectors.BaseSelector,
        emit: Callable[[ReaderWord], None],
    ) -> None:
        self._path, self._selector, self._emit = path, selector, emit
        self._decoder = FrameDecoder()
        self._port: Port | None = None
        self._now_s = 0.0
        self._retry_at_s = 0.0
        self._missed = False

    def present(self) -> list[ReaderWord]:
        """Nothing: this kind of reader does not know whether a badge still lies there."""
        return []

    def turn(self, now_s: float) -> None:
        """Open the port when it is away and it is time."""
        self._now_s = now_s
        if self._port is None and now_s >= self._retry_at_s:
            self._retry_at_s = now_s + REOPEN_S
            self._open()

    def close(self) -> None:
        """Let the port go."""
        if self._port is not None:
            self._selector.unregister(self._port)
            self._port.close()
            self._port = None

    def _open(self) -> None:
        try:
            port = open_serial(self._path)
        except OSError as error:
            if not self._missed:
                log.warning("reader at %s is away: %s", self._path, error)
            self._missed = True
            return
        log.info("reader at %s is here and ours alone", self._path)
        self._missed = False
        self._port, self._decoder = port, FrameDecoder()
        self._selector.register(port, selectors.EVENT_READ, lambda _mask: self._read())

    def _read(self) -> None:
        if self._port is None:
            return
        try:
            data = os.read(self._port.fileno(), 256)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            log.warning("reader at %s went away", self._path)
            self.close()
        for uid in self._decoder.feed(data, self._now_s):
            self._emit(BadgeSeen(uid))
