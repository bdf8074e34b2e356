"""The process of a node's virtual printers: one loop for all, moved by the bench, powered by the cells' relays."""

from __future__ import annotations

import logging
import math
import selectors
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from farm.profiles import find_profile
from farm.sim.boards import board_for
from farm.sim.unit import MakeBoard, VirtualUnit, WorldClock
from farm.words import Cable, Fault, Outputs, Power, Printers, Speed, ToSimulator, encode
from provisioning.config import ConfigRefused, FarmSection, Node, load_node
from provisioning.linesock import Client, LineClient, LineServer, turn
from provisioning.log import start_log
from provisioning.notify import loop_petter, notify

SHOW_S = 1.0
LOOK_S = 1.0  # a signal does not end a wait: look up at least so often
SPIN_S = 0.0005  # epoll waits whole milliseconds: a printer at high speed would lose most of its time
FACTOR_MOST = 1e6  # beyond it a day passes in a tenth of a second: instant for every purpose
FACTOR_LEAST = 0.01


class VirtualFloor:
    """All virtual printers of one farm node. :meth:`run` returns after :meth:`stop`."""

    def __init__(
        self, node: Node, farm: FarmSection, wall_s: Callable[[], float], log: Callable[[str], None]
    ) -> None:
        self._wall_s, self._log = wall_s, log
        self._selector = selectors.DefaultSelector()
        self._clock = WorldClock(wall_s)
        self._units = {
            section.printer_id: VirtualUnit(
                section.printer_id,
                section.cell,
                Path(section.port),
                self._clock,
                self._selector,
                _board_by(section.profile),
            )
            for section in farm.printers
        }
        self._words = msgspec.json.Decoder(ToSimulator)
        self._outputs = msgspec.json.Decoder(Outputs)
        self._watchers = 0
        self._show_s = 0.0
        self._stopping = False
        self._server = LineServer(
            node.run_dir / "printers.sock", self._selector, self._on_line, self._on_open, self._on_close
        )
        self._relays = [self._relay_of(node, cell.cell_id) for cell in farm.cells]

    def stop(self) -> None:
        """End the loop; safe from a signal handler."""
        self._stopping = True

    def run(self, alive: Callable[[], None]) -> None:
        """Serve until :meth:`stop`; ``alive`` is called each turn."""
        while not self._stopping:
            alive()
            self._turn()
        for unit in self._units.values():
            unit.close()
        for relay in self._relays:
            relay.close()
        self._server.close()
        self._selector.close()

    def _turn(self) -> None:
        now_s = self._wall_s()
        for relay in self._relays:
            relay.turn(now_s)
        for unit in self._units.values():
            unit.turn()
        if self._watchers and now_s - self._show_s >= SHOW_S:
            self._show()
        turn(self._selector, self._wait_s(now_s))

    def _wait_s(self, now_s: float) -> float:
        """Until something is due: a printer, the next report to the bench, a relay to look for."""
        due = min((unit.wait_s() for unit in self._units.values()), default=math.inf)
        if self._watchers:
            due = min(due, self._show_s + SHOW_S - now_s)
        if due < SPIN_S:
            return 0.0
        is_alone = not all(relay.is_connected for relay in self._relays)
        return min(due, LineClient.REDIAL_S if is_alone else LOOK_S)

    def _show(self) -> None:
        self._show_s = self._wall_s()
        self._server.broadcast(encode(Printers(printers=[unit.show() for unit in self._units.values()])))

    # --- the cells ----------------------------------------------------------------------------------------------------

    def _relay_of(self, node: Node, cell: str) -> LineClient:
        def hear(line: bytes) -> None:
            self._set_relay(cell, self._outputs.decode(line).relay)

        # an interlock that is gone holds no relay: its printers have no power
        lose = partial(self._set_relay, cell, False)
        return LineClient(node.run_dir / f"pins-{cell}.sock", self._selector, hear, on_close=lose)

    def _set_relay(self, cell: str, is_on: bool) -> None:
        for unit in self._units.values():
            if unit.cell == cell:
                unit.set_relay(is_on)

    # --- the bench ----------------------------------------------------------------------------------------------------

    def _on_open(self, _client: Client) -> None:
        self._watchers += 1
        self._show_s = 0.0

    def _on_close(self, _client: Client) -> None:
        self._watchers -= 1

    def _on_line(self, client: Client, line: bytes) -> None:
        try:
            word = self._words.decode(line)
        except msgspec.DecodeError as error:
            self._log(f"not a word for virtual printers: {error}")
            self._server.drop(client)
            return
        if isinstance(word, Speed):
            self._set_factor(word.factor)
        elif (unit := self._units.get(word.printer)) is None:
            self._log(f"no virtual printer {word.printer!r}")
        else:
            self._act(unit, word)
        self._show()

    def _act(self, unit: VirtualUnit, word: Power | Cable | Fault) -> None:
        match word:
            case Power(on=is_on):
                unit.set_switch(is_on)
            case Cable(plugged=is_plugged):
                unit.set_cable(is_plugged)
            case Fault(name=name, value=value):
                if not unit.spoil(name, value):
                    self._log(f"no fault {name!r}")

    def _set_factor(self, factor: float) -> None:
        factor = min(max(factor, FACTOR_LEAST), FACTOR_MOST) if factor == factor else 1.0  # noqa: PLR0124 - NaN
        for unit in self._units.values():
            unit.turn()
        self._clock.set_factor(factor)
        for unit in self._units.values():
            unit.set_factor(factor)


def _board_by(profile_id: str) -> MakeBoard:
    """Boards of the shipped profile.

    Raises:
        BadProfile: there is none, or it is refused.
    """
    profile = find_profile(profile_id)
    return lambda now, factor: board_for(profile, now, factor=factor)


def run(config: Path) -> None:
    """Be the virtual printers of the node of ``config`` until SIGTERM.

    Raises:
        ConfigRefused: it is not a farm node's.
    """
    start_log()
    node = load_node(config)
    if node.farm is None:
        raise ConfigRefused(file=str(config), reason="section [farm] is missing")
    floor = VirtualFloor(node, node.farm, time.monotonic, logging.getLogger("virtual printers").info)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: floor.stop())
    notify("READY=1")
    floor.run(loop_petter(time.monotonic))
