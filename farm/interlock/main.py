"""Starting an interlock process: its cell's section of node.toml to wires, socket, journal and readiness."""

from __future__ import annotations

import logging
import signal

from farm.interlock.cell import LAMPS, CellPins
from farm.interlock.pins import pin_factory
from farm.interlock.service import CellPlace, InterlockService
from provisioning.clock import SystemClock
from provisioning.config import CellSection, ConfigRefused, FarmSection, Node
from provisioning.notify import loop_petter, notify


def run(node: Node, farm: FarmSection, cell_id: str) -> None:
    """Supervise one cell until SIGTERM.

    Raises:
        ConfigRefused: the node has no such cell.
        PinsRefused: its pins cannot be used.
    """
    section = next((cell for cell in farm.cells if cell.cell_id == cell_id), None)
    if section is None:
        raise ConfigRefused(file=str(node.path), reason=f"no cell {cell_id}")
    factory = pin_factory(section.pins)
    clock, say = SystemClock(), logging.getLogger(f"interlock {cell_id}").info
    service = InterlockService(
        _place(node, farm, section), factory, clock, say, loop_petter(clock.monotonic_s)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: service.stop())
    bench = None
    if section.pins == "mock":
        from provisioning.sim.pins import PinsSocket

        outputs = {name: getattr(section, name) for name in ("relay", *LAMPS)}
        bench = PinsSocket(node.run_dir / f"pins-{cell_id}.sock", factory, section.contacts, outputs)
        bench.start()
    notify("READY=1")
    service.run()
    if bench is not None:
        bench.close()
    factory.close()


def _place(node: Node, farm: FarmSection, section: CellSection) -> CellPlace:
    return CellPlace(
        cell=section.cell_id,
        printers=frozenset(one.printer_id for one in farm.printers if one.cell == section.cell_id),
        pins=CellPins(
            contacts=section.contacts,
            relay=section.relay,
            red=section.red,
            amber=section.amber,
            green=section.green,
            buzzer=section.buzzer,
        ),
        socket=node.run_dir / f"interlock-{section.cell_id}.sock",
        journal=node.state_dir / f"interlock-{section.cell_id}.journal",
    )
