"""The printer's side of a worker by itself, at a virtual printer: who is let in, and what outlives a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from farm.link.events import Event, Quarantined, Ready
from farm.link.tracks import Commands
from farm.profiles import find_profile
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.machine import Machine
from farm.sim.single import SinglePrinter
from farm.worker.place import WorkerPlace
from farm.worker.printer import PrinterSide
from tests.support import wait_until

OWN = find_profile("marlin-2.1-usb-220")
CAUTIOUS = find_profile("generic-cautious")


class Unguarded(Machine):
    """A firmware of another name whose heaters nobody watches."""

    identity = Machine.identity.replace("Marlin 2.1", "Weird 9.1")

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.capabilities["THERMAL_PROTECTION"] = 0


class UnguardedBoard(VirtualMarlin):
    machine_class = Unguarded


@pytest.fixture
def side(run_dir: Path) -> Iterator[tuple[PrinterSide, list[Event], Callable[[type[Event]], Event]]]:
    """A worker's side of an unguarded printer, the events so far, and a way to serve it until one comes."""
    printer = SinglePrinter(
        run_dir / "port", lambda now, factor: UnguardedBoard(now, factor=factor), {}, 10, time.monotonic
    )
    thread = threading.Thread(target=printer.run)
    thread.start()
    others, end = os.pipe()
    events: list[Event] = []
    place = WorkerPlace("printer-1", "cell-1", str(run_dir / "port"), OWN, CAUTIOUS, "", "", "", "")
    made = PrinterSide(place, others, time.monotonic, lambda event, _: events.append(event))

    def serve_until(kind: type[Event]) -> Event:
        seen = len(events)

        def turned() -> Event | None:
            now_s = time.monotonic()
            made.look(now_s)
            made.serve(now_s + 0.1)
            made.handle_timeout(time.monotonic())
            return next((one for one in events[seen:] if isinstance(one, kind)), None)

        return wait_until(turned, 60)

    yield made, events, serve_until
    made.close()
    printer.stop()
    thread.join()
    os.close(others)
    os.close(end)


def test_an_accepted_firmware_that_guards_no_heater_stays_in_quarantine_and_says_why(side) -> None:
    printer, events, serve_until = side
    name = serve_until(Quarantined).firmware.name
    printer.accept(name, time.monotonic())
    assert printer.is_cautious
    told = serve_until(Quarantined)
    assert printer.is_cautious  # and so it is not met anew, again and again
    assert (printer.word, printer.reason) == ("quarantined", told.reason)
    assert "does not guard its heaters" in told.reason
    assert not any(isinstance(event, Ready) for event in events)
    printer.accept("", time.monotonic())
    assert not printer.is_cautious


@pytest.mark.parametrize("how", ["close", "forget_adoption"])
def test_a_port_that_is_opened_after_the_run_is_over_is_met_as_any_other(side, how: str) -> None:
    printer, _, serve_until = side
    printer.adopt(Commands(1, ("G28",)), 1)
    getattr(printer, how)()
    assert "Weird" in serve_until(Quarantined).firmware.name
