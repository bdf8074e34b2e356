"""The firmware that is meant when none is named: Marlin 2.1."""

from farm.sim.boards.marlin import VirtualMarlin

__all__ = ["VirtualMarlin"]
