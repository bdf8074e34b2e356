"""The farm as it is this second: what workers, cells, scale and badge reader said last. Kept in memory only."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from farm.words import CellState, PrinterReport, PrinterSays, Progress, Temps
from provisioning.clock import Clock, iso

NOTES = 20  # of one printer, the latest
HISTORY = 900  # fifteen minutes at one reading a second
CELL_FRESH_S = 3.5  # a cell says something each second; three missed words are silence
SCALE_FRESH_S = 120.0
BADGE_FRESH_S = 60.0


@dataclass(frozen=True)
class Note:
    """What a printer said, and when."""

    at_utc: str
    says: PrinterSays


@dataclass
class PrinterLive:
    """One printer: who is connected, what it said."""

    printer_id: str
    connected: bool = False
    report: PrinterReport | None = None
    temps: Temps | None = None
    progress: Progress | None = (
        None  # of the last run, kept: a worker that comes back has not lost the print's past
    )
    free_since_s: float | None = None  # since when it says anything but "busy"
    prompt: PrinterSays | None = None  # what it asks a person, until it no longer does
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=NOTES))
    history: deque[tuple[float, float, float, float, float]] = field(
        default_factory=lambda: deque(maxlen=HISTORY)
    )

    @property
    def state(self) -> str:
        """The printer's state; without its worker it is offline whatever was said before."""
        return self.report.state if self.connected and self.report is not None else "offline"


@dataclass
class CellLive:
    """One cell: its last word and when that was."""

    cell_id: str
    connected: bool = False
    state: CellState | None = None
    at_s: float = 0.0


class Live:
    """The picture that pages read and the floor writes; every method may be called from any thread."""

    def __init__(self, printers: list[str], cells: list[str], clock: Clock) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._printers = {name: PrinterLive(name) for name in printers}
        self._cells = {name: CellLive(name) for name in cells}
        self._scale: tuple[float, float] | None = None
        self._badge: tuple[str, float] | None = None
        self.reader_connected = False

    # --- printers -------------------------------------------------------------------------------------------------

    def printer(self, printer_id: str) -> PrinterLive:
        """One printer."""
        return self._printers[printer_id]

    def knows(self, printer_id: str) -> bool:
        """Whether this node has such a printer."""
        return printer_id in self._printers

    def connect(self, printer_id: str, connected: bool) -> None:
        """A worker came or went."""
        with self._lock:
            printer = self._printers[printer_id]
            printer.connected, printer.free_since_s = connected, None
            if not connected:
                printer.report = printer.temps = printer.prompt = None

    def note_report(self, printer_id: str, report: PrinterReport) -> None:
        """A worker said how its printer is."""
        with self._lock:
            printer = self._printers[printer_id]
            printer.report = report
            if report.state == "busy":
                printer.free_since_s = None
            elif printer.free_since_s is None:
                printer.free_since_s = self._clock.monotonic_s()
            if report.state == "offline":
                printer.temps = printer.prompt = None

    def note_life(self, printer_id: str) -> None:
        """A worker spoke of a run it has: whatever it said before, it is not free since long."""
        with self._lock:
            printer = self._printers[printer_id]
            if printer.free_since_s is not None:
                printer.free_since_s = self._clock.monotonic_s()

    def note_says(self, printer_id: str, says: PrinterSays) -> None:
        """A printer wants a person to know something."""
        with self._lock:
            printer = self._printers[printer_id]
            if says.what in {"prompt", "prompt_end"}:
                printer.prompt = says if says.what == "prompt" else None
            if says.what != "prompt_end":
                printer.notes.appendleft(Note(iso(self._clock.now_utc()), says))

    def notes(self, printer_id: str) -> list[Note]:
        """What a printer said lately, the latest first."""
        with self._lock:
            return list(self._printers[printer_id].notes)

    def note_temps(self, printer_id: str, temps: Temps) -> None:
        """New temperatures."""
        row = (temps.nozzle_c, temps.nozzle_target_c, temps.bed_c, temps.bed_target_c)
        with self._lock:
            printer = self._printers[printer_id]
            printer.temps = temps
            printer.history.append((self._clock.now_utc().timestamp(), *row))

    def note_progress(self, printer_id: str, progress: Progress) -> None:
        """New progress."""
        with self._lock:
            self._printers[printer_id].progress = progress

    def history(self, printer_id: str) -> list[tuple[float, float, float, float, float]]:
        """(unix s, nozzle °C, wanted, bed °C, wanted), oldest first."""
        with self._lock:
            return list(self._printers[printer_id].history)

    # --- cells ----------------------------------------------------------------------------------------------------

    def note_cell(self, cell_id: str, state: CellState | None, *, connected: bool = True) -> None:
        """A cell spoke, or its connection ended."""
        with self._lock:
            cell = self._cells[cell_id]
            cell.connected, cell.state = connected, state if connected else None
            cell.at_s = self._clock.monotonic_s()

    def cell(self, cell_id: str) -> CellState | None:
        """A cell's last word, while it is fresh."""
        with self._lock:
            cell = self._cells[cell_id]
            fresh = self._clock.monotonic_s() - cell.at_s <= CELL_FRESH_S
            return cell.state if cell.connected and fresh else None

    def is_live(self, cell_id: str) -> bool:
        """Whether a cell says that it has power, now."""
        state = self.cell(cell_id)
        return state is not None and state.live

    # --- scale and reader -----------------------------------------------------------------------------------------

    def note_weight(self, grams: float) -> None:
        """The scale settled on a weight."""
        with self._lock:
            self._scale = (grams, self._clock.monotonic_s())

    def weight_g(self) -> float | None:
        """What lies on the scale, when it said so lately."""
        with self._lock:
            if self._scale is None or self._clock.monotonic_s() - self._scale[1] > SCALE_FRESH_S:
                return None
            return self._scale[0]

    def note_badge(self, uid: str | None) -> None:
        """A badge touched the reader."""
        with self._lock:
            self._badge = (uid, self._clock.monotonic_s()) if uid else None

    def badge(self) -> str | None:
        """The badge that touched lately."""
        with self._lock:
            if self._badge is None or self._clock.monotonic_s() - self._badge[1] > BADGE_FRESH_S:
                return None
            return self._badge[0]

    def take_badge(self) -> str | None:
        """The badge that touched lately, used up: one touch serves one hand-over."""
        with self._lock:
            uid = self.badge()
            self._badge = None
            return uid
