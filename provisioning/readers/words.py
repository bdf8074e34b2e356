"""The words of the reader sockets: one JSON object per line, ``t`` names the word."""

import re
from typing import Literal, TypeAlias, TypeVar

import msgspec

from provisioning.errors import Corrupt

DriverName = Literal["virtual", "hid", "none"]
MAX_UID_CHARS = 40
_SEPARATORS = re.compile(r"[\s:.\-]")
_UID = re.compile(r"[0-9A-F]{4,40}")
T = TypeVar("T")


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t"):
    """One line of a reader socket."""


class BadgeSeen(Word, frozen=True, tag="badge_seen"):
    """A badge lies on the reader."""

    uid: str


class BadgeGone(Word, frozen=True, tag="badge_gone"):
    """The badge was taken away. Readers that type like a keyboard never say this."""


class StickSeen(Word, frozen=True, tag="stick_seen"):
    """A stick was plugged in."""

    uid: str


class StickGone(Word, frozen=True, tag="stick_gone"):
    """The stick was pulled out."""


class ReaderReady(Word, frozen=True, tag="reader_ready"):
    """The agent has connected; the first word of every connection."""

    driver: DriverName


class Touch(Word, frozen=True, tag="touch"):
    """Bench: put this badge on the virtual reader."""

    uid: str


class Lift(Word, frozen=True, tag="lift"):
    """Bench: take the badge away."""


class Plug(Word, frozen=True, tag="plug"):
    """Bench: plug this stick in."""

    uid: str


class Pull(Word, frozen=True, tag="pull"):
    """Bench: pull the stick out."""


ReaderWord: TypeAlias = BadgeSeen | BadgeGone | StickSeen | StickGone | ReaderReady
BenchWord: TypeAlias = Touch | Lift | Plug | Pull

_READER: msgspec.json.Decoder[ReaderWord] = msgspec.json.Decoder(ReaderWord)
_BENCH: msgspec.json.Decoder[BenchWord] = msgspec.json.Decoder(BenchWord)


def line(word: Word) -> bytes:
    """A word as it travels, with its end of line."""
    return msgspec.json.encode(word) + b"\n"


def read_reader_word(data: bytes) -> ReaderWord:
    """What the agent said.

    Raises:
        Corrupt: ``word_unreadable``, with the reason.
    """
    return _decoded(data, _READER)


def read_bench_word(data: bytes) -> BenchWord:
    """What the bench asks of a virtual reader. Raises as :func:`read_reader_word`."""
    return _decoded(data, _BENCH)


def _decoded(data: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise Corrupt("word_unreadable", reason=str(error)) from error
    except UnicodeDecodeError as error:
        raise Corrupt("word_unreadable", reason="not UTF-8") from error


def clean_uid(text: str) -> str | None:
    """A badge or stick number in its one written form, ``04A1B2C3D4``; None when it cannot be one.

    4 to 40 hexadecimal digits: ISO 14443 UIDs have 8, 14 or 20, EM4100 numbers 10, stick serials up to 40.
    """
    plain = _SEPARATORS.sub("", text).upper()
    return plain if _UID.fullmatch(plain) else None
