"""Printrun's printcore under the harness's protocol; runs in an environment of its own, never in ours."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from pathlib import Path

from printrun.gcoder import LightGCode
from printrun.printcore import printcore


def main(gcode: str, path: str) -> None:
    """Stream ``gcode`` to ``path`` for every ``go``."""
    logging.disable(logging.ERROR)
    lines = LightGCode(Path(gcode).read_text().splitlines(keepends=True))
    online = threading.Event()
    core = printcore()
    core.onlinecb = online.set
    core.connect(path, 115200)
    if not online.wait(30):
        raise SystemExit("not online")
    sys.stdout.write(json.dumps({"ev": "ready", "pids": [os.getpid()]}) + "\n")
    sys.stdout.flush()
    for command in sys.stdin:
        if command.strip() == "go":
            core.startprint(lines)
        elif command.strip() == "quit":
            break
    os._exit(0)  # its threads do not end by themselves


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3])
