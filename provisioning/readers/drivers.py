"""Which readers a node has: what node.toml names, made. Only the modules of those are imported."""

import selectors
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from provisioning.config import ConfigRefused, Node, ReaderSection
from provisioning.readers.words import DriverName, ReaderWord

if TYPE_CHECKING:
    from provisioning.readers.keyplaces import KeySource
    from provisioning.readers.keyport import KeyPort
    from provisioning.readers.stickport import StickPort
    from provisioning.readers.virtual import VirtualReader

BY_PATH = {"hid": "/dev/input/by-path/", "rdm6300": "/dev/serial/by-path/"}
Emit = Callable[[ReaderWord], None]


class Driver(Protocol):
    """What the agent wants of anything that people hold up to a node."""

    def present(self) -> list[ReaderWord]:
        """What a listener that has just connected must hear."""
        ...

    def turn(self, now_s: float) -> None:
        """Time passed."""
        ...

    def close(self) -> None:
        """Let the hardware go."""
        ...


class BadgeDriver(Driver, Protocol):
    """What the agent wants of a badge reader."""

    name: DriverName
    tells_removal: bool


class NoReader:
    """A node that reads no badges."""

    name: DriverName = "none"
    tells_removal = False

    def present(self) -> list[ReaderWord]:
        """Nothing, ever."""
        return []

    def turn(self, now_s: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to let go."""


class Readers(NamedTuple):
    """A node's readers. ``bench`` is the socket of everything virtual; it may be the badge reader too."""

    badge: BadgeDriver
    stick: "StickPort | None"
    keys: "KeyPort | None"
    bench: "VirtualReader | None"

    @property
    def all(self) -> list[Driver]:
        """Each of them once."""
        bench = self.bench if self.bench is not self.badge else None
        return [one for one in (self.badge, self.stick, self.keys, bench) if one is not None]


def make_readers(node: Node, selector: selectors.BaseSelector, emit: Emit) -> Readers:
    """What node.toml names.

    Raises:
        ConfigRefused: the node has no reader section, or an option that its reader needs is missing or wrong.
    """
    section = node.kiosk or node.farm
    if section is None:
        raise ConfigRefused(file=str(node.path), reason=f"a {node.kind} has no reader")
    if reason := _wrong(section):
        raise ConfigRefused(file=str(node.path), reason=reason)
    bench = None
    if "virtual" in {section.reader, section.stick_port, section.keys}:
        from provisioning.readers.virtual import VirtualReader

        bench = VirtualReader(node.run_dir, selector, emit)
    return Readers(
        _badge(section, selector, emit, bench),
        _stick(section, selector, emit, bench),
        _keys(section, node.site.site_id, selector, emit, bench),
        bench,
    )


def _wrong(section: ReaderSection) -> str:
    """What is wrong with the options, before anything is opened; empty when all is well."""
    from provisioning.readers.stick.device import is_port

    by_path = BY_PATH.get(section.reader)
    if by_path and not section.reader_device.startswith(by_path):
        return f"reader_device is missing: {by_path}..., the socket that the reader is in"
    if section.reader == "hid" and not section.reader_usb:
        return "reader_usb is missing: the reader's vendor:product, as lsusb shows it"
    if section.stick_port not in {"", "virtual"} and not is_port(section.stick_port):
        return "stick_port is no USB socket: /dev/disk/by-path/...-usb-..., the whole disk"
    return ""


def _badge(
    section: ReaderSection, selector: selectors.BaseSelector, emit: Emit, bench: "VirtualReader | None"
) -> BadgeDriver:
    match section.reader:
        case "hid":
            from provisioning.readers.hid import HidReader, open_evdev

            look = partial(open_evdev, usb=section.reader_usb)
            return HidReader(section.reader_device, selector, emit, look)
        case "rdm6300":
            from provisioning.readers.rdm6300 import Rdm6300Reader

            return Rdm6300Reader(section.reader_device, selector, emit)
        case "virtual" if bench is not None:
            return bench
        case _:
            return NoReader()


def _stick(
    section: ReaderSection, selector: selectors.BaseSelector, emit: Emit, bench: "VirtualReader | None"
) -> "StickPort | None":
    if not section.stick_port:
        return None
    from provisioning.readers.stickport import StickPort

    if section.stick_port == "virtual" and bench is not None:
        port = StickPort(bench.stick.name, selector, emit, bench.stick.door)
        bench.stick.notice = lambda: port.turn(time.monotonic())
        return port
    return StickPort(Path(section.stick_port), selector, emit)


def _keys(
    section: ReaderSection,
    site_id: str,
    selector: selectors.BaseSelector,
    emit: Emit,
    bench: "VirtualReader | None",
) -> "KeyPort | None":
    if section.keys == "none":
        return None
    from provisioning.readers.keyport import KeyPort

    if section.keys == "virtual" and bench is not None:
        return KeyPort(site_id, selector, emit, bench.keys.sources, bench.keys.is_used)
    return KeyPort(site_id, selector, emit, _usb if section.keys == "usb" else _cards)


def _usb() -> "tuple[KeySource, ...]":
    from provisioning.readers.keyplaces import HidKeys

    return (HidKeys(),)


def _cards() -> "tuple[KeySource, ...]":
    from provisioning.readers.keyplaces import CardKeys

    return (CardKeys(time.monotonic),)
