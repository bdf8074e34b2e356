"""Serving a web process: waitress on loopback or a unix socket, readiness, watchdog, and a stop within two seconds."""

import contextlib
import logging
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from waitress.server import create_server
from waitress.wasyncore import close_all, loop

from provisioning.notify import notify, watchdog_interval_s

_log = logging.getLogger("passage.web")
LOOP_S = 0.5  # how often the loop looks up from its sockets: half a stop's budget, and the watchdog's beat
STOP_S = 1.0  # how long a running request may finish after the stop
WIRE_LIMIT_BYTES = 128 * 1024 * 1024  # beyond this waitress hangs up; below, the app answers 413 in words


class Server:
    """One listening web process; ``run`` serves in the calling thread until ``stop``."""

    def __init__(self, app: Flask, listen: str, *, threads: int = 4) -> None:
        self.listen = listen
        self._stopping = threading.Event()
        self._server: Any = create_server(
            app, threads=threads, ident=None, sockets=[_bound(listen)], **_LIMITS
        )

    @property
    def port(self) -> int:
        """The TCP port, also when ``listen`` asked for port 0; 0 on a unix socket."""
        return 0 if self.listen.startswith("unix:") else int(self._server.effective_port)

    def run(self, beat: Callable[[], object] | None = None) -> None:
        """Serve until :meth:`stop`; ``beat`` is called about twice a second as long as the loop turns."""
        sockets = self._server._map
        try:
            while not self._stopping.is_set():
                loop(timeout=LOOP_S, use_poll=True, map=sockets, count=1)
                if beat is not None:
                    beat()
        finally:
            self._close()

    def stop(self) -> None:
        """Ask :meth:`run` to end; safe from a signal handler and from another thread."""
        self._stopping.set()
        with contextlib.suppress(OSError):  # run() may have ended, and closed its trigger, this very moment
            self._server.pull_trigger()

    def _close(self) -> None:
        self._server.accepting = False
        self._server.task_dispatcher.shutdown(timeout=STOP_S)
        close_all(
            self._server._map, ignore_all=True
        )  # the listening socket, the trigger, every open connection
        if self.listen.startswith("unix:"):
            Path(self.listen.removeprefix("unix:")).unlink(missing_ok=True)


_LIMITS: dict[str, Any] = {
    "connection_limit": 200,
    "channel_timeout": 30,
    "max_request_body_size": WIRE_LIMIT_BYTES,
    "inbuf_overflow": 256 * 1024,
    "clear_untrusted_proxy_headers": True,
}


def _bound(listen: str) -> socket.socket:
    """A socket at ``unix:/path`` (mode 660) or ``host:port``.

    Raises:
        ValueError: neither form.
        OSError: taken, or not ours to use.
    """
    if listen.startswith("unix:"):
        path = Path(listen.removeprefix("unix:"))
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()  # left by a killed process; the node's supervisor runs one of us
        line = _bind(socket.AF_UNIX, str(path))
        path.chmod(0o660)
        return line
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"cannot listen on {listen!r}: want unix:/path or host:port")
    return _bind(socket.AF_INET6 if "[" in host else socket.AF_INET, (host.strip("[]"), int(port)))


def _bind(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(address)
    except OSError:
        line.close()
        raise
    return line


class _Pulse:
    """The watchdog's beat, sent by the very loop that answers requests, no more often than systemd asks."""

    def __init__(self) -> None:
        self._every_s = watchdog_interval_s()
        self._next_s = 0.0

    def __call__(self) -> None:
        if self._every_s is not None and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + self._every_s / 2
            notify("WATCHDOG=1")


def serve(
    app: Flask, listen: str, *, threads: int = 4, ready: Callable[[Server], object] | None = None
) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; call from a process's main thread.

    Args:
        app: what to serve.
        listen: ``127.0.0.1:8400`` or ``unix:/run/passage/hub.sock`` (mode 660, replaced when a dead process left it).
        threads: requests answered at once.
        ready: called with the listening server, just before systemd is told READY=1.

    Raises:
        OSError: the address is taken or may not be used; ``errno`` says which.
    """
    server = Server(app, listen, threads=threads)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        _log.info("%s: stopping", signal.Signals(number).name)
        server.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if ready is not None:
        ready(server)
    _log.info("listening on %s", listen)
    notify("READY=1")
    server.run(beat=_Pulse())
    notify("STOPPING=1")
