"""The cell's wires on gpiozero's mock pins."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from farm.interlock.cell import Cell, CellPins
from provisioning.sim.pins import BenchPins

CONTACTS = {"door": 5, "emergency_stop": 6, "smoke": 13}
PINS = CellPins(contacts=CONTACTS, relay=17, red=22, amber=23, green=24, buzzer=25)


class Rig:
    def __init__(self) -> None:
        self.pins = BenchPins()
        self.told: list[tuple[str | None, bool]] = []
        self.cell = Cell(PINS, self.pins, self._on_change)

    def _on_change(self, cause: str | None) -> None:
        self.told.append((cause, bool(self.pins.pin(PINS.relay).state)))

    def close_all(self) -> None:
        for number in CONTACTS.values():
            self.pins.pin(number).drive_low()

    def live(self) -> Rig:
        self.close_all()
        assert self.cell.reset("workshop") is None
        return self


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.cell.close()
    made.pins.close()


def test_nothing_is_powered_before_a_reset(rig: Rig) -> None:
    rig.close_all()
    assert not rig.pins.pin(PINS.relay).state
    assert rig.cell.outputs().red


def test_unconnected_contacts_read_as_open(rig: Rig) -> None:
    assert rig.cell.snapshot().contacts == dict.fromkeys(CONTACTS, False)


def test_a_reset_with_everything_closed_powers_the_cell(rig: Rig) -> None:
    rig.live()
    outputs = rig.cell.outputs()
    assert (outputs.relay, outputs.green, outputs.red, outputs.amber) == (True, True, False, False)


@pytest.mark.parametrize("name", CONTACTS)
def test_the_relay_is_off_before_anyone_is_told_of_a_trip(rig: Rig, name: str) -> None:
    rig.live()
    rig.told.clear()
    rig.pins.pin(CONTACTS[name]).drive_high()
    assert rig.told == [(name, False)]


def test_the_relay_is_off_when_the_edge_returns_even_if_telling_fails(rig: Rig) -> None:
    rig.live()

    def fails(cause: str | None) -> None:
        raise OSError("nobody to tell")

    rig.cell._on_change = fails
    with pytest.raises(OSError):
        rig.pins.pin(CONTACTS["door"]).drive_high()
    assert not rig.pins.pin(PINS.relay).state


def test_an_edge_that_the_kernel_lost_is_found_by_the_next_look(rig: Rig) -> None:
    rig.live()
    pin = rig.pins.pin(CONTACTS["door"])
    pin._state = True  # the level changes and no callback comes
    rig.cell.check()
    assert rig.cell.snapshot().tripped_by == "door"


def test_a_door_open_at_the_reset_keeps_the_relay_off(rig: Rig) -> None:
    rig.live()
    rig.pins.pin(CONTACTS["door"]).drive_high()
    found = rig.cell.reset("director")
    assert found is not None
    assert (found.code, found.detail) == ("contacts_open", "door")
    assert not rig.pins.pin(PINS.relay).state


def test_amber_says_that_a_reset_would_work(rig: Rig) -> None:
    rig.live()
    rig.pins.pin(CONTACTS["door"]).drive_high()
    assert not rig.cell.outputs().amber
    rig.pins.pin(CONTACTS["door"]).drive_low()
    outputs = rig.cell.outputs()
    assert (outputs.red, outputs.amber, outputs.relay) == (True, True, False)


def test_the_buzzer_sounds_for_a_trip_until_hushed_and_not_for_a_start(rig: Rig) -> None:
    assert not rig.cell.outputs().buzzer
    rig.live()
    rig.pins.pin(CONTACTS["smoke"]).drive_high()
    assert rig.cell.outputs().buzzer
    rig.cell.hush()
    assert not rig.cell.outputs().buzzer
    assert rig.cell.outputs().red


def test_a_lost_worker_powers_the_cell_down(rig: Rig) -> None:
    rig.live()
    rig.cell.beat("printer-1", 0.0)
    rig.cell.hung_up("printer-1", 1.0)
    rig.cell.check_beats(3.0)
    assert rig.cell.snapshot().live
    rig.cell.check_beats(3.1)
    assert rig.cell.snapshot().tripped_by == "worker:printer-1"
    assert not rig.pins.pin(PINS.relay).state


def test_closing_leaves_the_relay_off_and_never_pulses_it(rig: Rig) -> None:
    pin = rig.pins.pin(PINS.relay)
    rig.live()
    rig.cell.close()
    assert [state.state for state in pin.states] == [False, True, False]


def test_resets_and_edges_from_two_threads_never_leave_power_on_behind_an_open_door(rig: Rig) -> None:
    door = rig.pins.pin(CONTACTS["door"])
    rig.close_all()
    go = threading.Event()

    def slam() -> None:
        go.wait(5)
        for _ in range(200):
            door.drive_high()
            assert not rig.pins.pin(PINS.relay).state or not door.state
            door.drive_low()
        door.drive_high()

    thread = threading.Thread(target=slam)
    thread.start()
    go.set()
    while thread.is_alive():
        rig.cell.reset("workshop")
    thread.join()
    assert not rig.pins.pin(PINS.relay).state
    assert rig.cell.reset("workshop") is not None
