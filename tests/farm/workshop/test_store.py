"""Reels, parts and waste: what is taken down once stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.workshop.store import WORKSHOP, NewPart, ReelRefused, WorkshopStore
from provisioning.clock import FakeClock
from provisioning.store import open_store

NEW = NewPart(
    job_id="O-1-1",
    run_id="run-1",
    order_id="O-1",
    title="Step gauge",
    resident_id="resident-7",
    resident_label="Anna W2",
    expected_g=12.5,
    measured_g=12.4,
    verdict="green",
    note="",
    weighed_by="officer-1",
)


@pytest.fixture
def workshop(tmp_path: Path, clock: FakeClock) -> Iterator[WorkshopStore]:
    store = open_store(tmp_path / "farm.sqlite", [WORKSHOP])
    yield WorkshopStore(store, clock)
    store.close()


def test_a_printer_carries_one_reel_and_mounting_another_takes_it_off(workshop: WorkshopStore) -> None:
    white = workshop.add_reel("PLA", "white", 750.0, "officer-1")
    blue = workshop.add_reel("PLA", "blue", 750.0, "officer-1")
    workshop.mount(white.reel_id, "printer-1")
    workshop.mount(blue.reel_id, "printer-1")
    on = workshop.reel_on("printer-1")
    assert on is not None
    assert on.reel_id == blue.reel_id
    assert workshop.reel(white.reel_id).printer_id is None


def test_a_reel_gives_what_runs_use_and_never_less_than_nothing(workshop: WorkshopStore) -> None:
    reel = workshop.add_reel("PLA", "white", 100.0, "officer-1")
    workshop.use(reel.reel_id, 30.0)
    assert workshop.reel(reel.reel_id).grams_left == 70.0
    workshop.use(reel.reel_id, 300.0)
    assert workshop.reel(reel.reel_id).grams_left == 0.0


def test_a_reel_weighed_empty_is_used_up_and_comes_off_its_printer(workshop: WorkshopStore) -> None:
    reel = workshop.add_reel("PLA", "white", 100.0, "officer-1")
    workshop.mount(reel.reel_id, "printer-1")
    workshop.weigh_reel(reel.reel_id, 0.0)
    assert (workshop.reel(reel.reel_id).state, workshop.reel_on("printer-1")) == ("used_up", None)
    with pytest.raises(ReelRefused, match="reel_used_up"):
        workshop.mount(reel.reel_id, "printer-1")


def test_a_reel_heavier_than_when_it_was_new_is_refused(workshop: WorkshopStore) -> None:
    reel = workshop.add_reel("PLA", "white", 100.0, "officer-1")
    with pytest.raises(ReelRefused, match="reel_too_heavy"):
        workshop.weigh_reel(reel.reel_id, 100.1)


def test_a_code_that_stands_on_another_reel_is_refused(workshop: WorkshopStore) -> None:
    workshop.add_reel("PLA", "white", 100.0, "officer-1", "R-WHITE1")
    with pytest.raises(ReelRefused, match="reel_known"):
        workshop.add_reel("PLA", "blue", 100.0, "officer-1", "R-WHITE1")


def test_a_job_becomes_one_part_however_often_it_is_weighed(workshop: WorkshopStore) -> None:
    first = workshop.add_part(NEW)
    assert workshop.add_part(NEW) == first
    assert workshop.part(f" {first.part_id.lower()} ") == first
    assert [part.part_id for part in workshop.parts_waiting()] == [first.part_id]


def test_a_part_is_handed_over_once(workshop: WorkshopStore) -> None:
    part = workshop.add_part(NEW)
    assert workshop.hand_over(part.part_id, "officer-1", "badge")
    assert not workshop.hand_over(part.part_id, "officer-2", "typed")
    gone = workshop.parts_gone()
    assert [(part.handed_over_by, part.handed_over_how) for part in gone] == [("officer-1", "badge")]
    assert workshop.parts_waiting() == []


def test_the_remains_of_a_run_are_weighed_once(workshop: WorkshopStore) -> None:
    assert workshop.add_waste("run-1", "printer-1", 4.2, "cable pulled", "officer-1")
    assert not workshop.add_waste("run-1", "printer-1", 9.0, "again", "officer-1")
    assert workshop.waste_g() == 4.2
