"""The Enter key of the terminal that somebody sits at, asked only while it means something."""

from __future__ import annotations

import contextlib
import os
import select
import termios

STDIN = 0
READ_BYTES = 1024


class EnterKey:
    """Enter on standard input, where that is a terminal and it is ours."""

    def __init__(self) -> None:
        self.is_there = os.isatty(STDIN)
        self.is_awaited = False

    def await_it(self) -> None:
        """Whatever was typed before does not count."""
        if self._is_ours():
            with contextlib.suppress(termios.error):
                termios.tcflush(STDIN, termios.TCIFLUSH)

    def was_pressed(self) -> bool:
        """Whether it was, since it was asked last. Never waits."""
        if not self._is_ours() or not select.select([STDIN], [], [], 0)[0]:
            return False
        return b"\n" in os.read(STDIN, READ_BYTES)

    def _is_ours(self) -> bool:
        """A job in the background is stopped by the kernel when it reads the terminal."""
        if not self.is_there:
            return False
        try:
            return os.tcgetpgrp(STDIN) == os.getpgrp()
        except OSError:
            return False
