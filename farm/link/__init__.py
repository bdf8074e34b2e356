"""Dialogue with a printer's firmware as a value: bytes and times in, bytes and events out. No I/O, no clock."""

from farm.link.events import Event
from farm.link.framing import frame
from farm.link.identity import Firmware
from farm.link.link import Link
from farm.link.tracks import LineSource

__all__ = ["Event", "Firmware", "LineSource", "Link", "frame"]
