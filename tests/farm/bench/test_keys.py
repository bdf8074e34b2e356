"""Enter on a terminal goes on with a paused print; typed too early it does not count, and elsewhere nobody asks."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support import wait_readable

ASK = """
import select
from farm.bench.keys import EnterKey
key = EnterKey()
input()
print("there" if key.is_there else "nobody", flush=True)
if key.is_there:
    key.await_it()
    print("early" if key.was_pressed() else "waiting", flush=True)
    while not key.was_pressed():
        select.select([0], [], [], 5)
    print("pressed", flush=True)
"""


def read_until(fd: int, word: str) -> str:
    text = ""
    while word not in text:
        wait_readable(fd, 20)
        text += os.read(fd, 1024).decode()
    return text


def test_enter_counts_only_once_it_is_awaited() -> None:
    ours, theirs = os.openpty()
    child = subprocess.Popen([sys.executable, "-c", ASK], preexec_fn=lambda: os.login_tty(theirs))  # noqa: PLW1509
    try:
        os.write(ours, b"\n\n")  # the second one is typed before anybody waits for it
        read_until(ours, "waiting")
        os.write(ours, b"\n")
        read_until(ours, "pressed")
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


def test_without_a_terminal_nobody_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], input="\n\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "nobody\n"
