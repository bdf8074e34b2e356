"""Prusa-Firmware 3.x (MK2.5, MK3): Marlin's manners with a memory of its own.

Sources: Prusa-Firmware 3.14 Firmware/cmdqueue.cpp (get_command), Marlin_main.cpp (M105, M110, wait_for_heater,
serialecho_temperatures, FlushSerialRequestResend, kill, ThermalStop).
"""

from __future__ import annotations

import re
from typing import ClassVar

from farm.link.dialects.marlin import Marlin
from farm.link.events import Temperatures
from farm.link.framing import frame
from farm.link.replies import Meaning, Report

# wait_for_heater tells the nozzle alone, serialecho_temperatures (M190) both, neither a target
_HEATING = re.compile(r"T:(-?\d+(?:\.\d+)?) E:\d+(?: W:(?:\?|\d+)| B:(-?\d+(?:\.\d+)?))")


class Prusa(Marlin):
    """Numbers and checksums are enforced, and a checksum without a number is refused: a lost ``N`` does no harm.

    Stopped by a fault it drops lines uncounted and says busy; ``kill`` ends in a restart.
    """

    hides_meatpack: ClassVar[bool] = True  # ENABLE_MEATPACK, which no Cap line names
    interrupt_bytes: ClassVar[bytes] = b""  # it has no M108: only its knob ends a wait for heat
    stops_at_once: ClassVar[bool | None] = False  # M112 is seen when the queue has room (get_command)

    def read(self, line: str) -> Meaning:
        if match := _HEATING.fullmatch(line):
            bed = float(match[2]) if match[2] else None
            return Report(Temperatures(float(match[1]), None, bed), is_wait=True)
        return super().read(line)

    def sync(self, base: int) -> bytes:
        """``M110`` with one number: a second one would set the counter once more when the command is executed."""
        return b"\n" + frame(base, "M110")
