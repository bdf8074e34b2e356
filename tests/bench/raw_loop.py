"""The simplest host there can be: number, checksum, write, wait for ``ok``, on pyserial. The measure of others.

Speaks the harness's protocol (``farm/bench/driver.py``) for one port. It serves no resend: ours asks for none.
"""

from __future__ import annotations

import json
import os
import sys
from functools import reduce
from operator import xor
from pathlib import Path

import serial


def main(gcode: str, path: str) -> None:
    """Stream ``gcode`` to ``path`` for every ``go``."""
    port = serial.Serial(path, 115200, timeout=10)
    sys.stdout.write(json.dumps({"ev": "ready", "pids": [os.getpid()]}) + "\n")
    sys.stdout.flush()
    for command in sys.stdin:
        if command.strip() == "quit":
            return
        call(port, b"N0 M110 N0*125\n")
        number = 0
        with Path(gcode).open("rb") as file:
            for raw in file:
                if line := raw.split(b";", 1)[0].strip():
                    number += 1
                    body = b"N%d %s" % (number, line)
                    call(port, b"%s*%d\n" % (body, reduce(xor, body)))


def call(port: serial.Serial, line: bytes) -> None:
    """Send and wait."""
    port.write(line)
    while not (answer := port.readline()).startswith(b"ok"):
        if not answer or answer.startswith(b"Resend"):
            raise SystemExit(f"no ok but {answer!r}")


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3])
