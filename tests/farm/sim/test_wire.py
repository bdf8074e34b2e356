"""The timed wire: a byte arrives when ten bits have passed, and not before."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link.framing import frame
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue
from farm.sim.wire import TimedWire


def test_at_115200_baud_ten_bytes_take_868_microseconds_after_the_usb() -> None:
    wire = TimedWire(115200, 0.001)
    wire.send(b"M105 S000\n", 5.0)
    assert wire.next_at() == pytest.approx(5.001 + 100 / 115200)
    assert wire.take(5.001 + 99 / 115200) == b"M105 S000"
    assert wire.take(wire.next_at()) == b"\n"
    assert wire.next_at() == math.inf


def test_what_is_sent_while_the_wire_is_busy_follows_what_it_is_busy_with() -> None:
    wire = TimedWire(1000)
    wire.send(b"abc\n", 0.0)
    wire.send(b"d\n", 0.01)
    assert wire.take(0.04) == b"abc\n"
    assert wire.next_at() == pytest.approx(0.06)
    assert wire.take(0.06) == b"d\n"


def test_the_next_moment_of_interest_is_the_end_of_a_line() -> None:
    wire = TimedWire(1000)
    wire.send(b"ab\ncd\nef", 0.0)
    moments = []
    while wire.next_at() < math.inf:
        moments.append((round(wire.next_at(), 6), wire.take(wire.next_at())))
    assert moments == [(0.03, b"ab\n"), (0.06, b"cd\n"), (0.08, b"ef")]


def test_a_pulled_cable_takes_along_what_was_under_way() -> None:
    wire = TimedWire(1000)
    wire.send(b"abc\n", 0.0)
    wire.clear()
    assert (wire.take(9.0), wire.next_at()) == (b"", math.inf)


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.floats(0, 0.1)), max_size=20),
    st.lists(st.floats(0, 0.05), max_size=60),
    st.sampled_from([9600.0, 115200.0, 250000.0, math.inf]),
)
def test_every_byte_arrives_once_in_order_and_never_early(sent, looks, baud):
    wire, now, earliest = TimedWire(baud, 0.001), 0.0, []
    for data, later in sent:
        now += later
        wire.send(data, now)
        earliest += [now + 0.001 + (k + 1) * 10 / baud for k in range(len(data))]
    arrived, at = b"", 0.0
    for look in looks:
        at += look
        arrived += wire.take(at)
        assert all(due <= at + 1e-9 for due in earliest[: len(arrived)])
    assert arrived + wire.take(now + 100) == b"".join(data for data, _ in sent)


class Typist:
    """Sends everything at once and keeps what comes back with the time it came."""

    deadline = None

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.heard: list[tuple[float, bytes]] = []

    def open(self, _now: float) -> None: ...

    def data_to_send(self, _now: float) -> bytes:
        data, self._data = self._data, b""
        return data

    def receive_data(self, data: bytes, now: float) -> list:
        self.heard.append((now, data))
        return []

    def handle_timeout(self, _now: float) -> list:
        return []


def talk(lines: list[bytes], **timing: float) -> Dialogue[Typist, VirtualMarlin]:
    printer = VirtualMarlin()
    printer.advance(1.0)
    printer.data_to_send()
    dialogue = Dialogue(Typist(b"".join(lines)), printer, **timing)
    dialogue.run(lambda: False, 60)
    return dialogue


def test_lines_sent_ahead_are_still_on_the_wire_when_the_first_is_answered() -> None:
    lines = [frame(n, "G1 X1") for n in range(1, 6)]
    timed = talk(lines, baud=115200, usb_s=0.001)
    assert b"".join(data for _, data in timed.link.heard) == b"ok\n" * 5
    first, second = timed.link.heard[0][0], timed.link.heard[1][0]
    # out through USB and wire, back through wire and USB
    assert first == pytest.approx(1.0 + 0.002 + (len(lines[0]) + 3) * 10 / 115200)
    assert second == pytest.approx(first + len(lines[1]) * 10 / 115200)


def test_only_lines_that_have_arrived_vanish_with_a_refused_one() -> None:
    lines = [frame(9, "G21"), frame(1, "G21"), frame(2, "G21")]
    assert b"".join(data for _, data in talk(lines).link.heard).count(b"ok") == 1
    answers = b"".join(data for _, data in talk(lines, baud=115200).link.heard)
    assert answers.count(b"Resend: 1\n") == 1
    assert answers.count(b"ok\n") == 3
