"""Which pins a cell uses: gpiozero's mock ones, or a real chip through libgpiod 2, found by its label.

gpiozero's own factories pick the chip by number, which moves between kernels, and set an output's direction before
its level. libgpiod asks the kernel for direction and level in one request.
"""

from __future__ import annotations

import selectors
import threading
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

from gpiozero import exc
from gpiozero.pins.pi import PiFactory, PiPin

from provisioning.errors import Refused

# Raspberry Pi's kernels keep a released output driven unless told otherwise: raspberrypi/linux#6117 and #6150.
PERSIST = ("pinctrl_bcm2835/parameters/persist_gpio_outputs", "pinctrl_rp1/parameters/persist_gpio_outputs")


class PinsRefused(Refused):
    """The pins named in the configuration cannot be used safely."""

    code = "pins_refused"


def pin_factory(pins: str, modules: Path = Path("/sys/module")) -> Any:
    """The pin factory for ``mock`` or ``gpiod:<chip label>``.

    Raises:
        PinsRefused: the choice is unknown, libgpiod is missing, no or several chips carry the label, or this kernel
            would leave the relay on after a crash.
    """
    if pins == "mock":
        from provisioning.sim.pins import BenchPins

        return BenchPins()
    kind, _, label = pins.partition(":")
    if kind != "gpiod" or not label:
        raise PinsRefused(reason=f"pins = {pins!r}: expected 'mock' or 'gpiod:<chip label>'")
    refuse_persisting_outputs(modules)
    try:
        gpiod = import_module("gpiod")
    except ImportError as error:
        raise PinsRefused(reason=f"library gpiod: {error}") from error
    return GpiodFactory(gpiod, chip_by_label(gpiod, label, sorted(map(str, Path("/dev").glob("gpiochip*")))))


def refuse_persisting_outputs(modules: Path) -> None:
    """Refuse a kernel that keeps an output driven after its owner died; ``dtparam=strict_gpiod`` mends it.

    Raises:
        PinsRefused: the pin controller's parameter says so.
    """
    for name in PERSIST:
        parameter = modules / name
        if parameter.exists() and parameter.read_text().strip() in {"Y", "1"}:
            raise PinsRefused(reason=f"{parameter} is on: add dtparam=strict_gpiod to config.txt")


def chip_by_label(gpiod: Any, label: str, paths: Iterable[str]) -> Any:
    """The one open chip with that label.

    Raises:
        PinsRefused: none, or more than one, carries it.
    """
    found = []
    for path in paths:
        if gpiod.is_gpiochip_device(path):
            chip = gpiod.Chip(path)
            if chip.get_info().label == label:
                found.append(chip)
            else:
                chip.close()
    if len(found) != 1:
        for chip in found:
            chip.close()
        raise PinsRefused(reason=f"{len(found)} gpio chips are labelled {label!r}, expected one")
    return found[0]


