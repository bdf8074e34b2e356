"""The pin factory on libgpiod, against a chip that records what the kernel would have been asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pytest
from gpiozero import DigitalInputDevice, OutputDevice
from gpiozero.exc import PinInvalidBounce

from farm.interlock.cell import Cell, CellPins
from farm.interlock.pins import (
    GpiodFactory,
    PinsRefused,
    chip_by_label,
    pin_factory,
    refuse_persisting_outputs,
)
from tests.support import wait_until

PI_4B = 0xC03111  # revision code of a Raspberry Pi 4B 4 GB


class Direction(Enum):
    INPUT = 1
    OUTPUT = 2


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1

    def __bool__(self) -> bool:
        return self is Value.ACTIVE


class Bias(Enum):
    DISABLED = 1
    PULL_UP = 2
    PULL_DOWN = 3


class Edge(Enum):
    NONE = 0
    RISING = 1
    FALLING = 2
    BOTH = 3


class EdgeEvent:
    class Type(Enum):
        RISING_EDGE = 1
        FALLING_EDGE = 2

    def __init__(self, rising: bool) -> None:
        self.event_type = self.Type.RISING_EDGE if rising else self.Type.FALLING_EDGE
        self.timestamp_ns = 1_000_000_000


class Settings(SimpleNamespace):
    """What gpiod.LineSettings holds, with its defaults."""

    def __init__(self, **given: object) -> None:
        super().__init__(
            **{"bias": None, "edge_detection": Edge.NONE, "output_value": Value.INACTIVE, **given}
        )


class Line:
    """One line of the bench chip: its level, its log, and a descriptor that becomes readable at an edge."""

    def __init__(self, config: dict[int, Settings]) -> None:
        (self.offset, self.settings), *_ = config.items()
        self.log: list[tuple[str, object]] = []
        self.fd, self._far = os.pipe()
        self.level = self.settings.bias is Bias.PULL_UP
        self._events: list[EdgeEvent] = []
        self.released = False
        self._claim(self.settings)

    def _claim(self, settings: Settings) -> None:
        self.settings = settings
        if settings.direction is Direction.OUTPUT:
            self.level = bool(settings.output_value)
            self.log.append(("output", self.level))
        else:
            self.log.append(("input", settings.bias))

    def reconfigure_lines(self, config: dict[int, Settings]) -> None:
        self._claim(config[self.offset])

    def get_value(self, offset: int) -> Value:
        assert offset == self.offset
        return Value(int(self.level))

    def set_value(self, offset: int, value: Value) -> None:
        assert self.settings.direction is Direction.OUTPUT
        self.level = bool(value)
        self.log.append(("level", self.level))

    def drive(self, level: bool) -> None:
        if level != self.level:
            self.level = level
            if self.settings.edge_detection is Edge.BOTH:
                self._events.append(EdgeEvent(level))
                os.write(self._far, b"e")

    def read_edge_events(self) -> list[EdgeEvent]:
        os.read(self.fd, 100)
        events, self._events = self._events, []
        return events

    def release(self) -> None:
        self.released = True
        os.close(self.fd)
        os.close(self._far)


class Chip:
    def __init__(self, label: str = "pinctrl-bcm2711") -> None:
        self.label, self.lines, self.closed = label, {}, False

    def get_info(self) -> SimpleNamespace:
        return SimpleNamespace(label=self.label)

    def request_lines(self, config: dict[int, Settings], consumer: str) -> Line:
        assert consumer == "passage"
        line = Line(config)
        self.lines[line.offset] = line
        return line

    def close(self) -> None:
        self.closed = True


def bench_gpiod(chips: dict[str, Chip]) -> SimpleNamespace:
    return SimpleNamespace(
        line=SimpleNamespace(Direction=Direction, Value=Value, Bias=Bias, Edge=Edge),
        LineSettings=Settings,
        Chip=chips.__getitem__,
        is_gpiochip_device=lambda path: path in chips,
    )


@pytest.fixture
def chip() -> Chip:
    return Chip()


@pytest.fixture
def factory(chip: Chip) -> Iterator[GpiodFactory]:
    made = GpiodFactory(bench_gpiod({}), chip, PI_4B)
    yield made
    made.close()


def test_an_output_is_claimed_inactive_in_its_first_request(chip: Chip, factory: GpiodFactory) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=factory)
    assert chip.lines[17].log == [("output", False)]
    relay.on()
    assert relay.value == 1
    relay.close()


def test_closing_drives_low_makes_an_input_and_only_then_gives_the_line_back(
    chip: Chip, factory: GpiodFactory
) -> None:
    relay = OutputDevice(17, initial_value=False, pin_factory=factory)
    relay.on()
    line = chip.lines[17]
    relay.close()
    assert [entry[0] for entry in line.log] == ["output", "level", "level", "input"]
    assert line.log[2] == ("level", False)
    assert line.released


def test_an_edge_on_a_contact_reaches_its_callback_with_the_pull_up_on(
    chip: Chip, factory: GpiodFactory
) -> None:
    seen: list[str] = []
    contact = DigitalInputDevice(5, pull_up=True, pin_factory=factory)
    line = chip.lines[5]
    assert line.settings.bias is Bias.PULL_UP
    line.drive(False)
    assert wait_until(lambda: contact.is_active)
    contact.when_deactivated = lambda: seen.append("opened")
    line.drive(True)
    wait_until(lambda: seen == ["opened"])
    contact.close()


def test_a_whole_cell_runs_on_the_chip_and_an_edge_drops_the_relay(chip: Chip, factory: GpiodFactory) -> None:
    pins = CellPins(contacts={"door": 5, "smoke": 6}, relay=17, red=22, amber=23, green=24, buzzer=25)
    causes: list[str | None] = []
    cell = Cell(pins, factory, causes.append)
    for number in pins.contacts.values():
        chip.lines[number].drive(False)
    assert cell.reset("workshop") is None
    assert chip.lines[17].level
    chip.lines[6].drive(True)
    wait_until(lambda: not chip.lines[17].level)
    assert wait_until(lambda: cell.snapshot().tripped_by) == "smoke"
    cell.close()
    assert "smoke" in causes


def test_a_safety_input_takes_no_bounce_time(factory: GpiodFactory) -> None:
    with pytest.raises(PinInvalidBounce):
        DigitalInputDevice(5, pull_up=True, bounce_time=0.1, pin_factory=factory)


def test_the_chip_is_found_by_its_label_wherever_the_kernel_put_it() -> None:
    chips = {"/dev/gpiochip0": Chip("raspberrypi-exp-gpio"), "/dev/gpiochip4": Chip("pinctrl-rp1")}
    gpiod = bench_gpiod(chips)
    assert chip_by_label(gpiod, "pinctrl-rp1", [*chips, "/dev/gpiochip9"]) is chips["/dev/gpiochip4"]
    assert chips["/dev/gpiochip0"].closed


@pytest.mark.parametrize("labels", [["a", "b"], ["pinctrl-rp1", "pinctrl-rp1"]])
def test_no_chip_or_two_chips_with_the_label_refuse_the_start(labels: list[str]) -> None:
    chips = {f"/dev/gpiochip{number}": Chip(label) for number, label in enumerate(labels)}
    with pytest.raises(PinsRefused):
        chip_by_label(bench_gpiod(chips), "pinctrl-rp1", chips)
    assert all(chip.closed for chip in chips.values())


def test_a_kernel_that_would_leave_the_relay_on_after_a_crash_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "pinctrl_rp1" / "parameters"
    folder.mkdir(parents=True)
    (folder / "persist_gpio_outputs").write_text("N\n")
    refuse_persisting_outputs(tmp_path)
    (folder / "persist_gpio_outputs").write_text("Y\n")
    with pytest.raises(PinsRefused, match="strict_gpiod"):
        refuse_persisting_outputs(tmp_path)


@pytest.mark.parametrize("pins", ["", "gpiod", "gpiod:", "lgpio:0", "native"])
def test_an_unknown_choice_of_pins_is_refused(pins: str, tmp_path: Path) -> None:
    with pytest.raises(PinsRefused):
        pin_factory(pins, tmp_path)
