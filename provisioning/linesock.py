"""Lines over a unix socket for one selectors loop: a listening end with many clients, and a way to dial one."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path

SUN_PATH_BYTES = 107  # sockaddr_un.sun_path holds 108 bytes with its closing zero, unix(7)
MAX_LINE_BYTES = 64 * 1024
MAX_UNSENT_BYTES = 256 * 1024  # a client that does not read for this long is dropped, not waited for


def _at(path: Path, act: Callable[[str], None]) -> None:
    """Call ``act`` with an address for ``path`` that fits sockaddr_un, however deep the folder lies."""
    if len(os.fsencode(path)) <= SUN_PATH_BYTES:
        act(str(path))
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        act(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def listen(path: Path, mode: int = 0o660) -> socket.socket:
    """A non-blocking listening socket at ``path``; a file left there by a dead process is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _at(path, sock.bind)
        path.chmod(mode)
        sock.listen(socket.SOMAXCONN)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def dial(path: Path, timeout_s: float = 1.0) -> socket.socket:
    """A blocking socket connected to ``path``.

    Raises:
        OSError: nobody listens there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        _at(path, sock.connect)
    except OSError:
        sock.close()
        raise
    return sock


class Client:
    """One connection: an unfinished line coming in, unsent bytes going out."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unread = b""
        self.unsent = bytearray()


class LineServer:
    """Listens at ``path``; every loop key's ``data`` is a function of the event mask.

    ``on_line(client, line)`` gets each line without its end. Drive it with :func:`turn`.
    """

    def __init__(
        self,
        path: Path,
        selector: selectors.BaseSelector,
        on_line: Callable[[Client, bytes], None],
        on_open: Callable[[Client], None] = lambda _client: None,
        on_close: Callable[[Client], None] = lambda _client: None,
    ) -> None:
        self._selector = selector
        self._on_line, self._on_open, self._on_close = on_line, on_open, on_close
        self._clients: set[Client] = set()
        self._path = path
        self._sock = listen(path)
        selector.register(self._sock, selectors.EVENT_READ, lambda _mask: self._accept())

    def send(self, client: Client, data: bytes) -> None:
        """Queue bytes for one client and send what the kernel takes now."""
        if client in self._clients:
            client.unsent += data
            self._flush(client)

    def broadcast(self, data: bytes) -> None:
        """Queue bytes for every client."""
        for client in list(self._clients):
            self.send(client, data)

    def drop(self, client: Client) -> None:
        """End a connection."""
        if client in self._clients:
            self._clients.discard(client)
            self._selector.unregister(client.sock)
            client.sock.close()
            self._on_close(client)

    def close(self) -> None:
        """End every connection and take the socket's name away."""
        for client in list(self._clients):
            self.drop(client)
        self._selector.unregister(self._sock)
        self._sock.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            sock, _ = self._sock.accept()
        except OSError:
            return
        sock.setblocking(False)
        client = Client(sock)
        self._clients.add(client)
        self._selector.register(sock, selectors.EVENT_READ, lambda mask: self._serve(client, mask))
        self._on_open(client)

    def _serve(self, client: Client, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush(client)
        if mask & selectors.EVENT_READ and client in self._clients:
            self._read(client)

    def _read(self, client: Client) -> None:
        try:
            data = client.sock.recv(16384)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(client)
            return
        *lines, client.unread = (client.unread + data).split(b"\n")
        for line in lines:
            if line.strip() and client in self._clients:
                self._on_line(client, line)
        if len(client.unread) > MAX_LINE_BYTES:
            self.drop(client)

    def _flush(self, client: Client) -> None:
        try:
            sent = client.sock.send(client.unsent) if client.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(client)
            return
        del client.unsent[:sent]
        if len(client.unsent) > MAX_UNSENT_BYTES:
            self.drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        with contextlib.suppress(KeyError):
            key = self._selector.get_key(client.sock)
            if key.events != wanted:
                self._selector.modify(client.sock, wanted, key.data)


class LineClient:
    """Keeps one connection to ``path``: dials again when it ended, as often as :meth:`turn` is called and due."""

    REDIAL_S = 0.5

    def __init__(
        self,
        path: Path,
        selector: selectors.BaseSelector,
        on_line: Callable[[bytes], None],
        on_open: Callable[[], None] = lambda: None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._path, self._selector = path, selector
        self._on_line, self._on_open, self._on_close = on_line, on_open, on_close
        self._sock: socket.socket | None = None
        self._unread = b""
        self._dial_at_s = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the other end was there the last time anyone looked."""
        return self._sock is not None

    def turn(self, now_s: float) -> None:
        """Dial when it is time."""
        if self._sock is not None or now_s < self._dial_at_s:
            return
        self._dial_at_s = now_s + self.REDIAL_S
        try:
            sock = dial(self._path)
        except OSError:
            return
        self._sock, self._unread = sock, b""
        self._selector.register(sock, selectors.EVENT_READ, lambda _mask: self._read())
        self._on_open()

    def send(self, data: bytes) -> bool:
        """Send; false when nobody is there. The other ends here read at once: a full buffer ends the connection."""
        if self._sock is None:
            return False
        try:
            self._sock.sendall(data)
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        if self._sock is not None:
            self._selector.unregister(self._sock)
            self._sock.close()
            self._sock = None
            self._on_close()

    def _read(self) -> None:
        try:
            data = self._sock.recv(16384) if self._sock is not None else b""
        except TimeoutError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if line.strip() and self._sock is not None:
                self._on_line(line)
        if len(self._unread) > MAX_LINE_BYTES:
            self.close()


def turn(selector: selectors.BaseSelector, timeout_s: float) -> None:
    """One turn of a loop whose keys carry a function of the mask as ``data``."""
    for key, mask in selector.select(timeout_s):
        key.data(mask)
