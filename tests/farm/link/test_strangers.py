"""Firmwares that are not what the profile says, whatever they speak, and names that noise has spoiled."""

from __future__ import annotations

import pytest

from farm.link import Link
from farm.link.events import PrinterSilent, Quarantined, Ready
from farm.link.meeting import AGAIN_S, STRANGE_S
from farm.profiles import Dialect, find_profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_of
from farm.sim.dialogue import Dialogue

MARLIN, CAUTIOUS = find_profile("marlin-2.1-generic-220"), find_profile("generic-cautious")
OTHERS: tuple[Dialect, ...] = ("repetier", "smoothieware", "reprapfirmware", "klipper")
SOON_S = STRANGE_S + 20.0


def meet(profile_id: str, dialect: Dialect) -> Dialogue[Link, VirtualBoard]:
    talk = Dialogue(Link(find_profile(profile_id)), board_of(dialect))
    talk.open()
    return talk


def told(talk: Dialogue[Link, VirtualBoard]) -> list[Quarantined]:
    return [event for event in talk.events if isinstance(event, Quarantined)]


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_firmware_of_another_kind_is_told_by_its_name(dialect: Dialect) -> None:
    talk = meet(MARLIN.id, dialect)
    assert talk.run(lambda: talk.has(Quarantined), SOON_S)
    (why,) = told(talk)
    assert "calls itself" in why.reason
    assert why.firmware.name in why.reason
    assert talk.printer.machine.motion_lines == 0


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_firmware_that_does_not_talk_as_its_profile_says_is_not_for_ever_about_to_be_known(
    dialect: Dialect,
) -> None:
    talk = meet(CAUTIOUS.id, dialect)
    assert talk.run(lambda: talk.has(Quarantined), SOON_S)
    assert "answers, but not as marlin firmwares do" in told(talk)[0].reason
    talk.run(lambda: False, 10 * AGAIN_S)
    assert len(told(talk)) == 1  # said once, though it is asked again and again
    assert not talk.has(Ready)


def test_a_name_that_noise_has_spoiled_is_asked_for_again() -> None:
    talk = meet(MARLIN.id, "marlin")
    talk.printer.machine.identity = talk.printer.machine.identity.replace("Marlin", "MArlin")
    assert talk.run(lambda: talk.has(Quarantined), SOON_S)
    talk.printer.machine.identity = talk.printer.machine.identity.replace("MArlin", "Marlin")
    assert talk.run(lambda: talk.has(Ready), AGAIN_S + 10)


def test_a_quarantined_printer_that_is_switched_off_is_silent_in_the_end() -> None:
    talk = meet(MARLIN.id, "repetier")
    assert talk.run(lambda: talk.has(Quarantined), SOON_S)
    talk.printer.cut_power(talk.now)
    assert talk.run(lambda: talk.has(PrinterSilent), 4 * AGAIN_S + 20)
