"""When a stick is plugged and pulled: the name of one fixed USB port, asked again and again.

udev makes the name when the kernel has found the stick and takes it away when the port is empty. Asking costs one
system call, needs no library, and never touches the stick itself, so that a stick that hangs cannot hang it.
"""

from pathlib import Path
from typing import Literal

from provisioning.readers.stick.child import identity_of

Happened = Literal["plugged", "pulled"]
ASK_EVERY_S = 0.25  # the caller's turn: a pull is told within 1 s (journeys J1), with room for a busy board


class StickWatch:
    """One port. Each turn says what happened there since the last."""

    def __init__(self, port: Path) -> None:
        self._port = port
        self._there = ""

    @property
    def is_plugged(self) -> bool:
        """Whether a stick was there at the last turn."""
        return bool(self._there)

    def turn(self) -> tuple[Happened, ...]:
        """Nothing, one, or both: a stick that was swapped between two turns was pulled, then plugged."""
        before, self._there = self._there, self._look()
        if before == self._there:
            return ()
        pulled: tuple[Happened, ...] = ("pulled",) if before else ()
        plugged: tuple[Happened, ...] = ("plugged",) if self._there else ()
        return pulled + plugged

    def _look(self) -> str:
        """Device, inode and number of what the name leads to: devtmpfs gives each new node a new inode."""
        try:
            return identity_of(self._port.stat())
        except OSError:
            return ""
