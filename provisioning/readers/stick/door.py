"""The agent's side of a stick: starts the sandboxed child, asks it, and never waits longer than a stick may take."""

import contextlib
import logging
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from provisioning.errors import Corrupt, PassageError, Refused, Unavailable
from provisioning.readers.stick.child import MAX_WORD_BYTES, PIECE, STATES, identity_of
from provisioning.readers.stick.device import refusal_of
from provisioning.readers.stick.places import SECTOR_BYTES

log = logging.getLogger("passage.stick")

TOP = Path(__file__).resolve().parents[3]
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from provisioning.readers.stick.child import main; main()"
)
MAX_ANSWER_BYTES = 4096

# Start, look and write together stay below the reader's watchdog (10 s). A healthy stick writes a flushed page within
# some 10 ms, one that moves an erase block first within a second (Linaro, FlashCardSurvey).
START_S = 3.0
LOOK_S = 2.0
WRITE_S = 3.0
FORMAT_S = 30.0
REAP_S = 0.2

State = Literal["ours", "blank", "foreign", "unreadable"]

FAMILIES: dict[str, type[PassageError]] = {
    "stick_gone": Unavailable,  # pulled
    "stick_hangs": Unavailable,  # it did not answer in time; the child was killed
    "stick_in_use": Unavailable,  # mounted, or another process claimed it
    "stick_no_access": Unavailable,  # the udev rule is missing
    "stick_no_sandbox": Unavailable,  # this machine cannot lock the child in
    "stick_io_failed": Unavailable,  # the medium refused
    "stick_door_failed": Unavailable,  # the child died; ``status`` is minus the signal
    "stick_changed": Unavailable,  # another stick than the one that was looked at
    "stick_no_stick": Refused,  # a device, but no USB stick: see provisioning.readers.stick.device
    "stick_write_protected": Refused,
    "stick_not_blank": Refused,
    "stick_too_small": Refused,
    "stick_write_differs": Corrupt,  # it keeps something else than what was written
    "word_unreadable": Corrupt,
}


@dataclass(frozen=True)
class StickSight:
    """What lies on a stick. Nothing of it is trusted yet: ``provisioning.identity.stick`` reads the sectors."""

    state: State
    header: bytes
    slots: tuple[bytes, bytes]
    size_bytes: int


