"""Tracks, lanes and the window by themselves: where each number lies, to the line and the byte."""

from __future__ import annotations

import pytest

from farm.link import frame
from farm.link.tracks import (
    BACK_MAX_LINES,
    CONTROL_FIRST,
    CONTROL_GAP,
    CONTROL_LAST,
    SURE_LINES,
    Commands,
    Lanes,
    Track,
    check_command,
)
from farm.link.window import DOUBT_LINES, MEND_LINES, TRIALS, WIDEN_LINES, Window

MOVES = tuple(f"G1 X{n}" for n in range(1, 201))
WIDE = Window(64, 65536)


def track_of(first: int = 1, moves: tuple[str, ...] = MOVES, at: int | None = None) -> Track:
    return Track(Commands(first, moves), first if at is None else at)


def sent(track: Track, lines: int) -> Track:
    """The same with so many lines more on their way."""
    track.take(Window(track.next - 1 - track.acked + lines, 65536))
    return track


# --- the host's own commands ------------------------------------------------------------------------------------------


def test_commands_are_kept_by_number_with_their_bytes() -> None:
    commands = Commands(7, ("G28", "M105"))
    assert (commands.first, commands.last) == (7, 8)
    assert commands.lines(7, 8) == frame(7, "G28") + frame(8, "M105")
    assert commands.lines(8, 8) == frame(8, "M105")
    assert [commands.offset(n) for n in (7, 8, 9)] == [0, len(frame(7, "G28")), len(commands.lines(7, 8))]


@pytest.mark.parametrize(
    ("since", "kept"), [(0, ("A", "B", "C")), (7, ("A", "B", "C")), (8, ("B", "C")), (10, ())]
)
def test_commands_that_wait_get_numbers_never_used_before(since: int, kept: tuple[str, ...]) -> None:
    begin = 9 + CONTROL_GAP
    renewed = Commands(7, ("A", "B", "C")).renewed(since)
    assert (renewed.first, renewed.last) == (begin, begin + len(kept) - 1)
    assert renewed.lines(begin, renewed.last) == Commands(begin, kept).lines(begin, renewed.last)


@pytest.mark.parametrize(
    ("last", "first"),
    [(CONTROL_LAST - CONTROL_GAP - 1, CONTROL_LAST - 1), (CONTROL_LAST - CONTROL_GAP, CONTROL_FIRST)],
)
def test_numbers_begin_again_before_they_grow_too_long(last: int, first: int) -> None:
    assert Commands(last, ("M105",)).renewed(0).first == first


def test_a_command_may_be_as_long_as_leaves_room_for_number_and_checksum() -> None:
    check_command("G" * 76, 96)
    with pytest.raises(ValueError, match="over 96 bytes: 'GGG"):
        check_command("G" * 77, 96)
    with pytest.raises(ValueError, match=r"not one plain command: 'G1;'"):
        check_command("G1;", 96)


# --- one track --------------------------------------------------------------------------------------------------------


def test_an_ok_counts_for_one_line_and_only_while_one_is_in_flight() -> None:
    track = sent(track_of(10), 2)
    assert [track.acknowledge(None) for _ in range(3)] == [1, 1, 0]
    assert track.acked == 11


def test_a_numbered_ok_counts_for_all_up_to_it_and_only_within_what_is_in_flight() -> None:
    track = sent(track_of(10), 5)
    assert track.acknowledge(9) == 0
    assert track.acknowledge(15) == 0
    assert track.acknowledge(12) == 3
    assert track.acknowledge(12) == 0
    assert track.acknowledge(14) == 2
    assert track.acked == 14


def test_a_window_in_bytes_is_filled_to_the_last_one_and_not_beyond() -> None:
    line = len(frame(10, "G1 X10"))
    exact = Window(64, 3 * line + 1)  # one byte of a ring stays empty
    moves = ("G1 X10",) * 20
    assert track_of(10, moves).take(exact) == Commands(10, moves).lines(10, 12)
    assert track_of(10, moves).take(Window(64, 3 * line)) == Commands(10, moves).lines(10, 11)
    track = sent(track_of(10, moves), 2)
    assert track.take(exact) == Commands(10, moves).lines(12, 12)
    assert track.take(exact) == b""
    assert (track.next, track.high) == (13, 12)


def test_a_line_too_long_for_the_ring_goes_alone_and_only_alone() -> None:
    moves = ("G28", "M117 " + "x" * 50, "G28")
    track = track_of(1, moves)
    tight = Window(4, 40)
    assert track.take(tight) == frame(1, "G28")
    assert track.take(tight) == b""
    track.acknowledge(None)
    assert track.take(tight) == Commands(1, moves).lines(2, 2)
    assert track.take(tight) == b""


