"""What tests lean on: waiting for a real condition, free ports, folders with short names."""

from __future__ import annotations

import contextlib
import select
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.02


def wait_until(predicate: Callable[[], T], timeout_s: float = 10, *, what: str = "") -> T:
    """Ask again and again until the answer is truthy, and return that answer.

    Raises:
        AssertionError: still falsy after ``timeout_s`` seconds; says what was waited for and the last answer.
    """
    pause = threading.Event()
    deadline_s = time.monotonic() + timeout_s
    while not (answer := predicate()):
        if time.monotonic() >= deadline_s:
            raise AssertionError(f"waited {timeout_s} s for {what or predicate!r}, last answer {answer!r}")
        pause.wait(_POLL_S)
    return answer


def wait_readable(source: socket.socket | int, timeout_s: float = 10) -> None:
    """Return as soon as a read from a socket or file descriptor would not block.

    Raises:
        AssertionError: nothing came within ``timeout_s`` seconds.
    """
    if not select.select([source], [], [], timeout_s)[0]:
        raise AssertionError(f"nothing to read within {timeout_s} s")


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listened on a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """True when something accepts connections on this TCP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def accepts(path: Path) -> bool:
    """True when something accepts connections on this unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(str(path)) == 0


@contextlib.contextmanager
def short_dir() -> Iterator[Path]:
    """A temporary folder with a short name: a unix socket's path holds 107 bytes, pytest's own folders are longer."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        yield Path(name)
