"""J1: a stick at a kiosk: its ticket rolls, it comes out too early, somebody made a copy, the hub is away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from provisioning.sim.running import process_name
from tests.journeys.house import House
from tests.journeys.walker import Walker, at_desk, at_kiosk
from tests.support import wait_until

TORN_AFTER_BYTES = 200  # in the middle of the ticket's words
CLOCK = r"\d\d[:.]\d\d"


def sign_in_with_stick(
    walker: Walker, house: House, first_name: str, kiosk: str, *, copy: int = 0, looks: bool = False
) -> None:
    """Stick in, PIN by touch, until the menu stands there."""
    _plug(walker, house, first_name, kiosk, copy=copy)
    if looks:
        walker.look("pin")
    walker.type_pin(house.pin(first_name))
    walker.sees(".tiles")


def _plug(walker: Walker, house: House, first_name: str, kiosk: str, *, copy: int = 0) -> None:
    house.hardware.plug(kiosk, house.stick(first_name, copy))
    walker.sees("[data-keypad]")


def _leave(walker: Walker, house: House, first_name: str, kiosk: str) -> None:
    house.hardware.pull(kiosk)
    walker.sees_nobody(first_name)
    walker.sees(".touch")


def _close(walker: Walker, house: House, kiosk: str) -> None:
    """Read the refusal, press Close, take the stick out."""
    if house.hardware.bench.readers[kiosk].stick:
        house.hardware.pull(kiosk)
    if walker.page.locator(".foot form[action='/stop'] button").count():
        walker.go(".foot form[action='/stop'] button")
    walker.sees(".languages")


@pytest.mark.parametrize("name", ["Yves", "طارق"])
def test_a_stick_signs_in_and_shows_another_ticket_each_time(
    name: str, house: House, chromium: Browser
) -> None:
    with at_kiosk(chromium, house, "kiosk-a", "stick") as walker:
        before = house.counter(name)
        sign_in_with_stick(walker, house, name, "kiosk-a", looks=True)
        expect(walker.page.locator(".top__greeting")).to_contain_text(name)
        walker.look("menu")
        assert house.counter(name) == before + 1
        _leave(walker, house, name, "kiosk-a")
        sign_in_with_stick(walker, house, name, "kiosk-a")
        assert house.counter(name) == before + 2


@pytest.mark.parametrize("name", ["Olivier", "يوسف"])
def test_a_stick_pulled_while_it_is_written_opens_the_next_time(
    name: str, house: House, chromium: Browser
) -> None:
    with at_kiosk(chromium, house, "kiosk-a", "stick-pulled") as walker:
        _plug(walker, house, name, "kiosk-a")
        house.hardware.tear("kiosk-a", TORN_AFTER_BYTES)
        walker.type_pin(house.pin(name))
        walker.sees(".failure__contact")
        walker.look("pulled", again=False)
        assert house.hardware.bench.readers["kiosk-a"].stick == ""
        _close(walker, house, "kiosk-a")
        sign_in_with_stick(walker, house, name, "kiosk-a")


@pytest.mark.parametrize("name", ["Lotte", "ليلى"])
def test_a_copied_stick_is_caught_and_the_security_officer_reads_where_and_when(
    name: str, house: House, chromium: Browser
) -> None:
    uid = str(house.residents[name]["stick_uid"])
    house.running.carried.copy(uid)
    with at_kiosk(chromium, house, "kiosk-a", "stick-copied") as walker:
        sign_in_with_stick(walker, house, name, "kiosk-a")
        _leave(walker, house, name, "kiosk-a")
    with at_kiosk(chromium, house, "kiosk-b", "stick-copied-there") as walker:
        house.hardware.plug("kiosk-b", house.stick(name, copy=1))
        walker.sees(".failure__contact")
        walker.look("caught", again=False)
    with at_kiosk(chromium, house, "kiosk-a", "stick-copied-original") as walker:
        house.hardware.plug("kiosk-a", house.stick(name))
        walker.sees(".failure__contact")
        walker.look("blocked-too", again=False)
    assert len(house.recorded("hub", house.resident_id(name), "copy_found")) == 1
    if name == "Lotte":
        with at_desk(chromium, house, "hub", "marc", "stick-copied-desk") as walker:
            _reads_and_settles(walker, name)


def _reads_and_settles(walker: Walker, name: str) -> None:
    walker.look("queue")
    walker.go(walker.page.locator("tr", has_text=name).locator("a").first)
    main = walker.page.locator("main")
    for kiosk in ("Kiosk A", "Kiosk B"):
        expect(main.locator("dd", has_text=kiosk)).to_have_text(re.compile(rf"{kiosk} · .*{CLOCK}"))
    walker.look("incident")
    walker.page.fill("[name=words]", "Met de bewoner gesproken; kopie gevonden in cel.")
    walker.go("form[action$='/settle'] button")
    walker.sees(".quote")
    walker.look("settled")


def test_without_the_hub_an_officer_blocks_a_stick_and_the_home_kiosk_lets_its_own_in(
    house: House, chromium: Browser
) -> None:
    own, lost = "Lukas", "Stefan"  # of wing A and B
    with (
        at_kiosk(chromium, house, "kiosk-a", "alone") as home,
        at_kiosk(chromium, house, "kiosk-b", "officer-here") as there,
    ):
        sign_in_with_stick(home, house, own, "kiosk-a")  # so this kiosk knows them
        _leave(home, house, own, "kiosk-a")
        with house.without(house.hub_name):
            home.sees(".strip[role=status]")
            _plug(home, house, own, "kiosk-a")
            home.look("pin")
            home.type_pin(house.pin(own))
            home.sees(".failure__contact")
            home.look("too-early", again=False)
            _close(home, house, "kiosk-a")
            _officer_blocks(there, house, lost)
            wait_until(lambda: _gets_in(home, house, own), 40, what="the home kiosk acting alone")
            home.sees(".strip")
            home.look("menu-alone")
            _leave(home, house, own, "kiosk-a")
        home.forgive()
        there.forgive()
        wait_until(lambda: house.recorded("hub", house.resident_id(lost), "badge_blocked"), 30)
        house.hardware.plug("kiosk-b", house.stick(lost))
        there.sees(".failure__contact")


def _gets_in(walker: Walker, house: House, name: str) -> bool:
    _plug(walker, house, name, "kiosk-a")
    walker.type_pin(house.pin(name))
    walker.sees(".tiles, .failure__contact")
    if walker.page.locator(".tiles").count():
        return True
    _close(walker, house, "kiosk-a")
    return False


def _officer_blocks(walker: Walker, house: House, name: str) -> None:
    walker.go("button[name=language][value=nl]")
    house.hardware.touch("kiosk-b", str(house.officers["nadia"]["badge_uid"]))
    expect(walker.sees("h1")).not_to_have_text("")
    walker.page.get_by_text(re.compile("blokkeren")).first.wait_for()
    walker.look("which")
    house.hardware.plug("kiosk-b", house.stick(name))
    walker.sees("form[action='/officer/block']")
    walker.look("this-one")
    walker.go("form[action='/officer/block'] button")
    walker.sees("form[action='/stop'] .button--primary")
    walker.look("blocked-here")
    house.hardware.lift("kiosk-b")
    house.hardware.pull("kiosk-b")
    walker.go("form[action='/stop'] .button--primary")
    walker.sees(".languages")
    house.hardware.plug("kiosk-b", house.stick(name))
    walker.sees(".failure__contact")
    walker.look("does-not-open", again=False)
    _close(walker, house, "kiosk-b")


def test_whom_a_home_kiosk_may_let_in_alone_is_let_in_nowhere_else(house: House, chromium: Browser) -> None:
    name = "يوسف"
    with at_kiosk(chromium, house, "kiosk-a", "home-away-home") as walker:
        sign_in_with_stick(walker, house, name, "kiosk-a")
        _leave(walker, house, name, "kiosk-a")
    with (
        house.without(process_name("kiosk-a", "passage-kiosk")),
        at_kiosk(chromium, house, "kiosk-b", "home-away") as walker,
    ):
        wait_until(lambda: _is_sent_home(walker, house, name), 40, what="the refusal")
        walker.look("use-your-own", again=False)


def _is_sent_home(walker: Walker, house: House, name: str) -> bool:
    _plug(walker, house, name, "kiosk-b")
    walker.type_pin(house.pin(name))
    walker.sees(".tiles, .failure__contact")
    if walker.page.locator(".failure__contact").count():
        return True
    _leave(walker, house, name, "kiosk-b")
    return False