def test_a_source_ends_with_its_last_line() -> None:
    track = sent(track_of(1, ("A", "B")), 2)
    assert not track.has_more()
    assert track.take(WIDE) == b""
    assert sent(track_of(1, ("A", "B")), 1).has_more()


def test_after_a_refusal_the_lines_before_it_still_await_their_ok() -> None:
    track = sent(track_of(), 6)
    track.acknowledge(2)
    track.go_to(4, is_done=False)
    assert (track.acked, track.next, track.high) == (2, 5, 6)
    track.go_to(4, is_done=True)
    assert (track.acked, track.next, track.high) == (4, 5, 6)
    track.go_to(1, is_done=False)
    assert (track.acked, track.next, track.high) == (1, 2, 6)


def test_a_firmware_may_be_anywhere_between_the_start_of_the_range_and_the_highest_line_sent() -> None:
    track = sent(track_of(100), 20)
    assert [n for n in range(200) if track.is_plausible(n)] == list(range(99, 120))


def test_a_firmware_that_is_too_far_back_has_lost_its_memory() -> None:
    track = track_of()
    for _ in range(3):
        sent(track, 60)
        track.acknowledge(track.next - 1)
    assert track.is_plausible(180 - BACK_MAX_LINES)
    assert not track.is_plausible(180 - BACK_MAX_LINES - 1)
    assert not track.is_plausible(181)


def test_nought_is_believed_only_of_a_print_that_has_hardly_begun() -> None:
    track = sent(track_of(), 10)
    track.acknowledge(SURE_LINES)
    assert track.is_plausible(0)
    track.acknowledge(SURE_LINES + 1)
    assert not track.is_plausible(0)
    assert track.is_plausible(1)


# --- commands and a print ---------------------------------------------------------------------------------------------


def printing(at: int = 1) -> Lanes:
    """Lanes that have just gone over to a print."""
    lanes = Lanes()
    lanes.note_sync(is_taken=True)
    lanes.stream(Commands(1, MOVES), at)
    assert lanes.turn_to_print()
    return lanes


def test_a_conversation_begins_with_the_counter_to_be_moved() -> None:
    lanes = Lanes()
    assert (lanes.is_syncing, lanes.is_confirmed, lanes.is_printing) == (True, False, False)
    assert (lanes.next_line, lanes.acked_line) == (None, None)
    lanes.note_sync(is_taken=False)
    assert (lanes.is_syncing, lanes.is_confirmed) == (True, False)
    lanes.note_sync(is_taken=True)
    assert (lanes.is_syncing, lanes.is_confirmed) == (False, True)


def test_a_print_is_entered_once_and_moves_the_counter() -> None:
    lanes = printing(5)
    assert (lanes.is_syncing, lanes.is_confirmed, lanes.is_printing) == (True, False, True)
    assert (lanes.next_line, lanes.acked_line) == (5, 4)
    assert not lanes.turn_to_print()


@pytest.mark.parametrize("at", [0, 201])
def test_only_lines_that_there_are_can_be_streamed(at: int) -> None:
    with pytest.raises(ValueError, match=f"no line {at} between 1 and 200"):
        Lanes().stream(Commands(1, MOVES), at)
    Lanes().stream(Commands(1, MOVES), 200)


def test_no_print_reaches_into_the_numbers_of_commands() -> None:
    Lanes().stream(Commands(CONTROL_FIRST - 1, ("G28",)), CONTROL_FIRST - 1)
    with pytest.raises(ValueError, match="no line"):
        Lanes().stream(Commands(CONTROL_FIRST, ("G28",)), CONTROL_FIRST)


def test_a_print_that_waits_can_be_held_and_a_conversation_without_print_cannot() -> None:
    lanes = Lanes()
    lanes.note_sync(is_taken=True)
    lanes.hold()
    assert lanes.is_confirmed
    lanes.stream(Commands(1, MOVES), 1)
    lanes.hold()
    assert not lanes.is_confirmed
    assert not lanes.is_held
    lanes.turn_to_print()
    assert lanes.is_held
    lanes.note_sync(is_taken=True)
    assert not lanes.is_confirmed  # where it stands is still to be asked


def test_while_held_only_what_was_sent_before_goes_again() -> None:
    lanes = printing()
    lanes.note_sync(is_taken=True)
    lanes.take(Window(5, 4096))
    assert not lanes.is_confirmed
    lanes.hold()
    lanes.track.go_to(2, is_done=True)
    assert not lanes.is_held
    lanes.is_confirmed = True
    assert lanes.take(WIDE) == Commands(1, MOVES).lines(3, 5)
    assert not lanes.is_confirmed
    assert lanes.is_held
    lanes.is_confirmed = True
    assert lanes.take(WIDE) == b""
    assert lanes.is_confirmed


