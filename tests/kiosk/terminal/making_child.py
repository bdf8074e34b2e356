"""A kiosk that writes a stick and is killed before it can tell: run as a process by test_making.py."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.readers.words import Did, Order
from tests.kiosk.terminal.test_making import Bench


class Deadly(Bench):
    """Carries the order out, and then the power goes."""

    def ask(self, order: Order, timeout_s: float) -> Did:
        assert super().ask(order, timeout_s).code == ""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


if __name__ == "__main__":
    terminal = Terminal(load_node(Path(sys.argv[1])), SystemClock())
    bench = Deadly(image=Path(sys.argv[2]))
    terminal.entrance.reader = terminal.making.reader = bench
    from kiosk.terminal.session import Credential

    terminal.arrivals.saw(Credential("stick", ""))
    raise SystemExit("nobody ordered a stick here")
