"""The reader's half: every way in which a key does not sign has its own code, and a key is never spoiled by it."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fido2 import cbor
from fido2.ctap import CtapDevice, CtapError
from fido2.hid import CAPABILITY, ConnectionFailure, CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

from provisioning.identity import fido
from provisioning.readers.keyplaces import LOOKS, CardKeys, HidKeys, KeyWatch
from provisioning.readers.keys import Keys, KeyTrouble, translated
from provisioning.sim.security_key import KeyHandle, KeySocket, VirtualKey
from tests.provisioning.fido.kit import PIN, Site, nobody_waits

WRONG = "314159"


def _enrolled(**of_key: Any) -> tuple[Site, VirtualKey]:
    site = Site()
    key = VirtualKey(clock=site.clock, **of_key)
    site.enrol(key)
    return site, key


def _trouble(act: Callable[[], object]) -> KeyTrouble:
    with pytest.raises(KeyTrouble) as no:
        act()
    return no.value


def _options(site: Site) -> bytes:
    return fido.authentication_options(site.party, site.challenge())


def _enrol_options(site: Site, holder: bytes = b"holder-1") -> bytes:
    return fido.registration_options(site.party, site.models, site.challenge("enrol", holder=holder))


# --- the PIN -----------------------------------------------------------------------------------------------------


def test_eight_wrong_pins_block_a_key_for_good_and_each_says_what_is_left() -> None:
    site, key = _enrolled()
    said = []
    for number in range(8):
        trouble = _trouble(lambda: site.sign(key, site.challenge(), WRONG))
        said.append((trouble.reason, trouble.detail.get("tries_left")))
        if number % 3 == 2:
            key.pull()  # CTAP 2.1 §6.5.5.7: three in a row, and only power off helps
    assert said == [
        ("pin_wrong", 7),
        ("pin_wrong", 6),
        ("key_replug", 5),
        ("pin_wrong", 4),
        ("pin_wrong", 3),
        ("key_replug", 2),
        ("pin_wrong", 1),
        ("pin_blocked", None),
    ]
    for pin in (PIN, WRONG):
        assert _trouble(lambda pin=pin: site.sign(key, site.challenge(), pin)).reason == "pin_blocked"
    key.pull()
    assert _trouble(lambda: site.sign(key, site.challenge())).reason == "pin_blocked"


def test_after_three_wrong_pins_even_the_right_one_waits_for_the_key_to_be_pulled() -> None:
    site, key = _enrolled()
    for _ in range(3):
        _trouble(lambda: site.sign(key, site.challenge(), WRONG))
    trouble = _trouble(lambda: site.sign(key, site.challenge()))
    assert (trouble.reason, trouble.detail["tries_left"]) == ("key_replug", 5)
    key.pull()
    assert site.sign_in(key).user_verified


def test_the_right_pin_gives_all_tries_back() -> None:
    site, key = _enrolled()
    for _ in range(3):
        for _ in range(2):
            _trouble(lambda: site.sign(key, site.challenge(), WRONG))
        site.sign_in(key)
    assert _trouble(lambda: site.sign(key, site.challenge(), WRONG)).detail["tries_left"] == 7


@pytest.mark.parametrize(
    ("pin", "code"),
    [("", "pin_missing"), ("123", "pin_too_short"), ("x" * 64, "pin_too_long"), ("é" * 32, "pin_too_long")],
)
def test_a_pin_that_no_key_would_take_never_reaches_it(pin: str, code: str) -> None:
    site, key = _enrolled()
    assert _trouble(lambda: site.sign(key, site.challenge(), pin)).reason == code
    assert _trouble(lambda: site.enrol(VirtualKey(), pin=pin)).reason == code
    assert _trouble(lambda: site.sign(key, site.challenge(), WRONG)).detail["tries_left"] == 7


def test_a_pin_of_other_letters_is_the_same_however_they_are_composed() -> None:
    site, key = Site(), VirtualKey()
    site.enrol(key, pin="caf\u00e9")
    challenge = site.challenge()
    assert site.judge(challenge, site.sign(key, challenge, "cafe\u0301")).user_verified


def test_a_key_that_has_a_pin_keeps_it_when_it_is_enrolled() -> None:
    site, key = _enrolled()
    assert _trouble(lambda: site.enrol(key, b"holder-2", WRONG)).reason == "pin_wrong"
    site.enrol(key, b"holder-2", PIN)


def test_a_key_that_was_never_set_up_says_so() -> None:
    site = Site()
    assert _trouble(lambda: site.sign(VirtualKey(), site.challenge())).reason == "key_without_pin"


def test_no_pin_is_logged_or_repeated(caplog: pytest.LogCaptureFixture) -> None:
    pin = "geheim-4711"
    with caplog.at_level(1):
        site, key = Site(), VirtualKey()
        site.enrol(key, pin=pin)
        challenge = site.challenge()
        site.judge(challenge, site.sign(key, challenge, pin))
        trouble = _trouble(lambda: site.sign(key, site.challenge(), pin + "x"))
    told = caplog.text + "".join(traceback.format_exception(trouble)) + repr(vars(trouble))
    assert caplog.records
    assert pin not in told
    assert pin.encode().hex() not in told


# --- finger and cable --------------------------------------------------------------------------------------------


def test_a_key_that_nobody_touches_gives_up_by_itself() -> None:
    site, key = _enrolled()
    key.touch(touched=False)
    waits = []

    def wait() -> None:
        waits.append(1)
        site.clock.advance(31)

    trouble = _trouble(lambda: site.reader.sign(key.plug(), _options(site), PIN, wait))
    assert trouble.reason == "key_timeout"
    assert waits == [1]
    key.touch()
    assert site.sign_in(key).user_verified


def test_a_finger_that_comes_later_is_waited_for() -> None:
    site, key = _enrolled()
    key.touch(touched=False)
    challenge = site.challenge()
    options = fido.authentication_options(site.party, challenge)
    response = site.reader.sign(key.plug(), options, PIN, lambda: threading.Thread(target=key.touch).start())
    assert site.judge(challenge, response).user_verified


def test_whoever_goes_away_cancels() -> None:
    site, key = _enrolled()
    key.touch(touched=False)
    cancel = threading.Event()
    for options, act in (
        (_options(site), site.reader.sign),
        (_enrol_options(site, b"h2"), site.reader.enrol),
    ):
        cancel.clear()
        trouble = _trouble(lambda act=act, options=options: act(key.plug(), options, PIN, cancel.set, cancel))
        assert trouble.reason == "key_cancelled"
    key.touch()
    assert site.sign_in(key).user_verified


def test_a_key_pulled_out_while_it_waits_is_gone() -> None:
    site, key = _enrolled()
    key.touch(touched=False)
    assert _trouble(lambda: site.reader.sign(key.plug(), _options(site), PIN, key.pull)).reason == "key_gone"
    key.touch()
    assert site.sign_in(key).user_verified


class LooseCable(KeyHandle):
    """A handle whose key falls out before one of its requests is answered, or just after."""

    def __init__(self, key: VirtualKey, plugging: int, breaks_at: int, *, after: bool) -> None:
        super().__init__(key, plugging)
        self._left = breaks_at
        self._after = after

    def call(self, *args: Any, **rest: Any) -> bytes:
        self._left -= 1
        if self._left == 0 and self._after:
            super().call(*args, **rest)
        if self._left <= 0:
            self._key.pull()
        return super().call(*args, **rest)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("ceremony", ["sign", "enrol"])
def test_a_key_pulled_at_any_request_is_gone_and_signs_when_it_is_back(ceremony: str, after: bool) -> None:
    for breaks_at in range(1, 40):
        site, key = _enrolled()
        act = site.reader.sign if ceremony == "sign" else site.reader.enrol
        options = _options(site) if ceremony == "sign" else _enrol_options(site, b"holder-2")
        loose = LooseCable(key, key.plug()._plugging, breaks_at, after=after)
        code = _code(lambda act=act, loose=loose, options=options: act(loose, options, PIN, nobody_waits))
        if not code:
            assert breaks_at > 5
            return
        assert code == "key_gone"
        if ceremony == "enrol":  # what it may have made never reached the hub: it is made again
            site.enrol(key, b"holder-2")
        assert site.sign_in(key).user_verified
    pytest.fail("the ceremony never ended")


def _code(act: Callable[[], object]) -> str:
    try:
        act()
    except KeyTrouble as trouble:
        return trouble.reason
    return ""


def test_a_key_serves_one_ceremony_at_a_time() -> None:
    site, key = _enrolled()
    key.touch(touched=False)
    cancel = threading.Event()
    second: list[str] = []

    def meanwhile() -> None:
        second.append(_trouble(lambda: site.sign(key, site.challenge())).reason)
        cancel.set()

    _trouble(lambda: site.reader.sign(key.plug(), _options(site), PIN, meanwhile, cancel))
    assert second == ["key_busy"]


# --- what is on it -----------------------------------------------------------------------------------------------


def test_a_key_without_a_credential_of_this_site_says_so() -> None:
    site, key = Site("dendermonde"), VirtualKey()
    site.enrol(key)
    home = Site()
    assert _trouble(lambda: home.sign(key, home.challenge())).reason == "key_no_credential"


def test_a_key_is_erased_for_the_next_person_soon_after_it_was_plugged_in_and_never_later() -> None:
    site, key = _enrolled()
    site.clock.advance(11)
    assert _trouble(lambda: site.reader.erase(key.plug(), nobody_waits)).reason == "key_replug"
    assert site.sign_in(key).user_verified
    key.pull()
    key.touch(touched=False)
    assert _trouble(lambda: site.reader.erase(key.plug(), key.pull)).reason == "key_gone"
    site.reader.erase(key.plug(), key.touch)
    assert _trouble(lambda: site.sign(key, site.challenge())).reason == "key_without_pin"
    site.enrol(key, b"holder-2", pin="987654")
    challenge = site.challenge()
    assert site.judge(challenge, site.sign(key, challenge, "987654")).holder == b"holder-2"


def test_a_full_key_says_so() -> None:
    site, key = Site(), VirtualKey()
    for number in range(25):
        site.enrol(key, b"holder-%d" % number)
    assert _trouble(lambda: site.enrol(key, b"holder-25")).reason == "key_full"
    site.enrol(key, b"holder-24")  # the same person's older one makes room


@pytest.mark.parametrize(
    "options",
    [b"", b"{}", b"[]", b"null", b"7", b'{"challenge": 5, "rpId": "a"}', b'{"challenge": "AAAA"}', b"\xff"],
)
def test_options_that_are_none_are_unreadable(options: bytes) -> None:
    site, key = _enrolled()
    assert (
        _trouble(lambda: site.reader.sign(key.plug(), options, PIN, nobody_waits)).reason == "key_unreadable"
    )
    assert (
        _trouble(lambda: site.reader.enrol(key.plug(), options, PIN, nobody_waits)).reason == "key_unreadable"
    )


def test_a_reader_signs_for_its_own_site_only() -> None:
    site, key = _enrolled()
    trouble = _trouble(lambda: Keys("dendermonde").sign(key.plug(), _options(site), PIN, nobody_waits))
    assert trouble.reason == "key_unreadable"
    trouble = _trouble(lambda: Keys("dendermonde").enrol(key.plug(), _enrol_options(site), PIN, nobody_waits))
    assert trouble.reason == "key_unreadable"


class Strange(CtapDevice):
    """Something on the USB that calls itself a key."""

    def __init__(self, capabilities: int, answer: bytes) -> None:
        self._capabilities = capabilities
        self._answer = answer

    @property
    def capabilities(self) -> int:
        return self._capabilities

    def call(self, *_args: Any, **_rest: Any) -> bytes:
        return self._answer

    @classmethod
    def list_devices(cls) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("device", "code"),
    [
        (Strange(CAPABILITY.WINK, b""), "key_unsupported"),  # U2F only: knows no PIN
        (Strange(CAPABILITY.CBOR, b""), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0\xa0"), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0\xff\xff"), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0\xa1\x01\x1b\x01"), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0" + b"\x81" * 5000), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0\xa1\x80\x80"), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, b"\0\xa1\x01\x81\x66FIDO_9"), "key_unsupported"),
        (Strange(CAPABILITY.CBOR, bytes([CtapError.ERR.OTHER])), "key_failed"),
        (Strange(CAPABILITY.CBOR, b"\xf3"), "key_failed"),
    ],
)
def test_a_device_that_is_no_fido2_key_is_named_and_harms_nobody(device: CtapDevice, code: str) -> None:
    site = Site()
    assert _trouble(lambda: site.reader.sign(device, _options(site), PIN, nobody_waits)).reason == code
    assert _trouble(lambda: site.reader.enrol(device, _enrol_options(site), PIN, nobody_waits)).reason == code


class Muddled(KeyHandle):
    """A key that was asked how many tries are left, after a wrong PIN, and makes no sense any more."""

    def __init__(self, key: VirtualKey, plugging: int, answer: bytes | Exception) -> None:
        super().__init__(key, plugging)
        self._answer = answer

    def call(self, cmd: int, data: bytes = b"", *rest: Any) -> bytes:
        if data[:1] != b"\x06" or cbor.decode(data[1:]).get(2) != 1:  # type: ignore[union-attr]
            return super().call(cmd, data, *rest)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\xa0",
        b"\0\x07",
        b"\0\xa1\x03",
        b"\0\xa1\x03\x61a",
        b"\0\xa1\x03\xf5",
        b"\0\xa1\x03\x3b" + b"\xff" * 8,
        b"\0\xa1\x03\x1b" + b"\xff" * 8,
        ConnectionFailure("Wrong channel"),
        MemoryError(),
        OverflowError(),
    ],
)
def test_a_key_that_cannot_say_what_is_left_after_a_wrong_pin_harms_nobody(answer: bytes | Exception) -> None:
    site, key = _enrolled()
    muddled = Muddled(key, key.plug()._plugging, answer)
    trouble = _trouble(lambda: site.reader.sign(muddled, _options(site), WRONG, nobody_waits))
    assert (trouble.reason, trouble.detail["tries_left"]) == ("pin_wrong", None)


class Endless(CtapHidConnection):
    """A cable that takes everything and says nothing."""

    def read_packet(self) -> bytes:
        raise OSError

    def write_packet(self, data: bytes) -> None:
        assert data

    def close(self) -> None:
        """Nothing was opened."""


@pytest.mark.parametrize("packet_bytes", [2**62, 2**70])
def test_a_device_of_a_size_that_no_machine_has_is_named_and_harms_nobody(packet_bytes: int) -> None:
    """What its descriptor says is the device's own word, and the library makes room for it."""
    said = HidDescriptor("hidraw0", 1, 2, packet_bytes, packet_bytes, None, None)
    assert (
        _trouble(lambda: translated(lambda: CtapHidDevice(said, Endless()), None)).reason == "key_unsupported"
    )


