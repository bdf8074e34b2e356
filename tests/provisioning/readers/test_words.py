"""The words of the reader sockets, the one form of a badge number, and what lies on a reader."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import Corrupt
from provisioning.readers.presence import Presence
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    CancelOrder,
    Did,
    EnrolKey,
    FormatStick,
    KeyGone,
    KeySeen,
    Order,
    Plug,
    ReaderReady,
    SignWithKey,
    StickGone,
    StickSeen,
    Touch,
    TouchKey,
    TouchWanted,
    WriteSlot,
    clean_uid,
    line,
    read_bench_word,
    read_order,
    read_reader_word,
)


@pytest.mark.parametrize(
    ("word", "wire"),
    [
        (BadgeSeen("04A1B2C3D4"), b'{"t":"badge_seen","uid":"04A1B2C3D4"}\n'),
        (BadgeGone(), b'{"t":"badge_gone"}\n'),
        (
            StickSeen("ours", b"h", (b"one", b"two")),
            b'{"t":"stick_seen","state":"ours","header":"aA==","slots":["b25l","dHdv"]}\n',
        ),
        (KeySeen(), b'{"t":"key_seen"}\n'),
        (KeyGone(), b'{"t":"key_gone"}\n'),
        (TouchWanted("o1"), b'{"t":"touch_wanted","order":"o1"}\n'),
        (
            Did("o1", "pin_wrong", 3),
            b'{"t":"did","order":"o1","code":"pin_wrong","tries_left":3,"data":""}\n',
        ),
        (StickGone(), b'{"t":"stick_gone"}\n'),
        (ReaderReady("hid"), b'{"t":"reader_ready","driver":"hid","tells_removal":false}\n'),
    ],
)
def test_a_readers_word_looks_like_this_on_the_wire_and_comes_back_whole(word: object, wire: bytes) -> None:
    assert line(word) == wire  # type: ignore[arg-type]
    assert read_reader_word(wire) == word


def test_the_bench_speaks_the_words_of_the_bench() -> None:
    assert read_bench_word(b'{"t":"touch","uid":"04"}') == Touch("04")
    assert read_bench_word(b'{"t":"plug","image":"/demo/stick"}') == Plug("/demo/stick")
    assert read_bench_word(b'{"t":"touch_key","touched":true}') == TouchKey(touched=True)


def test_the_pages_orders_come_back_whole_and_never_show_a_pin() -> None:
    orders: list[Order] = [
        WriteSlot("o1", 1, bytes(range(256)) * 2),
        FormatStick("o2", b"h" * 512, b"t" * 512),
        SignWithKey("o3", b'{"challenge":"x"}', "2468"),
        EnrolKey("o4", b"{}", "2468"),
        CancelOrder("o5"),
    ]
    for order in orders:
        assert read_order(line(order)) == order
        assert "2468" not in repr(order)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_word_or_corrupt(data: bytes) -> None:
    for read in (read_reader_word, read_order, read_bench_word):
        with contextlib.suppress(Corrupt):
            assert line(read(data)).endswith(b"}\n")


@pytest.mark.parametrize(
    "data", [b'{"t":"touch","uid":"04","more":1}', b'{"t":"hello"}', b"\xff\xfe", b"null"]
)
def test_an_unknown_word_or_key_is_refused(data: bytes) -> None:
    with pytest.raises(Corrupt):
        read_bench_word(data)


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("04a1b2c3d4", "04A1B2C3D4"),
        ("04:A1:B2:C3", "04A1B2C3"),
        (" 04-A1 ", "04A1"),
        ("123", None),
        ("0" * 41, None),
        ("04A1G", None),
        ("", None),
    ],
)
def test_a_badge_number_has_one_written_form(text: str, uid: str | None) -> None:
    assert clean_uid(text) == uid


def test_a_badge_that_lies_still_is_told_once_and_another_one_tells_the_first_is_gone() -> None:
    presence = Presence()
    assert presence.touch("04a1") == [BadgeSeen("04A1")]
    assert presence.touch("04A1") == []
    assert presence.touch("04B2") == [BadgeGone(), BadgeSeen("04B2")]
    assert presence.now() == [BadgeSeen("04B2")]
    assert presence.lift() == [BadgeGone()]
    assert presence.lift() == []
    assert presence.now() == []