class StickDoor:
    """One visit of one stick (block device or image file, the same code): one child, from the first word to `close`.

    Every method raises the errors of ``FAMILIES`` by code, ``stick_gone``, ``stick_hangs`` and ``stick_io_failed``
    first among them, and returns or raises within its time. After an error the next word starts a new child.
    """

    def __init__(
        self,
        path: Path,
        *,
        refusal: Callable[[Path], str | None] = refusal_of,
        start_s: float = START_S,
        word_s: float | None = None,
    ) -> None:
        self._path = path
        self._refusal = refusal
        self._start_s = start_s
        self._word_s = word_s
        self._child: subprocess.Popen[bytes] | None = None
        self._leftovers: list[subprocess.Popen[bytes]] = []
        self._identity = ""
        self._size_bytes = 0
        self._header = b""

    def __enter__(self) -> "StickDoor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process number, while there is one."""
        return self._child.pid if self._child else None

    def look(self) -> StickSight:
        """What the stick shows: read past every cache, nothing mounted, nothing written."""
        data = self._ask(b"L", b"", self._word_s or LOOK_S)
        if len(data) != 1 + 3 * SECTOR_BYTES or data[:1] not in STATES:
            raise self._fail("stick_door_failed")
        header, one, other = (data[at : at + SECTOR_BYTES] for at in range(1, len(data), SECTOR_BYTES))
        self._header = header
        return StickSight(cast("State", STATES[data[:1]]), header, (one, other), self._size_bytes)

    def write_slot(self, index: int, sector: bytes) -> None:
        """Write a ticket's sector into slot 0 or 1 of the stick that was looked at; it lies there when this returns.

        Flushed to the device, then read back past the page cache and compared.

        Raises:
            PassageError: as above; ``stick_changed`` without a look before it; ``stick_write_differs``.
        """
        if index not in {0, 1} or len(sector) != SECTOR_BYTES:
            raise ValueError("a slot is 0 or 1 and takes one sector")
        if not self._header:
            raise Unavailable("stick_changed")
        self._ask(b"W", bytes([index]) + self._header + sector, self._word_s or WRITE_S)
        self._must_be_there()

    def format(self, pieces: Iterable[tuple[int, bytes]], *, erase: bool = False) -> None:
        """Make a stick ours, with the pieces of ``provisioning.identity.volume``, in their order, and read them back.

        ``erase`` is an officer's word that whatever lies on it may go; without it only a blank stick is taken.

        Raises:
            PassageError: as above; ``stick_not_blank``, ``stick_too_small``, ``stick_write_differs``.
        """
        content = b"".join(PIECE.pack(offset, len(data)) + data for offset, data in pieces)
        if len(content) >= MAX_WORD_BYTES:
            raise ValueError(f"{len(content)} bytes are no small volume")
        self._header = b""
        self._ask(b"F", bytes([erase]) + content, self._word_s or FORMAT_S)
        self._must_be_there()

    def close(self) -> None:
        """End the visit. A child that hangs in the kernel is killed and left: it ends with its last read."""
        child, self._child = self._child, None
        if child is not None:
            self._end(child)
        self._leftovers = [one for one in self._leftovers if one.poll() is None]

    def _must_be_there(self) -> None:
        """Raise ``stick_gone`` when the name leads elsewhere by now: a write that nobody will find again."""
        try:
            there = identity_of(self._path.stat())
        except OSError:
            there = ""
        if there != self._identity:
            raise self._fail("stick_gone")

    def _ask(self, kind: bytes, content: bytes, patience_s: float) -> bytes:
        if self._child is None:
            self._start()
        child = self._child
        assert child is not None
        return self._exchange(child, kind + struct.pack(">I", len(content)) + content, patience_s)

    def _start(self) -> None:
        self.close()
        try:
            path = self._path.resolve(strict=True)
            self._identity = identity_of(path.stat())
            refused = self._refusal(path)
        except OSError as error:
            raise Unavailable("stick_gone") from error
        if refused is not None:
            raise FAMILIES[refused](refused)
        command = [sys.executable, "-I", "-S", "-B", "-c", BOOT, str(TOP), str(path), self._identity]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={"LC_ALL": "C"},
            start_new_session=True,
        )
        self._size_bytes = int.from_bytes(self._exchange(self._child, b"", self._start_s), "big")

    def _exchange(self, child: subprocess.Popen[bytes], word: bytes, patience_s: float) -> bytes:
        """One word there, one answer back, all before the deadline."""
        assert child.stdin is not None
        assert child.stdout is not None
        deadline_s = time.monotonic() + patience_s
        try:
            _send(child.stdin.fileno(), word, deadline_s)
            length = int.from_bytes(_receive(child.stdout.fileno(), 4, deadline_s), "big")
            if not 1 <= length <= MAX_ANSWER_BYTES:
                raise self._fail("stick_door_failed")
            answer = _receive(child.stdout.fileno(), length, deadline_s)
        except TimeoutError as error:
            raise self._fail("stick_hangs") from error
        except OSError as error:  # the child is dead
            raise self._fail("stick_door_failed") from error
        if answer[:1] != b"+":
            raise self._fail(answer[1:].decode("ascii", "replace"))
        return answer[1:]

    def _fail(self, code: str) -> PassageError:
        """The error for a code; the visit is over."""
        child = self._child
        self.close()
        status = child.returncode if child else None
        known = code if code in FAMILIES else "stick_door_failed"
        log.warning("stick: %s, child ended with %s", known, status)
        return FAMILIES[known](known, status=status)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(REAP_S if child.poll() is None and not self._is_stuck(child) else 0)
            return
        child.kill()
        try:
            child.wait(REAP_S)
        except subprocess.TimeoutExpired:
            log.error("the stick's child %d does not die: it waits in the kernel for the device", child.pid)
            self._leftovers.append(child)

    @staticmethod
    def _is_stuck(child: subprocess.Popen[bytes]) -> bool:
        """Whether the child waits in the kernel (state D, proc(5)): no use in waiting for it."""
        try:
            text = Path(f"/proc/{child.pid}/stat").read_text()
        except OSError:
            return False
        return text.rpartition(")")[2].split()[:1] == ["D"]


def _send(descriptor: int, data: bytes, deadline_s: float) -> None:
    os.set_blocking(descriptor, False)
    while data:
        _wait(select.POLLOUT, descriptor, deadline_s)
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(descriptor, data) :]


def _receive(descriptor: int, length: int, deadline_s: float) -> bytes:
    data = b""
    while len(data) < length:
        _wait(select.POLLIN, descriptor, deadline_s)
        more = os.read(descriptor, length - len(data))
        if not more:
            raise BrokenPipeError
        data += more
    return data


def _wait(what: int, descriptor: int, deadline_s: float) -> None:
    poll = select.poll()
    poll.register(descriptor, what)
    if not poll.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
        raise TimeoutError
