"""OctoPrint's serial layer alone (MachineCom: no server, no plug-ins) under the harness's protocol."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from pathlib import Path

import octoprint.plugin
from octoprint.settings import settings

BASE = tempfile.mkdtemp(prefix="op")
SETTINGS = settings(init=True, basedir=BASE)
octoprint.plugin.plugin_manager(init=True, plugin_folders=[], plugin_bases=[], plugin_entry_points=[])

from octoprint.printer.profile import PrinterProfileManager  # noqa: E402 - wants its settings first
from octoprint.util import comm  # noqa: E402


class Callback(comm.MachineComPrintCallback):
    """Hears that the printer is there."""

    def __init__(self) -> None:
        self.operational = threading.Event()

    def on_comm_state_change(self, state: int) -> None:
        """Called by its thread."""
        if state == comm.MachineCom.STATE_OPERATIONAL:
            self.operational.set()


def main(gcode: str, path: str) -> None:
    """Stream ``gcode`` to ``path`` for every ``go``."""
    SETTINGS.set(["serial", "additionalPorts"], [path])
    SETTINGS.setBoolean(["serial", "log"], False)
    heard = Callback()
    machine = comm.MachineCom(
        path, 115200, callbackObject=heard, printerProfileManager=PrinterProfileManager()
    )
    machine.start()
    if not heard.operational.wait(60):
        raise SystemExit("not operational")
    sys.stdout.write(json.dumps({"ev": "ready", "pids": [os.getpid()]}) + "\n")
    sys.stdout.flush()
    for command in sys.stdin:
        if command.strip() == "go":
            machine.selectFile(str(Path(gcode).absolute()), False)
            machine.startPrint()
        elif command.strip() == "quit":
            break
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3])
