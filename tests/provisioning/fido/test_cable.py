"""The same ceremonies over USB packets: the library's HID half, keepalives, cancel, and a cable that is pulled."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fido2.hid import CAPABILITY, CtapHidDevice

from provisioning.clock import SystemClock
from provisioning.identity import fido
from provisioning.readers.keys import KeyTrouble
from provisioning.sim.security_key import VirtualKey, plug_in
from tests.provisioning.fido.kit import PIN, Site, nobody_waits


def _over_usb(**of_key: Any) -> tuple[Site, VirtualKey, CtapHidDevice]:
    site, key = Site(), VirtualKey(clock=SystemClock(), **of_key)
    device = plug_in(key)
    challenge = site.challenge("enrol", holder=b"holder-1")
    options = fido.registration_options(site.party, site.models, challenge)
    made = site.take_in(challenge, site.reader.enrol(device, options, PIN, nobody_waits))
    site.known[made.credential_id] = made
    return site, key, device


def _signs_in(site: Site, device: CtapHidDevice) -> bool:
    challenge = site.challenge()
    options = fido.authentication_options(site.party, challenge)
    return site.judge(challenge, site.reader.sign(device, options, PIN, nobody_waits)).user_verified


def _trouble(
    site: Site, device: CtapHidDevice, pin: str = PIN, on_touch: Any = nobody_waits, **more: Any
) -> KeyTrouble:
    options = fido.authentication_options(site.party, site.challenge())
    with pytest.raises(KeyTrouble) as no:
        site.reader.sign(device, options, pin, on_touch, **more)
    return no.value


def test_a_key_is_enrolled_and_signs_in_over_usb() -> None:
    site, _key, device = _over_usb()
    assert device.version == 2
    assert device.capabilities & CAPABILITY.CBOR
    assert _signs_in(site, device)
    assert _signs_in(site, device)


@pytest.mark.parametrize("size", [0, 1, 57, 58, 116, 117, 2000])
def test_messages_of_every_length_come_back_whole(size: int) -> None:
    message = bytes(range(256)) * 8
    assert plug_in(VirtualKey()).ping(message[:size]) == message[:size]


def test_a_key_that_waits_keeps_saying_so_until_it_is_touched() -> None:
    site, key, device = _over_usb()
    key.touch(touched=False)
    waits: list[int] = []
    challenge = site.challenge()
    options = fido.authentication_options(site.party, challenge)

    def wait() -> None:
        waits.append(1)
        threading.Timer(0.3, key.touch).start()  # a few keepalives long

    assert site.judge(challenge, site.reader.sign(device, options, PIN, wait)).user_verified
    assert waits == [1]


def test_whoever_goes_away_cancels_over_usb_and_the_key_is_free_again() -> None:
    site, key, device = _over_usb()
    key.touch(touched=False)
    cancel = threading.Event()
    assert _trouble(site, device, on_touch=cancel.set, cancel=cancel).reason == "key_cancelled"
    key.touch()
    assert _signs_in(site, device)


def test_a_key_that_nobody_touches_gives_up_over_usb() -> None:
    site, key, device = _over_usb(touch_s=0.2)
    key.touch(touched=False)
    assert _trouble(site, device).reason == "key_timeout"


def test_a_cable_that_is_pulled_is_noticed_and_a_new_one_works() -> None:
    site, key, device = _over_usb()
    key.touch(touched=False)
    assert _trouble(site, device, on_touch=key.pull).reason == "key_gone"
    assert _trouble(site, device).reason == "key_gone"
    key.touch()
    assert _signs_in(site, plug_in(key))


def test_a_wrong_pin_says_what_is_left_over_usb() -> None:
    site, _key, device = _over_usb()
    trouble = _trouble(site, device, "000000")
    assert (trouble.reason, trouble.detail["tries_left"]) == ("pin_wrong", 7)
