"""The cell's journal: on disk before it is told, kept until acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.interlock import journal as journal_module
from farm.interlock.journal import EventJournal

AT = "2026-11-22T08:00:00.000Z"


def test_events_wait_over_a_restart_until_they_are_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    first = EventJournal(path)
    first.add(AT, "started", "start")
    first.add(AT, "tripped", "door")
    first.ack(1)
    first.close()
    second = EventJournal(path)
    assert [(event.seq, event.by) for event in second.waiting] == [(2, "door")]
    second.ack(2)
    second.close()
    third = EventJournal(path)
    assert third.waiting == []
    assert third.add(AT, "started", "start").seq == 3
    third.close()


@pytest.mark.parametrize("cut", range(1, 70, 7))
def test_a_last_line_cut_by_a_power_loss_is_dropped_and_its_number_used_again(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "cell.journal"
    first = EventJournal(path)
    first.add(AT, "started", "start")
    whole = path.stat().st_size
    first.add(AT, "tripped", "door")
    first.close()
    data = path.read_bytes()
    path.write_bytes(data[: whole + min(cut, len(data) - whole - 1)])
    second = EventJournal(path)
    assert [event.seq for event in second.waiting] == [1]
    assert second.add(AT, "tripped", "smoke").seq == 2
    second.close()
    third = EventJournal(path)
    assert [event.by for event in third.waiting] == ["start", "smoke"]
    third.close()


def test_a_bad_line_in_the_middle_stays_as_evidence_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    first = EventJournal(path)
    first.add(AT, "started", "start")
    first.close()
    with path.open("ab") as file:
        file.write(b"\xff\x00 not ours\n")
    second = EventJournal(path)
    assert second.add(AT, "tripped", "door").seq == 2
    second.close()
    assert b"not ours" in path.read_bytes()


def test_a_long_past_is_dropped_at_start_but_what_waits_and_the_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    first = EventJournal(path)
    first.close()
    lines = b"".join(
        b'{"t":"event","seq":%d,"at_utc":"%s","what":"tripped","by":"door"}\n' % (seq, AT.encode())
        for seq in range(1, 5001)
    )
    path.write_bytes(lines + b'{"t":"acked","seq":4999}\n')
    assert path.stat().st_size > journal_module.KEEP_BYTES
    second = EventJournal(path)
    assert [event.seq for event in second.waiting] == [5000]
    assert second.add(AT, "tripped", "smoke").seq == 5001
    second.close()
    assert path.stat().st_size < 1000
    third = EventJournal(path)
    assert [event.seq for event in third.waiting] == [5000, 5001]
    third.close()
