"""A firmware that no profile describes: an officer's word lets in this name and no other, with every caution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.profiles import find_profile
from farm.worker.stranger import may_accept, under_caution, why_not
from tests.farm.worker.floor_kit import Floor

OWN = find_profile("marlin-2.1-generic-220")
CAUTIOUS = find_profile("generic-cautious")


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir, "generic-cautious")
    yield made
    made.close()


def test_under_caution_the_printer_keeps_its_own_limits_and_the_speed_of_its_line() -> None:
    profile = under_caution(OWN, CAUTIOUS, "Strange 1.0")
    assert (profile.limits, profile.park, profile.cooling, profile.link.baud) == (
        OWN.limits,
        OWN.park,
        OWN.cooling,
        OWN.link.baud,
    )
    assert (profile.link.window_lines, profile.dialect, profile.crash) == (
        1,
        CAUTIOUS.dialect,
        CAUTIOUS.crash,
    )


@pytest.mark.parametrize("name", ["Strange 1.0 (v.2)", "a+b", "Marlin|.*"])
def test_the_name_that_was_accepted_is_meant_to_the_letter(name: str) -> None:
    pattern = under_caution(OWN, CAUTIOUS, name).identify.firmware_name
    assert re.search(pattern, name)
    assert not re.search(pattern, name + "x")
    assert not re.search(pattern, "x" + name)


def test_a_firmware_of_the_right_name_that_was_turned_away_cannot_be_accepted() -> None:
    assert may_accept(OWN, "Strange 1.0")
    assert not may_accept(OWN, "Marlin 2.1.2")
    assert not may_accept(OWN, "")
    assert may_accept(CAUTIOUS, "Marlin 2.1.2")


def test_a_profile_that_wants_an_officers_word_says_so_in_a_sentence() -> None:
    assert why_not(OWN, "Strange 1.0", "") is None
    assert why_not(CAUTIOUS, "Strange 1.0", "Strange 1.0") is None
    assert "Strange 1.0" in str(why_not(CAUTIOUS, "Strange 1.0", "Other"))
    assert why_not(CAUTIOUS, "", "") is not None


def test_an_officers_word_lets_a_stranger_print_and_takes_that_back(floor: Floor) -> None:
    floor.go_live()
    report = floor.desk.until(t="printer", state="quarantined")
    assert report["firmware"] in report["reason"]
    floor.lease("run-0")
    assert floor.desk.until(t="run", state="failed")["reason"] == "printer_not_ready"
    floor.desk.say(t="known", run="run-0", state="failed")
    floor.desk.say(t="accept", firmware="Another 1.0")
    floor.desk.say(t="accept", firmware=report["firmware"])
    assert floor.desk.until(t="printer", state="idle")["window"] == 1
    floor.lease()
    floor.desk.until(t="run", run="run-1", state="done")
    floor.desk.say(t="accept", firmware="")
    floor.desk.until(t="printer", state="quarantined")
