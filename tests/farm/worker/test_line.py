"""The line's note: whole or not there, this run's or nobody's, of a known age or of none."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from farm.worker.line import NOTE_S, SLOT_BYTES, LineJournal, LineNote

RUN = "run-1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker.line"


def noted(path: Path, *lines: int) -> LineJournal:
    journal = LineJournal(path)
    for number, line in enumerate(lines):
        journal.note(RUN, line, 100.0 + number, 1000.0 + number)
    return journal


def read(path: Path, run: str = RUN, now_s: float = 110.0, wall_s: float = 1010.0) -> LineNote | None:
    return LineJournal(path).read(run, now_s, wall_s)


def test_the_newest_note_is_read_with_its_age(path: Path) -> None:
    noted(path, 5, 9, 12)
    assert read(path) == LineNote(12, 8.0)


def test_there_is_no_note_of_another_run_or_without_a_file(path: Path) -> None:
    assert read(path) is None
    noted(path, 5)
    assert read(path, "run-2") is None


def test_a_note_torn_at_any_byte_leaves_the_one_before(path: Path) -> None:
    noted(path, 5, 9)
    before = path.read_bytes()
    noted_again = LineJournal(path)
    assert noted_again.read(RUN, 110.0, 1010.0) == LineNote(9, 9.0)
    noted_again.note(RUN, 12, 105.0, 1005.0)
    after = path.read_bytes()
    changed = [at for at in range(len(after)) if at >= len(before) or before[at] != after[at]]
    assert max(changed) - min(changed) < SLOT_BYTES
    for cut in range(min(changed), max(changed) + 1):
        path.write_bytes(after[:cut] + before[cut:])
        assert read(path) in (LineNote(9, 9.0), LineNote(12, 5.0))
    path.write_bytes(after)
    assert read(path) == LineNote(12, 5.0)


def test_a_file_cut_short_or_spoiled_at_any_byte_never_says_a_line_that_was_not_noted(path: Path) -> None:
    noted(path, 5, 9)
    whole = path.read_bytes()
    for at in [*range(80), *range(SLOT_BYTES, len(whole))]:
        path.write_bytes(whole[:at])
        assert read(path) in (None, LineNote(5, 10.0), LineNote(9, 9.0))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert read(path) in (None, LineNote(5, 10.0), LineNote(9, 9.0))


@pytest.mark.parametrize(("now_s", "wall_s"), [(5.0, 1010.0), (110.0, 900.0)])
def test_a_clock_that_went_back_makes_the_age_unknown(path: Path, now_s: float, wall_s: float) -> None:
    noted(path, 5)
    note = read(path, now_s=now_s, wall_s=wall_s)
    assert note is not None
    assert (note.line, note.age_s) == (5, math.inf)


def test_a_note_beside_a_stand_that_the_card_did_not_take_has_no_age(path: Path) -> None:
    LineJournal(path).note(RUN, 306, 105.0, 1005.0, is_ageless=True)
    assert read(path) == LineNote(306, math.inf)


def test_what_is_forgotten_is_due_at_once(path: Path) -> None:
    journal = noted(path, 5)
    assert not journal.is_due(100.1)
    journal.forget()
    assert journal.is_due(100.1)


def test_it_is_written_once_a_second_and_never_grows(path: Path) -> None:
    journal = noted(path, *range(50))
    assert not journal.is_due(149.0 + NOTE_S / 2)
    assert journal.is_due(149.0 + NOTE_S)
    assert path.stat().st_size <= 2 * SLOT_BYTES


def test_what_is_forgotten_is_gone_and_may_be_noted_again(path: Path) -> None:
    journal = noted(path, 5)
    journal.forget()
    assert read(path) is None
    journal.note(RUN, 7, 104.0, 1004.0)
    assert read(path) == LineNote(7, 6.0)
