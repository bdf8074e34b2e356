"""Talking to a virtual board by hand."""

from __future__ import annotations

from farm.sim.board import VirtualBoard
from farm.sim.boards import board_of


def say(printer: VirtualBoard, data: bytes, later_s: float = 0.0) -> bytes:
    """What it answers to ``data`` within ``later_s``."""
    end = printer.now + later_s
    printer.receive(data, printer.now)
    while (at := printer.next_at()) <= end:  # a leap would tell only the latest of the periodic lines
        printer.advance(at)
    printer.advance(end)
    return printer.data_to_send()


def started(dialect: str, **options: object) -> VirtualBoard:
    """A board that has said its greeting."""
    printer = board_of(dialect, **options)
    printer.advance(1.0)
    printer.data_to_send()
    return printer