# --- coming and going --------------------------------------------------------------------------------------------


def test_keys_that_come_and_go_are_told_once() -> None:
    socket, site = KeySocket(), Site()
    watch = KeyWatch(socket)
    assert watch.look() == (frozenset(), frozenset())
    one, two = VirtualKey(), VirtualKey()
    socket.plug(one, "one")
    assert watch.look() == (frozenset({"one"}), frozenset())
    assert watch.look() == (frozenset(), frozenset())
    socket.plug(two, "two")
    socket.pull("one")
    assert watch.look() == (frozenset({"two"}), frozenset({"one"}))
    site.enrol(two)
    options = _options(site)
    assert site.reader.sign(Keys.open(watch, "two"), options, PIN, nobody_waits)
    assert _trouble(lambda: Keys.open(watch, "one")).reason == "key_gone"
    socket.pull()
    assert watch.look() == (frozenset(), frozenset({"two"}))
    assert watch.present == frozenset()


def test_a_handle_of_before_is_dead_when_the_key_comes_back() -> None:
    site, key = _enrolled()
    before = key.plug()
    key.pull()
    key.plug()
    assert _trouble(lambda: site.reader.sign(before, _options(site), PIN, nobody_waits)).reason == "key_gone"


def test_nodes_that_are_no_security_keys_are_not_shown(tmp_path: Path) -> None:
    places = HidKeys(tmp_path)
    assert places.names() == frozenset()
    (tmp_path / "hidraw0").touch()
    assert places.names() == frozenset()
    with pytest.raises(FileNotFoundError):
        places.open(str(tmp_path / "hidraw0"))


def test_a_key_that_udev_gives_us_a_moment_after_it_came_is_seen(tmp_path: Path) -> None:
    """The kernel makes the node for root alone; a rule gives it to the reader some moments later."""
    node, looks = tmp_path / "hidraw0", 0
    ours: list[HidDescriptor] = []

    def look() -> list[HidDescriptor]:
        nonlocal looks
        looks += 1
        return list(ours)

    places = HidKeys(tmp_path, look)
    node.touch()
    assert places.names() == frozenset()
    ours.append(HidDescriptor(str(node), 1, 2, 64, 64, None, None))
    assert places.names() == {str(node)}
    ours.clear()
    assert places.names() == {str(node)}, "one look that fails takes no key away"
    for _ in range(1000):
        places.names()
    assert looks == LOOKS, "nodes are not opened all day"
    node.unlink()
    assert places.names() == frozenset()


def test_a_missing_card_library_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "passage.keys"):
        cards = CardKeys(lambda: 0.0)
        for _ in range(3):
            assert cards.names() == frozenset()
    if not cards._usable:
        assert [record.message for record in caplog.records] == [
            "pyscard is not installed: FIDO2 cards are not read, keys on USB are"
        ]
