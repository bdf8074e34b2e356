"""Holds the suite's own tools and fences to their word."""

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from provisioning.clock import FakeClock
from tests.support import accepts, free_port, is_listening, wait_readable, wait_until


def test_waiting_returns_the_first_truthy_answer() -> None:
    answers = iter([0, "", "here"])
    assert wait_until(lambda: next(answers)) == "here"


def test_waiting_in_vain_says_what_for_and_what_came() -> None:
    with pytest.raises(AssertionError, match=r"the moon.*None"):
        wait_until(lambda: None, 0.05, what="the moon")


def test_a_silent_descriptor_is_named_and_a_speaking_one_returns() -> None:
    reading, writing = os.pipe()
    with pytest.raises(AssertionError, match="nothing to read"):
        wait_readable(reading, 0.01)
    os.write(writing, b"x")
    wait_readable(reading)
    os.close(reading)
    os.close(writing)


def test_loopback_and_unix_sockets_are_open(run_dir: Path) -> None:
    port = free_port()
    assert not is_listening(port)
    with socket.create_server(("127.0.0.1", port)):
        assert is_listening(port)
    path = run_dir / "a.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert accepts(path)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "2001:db8::1"]
)  # RFC 5737 and RFC 3849: documentation, never routed
def test_no_test_reaches_beyond_loopback(host: str) -> None:
    with pytest.raises((RuntimeError, Warning), match=r"socket\.connect"):
        socket.create_connection((host, 80), timeout=1)


def test_a_proxy_of_the_person_at_the_keyboard_is_not_seen() -> None:
    assert urllib.request.getproxies() == {}


def test_the_fake_clock_moves_only_when_told(clock: FakeClock) -> None:
    before_s = clock.monotonic_s()
    assert clock.monotonic_s() == before_s
    clock.advance(2.5)
    assert clock.monotonic_s() == before_s + 2.5
