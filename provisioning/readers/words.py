"""The words of the reader sockets: one JSON object per line, ``t`` names the word."""

import re
from typing import Literal, TypeAlias, TypeVar

import msgspec

from provisioning.errors import Corrupt

DriverName = Literal["virtual", "hid", "rdm6300", "none"]
StickState = Literal["ours", "blank", "foreign", "unreadable"]
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
    """A stick was plugged in. ``header`` and ``slots`` are its sectors; nobody has believed them yet."""

    state: StickState
    header: bytes = b""
    slots: tuple[bytes, ...] = ()


class StickGone(Word, frozen=True, tag="stick_gone"):
    """The stick was pulled out."""


class KeySeen(Word, frozen=True, tag="key_seen"):
    """A security key or card was plugged in or laid down; who carries it is known when it signs."""


class KeyGone(Word, frozen=True, tag="key_gone"):
    """The security key was taken away."""


class ReaderReady(Word, frozen=True, tag="reader_ready"):
    """The agent has connected; the first word of every connection."""

    driver: DriverName
    tells_removal: bool = False  # a badge taken away is told


class TouchWanted(Word, frozen=True, tag="touch_wanted"):
    """The key waits for a finger."""

    order: str


class Did(Word, frozen=True, tag="did"):
    """An order was carried out (``code`` empty) or not. ``data``: what a key answered (WebAuthn JSON)."""

    order: str
    code: str = ""
    tries_left: int | None = None
    data: bytes = b""


class WriteSlot(Word, frozen=True, tag="write_slot"):
    """Pages: write this sector into that slot of the stick, read it back, say whether it is there."""

    order: str
    index: int
    sector: bytes


class FormatStick(Word, frozen=True, tag="format_stick"):
    """Pages: make the stick that lies here one of ours, with this header and this first ticket.

    ``erase``: an officer said that whatever lies on it may go; else only a blank one is taken.
    """

    order: str
    header: bytes
    ticket: bytes
    erase: bool = False


class KeyOrder(Word, frozen=True):
    """What a key is asked to do. The PIN is for the key and goes nowhere else, into no log either."""

    order: str
    options: bytes
    pin: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.order!r})"


class SignWithKey(KeyOrder, frozen=True, tag="sign_with_key"):
    """Pages: let the key sign these options (WebAuthn JSON)."""


class EnrolKey(KeyOrder, frozen=True, tag="enrol_key"):
    """Pages: make a credential on the key for these options (WebAuthn JSON); sets the PIN on a key without one."""


class CancelOrder(Word, frozen=True, tag="cancel_order"):
    """Pages: whoever wanted this has gone."""

    order: str


class Touch(Word, frozen=True, tag="touch"):
    """Bench: put this badge on the virtual reader."""

    uid: str


class Lift(Word, frozen=True, tag="lift"):
    """Bench: take the badge away."""


class Plug(Word, frozen=True, tag="plug"):
    """Bench: plug in the stick whose image file this is."""

    image: str


class Pull(Word, frozen=True, tag="pull"):
    """Bench: pull the stick out."""


class Tear(Word, frozen=True, tag="tear"):
    """Bench: the stick will be pulled when so many bytes of its next ticket are written."""

    after_bytes: int


class Torn(Word, frozen=True, tag="torn"):
    """Virtual reader, to the bench: now it was, and is out."""


class PlugKey(Word, frozen=True, tag="plug_key"):
    """Bench: plug in the virtual security key that is kept in this file."""

    file: str


class PullKey(Word, frozen=True, tag="pull_key"):
    """Bench: pull the security key out."""


class TouchKey(Word, frozen=True, tag="touch_key"):
    """Bench: whether a finger lies on the virtual key when it asks for one."""

    touched: bool


ReaderWord: TypeAlias = (
    BadgeSeen | BadgeGone | StickSeen | StickGone | KeySeen | KeyGone | ReaderReady | TouchWanted | Did
)
Order: TypeAlias = WriteSlot | FormatStick | SignWithKey | EnrolKey | CancelOrder
BenchWord: TypeAlias = Touch | Lift | Plug | Pull | Tear | PlugKey | PullKey | TouchKey

_READER: msgspec.json.Decoder[ReaderWord] = msgspec.json.Decoder(ReaderWord)
_ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
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


def read_order(data: bytes) -> Order:
    """What the pages want of the agent. Raises as :func:`read_reader_word`."""
    return _decoded(data, _ORDER)


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
