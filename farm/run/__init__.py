"""One print from heating to cooled, as a pure state machine: events in, effects out. No I/O at all."""

from farm.run.effects import Drop, Effect, Hold, Interrupt, Report, StopNow, Stream, Submit
from farm.run.machine import PrintRun, RunState

__all__ = [
    "Drop",
    "Effect",
    "Hold",
    "Interrupt",
    "PrintRun",
    "Report",
    "RunState",
    "StopNow",
    "Stream",
    "Submit",
]
