"""Readers that type like a keyboard: recorded keys become badges, and noise becomes nothing."""

from __future__ import annotations

import os
import re
import selectors
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.linesock import turn
from provisioning.readers.hid import (
    CHARACTERS,
    EV_KEY,
    PAUSE_S,
    DeviceRefused,
    HidDecoder,
    HidReader,
    KeyEvent,
    check_device,
    open_evdev,
)
from provisioning.readers.words import MAX_UID_CHARS, BadgeSeen, ReaderWord
from tests.support import wait_until

DATA = Path(__file__).parent / "data"
EVENT = re.compile(r"Event: time ([\d.]+), type (\d+) \(\w+\), code (\d+) \(\w+\), value (\w+)")


def recorded(name: str) -> Iterator[KeyEvent]:
    for at_s, kind, code, value in EVENT.findall((DATA / f"{name}.evtest").read_text()):
        yield KeyEvent(float(at_s), int(kind), int(code), int(value, 16))


@pytest.mark.parametrize(
    ("name", "badges"),
    [
        ("em4100-decimal", ["0004839120"]),
        ("mifare-hex-shifted", ["04A1B2C3D4"]),
        ("two-badges-lower-case", ["04A1B2C3D4", "04FFEE1122"]),
        ("broken-read-then-whole", ["04A1B2C3D4"]),
        ("keypad-digits", ["0004839120"]),
        ("kernel-repeats", ["04A1B2C3D4"]),
        ("spoiled-then-whole", ["04A1B2C3D4"]),
    ],
)
def test_a_recorded_reader_gives_exactly_its_badges(name: str, badges: list[str]) -> None:
    decoder = HidDecoder()
    assert [uid for event in recorded(name) if (uid := decoder.feed(event))] == badges


def test_a_device_that_types_for_ever_fills_no_memory() -> None:
    """It may call itself a badge reader and never press Enter; what follows an Enter is a number again."""
    decoder = HidDecoder()
    for number in range(10_000):
        assert decoder.feed(KeyEvent(number / 1000, EV_KEY, 2, 1)) is None
    assert len(decoder._typed) <= MAX_UID_CHARS
    assert decoder.feed(KeyEvent(10.001, EV_KEY, 28, 1)) is None
    typed = [decoder.feed(KeyEvent(10.002, EV_KEY, code, 1)) for code in (2, 3, 4, 5, 28)]
    assert typed[-1] == "1234"


def test_every_recording_is_used_by_a_test() -> None:
    assert len(list(DATA.glob("*.evtest"))) == 7


EVENTS = st.builds(
    KeyEvent,
    at_s=st.floats(0, 60, allow_nan=False),
    type=st.sampled_from([0, EV_KEY, 4]),
    code=st.sampled_from([*CHARACTERS, 28, 42, 96, 15, 240]),
    value=st.sampled_from([0, 1, 2]),
)


@given(st.lists(EVENTS, max_size=80))
def test_no_noise_gives_anything_but_a_clean_number(noise: list[KeyEvent]) -> None:
    decoder = HidDecoder()
    for event in sorted(noise):
        uid = decoder.feed(event)
        assert uid is None or re.fullmatch(r"[0-9A-F]{4,40}", uid)


@given(st.lists(EVENTS, max_size=60))
def test_after_any_noise_and_a_pause_the_next_badge_is_read_right(noise: list[KeyEvent]) -> None:
    decoder = HidDecoder()
    for event in sorted(noise):
        decoder.feed(event)
    for shift in (42,):
        decoder.feed(KeyEvent(61, EV_KEY, shift, 0))
    at_s = 61 + 2 * PAUSE_S
    keys = [*(11, 5, 30, 2), 28]
    read = [decoder.feed(KeyEvent(at_s + i * 0.01, EV_KEY, code, 1)) for i, code in enumerate(keys)]
    assert read == [None, None, None, None, "04A1"]


@dataclass(frozen=True)
class Replayed:
    """One event as evdev hands it out."""

    at_s: float
    type: int
    code: int
    value: int

    def timestamp(self) -> float:
        return self.at_s


class ReplayedDevice:
    """An input device that plays a recording: a pipe makes it readable, as a device file would be."""

    def __init__(self, events: list[KeyEvent]) -> None:
        self._events = events
        self._fd, self._far_end = os.pipe()
        self.grabs = 0
        os.write(self._far_end, b"x")

    def fileno(self) -> int:
        return self._fd

    def grab(self) -> None:
        self.grabs += 1

    def read(self) -> Iterator[object]:
        if not self._events:
            raise OSError(19, "No such device")
        os.read(self._fd, 1)
        events, self._events = self._events, []
        os.write(self._far_end, b"x")
        return iter([Replayed(*event) for event in events])

    def close(self) -> None:
        os.close(self._fd)
        os.close(self._far_end)


