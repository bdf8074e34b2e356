"""Badge readers that type like a keyboard: one fixed device, grabbed, its keys turned into badge numbers.

Such a reader cannot tell that a badge was taken away: the session then ends by the stop button, by another
badge or by being left alone. The number is a user name, not a secret (practice.md 2.6).
"""

import logging
import selectors
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from provisioning.errors import Refused
from provisioning.readers.words import MAX_UID_CHARS, BadgeSeen, DriverName, ReaderWord, clean_uid

log = logging.getLogger("passage.reader")

# linux/input-event-codes.h; readers type as a US keyboard, so a code is a character.
EV_KEY = 1
KEY_UP, KEY_DOWN = 0, 1  # 2 is the kernel's own repeat: the reader typed once
ENTERS = frozenset({28, 96})
SHIFTS = frozenset({42, 54})
CHARACTERS = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)),
    **dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True)),
}
PAUSE_S = 0.5  # readers type a key every 2-30 ms; a longer pause was a person or a broken read
REOPEN_S = 1.0
SYSFS = Path("/sys")
# USB-IF class codes: 06 still image (cameras and phones that hand out files), 08 mass storage.
STORAGE = frozenset({"06", "08"})


class KeyEvent(NamedTuple):
    """One event of an input device, as the kernel says it."""

    at_s: float
    type: int
    code: int
    value: int


class HidDecoder:
    """Keys in, badge numbers out. Whatever is not digits, A to F and Enter spoils the number it stands in."""

    def __init__(self, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._typed = ""
        self._spoiled = False
        self._shifts: set[int] = set()
        self._last_s: float | None = None

    def feed(self, event: KeyEvent) -> str | None:
        """The number that this key completes, or None."""
        if event.type != EV_KEY:
            return None
        if event.code in SHIFTS:
            (self._shifts.discard if event.value == KEY_UP else self._shifts.add)(event.code)
            return None
        if event.value != KEY_DOWN:
            return None
        if self._last_s is not None and event.at_s - self._last_s > self._pause_s:
            self._discard()
        self._last_s = event.at_s
        if event.code in ENTERS:
            return self._finish()
        self._type(event.code)
        return None

    def _type(self, code: int) -> None:
        character = CHARACTERS.get(code, "")
        shifted_digit = bool(self._shifts) and character.isdigit()  # "!", "@" ... on a US keyboard
        if not character or shifted_digit or len(self._typed) >= MAX_UID_CHARS:
            self._spoiled = True
        if not self._spoiled:
            self._typed += character

    def _finish(self) -> str | None:
        uid = None if self._spoiled else clean_uid(self._typed)
        self._discard()
        return uid

    def _discard(self) -> None:
        self._typed, self._spoiled = "", False


class DeviceRefused(Refused):
    """What is plugged into the reader's socket is not the reader; ``reason``."""

    code = "reader_refused"


class KeyDevice(Protocol):
    """The part of ``evdev.InputDevice`` that is used here."""

    def fileno(self) -> int: ...
    def grab(self) -> None: ...
    def read(self) -> Iterable[object]: ...
    def close(self) -> None: ...


def open_evdev(path: str, usb: str, sysfs: Path = SYSFS) -> KeyDevice:
    """The input device at ``path``, if it is a ``usb`` (``vendor:product``). evdev is installed on boards only.

    Raises:
        OSError: no such device, or it may not be opened.
        DeviceRefused: another kind of device is in that socket, or one that is a disk as well.
    """
    from evdev import InputDevice

    opened = InputDevice(path)
    try:
        model = f"{opened.info.vendor:04x}:{opened.info.product:04x}"
        check_device(Path(path).resolve().name, model, usb, sysfs)
    except DeviceRefused:
        opened.close()
        raise
    device: KeyDevice = opened
    return device


def check_device(event: str, model: str, wanted: str, sysfs: Path = SYSFS) -> None:
    """Refuse an input device (``event3``) that is not the ``wanted`` model, or whose USB device holds files too.

    Raises:
        DeviceRefused: with the reason.
    """
    if model != wanted:
        raise DeviceRefused(reason=f"a {model} is plugged in, not a {wanted}")
    if storage := STORAGE & _interface_classes((sysfs / "class/input" / event).resolve()):
        raise DeviceRefused(reason=f"it is a disk as well (USB class {', '.join(sorted(storage))})")


def _interface_classes(device: Path) -> set[str]:
    """The classes of every interface of the USB device that an input device belongs to; none when it is not USB."""
    for folder in device.parents:
        if (folder / "idVendor").is_file():
            return {found.read_text().strip() for found in folder.glob("*/bInterfaceClass")}
    return set()


class HidReader:
    """One device path, taken for ourselves alone: what it types must never reach a page or a log-in prompt."""

    name: DriverName = "hid"
    tells_removal = False

    def __init__(
        self,
        path: str,
        selector: selectors.BaseSelector,
        emit: Callable[[ReaderWord], None],
        open_device: Callable[[str], KeyDevice],
    ) -> None:
        self._path = path
        self._selector = selector
        self._emit = emit
        self._open_device = open_device
        self._decoder = HidDecoder()
        self._device: KeyDevice | None = None
        self._retry_at_s = 0.0
        self._missed = False

    def present(self) -> list[ReaderWord]:
        """Nothing: this kind of reader does not know what lies on it."""
        return []

    def turn(self, now_s: float) -> None:
        """Open the device again when it is away and it is time."""
        if self._device is None and now_s >= self._retry_at_s:
            self._retry_at_s = now_s + REOPEN_S
            self._open()

    def close(self) -> None:
        """Let the device go."""
        if self._device is not None:
            self._selector.unregister(self._device)
            self._device.close()
            self._device = None

    def _open(self) -> None:
        try:
            device = self._open_device(self._path)
            device.grab()
        except (OSError, DeviceRefused) as error:
            if not self._missed:
                log.warning("reader at %s is away: %s", self._path, error)
            self._missed = True
            return
        log.info("reader at %s is here and ours alone", self._path)
        self._missed = False
        self._device = device
        self._decoder = HidDecoder()
        self._selector.register(device, selectors.EVENT_READ, lambda _mask: self._read())

    def _read(self) -> None:
        if self._device is None:
            return
        try:
            for event in self._device.read():
                self._take(event)
        except OSError as error:
            log.warning("reader at %s went away: %s", self._path, error.strerror)
            self.close()

    def _take(self, event: object) -> None:
        at_s, kind, code, value = (getattr(event, name) for name in ("timestamp", "type", "code", "value"))
        uid = self._decoder.feed(KeyEvent(at_s(), kind, code, value))
        if uid is not None:
            self._emit(BadgeSeen(uid))
