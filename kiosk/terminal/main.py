"""The process ``passage-kiosk serve``: pages on loopback, the reader's socket, the hub's side, one session."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.terminal.app import make_app
from kiosk.terminal.readerport import ReaderPort
from kiosk.terminal.terminal import Terminal
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.log import end_with_any_thread, start_log
from provisioning.memory import return_big_blocks
from provisioning.web.serve import Server
from provisioning.web.serve import serve as serve_app

log = logging.getLogger("passage.kiosk")

JOIN_S = 0.4


class _Threads:
    """Helpers of one process: when one ends by a bug, the whole process ends, and systemd starts a clean one."""

    def __init__(self) -> None:
        self.has_failed = False
        self._server: Server | None = None
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self, server: Server, *targets: Callable[[], None]) -> None:
        """Run each target in a thread of its own."""
        self._server = server
        for target in targets:
            thread = threading.Thread(target=self._run, args=(target,), name=target.__qualname__, daemon=True)
            self._threads.append(thread)
            thread.start()

    def join(self) -> bool:
        """Wait a moment for threads that were told to stop; whether all have ended."""
        self._stopping = True
        for thread in self._threads:
            thread.join(JOIN_S)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, target: Callable[[], None]) -> None:
        ended_well = False
        try:
            target()
            ended_well = True
        finally:
            if not ended_well and not self._stopping and self._server is not None:
                self.has_failed = True
                self._server.stop()


def serve(config_path: Path) -> None:
    """Until SIGTERM or SIGINT.

    Raises:
        ConfigRefused: the configuration cannot be used.
        Unavailable: another process owns the database, or it cannot be written.
        SystemExit: 1 when a helper thread died of a bug.
    """
    start_log()
    end_with_any_thread()
    return_big_blocks()
    node = load_node(config_path)
    terminal = Terminal(node, SystemClock())
    reader = ReaderPort(node.run_dir / "reader.sock", terminal.arrivals.hear, terminal.keeper)
    terminal.reader_driver = lambda: reader.driver
    terminal.entrance.reader = reader
    terminal.making.reader = reader
    threads = _Threads()

    def ready(server: Server) -> None:
        terminal.hub.drain.start()
        threads.start(server, reader.run, terminal.hub.run)

    try:
        serve_app(make_app(terminal), node.listen, threads=4, ready=ready)
    finally:
        reader.stop()
        terminal.hub.stop()
        terminal.entrance.give_up()
        if (
            threads.join() and terminal.errands.join()
        ):  # else one waits for a hub that does not answer; the process ends under it, unharmed
            terminal.db.close()
    if threads.has_failed:
        raise SystemExit(1)
