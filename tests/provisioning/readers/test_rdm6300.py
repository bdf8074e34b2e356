"""A serial badge reader: whole frames become badges, torn ones nothing, a badge that lies still is told once."""

from __future__ import annotations

import os
import selectors
import tty
from collections.abc import Iterator
from contextlib import closing
from functools import reduce
from itertools import pairwise
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.linesock import turn
from provisioning.readers.rdm6300 import SILENCE_S, TORN_S, FrameDecoder, Rdm6300Reader
from provisioning.readers.words import BadgeSeen, ReaderWord
from tests.support import wait_until

# The example of the module's data sheet: badge 62E3086CED, check 08.
SHEET = b"\x0262E3086CED08\x03"


def frame(uid: str) -> bytes:
    return f"\x02{uid}{reduce(xor, bytes.fromhex(uid)):02X}\x03".encode()


UIDS = st.binary(min_size=5, max_size=5).map(lambda five: five.hex().upper())


def test_the_data_sheets_frame_is_read() -> None:
    assert FrameDecoder().feed(SHEET, 0) == ["62E3086CED"]
    assert frame("62E3086CED") == SHEET


@given(UIDS, st.lists(st.integers(1, 14), max_size=4))
def test_a_frame_cut_into_any_pieces_is_read_once(uid: str, cuts: list[int]) -> None:
    decoder, edges = FrameDecoder(), [0, *sorted(cuts), 14]
    pieces = [frame(uid)[start:end] for start, end in pairwise(edges)]
    assert [found for piece in pieces for found in decoder.feed(piece, 0)] == [uid]


@given(UIDS, st.integers(0, 13), st.integers(0, 255))
def test_no_spoiled_byte_makes_another_badge(uid: str, at: int, byte: int) -> None:
    spoiled = bytearray(frame(uid))
    spoiled[at] = byte
    assert FrameDecoder().feed(bytes(spoiled), 0) in ([], [uid])
    assert (FrameDecoder().feed(bytes(spoiled), 0) == [uid]) == (spoiled == frame(uid))


@given(UIDS, st.integers(0, 13))
def test_a_lost_or_doubled_byte_makes_no_other_badge(uid: str, at: int) -> None:
    whole = frame(uid)
    assert FrameDecoder().feed(whole[:at] + whole[at + 1 :], 0) == []
    assert FrameDecoder().feed(whole[: at + 1] + whole[at:], 0) in ([], [uid])  # a second 02 begins it anew


GARBAGE = st.lists(
    st.one_of(st.binary(max_size=20), UIDS.map(frame), UIDS.map(lambda u: frame(u)[:9])), max_size=8
)


@given(GARBAGE, UIDS)
def test_after_any_garbage_the_next_whole_frame_is_read(garbage: list[bytes], uid: str) -> None:
    decoder = FrameDecoder()
    for number, piece in enumerate(garbage):
        decoder.feed(piece, number * 0.01)
    assert decoder.feed(frame(uid), 10) == [uid]


@given(st.binary(max_size=200))
def test_whatever_comes_out_of_noise_had_a_right_check(noise: bytes) -> None:
    for uid in FrameDecoder().feed(noise, 0):
        assert frame(uid) in noise


def test_a_badge_that_lies_still_is_told_once_and_again_only_after_a_second_of_silence() -> None:
    decoder = FrameDecoder()
    still = [decoder.feed(SHEET, 0.05 * number) for number in range(100)]
    assert still == [["62E3086CED"], *[[]] * 99]
    last_s = 0.05 * 99
    assert decoder.feed(SHEET, last_s + SILENCE_S - 0.01) == []
    assert decoder.feed(SHEET, last_s + 2 * SILENCE_S) == ["62E3086CED"]


def test_another_badge_is_told_at_once_and_so_is_the_first_when_it_returns() -> None:
    decoder, other = FrameDecoder(), frame("0102030405")
    assert decoder.feed(SHEET + other + SHEET, 0) == ["62E3086CED", "0102030405", "62E3086CED"]


def test_half_a_frame_from_long_ago_is_not_finished_by_what_comes_now() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(SHEET[:8], 0) == []
    assert decoder.feed(SHEET[8:], TORN_S + 0.1) == []


class Module:
    """A reader module at the far end of a pseudo-terminal; ``path`` is where the driver finds it."""

    def __init__(self, path: Path) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(slave))
        self._slave = slave

    def sends(self, data: bytes) -> None:
        os.write(self._master, data)

    def close(self) -> None:
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


def test_a_badge_on_a_real_port_is_heard_and_so_is_the_next_after_the_cable_was_out(
    tmp_path: Path, selector: selectors.BaseSelector
) -> None:
    heard: list[ReaderWord] = []
    path = tmp_path / "reader"
    module = Module(path)
    with closing(Rdm6300Reader(str(path), selector, heard.append)) as reader:
        reader.turn(10.0)
        module.sends(b"\xff\x00" + SHEET[:5])
        turn(selector, 1)
        module.sends(SHEET[5:] + SHEET)
        wait_until(lambda: (turn(selector, 0.01), heard)[1], what="the badge")
        module.close()
        wait_until(
            lambda: (turn(selector, 0.01), not selector.get_map())[1], what="the port is seen to be gone"
        )
        path.unlink()
        reader.turn(11.0)  # still away
        assert not selector.get_map()
        with closing(Module(path)) as module:
            reader.turn(11.5)  # too soon to look again
            assert not selector.get_map()
            reader.turn(12.0)
            module.sends(frame("0102030405"))
            wait_until(lambda: (turn(selector, 0.01), len(heard) == 2)[1], what="the other badge")
    assert heard == [BadgeSeen("62E3086CED"), BadgeSeen("0102030405")]


def test_the_port_is_ours_alone(tmp_path: Path, selector: selectors.BaseSelector) -> None:
    path = tmp_path / "reader"
    with closing(Module(path)), closing(Rdm6300Reader(str(path), selector, print)) as first:
        first.turn(1.0)
        with selectors.DefaultSelector() as other, closing(Rdm6300Reader(str(path), other, print)) as second:
            second.turn(1.0)
            assert not other.get_map()
