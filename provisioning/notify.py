"""Telling systemd that a process is ready and alive, in the few lines that this takes."""

import os
import socket
from collections.abc import Callable


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


def loop_petter(monotonic_s: Callable[[], float]) -> Callable[[], None]:
    """A function that pets the watchdog when it is time; a loop calls it each turn, so a stuck loop is not petted."""
    interval_s = watchdog_interval_s()
    last_s = monotonic_s()

    def pet() -> None:
        nonlocal last_s
        now_s = monotonic_s()
        if interval_s is not None and now_s - last_s >= interval_s / 2:
            last_s = now_s
            notify("WATCHDOG=1")

    return pet
