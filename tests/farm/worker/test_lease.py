"""A lease is for the very bytes that were compiled: what is checked is what is printed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from farm.gcode.compile import compile_spool
from farm.gcode.limits import PrinterLimits
from farm.words import Lease
from farm.worker.job import LeasedJob, LeaseRefused
from tests.farm.worker.floor_kit import SHORT


@pytest.fixture
def lease(tmp_path: Path) -> Lease:
    source, target = tmp_path / "job.gcode", tmp_path / "job.spool"
    source.write_text("\n".join(SHORT) + "\n")
    compile_spool(source, target, PrinterLimits())
    return Lease(run="r", job="j", spool=str(target), sha256=hashlib.sha256(target.read_bytes()).hexdigest())


def test_a_file_put_in_the_place_of_a_leased_one_changes_nothing_that_is_printed(lease: Lease) -> None:
    job = LeasedJob(lease)
    before = [job.line(n) for n in range(1, job.last + 1)]
    other = Path(lease.spool).with_suffix(".other")
    other.write_bytes(b"M104 S300\n" * 5000)
    other.replace(lease.spool)
    assert [job.line(n) for n in range(1, job.last + 1)] == before
    job.close()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9), "spool_differs"),
        (lambda path: path.write_bytes(b""), "spool_corrupt"),
        (lambda path: path.unlink(), "spool_missing"),
    ],
)
def test_a_spoiled_spool_file_is_turned_down_with_its_reason(lease: Lease, spoil, reason) -> None:
    spoil(Path(lease.spool))
    with pytest.raises(LeaseRefused, match=reason):
        LeasedJob(lease)
