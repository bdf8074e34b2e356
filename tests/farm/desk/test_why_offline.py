"""What an officer reads of a printer that cannot print, and of a cell that was switched off for its sake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.desk.test_floor import CONTACTS, Floor
from tests.support import wait_until


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("offline", "halted: Thermal Runaway", "has stopped itself (Thermal Runaway)"),
        ("offline", "printer_silent", "Switch it off and on again."),
        ("offline", "journal_failed", "Nothing can be written on this machine."),
        ("offline", "port_missing", "No power or no cable."),
        ("quarantined", "The firmware lacks EMERGENCY_PARSER.", "The firmware lacks EMERGENCY_PARSER."),
    ],
)
def test_a_printer_that_cannot_print_says_why_on_the_page(
    floor: Floor, state: str, reason: str, said: str
) -> None:
    worker = floor.worker()
    worker.say(t="printer", state=state, reason=reason)
    wait_until(lambda: floor.desk.live.printer("printer-1").state == state)
    page = floor.farm.browser().get("/").text
    assert said in page
    assert "Emergency stop" in page  # it may be hot all the same


def test_a_cell_switched_off_for_a_hot_printer_names_it(floor: Floor) -> None:
    assert floor.cell.line is not None
    floor.cell.line.say(
        t="state", cell="cell-1", live=False, relay=False, tripped_by="printer:printer-1", contacts=CONTACTS,
        workers={}, since_utc="2026-11-22T08:00:00.000Z",
    )  # fmt: skip
    wait_until(lambda: floor.desk.live.cell("cell-1"))
    assert "printer-1, which may be hot and no longer answers" in floor.farm.browser().get("/").text
