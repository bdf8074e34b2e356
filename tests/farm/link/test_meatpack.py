"""Packed lines, read by a reader that shares nothing with the packer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link.framing import frame
from farm.link.meatpack import OFF, ON, QUERY, Packing, is_on, pack
from farm.sim.meatpack import Unpacker

LINES = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=90), min_size=1
)


def reader() -> Unpacker:
    unpacker = Unpacker()
    assert unpacker.take(ON) == (b"", ["[MP] PV01 ON ESP"])
    return unpacker


@given(LINES)
def test_what_is_packed_is_read_as_it_was(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    assert reader().take(pack(text)) == (text, [])


@given(LINES, st.data())
def test_a_lost_byte_spoils_its_own_line_and_the_next_at_most(lines: list[str], data: st.DataObject) -> None:
    framed = [frame(n, line) for n, line in enumerate(lines)]
    packed = [pack(line) for line in framed]
    hit = data.draw(st.integers(0, len(packed) - 1))
    at = data.draw(st.integers(0, len(packed[hit]) - 1))
    packed[hit] = packed[hit][:at] + packed[hit][at + 1 :]
    read, _answers = reader().take(b"".join(packed))
    whole = read.split(b"\n")
    assert [line[:-1] for line in framed[:hit]] == whole[:hit]
    behind = [line[:-1] for line in framed[hit + 2 :]]
    assert not behind or whole[-1 - len(behind) : -1] == behind


def test_a_move_takes_little_more_than_half_its_bytes() -> None:
    line = frame(12345, "G1 X110.123 Y110.456 E1.23456")
    assert len(pack(line)) <= 0.6 * len(line)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("[MP] PV01 ON ESP", True), ("[MP] PV01 OFF ESP", False), ("[MP] PV01 ON NSP", False), ("ok", None)],
)
def test_the_firmware_says_whether_it_reads_packed_lines(answer: str, verdict: bool | None) -> None:
    assert is_on(answer) is verdict


def test_an_order_is_obeyed_whether_packing_is_on_or_off() -> None:
    unpacker = reader()
    assert unpacker.take(QUERY)[1] == ["[MP] PV01 ON ESP"]
    assert unpacker.take(OFF + b"M105\n") == (b"M105\n", ["[MP] PV01 OFF ESP"])


def test_nothing_is_packed_before_it_is_agreed_nor_after_it_ended() -> None:
    packing = Packing(is_wanted=True)
    assert packing.put(b"G28\n") == b"G28\n"
    packing.is_on = True
    assert packing.put(b"G28\n") != b"G28\n"
    assert packing.end(b"M112\n") == OFF + b"M112\n"
    assert packing.put(b"G28\n") == b"G28\n"
    assert Packing(is_wanted=False).end(b"M112\n") == b"M112\n"
