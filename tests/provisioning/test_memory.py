"""Memory that a PIN check borrowed goes back."""

from __future__ import annotations

import subprocess
import sys

CHECKS_OF_PINS = """
import sys, threading
from provisioning.identity import hash_secret
from provisioning.memory import return_big_blocks

def resident_kib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])

if sys.argv[1] == "lightly":
    assert return_big_blocks()
before = resident_kib()
threads = [threading.Thread(target=lambda: [hash_secret("1234", b"p") for _ in range(3)]) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(resident_kib() - before)
"""


def grown_kib(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CHECKS_OF_PINS, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_pins_checked_in_four_threads_leave_no_memory_behind() -> None:
    assert grown_kib("lightly") < 8 * 1024 < grown_kib("as glibc likes")
