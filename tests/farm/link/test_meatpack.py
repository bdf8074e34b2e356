"""Packed lines, read by a reader that shares nothing with the packer."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link import Link
from farm.link.events import Found, PrinterHalted, PrinterReset, Ready, SourceDone
from farm.link.framing import frame
from farm.link.meatpack import OFF, ON, QUERY, Packing, pack
from farm.link.tracks import Commands
from farm.profiles import find_profile
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue
from farm.sim.meatpack import Unpacker

MOVES = tuple(f"G1 X{n / 100:.3f} Y100.000 F6000" for n in range(1, 1001))

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
    ("answer", "is_word", "is_on"),
    [
        ("[MP] PV01 ON ESP", True, True),
        ("[MP] PV01 OFF ESP", True, False),
        ("[MP] PV01 ON NSP", True, False),
        ("[MP] PV01 N ESP", False, False),  # spoiled on its way
        ("[MP] PV01 ONE ESP", False, False),
        ("[MP] PV01 ON", False, False),
        ("ok", False, False),
    ],
)
def test_the_firmware_says_whether_it_reads_packed_lines(answer: str, is_word: bool, is_on: bool) -> None:
    packing = Packing(is_wanted=True)
    packing.begin()
    assert packing.hear(answer, is_awaited=True) is is_word
    assert packing.is_on is is_on


def test_a_word_that_nobody_awaits_begins_nothing() -> None:
    packing = Packing(is_wanted=True)
    assert packing.hear("[MP] PV01 ON ESP", is_awaited=False)
    assert not packing.is_on


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
    assert packing.end(b"M112\n") == OFF + b"M112\n"  # the first order may have been lost
    packing.hear("[MP] PV01 OFF ESP", is_awaited=False)
    assert packing.end(b"M112\n") == b"M112\n"
    assert Packing(is_wanted=False).end(b"M112\n") == b"M112\n"


def conversation(*, is_offered: bool = True, is_wanted: bool = True) -> Dialogue[Link, VirtualMarlin]:
    profile = find_profile("marlin-2.1-generic-220")
    profile = msgspec.structs.replace(profile, link=msgspec.structs.replace(profile.link, meatpack=is_wanted))
    board = VirtualMarlin(meatpack=is_offered)
    talk = Dialogue(Link(profile), board, baud=115_200, usb_s=0.001)
    talk.open()
    assert talk.run(lambda: talk.has(Ready), 60)
    talk.link.stream(Commands(1, MOVES), 1)
    return talk


def finish(talk: Dialogue[Link, VirtualMarlin]) -> float:
    begun_s = talk.now
    assert talk.run(lambda: talk.has(SourceDone), 600)
    assert talk.printer.machine.motion_lines == len(MOVES)
    return talk.now - begun_s


def test_a_print_goes_packed_where_both_sides_want_it_and_faster() -> None:
    packed, plain = conversation(), conversation(is_wanted=False)
    packed_s, plain_s = finish(packed), finish(plain)
    assert packed_s < 0.75 * plain_s
    assert packed.printer._unpacker.is_on
    assert not plain.printer._unpacker.is_on
    assert finish(conversation(is_offered=False)) == pytest.approx(plain_s, rel=0.05)


def test_a_board_that_begins_anew_is_spoken_to_unpacked() -> None:
    talk = conversation()
    talk.run(lambda: talk.printer.machine.motion_lines > 20, 60)
    talk.printer.reset(talk.now)
    assert talk.run(lambda: talk.count(Ready) == 2, 60)
    assert talk.has(PrinterReset)


def test_a_board_that_stops_unpacking_without_a_word_is_understood_in_the_end() -> None:
    talk = conversation()
    talk.run(lambda: talk.printer.machine.motion_lines > 20, 60)
    talk.printer._unpacker.is_on = False
    finish(talk)


def test_a_stop_is_understood_while_lines_go_packed() -> None:
    talk = conversation()
    talk.run(lambda: talk.printer.machine.motion_lines > 20, 60)
    talk.link.stop(talk.now)
    assert talk.run(lambda: talk.has(PrinterHalted), 5)
    (halted,) = (event for event in talk.events if isinstance(event, PrinterHalted))
    assert halted.is_confirmed


def test_what_a_dead_worker_left_packed_is_read_by_the_next() -> None:
    talk = conversation()
    talk.run(lambda: talk.printer.machine.motion_lines > 20, 60)
    profile = find_profile("marlin-2.1-generic-220")
    profile = msgspec.structs.replace(profile, link=msgspec.structs.replace(profile.link, meatpack=True))
    heir = Dialogue(Link(profile), talk.printer)
    heir.now = talk.now
    heir.link.adopt(Commands(1, MOVES), 10, heir.now)
    assert heir.run(lambda: heir.has(Found), 60)
