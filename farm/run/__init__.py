"""One print from heating to cooled, as a pure state machine: events in, effects out. No I/O at all."""

from farm.run.comeback import Known
from farm.run.effects import Drop, Effect, Hold, Interrupt, Report, StopNow, Stream, Submit
from farm.run.machine import PrintRun
from farm.run.stand import RunState, Stand

__all__ = [
    "Drop",
    "Effect",
    "Hold",
    "Interrupt",
    "Known",
    "PrintRun",
    "Report",
    "RunState",
    "Stand",
    "StopNow",
    "Stream",
    "Submit",
]
