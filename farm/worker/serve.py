"""The lean program's own start: from the place that was handed over to readiness and the loop."""

from __future__ import annotations

import gc
import os
import signal
import time

import msgspec

from farm.worker.place import WorkerPlace
from farm.worker.say import sayer
from farm.worker.shell import Worker
from provisioning.notify import loop_petter, notify


def serve(place_json: bytes, claim: int) -> None:
    """Own one printer until SIGTERM; ``claim`` is the lock that makes us its only worker."""
    os.set_inheritable(claim, False)
    place = msgspec.json.decode(place_json, type=WorkerPlace)
    say = sayer(f"worker {place.printer}")
    worker = Worker(place, time.monotonic, time.time, say, loop_petter(time.monotonic), os.getpid())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    gc.collect()
    gc.freeze()  # what is here stays; no collection looks at it again
    notify("READY=1")
    worker.run()
    os.close(claim)