class GpiodPin(PiPin):  # type: ignore[misc]  # gpiozero carries no types
    """One line of the chip. Nothing is asked of the kernel before the pin knows what it is for."""

    def __init__(self, factory: GpiodFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._line = factory.gpiod.line
        self._request: Any = None
        self._wanted = {"function": "input", "pull": info.pull or "floating", "edges": "both"}
        self._watching = False
        self._bounce: float | None = None
        self._guard = threading.RLock()  # a libgpiod request is not safe to share between threads

    def close(self) -> None:
        """Off, then an input, then given back: whatever the kernel does with a released line, it is not driven."""
        with self._guard:
            if self._request is None:
                return
            self.when_changed = None
            if self._wanted["function"] == "output":
                self._request.set_value(self._number, self._line.Value.INACTIVE)
                self._wanted["function"] = "input"
                self._apply()
            self._request.release()
            self._request = None

    def output_with_state(self, state: Any) -> None:
        """Become an output that shows ``state`` from its first instant."""
        with self._guard:
            self._wanted["function"] = "output"
            self._apply(bool(state))

    def read_edges(self) -> None:
        """Called by the factory's thread when the kernel has edges for us."""
        with self._guard:
            if self._request is None or not self._watching:
                return
            events = self._request.read_edge_events()
        for event in events:
            rising = event.event_type == event.Type.RISING_EDGE
            self._call_when_changed(event.timestamp_ns / 1e9, int(rising))

    def _apply(self, state: bool = False) -> None:
        line, gpiod = self._line, self.factory.gpiod
        if self._wanted["function"] == "output":
            settings = gpiod.LineSettings(
                direction=line.Direction.OUTPUT,
                output_value=line.Value.ACTIVE if state else line.Value.INACTIVE,
            )
        else:
            edges = {"both": line.Edge.BOTH, "rising": line.Edge.RISING, "falling": line.Edge.FALLING}
            pulls = {"up": line.Bias.PULL_UP, "down": line.Bias.PULL_DOWN, "floating": line.Bias.DISABLED}
            settings = gpiod.LineSettings(
                direction=line.Direction.INPUT,
                bias=pulls[self._wanted["pull"]],
                edge_detection=edges.get(self._wanted["edges"], line.Edge.NONE)
                if self._watching
                else line.Edge.NONE,
            )
        if self._request is None:
            self._request = self.factory.chip.request_lines({self._number: settings}, consumer="passage")
        else:
            self._request.reconfigure_lines({self._number: settings})

    def _get_function(self) -> str:
        return self._wanted["function"]

    def _set_function(self, value: str) -> None:
        if value not in {"input", "output"}:
            raise exc.PinInvalidFunction(f"invalid function {value!r} for pin {self!r}")
        with self._guard:
            self._wanted["function"] = value
            self._apply()

    def _get_state(self) -> int:
        with self._guard:
            if self._request is None:
                self._apply()
            return int(bool(self._request.get_value(self._number)))

    def _set_state(self, value: Any) -> None:
        if self._wanted["function"] == "input":
            raise exc.PinSetInput(f"cannot set state of pin {self!r}")
        with self._guard:
            self._request.set_value(
                self._number, self._line.Value.ACTIVE if value else self._line.Value.INACTIVE
            )

    def _get_pull(self) -> str:
        return self._wanted["pull"]

    def _set_pull(self, value: str) -> None:
        if self._wanted["function"] != "input":
            raise exc.PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        if value not in {"up", "down", "floating"}:
            raise exc.PinInvalidPull(f"invalid pull {value!r} for pin {self!r}")
        with self._guard:
            self._wanted["pull"] = value
            self._apply()

    def _get_bounce(self) -> float | None:
        return self._bounce

    def _set_bounce(self, value: float | None) -> None:
        if value is not None:  # a contact that chatters is open: a safety input is not debounced
            raise exc.PinInvalidBounce(f"pin {self!r} takes no bounce time")
        self._bounce = value

    def _get_edges(self) -> str:
        return self._wanted["edges"]

    def _set_edges(self, value: str) -> None:
        with self._guard:
            self._wanted["edges"] = value
            if self._watching:
                self._apply()

    def _get_frequency(self) -> None:
        return None

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            raise exc.PinPWMUnsupported(f"PWM is not supported on pin {self!r}")

    def _enable_event_detect(self) -> None:
        with self._guard:
            self._watching = True
            self._apply()
            self.factory.watch(self._request.fd, self)

    def _disable_event_detect(self) -> None:
        with self._guard:
            self._watching = False
            if self._request is not None:
                self.factory.unwatch(self._request.fd)
                if self._wanted["function"] == "input":
                    self._apply()


class GpiodFactory(PiFactory):  # type: ignore[misc]  # gpiozero carries no types
    """gpiozero pins on one libgpiod chip; edges arrive in one thread of the factory's own.

    A BCM number is the line's offset on the chip, as on ``pinctrl-bcm2711`` and ``pinctrl-rp1``.
    """

    def __init__(self, gpiod: Any, chip: Any, revision: int | None = None) -> None:
        super().__init__()
        self.gpiod, self.chip = gpiod, chip
        self.pin_class = GpiodPin
        self._revision = revision
        self._selector = selectors.DefaultSelector()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Every line off and given back, the thread ended, the chip closed."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        super().close()
        self._selector.close()
        self.chip.close()

    def watch(self, fd: int, pin: GpiodPin) -> None:
        """Tell ``pin`` when ``fd`` has edges."""
        if fd not in self._selector.get_map():
            self._selector.register(fd, selectors.EVENT_READ, pin)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="edges", daemon=True)
            self._thread.start()

    def unwatch(self, fd: int) -> None:
        """Stop telling."""
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def _run(self) -> None:
        while not self._closed.is_set():
            for key, _ in self._selector.select(0.5):
                key.data.read_edges()

    def _get_revision(self) -> int:
        if self._revision is None:
            from gpiozero.pins.local import get_pi_revision

            self._revision = int(get_pi_revision())
        return self._revision

    @staticmethod
    def ticks() -> float:
        """Seconds of the clock that the kernel stamps edges with (CLOCK_MONOTONIC)."""
        return monotonic()

    @staticmethod
    def ticks_diff(later: float, earlier: float) -> float:
        """Seconds between two ticks."""
        return later - earlier
