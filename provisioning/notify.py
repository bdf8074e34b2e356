"""Telling systemd that a process is ready and alive, in the few lines that this takes."""

import os
import socket
import threading


def notify(words: str) -> None:
    """Send ``READY=1``, ``WATCHDOG=1`` or ``STATUS=...`` to the service manager; nothing when there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        try:
            line.sendto(words.encode(), socket.MSG_DONTWAIT, address)
        except OSError:
            return  # a manager that went away or does not read cannot be told, and must not hold us up


def watchdog_interval_s() -> float | None:
    """How often to pet the watchdog: half of what ``WATCHDOG_USEC`` allows (sd_watchdog_enabled(3)); else None."""
    usec = os.environ.get("WATCHDOG_USEC")
    return int(usec) / 2_000_000 if usec else None


class Petter:
    """Pets the watchdog for a process whose main loop waits inside a library.

    ``alive`` is asked each time: a process that no longer does its work must be restarted, not petted.
    """

    def __init__(self, alive: "threading.Event | None" = None) -> None:
        self._stop = threading.Event()
        self._failed = alive
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin, when the service manager asks for it."""
        if watchdog_interval_s() is not None:
            self._thread.start()

    def stop(self) -> None:
        """Pet no more."""
        self._stop.set()

    def _run(self) -> None:
        interval_s = watchdog_interval_s() or 10.0
        while not self._stop.wait(interval_s):
            if self._failed is not None and self._failed.is_set():
                return
            notify("WATCHDOG=1")