def test_a_window_means_the_same_while_held() -> None:
    lanes = printing()
    lanes.take(Window(20, 4096))
    lanes.hold()
    lanes.track.go_to(0, is_done=True)
    line = len(frame(1, "G1 X1"))
    assert lanes.take(Window(20, 3 * line)) == Commands(1, MOVES).lines(1, 2)
    lanes.track.go_to(0, is_done=True)
    assert lanes.take(Window(20, 3 * line + 1)) == Commands(1, MOVES).lines(1, 3)
    lanes.track.go_to(0, is_done=True)
    assert lanes.take(Window(3, 4096)) == Commands(1, MOVES).lines(1, 3)


def test_commands_that_waited_while_a_print_ran_are_all_sent_after_it() -> None:
    lanes = printing()
    for command in ("M104 S0", "M140 S0"):
        lanes.commands.add(command)
    lanes.turn_to_commands(17)
    first = lanes.commands.first
    assert not lanes.is_printing
    assert lanes.take(WIDE) == Commands(first, ("M104 S0", "M140 S0")).lines(first, first + 1)


def test_commands_that_are_done_are_not_sent_again() -> None:
    lanes = Lanes()
    for command in ("M104 S0", "M140 S0"):
        lanes.commands.add(command)
    lanes.turn_to_commands(CONTROL_FIRST)
    first = lanes.commands.first
    assert lanes.is_syncing
    assert lanes.take(WIDE) == frame(first, "M140 S0")


# --- the window -------------------------------------------------------------------------------------------------------


def trouble(window: Window, apart: int) -> None:
    """A line lost at the full width, after so many without trouble."""
    while apart:
        step = min(apart, 7)
        window.note_taken(step)
        apart -= step
    window.narrow()


def test_a_new_window_is_whole_and_leaves_one_byte_of_the_ring_empty() -> None:
    window = Window(4, 128)
    assert (window.limit, window.bytes, window.is_whole) == (4, 127, True)


def test_a_window_widens_by_one_after_every_so_many_lines_and_not_one_sooner() -> None:
    window = Window(3, 128)
    window.narrow()
    widths = []
    for _ in range(2 * WIDEN_LINES):
        window.note_taken(1)
        widths.append(window.limit)
    assert widths == [1] * (WIDEN_LINES - 1) + [2] * WIDEN_LINES + [3]
    window.narrow()
    window.note_taken(WIDEN_LINES - 1)
    assert window.limit == 1


def test_trouble_while_one_line_goes_at_a_time_is_not_the_widths_fault() -> None:
    window = Window(3, 128)
    for _ in range(3 * TRIALS):
        window.narrow()
    window.note_taken(DOUBT_LINES)
    window.note_taken(WIDEN_LINES)
    assert window.limit == 3


@pytest.mark.parametrize("width", [2, 3, 4])
@pytest.mark.parametrize(("apart", "is_given_up"), [(DOUBT_LINES - 1, True), (DOUBT_LINES, False)])
def test_a_width_is_given_up_after_trouble_close_together(width: int, apart: int, is_given_up: bool) -> None:
    window = Window(width, 128)
    for _ in range(TRIALS - 1):
        trouble(window, apart)
    assert widest(window) == width
    trouble(window, apart - 10 * WIDEN_LINES)
    assert widest(window) == width - is_given_up


def test_a_narrower_width_is_tried_as_often_as_the_one_before() -> None:
    window = Window(4, 128)
    for _ in range(TRIALS):
        trouble(window, 10 * WIDEN_LINES)
    for _ in range(TRIALS - 1):
        trouble(window, 10 * WIDEN_LINES)
    assert widest(window) == 3
    trouble(window, 0)
    assert widest(window) == 2


def test_a_width_that_was_given_up_is_tried_again_after_a_long_time_without_trouble() -> None:
    window = Window(3, 128)
    for _ in range(TRIALS):
        trouble(window, 10 * WIDEN_LINES)
    for _ in range(MEND_LINES - 1):
        window.note_taken(1)
    assert window.limit == 2
    window.note_taken(1)
    assert window.limit == 3
    assert window.is_whole


def test_no_time_without_trouble_makes_a_window_wider_than_it_was() -> None:
    window = Window(3, 128)
    for _ in range(10):
        window.note_taken(MEND_LINES)
    assert window.limit == 3
    assert window.is_whole


def widest(window: Window) -> int:
    """As wide as it opens again within ten times the lines for one step, which are far fewer than those of doubt."""
    window.note_taken(0)
    for _ in range(10):
        window.note_taken(WIDEN_LINES)
    return window.limit
