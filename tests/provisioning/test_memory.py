"""What checks of PINs borrow goes from one to the next in a burst, and back to the machine after it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from provisioning.memory import return_big_blocks

CHILD = """
import resource
from provisioning.identity.pins import hash_secret, which_secret
from provisioning.memory import give_back_blocks, keep_big_blocks, return_big_blocks
from provisioning.sim.supervisor import resident_kib
import os
return_big_blocks()
phc = hash_secret("7294", b"p")
def faults(count=4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    assert all(which_secret("7294", phc, "", b"p") == "own" for _ in range(count))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // count
faults()
alone = faults()
keep_big_blocks()
faults(1)
crowd, held = faults(), resident_kib(os.getpid())
give_back_blocks()
print(alone, crowd, held - resident_kib(os.getpid()), faults())
"""


@pytest.mark.skipif(not return_big_blocks(), reason="the C library is not glibc")
def test_a_crowd_hands_its_memory_on_and_the_machine_gets_it_back() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    alone, crowd, given_back_kib, after = map(int, done.stdout.split())
    page_kib_most = 64
    assert alone >= 19 * 1024 // page_kib_most, "each check comes with its own pages from the kernel"
    assert crowd < alone / 10
    assert given_back_kib > 15 * 1024
    assert after >= alone / 2
