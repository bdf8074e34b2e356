"""Journal lines without the logging library (1 MB of a worker's memory): one line an event, as provisioning.log's."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

STDERR = 2
INFO = 6  # syslog(3)


def sayer(name: str) -> Callable[[str], None]:
    """A function that writes one line to standard error, as sd-daemon(3) reads it; with the time for a person."""
    for_journal = "JOURNAL_STREAM" in os.environ

    def say(text: str) -> None:
        head = f"<{INFO}>" if for_journal else time.strftime("%Y-%m-%d %H:%M:%S info ")
        with contextlib.suppress(OSError):  # nobody reads: no reason to stop printing
            os.write(STDERR, f"{head}{name}: {text}\n".encode("utf-8", "replace"))

    return say
