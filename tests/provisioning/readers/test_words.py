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
    Plug,
    ReaderReady,
    StickGone,
    StickSeen,
    Touch,
    clean_uid,
    line,
    read_bench_word,
    read_reader_word,
)


@pytest.mark.parametrize(
    ("word", "wire"),
    [
        (BadgeSeen("04A1B2C3D4"), b'{"t":"badge_seen","uid":"04A1B2C3D4"}\n'),
        (BadgeGone(), b'{"t":"badge_gone"}\n'),
        (StickSeen("A1B2"), b'{"t":"stick_seen","uid":"A1B2"}\n'),
        (StickGone(), b'{"t":"stick_gone"}\n'),
        (ReaderReady("virtual"), b'{"t":"reader_ready","driver":"virtual"}\n'),
    ],
)
def test_a_readers_word_looks_like_this_on_the_wire_and_comes_back_whole(word: object, wire: bytes) -> None:
    assert line(word) == wire  # type: ignore[arg-type]
    assert read_reader_word(wire) == word


def test_the_bench_speaks_the_words_of_the_bench() -> None:
    assert read_bench_word(b'{"t":"touch","uid":"04"}') == Touch("04")
    assert read_bench_word(b'{"t":"plug","uid":"AB"}') == Plug("AB")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_word_or_corrupt(data: bytes) -> None:
    for read in (read_reader_word, read_bench_word):
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
    assert presence.plug("AB12") == [StickSeen("AB12")]
    assert presence.now() == [BadgeSeen("04B2"), StickSeen("AB12")]
    assert presence.lift() == [BadgeGone()]
    assert presence.lift() == []
    assert presence.plug("AB13") == [StickGone(), StickSeen("AB13")]
    assert presence.pull() == [StickGone()]
    assert presence.now() == []