def test_the_device_is_taken_alone_read_and_opened_again_after_it_was_unplugged() -> None:
    heard: list[ReaderWord] = []
    opened: list[ReplayedDevice] = []

    def open_device(path: str) -> ReplayedDevice:
        assert path == "/dev/input/by-path/reader"
        if len(opened) == 2:
            raise OSError(2, "No such file or directory")
        opened.append(ReplayedDevice(list(recorded("em4100-decimal"))))
        return opened[-1]

    with selectors.DefaultSelector() as selector:
        reader = HidReader("/dev/input/by-path/reader", selector, heard.append, open_device)
        for now_s in (
            10.0,
            10.5,
            12.0,
            14.0,
        ):  # opened; gone; opened again; gone, and this time it stays away
            reader.turn(now_s)
            while selector.get_map():
                turn(selector, 0)
                if not heard:
                    break
        reader.close()
    assert heard == [BadgeSeen("0004839120")] * 2
    assert [device.grabs for device in opened] == [1, 1]


# --- only the configured model, and no disk ------------------------------------------------------------------------

READER = "08ff:0009"


def plugged(sysfs: Path, *classes: str) -> Path:
    """A USB device with these interface classes whose first interface is input device event3, as sysfs shows it."""
    usb = sysfs / "devices/pci0/usb1/1-1/1-1.2"
    event = usb / "1-1.2:1.0/0003:08FF:0009.0001/input/input5/event3"
    event.mkdir(parents=True)
    (usb / "idVendor").write_text("08ff\n")
    for number, one in enumerate(classes):
        (usb / f"1-1.2:1.{number}").mkdir(exist_ok=True)
        (usb / f"1-1.2:1.{number}" / "bInterfaceClass").write_text(f"{one}\n")
    (sysfs / "class/input").mkdir(parents=True)
    (sysfs / "class/input/event3").symlink_to(event)
    return sysfs


def test_the_configured_model_is_taken(tmp_path: Path) -> None:
    check_device("event3", READER, READER, plugged(tmp_path, "03"))


def test_another_model_in_the_readers_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceRefused) as refused:
        check_device("event3", "046d:c31c", READER, plugged(tmp_path, "03"))
    assert "a 046d:c31c is plugged in, not a 08ff:0009" in str(refused.value)


@pytest.mark.parametrize("storage", ["08", "06"])
def test_a_keyboard_that_is_a_disk_as_well_is_refused(tmp_path: Path, storage: str) -> None:
    with pytest.raises(DeviceRefused) as refused:
        check_device("event3", READER, READER, plugged(tmp_path, "03", "03", storage))
    assert storage in str(refused.value)


def test_a_refused_device_is_left_alone_and_looked_at_again() -> None:
    looks: list[str] = []

    def refuse(path: str) -> ReplayedDevice:
        looks.append(path)
        raise DeviceRefused(reason="a disk")

    with selectors.DefaultSelector() as selector:
        reader = HidReader("/dev/input/by-path/reader", selector, print, refuse)
        for now_s in (1.0, 1.5, 2.0):
            reader.turn(now_s)
        assert not selector.get_map()
    assert len(looks) == 2


def test_a_reader_that_the_kernel_made_is_grabbed_and_read() -> None:
    if not os.access("/dev/uinput", os.W_OK):
        pytest.skip("this machine has no /dev/uinput that we may write: no keyboard can be made")
    evdev = pytest.importorskip("evdev", reason="evdev is installed on boards only")
    codes = {character: code for code, character in CHARACTERS.items() if code < 60}
    keys = [codes[character] for character in "04A1B2C3"] + [28]
    heard: list[ReaderWord] = []
    with (
        evdev.UInput({EV_KEY: sorted(set(keys))}, name="passage test", vendor=0x08FF, product=0x0009) as made,
        selectors.DefaultSelector() as selector,
        closing(
            HidReader(made.device.path, selector, heard.append, partial(open_evdev, usb=READER))
        ) as reader,
    ):
        wait_until(lambda: (reader.turn(len(selector.get_map())), selector.get_map())[1], what="it is open")
        with pytest.raises(OSError, match="busy"):
            made.device.grab()  # nobody else gets its keys
        for code in keys:
            for value in (1, 0):
                made.write(EV_KEY, code, value)
            made.syn()
        wait_until(lambda: (turn(selector, 0.01), heard)[1], what="the badge")
    assert heard == [BadgeSeen("04A1B2C3")]
