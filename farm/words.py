"""The words that the farm's processes say to each other over local sockets: one JSON object a line, key ``t`` names it.

A leaf: every part of the farm may import it, it imports nothing of ours.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import msgspec

MAX_LINE_BYTES = 16 * 1024  # longest word is a cell's or the virtual printers' state; far below this

RunWord = Literal["started", "heating", "printing", "paused", "cooling", "done", "failed", "cancelled"]
PrinterWord = Literal["offline", "identifying", "idle", "quarantined", "busy"]
ENDED: frozenset[str] = frozenset({"done", "failed", "cancelled"})


class Word(msgspec.Struct, frozen=True, tag_field="t", tag="word"):
    """What every word has: a tag in ``t``."""


# --- worker -> desk (desk.sock; the desk listens) ---------------------------------------------------------------------


class Hello(Word, frozen=True, tag="hello"):
    """First word of a worker on a new connection."""

    printer: str
    pid: int


class PrinterReport(Word, frozen=True, tag="printer"):
    """What the worker believes about its printer; ``reason`` is a sentence for engineers."""

    state: PrinterWord
    firmware: str = ""
    reason: str | None = None
    dialect: str = ""
    window: int = 0  # lines in flight, now
    is_stop_immediate: bool = (
        False  # M112 acts at once, even with a full queue; else the cell's power is the stop
    )


class PrinterSays(Word, frozen=True, tag="printer_says"):
    """What the printer wants a person to know; ``text`` is its own, cut to 200 characters.

    ``what``: ``prompt`` (``text`` asks, ``buttons`` are what it offers), ``prompt_end`` (nobody need answer any more),
    ``notification``, ``out_of_filament``, ``cold_extrusion`` (it moves on without plastic), ``thermal``, ``error``.
    """

    what: str
    text: str = ""
    buttons: tuple[str, ...] = ()


class Temps(Word, frozen=True, tag="temps"):
    """Temperatures in °C, at most one a second."""

    nozzle_c: float
    nozzle_target_c: float
    bed_c: float
    bed_target_c: float


class Progress(Word, frozen=True, tag="progress"):
    """How far the run is: acknowledged line of all lines, layer, seconds; at most one a second."""

    run: str
    line: int
    of: int
    layer: int
    layers: int
    elapsed_s: float
    left_s: float


class RunReport(Word, frozen=True, tag="run"):
    """A run's state has changed; an ended state is repeated until the desk says ``known``."""

    run: str
    state: RunWord
    reason: str | None = None


# --- desk -> worker ---------------------------------------------------------------------------------------------------


class Lease(Word, frozen=True, tag="lease"):
    """Print this spool file as that run; refused unless its SHA-256 is the given one."""

    run: str
    job: str
    spool: str
    sha256: str


class Pause(Word, frozen=True, tag="pause"):
    """Park and keep the heaters."""


class Resume(Word, frozen=True, tag="resume"):
    """Go on where the pause was."""


class Cancel(Word, frozen=True, tag="cancel"):
    """End the run and leave a safe printer."""


class Stop(Word, frozen=True, tag="stop"):
    """Emergency: M112 ahead of everything."""


class Accept(Word, frozen=True, tag="accept"):
    """An officer lets a firmware of this very name print under the cautious profile; "" takes that back.

    Said after each hello of a printer for which an officer has said so.
    """

    firmware: str


class Known(Word, frozen=True, tag="known"):
    """The desk has recorded this state of this run; the worker may forget it."""

    run: str
    state: RunWord


ToDesk = Hello | PrinterReport | PrinterSays | Temps | Progress | RunReport
ToWorker = Lease | Pause | Resume | Cancel | Stop | Accept | Known


# --- interlock-<cell>.sock (the interlock listens) --------------------------------------------------------------------


class Subscribe(Word, frozen=True, tag="subscribe"):
    """Send me states and events."""


class Beat(Word, frozen=True, tag="beat"):
    """This worker is alive; three seconds without one trip the cell."""

    worker: str


class Trip(Word, frozen=True, tag="trip"):
    """This worker's printer may be hot and cannot be told to cool: take the cell's power away."""

    worker: str


class Reset(Word, frozen=True, tag="reset"):
    """A named officer asks for power."""

    officer_id: str
    role: str


class Ack(Word, frozen=True, tag="ack"):
    """The desk has event ``seq`` in its audit trail."""

    seq: int


class CellState(Word, frozen=True, tag="state"):
    """The cell now; a contact is true when closed, closed is safe."""

    cell: str
    live: bool
    relay: bool
    tripped_by: str | None
    contacts: dict[str, bool]
    workers: dict[str, bool]
    since_utc: str


class CellEvent(Word, frozen=True, tag="event"):
    """What happened, repeated until acknowledged."""

    seq: int
    at_utc: str
    what: Literal["tripped", "reset", "started"]
    by: str


class CellRefused(Word, frozen=True, tag="refused"):
    """A reset was refused, with code and what stood in the way."""

    code: str
    detail: str = ""


ToInterlock = Subscribe | Beat | Trip | Reset | Ack
FromInterlock = CellState | CellEvent | CellRefused


# --- pins-<cell>.sock (the interlock listens; bench and simulator connect) --------------------------------------------


class Outputs(Word, frozen=True, tag="outputs"):
    """What the cell's outputs show, on change and on connecting."""

    relay: bool
    red: bool
    amber: bool
    green: bool
    buzzer: bool


# --- printers.sock (simulate listens; the bench connects) -------------------------------------------------------------


class Power(Word, frozen=True, tag="power"):
    """The virtual printer's own switch."""

    printer: str
    on: bool


class Cable(Word, frozen=True, tag="cable"):
    """Its USB cable."""

    printer: str
    plugged: bool


class Speed(Word, frozen=True, tag="speed"):
    """All virtual printers live this many times faster than the clock on the wall."""

    factor: float


class Fault(Word, frozen=True, tag="fault"):
    """Give one virtual printer a fault, see ``farm.sim.faults`` for names and values."""

    printer: str
    name: str
    value: float


class VirtualPrinter(msgspec.Struct, frozen=True):
    """One virtual printer as it stands; counters grow from its power-on."""

    printer: str
    on: bool
    plugged: bool
    nozzle_c: float
    bed_c: float
    x_mm: float
    y_mm: float
    z_mm: float
    e_mm: float
    done_lines: int
    motion_sha256: str = ""
    path: str = ""


class Printers(Word, frozen=True, tag="printers"):
    """Every virtual printer of the node, each second."""

    printers: list[VirtualPrinter]


ToSimulator = Power | Cable | Speed | Fault


# --- lines ------------------------------------------------------------------------------------------------------------

W = TypeVar("W")


class BadWord(ValueError):
    """The other end said something that is not one of the words agreed upon."""


def encode(word: Word) -> bytes:
    """The word as one line, newline included."""
    return msgspec.json.encode(word) + b"\n"


class WordReader(Generic[W]):
    """Cuts received bytes into words of one union; holds at most one unfinished line."""

    def __init__(self, union: Any) -> None:
        """``union`` is one of the unions above, e.g. ``WordReader[ToWorker](ToWorker)``."""
        self._decoder: msgspec.json.Decoder[W] = msgspec.json.Decoder(union)
        self._rest = b""

    def feed(self, data: bytes) -> list[W]:
        """The words completed by ``data``.

        Raises:
            BadWord: a line was no such word or over ``MAX_LINE_BYTES``; close the connection.
        """
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise BadWord("line too long")
        self._rest = rest
        try:
            return [self._decoder.decode(line) for line in lines if line.strip()]
        except msgspec.DecodeError as error:
            raise BadWord(str(error)) from error
