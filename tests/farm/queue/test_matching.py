"""Which printer may take which job, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.queue.matching import JobFacts, PrinterFacts, ReelFacts, explain, grams_needed, obstacle, pairs

REEL = ReelFacts("R-1", "R-1", "PLA", "white", 500.0)
PRINTER = PrinterFacts("printer-1", "One", "generic-220", "idle", True, True, False, REEL)
JOB = JobFacts("J1", "generic-220", "PLA", "white", 20.0)


def test_a_printer_that_fits_in_everything_takes_the_job() -> None:
    assert obstacle(JOB, PRINTER) is None
    assert explain(JOB, [PRINTER]) == []


@pytest.mark.parametrize(
    ("printer", "code"),
    [
        (replace(PRINTER, kind="delta"), "other_kind"),
        (replace(PRINTER, reel=None), "no_reel"),
        (replace(PRINTER, reel=replace(REEL, material="PETG")), "other_material"),
        (replace(PRINTER, reel=replace(REEL, colour="blue")), "other_colour"),
        (replace(PRINTER, reel=replace(REEL, grams_left=22.9)), "reel_too_short"),
        (replace(PRINTER, leased=True), "printer_busy"),
        (replace(PRINTER, bed_clear=False), "bed_not_clear"),
        (replace(PRINTER, cell_live=False), "cell_off"),
        (replace(PRINTER, state="offline"), "printer_offline"),
        (replace(PRINTER, state="quarantined"), "printer_quarantined"),
    ],
)
def test_what_does_not_fit_is_named(printer: PrinterFacts, code: str) -> None:
    found = explain(JOB, [printer])
    assert [reason.code for reason in found] == [code]


def test_a_reel_must_hold_the_print_and_what_a_reel_may_lose() -> None:
    assert grams_needed(20.0) == 23.0
    assert grams_needed(1000.0) == 1020.0


def test_a_reel_that_is_nearly_empty_is_used_up_first() -> None:
    short = replace(PRINTER, printer_id="printer-2", reel=replace(REEL, reel_id="R-2", grams_left=30.0))
    assert pairs([JOB], [PRINTER, short])[0][1].printer_id == "printer-2"


PRINTERS = st.lists(
    st.builds(
        PrinterFacts,
        printer_id=st.uuids().map(str),
        name=st.just("P"),
        kind=st.sampled_from(["a", "b"]),
        state=st.sampled_from(["idle", "busy", "offline"]),
        cell_live=st.booleans(),
        bed_clear=st.booleans(),
        leased=st.booleans(),
        reel=st.none()
        | st.builds(
            ReelFacts,
            st.uuids().map(str),
            st.just("R"),
            st.sampled_from(["PLA", "PETG"]),
            st.sampled_from(["white", "blue"]),
            st.floats(0, 100),
        ),
    ),
    max_size=5,
    unique_by=lambda printer: printer.printer_id,
)
JOBS = st.lists(
    st.builds(
        JobFacts,
        st.uuids().map(str),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["PLA", "PETG"]),
        st.sampled_from(["white", "blue"]),
        st.floats(1, 80),
    ),
    max_size=6,
    unique_by=lambda job: job.job_id,
)


@given(JOBS, PRINTERS)
def test_every_pair_fits_and_nothing_is_paired_twice(
    jobs: list[JobFacts], printers: list[PrinterFacts]
) -> None:
    made = pairs(jobs, printers)
    assert all(obstacle(job, printer) is None for job, printer in made)
    assert len({job.job_id for job, _ in made}) == len(made)
    assert len({printer.printer_id for _, printer in made}) == len(made)


@given(JOBS, PRINTERS)
def test_a_job_that_is_left_over_is_explained_by_every_printer_or_they_are_taken(
    jobs: list[JobFacts], printers: list[PrinterFacts]
) -> None:
    made = pairs(jobs, printers)
    taken = {printer.printer_id for _, printer in made}
    for job in jobs:
        if job not in [paired for paired, _ in made]:
            free = [printer for printer in printers if printer.printer_id not in taken]
            assert len(explain(job, free)) == len(free)
