"""From the command line to a program of its own that holds nothing but what it takes to print.

Sixteen workers share a node's memory. Reading node.toml and the profiles takes libraries that printing does not: the
command reads them, then puts this lean program in its own place (execve: same process, same locks, same supervisor).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.worker.place import WorkerPlace

# Taken on import by what we use though never needed: each then does without, as its own code provides for.
# typing_extensions (msgspec._utils) brings inspect, ast and dis; _hashlib (hashlib) brings OpenSSL's libcrypto.
DONE_WITHOUT = ("typing_extensions", "_hashlib")
PROGRAM = "from farm.worker.lean import main; main()"
PLACE_MAX_BYTES = 60_000  # fits a pipe's buffer (64 KiB, pipe(7)) before anybody reads


def become_lean(place: WorkerPlace, claim: int) -> None:
    """Never returns: this process goes on as the lean program, and keeps ``claim``, its printer's lock.

    Raises:
        OSError: the program cannot be started.
    """
    import msgspec

    data = msgspec.json.encode(place)
    assert len(data) <= PLACE_MAX_BYTES, "a place is a few kilobytes"
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    for fd in (reader, claim):
        os.set_inheritable(fd, True)
    safe = () if "" in sys.path else ("-P",)  # look for our code where this process found it, nowhere else
    words = (sys.executable, *safe, "-c", PROGRAM, str(reader), str(claim), place.printer)
    os.execv(sys.executable, words)  # noqa: S606 # no shell is wanted


def do_without() -> None:
    """Let the libraries of ``DONE_WITHOUT`` not be found by whatever is imported from now on."""
    for name in DONE_WITHOUT:
        sys.modules[name] = None  # type: ignore[assignment] # how the import system says "there is none"


def main() -> None:
    """The lean program. Arguments: descriptor of the place, of the claim, and the printer's name for whoever looks."""
    do_without()
    from farm.worker.serve import serve

    reader, claim = int(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(reader, "rb") as file:
        data = file.read()
    serve(data, claim)
