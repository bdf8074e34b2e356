"""Lines sent ahead: how many, what is done when one is refused, and what a lost or a doubled ok costs."""

from __future__ import annotations

import msgspec
import pytest

from farm.link import Link
from farm.link.events import Event, Found, Held, InDoubt, PrinterReset, Ready, Resent, SourceDone
from farm.link.inquiry import ASK_FIRST_S
from farm.link.tracks import Commands, Track
from farm.link.window import DOUBT_LINES, MEND_LINES, TRIALS, WIDEN_LINES, Window
from farm.profiles import Profile, find_profile
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue
from farm.sim.faults import DROPPED, PlannedWire

PROFILE = find_profile("marlin-2.1-generic-220")
MOVES = tuple(f"G1 X{n % 200} Y{n % 7} F3000" for n in range(1, 201))
QUICK = tuple(f"G1 X{n / 100:.3f} Y0.000 F6000" for n in range(1, 201))  # what takes time is the wire
BAUD, USB_S = 115_200, 0.001
Talk = Dialogue[Link, VirtualMarlin]


def wide(lines: int = 3, **changes: object) -> Profile:
    link = msgspec.structs.replace(PROFILE.link, window_lines=lines, queue_lines=lines + 1, **changes)
    return msgspec.structs.replace(PROFILE, link=link)


def printing(profile: Profile, board: VirtualMarlin, moves: tuple[str, ...] = MOVES) -> Talk:
    """A print under way."""
    talk = Dialogue(Link(profile), board, baud=BAUD, usb_s=USB_S)
    talk.open()
    assert talk.run(lambda: talk.has(Ready), 60)
    talk.link.stream(Commands(1, moves), 1)
    assert talk.run(lambda: board.machine.motion_lines >= 10, 60)
    return talk


def finish(talk: Talk) -> float:
    """Print to the end; seconds from here."""
    begun_s = talk.now
    assert talk.run(lambda: talk.has(SourceDone), 600)
    assert talk.printer.machine.motion_lines == len(MOVES)
    return talk.now - begun_s


def told(talk: Talk, kind: type[Event]) -> list[Event]:
    return [event for event in talk.events if isinstance(event, kind)]


def test_lines_sent_ahead_fill_the_wire_and_never_the_ring() -> None:
    alone, ahead = (printing(wide(lines), VirtualMarlin(), QUICK) for lines in (1, 3))
    single_s, several_s = finish(alone), finish(ahead)
    assert several_s < 0.6 * single_s
    assert alone.printer.overruns == ahead.printer.overruns == 0
    assert ahead.link.resent_lines == 0


def test_a_ring_that_is_smaller_than_believed_is_noticed_and_survived() -> None:
    board = VirtualMarlin(rx_bytes=64, queue_lines=2)
    talk = printing(wide(16, rx_bytes=1024), board)
    finish(talk)
    assert board.overruns > 0
    assert talk.link.window_lines < 16


def test_a_firmware_that_says_how_many_places_it_has_gets_no_more_lines_than_that() -> None:
    talk = printing(wide(8, rx_bytes=1024), VirtualMarlin(queue_lines=4, advanced_ok=True))
    assert talk.link.window_lines == 3  # and one is left for a stop
    assert printing(wide(8, rx_bytes=1024), VirtualMarlin(queue_lines=4)).link.window_lines == 8


def test_an_emergency_parser_needs_no_free_place() -> None:
    profile = msgspec.structs.replace(PROFILE, link=msgspec.structs.replace(PROFILE.link, window_lines=4))
    assert printing(profile, VirtualMarlin(emergency_parser=True)).link.window_lines == 4
    assert printing(profile, VirtualMarlin()).link.window_lines == 3


@pytest.mark.parametrize("lines", [1, 3, 16])
def test_a_burst_of_resends_is_answered_once(lines: int) -> None:
    board = VirtualMarlin(rx_bytes=1024, queue_lines=lines + 1)
    talk = printing(wide(lines, rx_bytes=1024), board)
    talk.there = PlannedWire({5: 1 << 3})
    finish(talk)
    assert len(told(talk, Resent)) == 1
    assert talk.link.resent_lines <= lines


def test_a_numbered_ok_heals_one_that_was_lost() -> None:
    talk = printing(wide(), VirtualMarlin(advanced_ok=True))
    asked = talk.link.questions.asked
    talk.printer.mischief.lost_oks = 2
    finish(talk)
    assert talk.link.stalls == 0
    assert talk.link.questions.asked == asked + 1  # was it all taken?


@pytest.mark.parametrize("lost", [1, 3, 5])
def test_lost_oks_cost_a_moment_and_nothing_else(lost: int) -> None:
    clean_s = finish(printing(wide(), VirtualMarlin()))
    talk = printing(wide(), VirtualMarlin())
    talk.printer.mischief.lost_oks = lost
    assert finish(talk) - clean_s < (1 + lost // 3) * (PROFILE.link.silence_s + ASK_FIRST_S)


def test_reports_that_come_unasked_do_not_hide_that_nothing_moves() -> None:
    talk = printing(wide(report_s=1), VirtualMarlin())
    talk.printer.mischief.lost_oks = 3
    stalls = talk.link.stalls
    finish(talk)
    assert talk.link.stalls == stalls + 1


def test_doubled_oks_never_count_for_a_line_that_was_not_sent() -> None:
    talk = printing(wide(), VirtualMarlin())
    talk.printer.mischief.doubled_oks = 20
    talk.run(lambda: talk.link.acked_line is None or talk.link.acked_line >= (talk.link.next_line or 0), 30)
    assert not talk.has(InDoubt)
    finish(talk)


def test_a_board_that_never_stops_talking_is_spoken_to_all_the_same() -> None:
    talk = Dialogue(Link(PROFILE), VirtualMarlin(no_timeouts=True))
    talk.open()
    assert talk.run(lambda: talk.has(Ready), 60)


# --- the window by itself ---------------------------------------------------------------------------------------------


def test_a_window_opens_again_line_by_line() -> None:
    window = Window(3, 128)
    window.narrow()
    assert window.limit == 1
    widths = []
    for _ in range(4):
        window.note_taken(WIDEN_LINES)
        widths.append(window.limit)
    assert widths == [2, 3, 3, 3]


def test_a_width_at_which_it_goes_wrong_again_and_again_is_given_up() -> None:
    window = Window(3, 128)
    for _ in range(TRIALS):
        window.narrow()
        window.note_taken(WIDEN_LINES)
        window.note_taken(WIDEN_LINES)
    assert window.limit == 2
    window.note_taken(DOUBT_LINES)
    assert window.limit == 2


def test_a_width_that_was_given_up_is_tried_again_after_a_long_peace() -> None:
    window = Window(3, 128)
    for _ in range(TRIALS):
        window.narrow()
        window.note_taken(WIDEN_LINES)
        window.note_taken(WIDEN_LINES)
    for _ in range(MEND_LINES - 100):
        window.note_taken(1)
    assert window.limit == 2
    for _ in range(100 + WIDEN_LINES):
        window.note_taken(1)
    assert window.limit == 3


@pytest.mark.parametrize("deaf", ["stopped", "halted", "gone"])
def test_an_interruption_revives_nobody(deaf: str) -> None:
    talk = printing(wide(), VirtualMarlin())
    if deaf == "stopped":
        talk.link.stop(talk.now)
        talk.link.data_to_send(talk.now)
    else:
        talk.link.receive_data(
            b"Error:Printer halted. kill() called!\n" if deaf == "halted" else b"", talk.now
        )
    deadline = talk.link.deadline
    talk.link.interrupt()
    assert talk.link.data_to_send(talk.now) == b""
    assert talk.link.deadline == deadline


def test_trouble_far_apart_is_the_wires_and_not_the_widths() -> None:
    window = Window(3, 128)
    for _ in range(3 * TRIALS):
        window.narrow()
        window.note_taken(WIDEN_LINES)
        window.note_taken(DOUBT_LINES)
    assert window.limit == 3
    assert window.is_whole


def test_one_line_may_always_go_however_long_it_is() -> None:
    track = Track(Commands(1, ("M117 " + "x" * 60, "G28")), 1)
    window = Window(4, 33)
    first = bytes(track.take(window))
    assert len(first) > window.bytes
    assert track.take(window) == b""
    assert track.acknowledge(None) == 1
    assert bytes(track.take(window)).startswith(b"N2 G28")


# --- after a host's death ---------------------------------------------------------------------------------------------


def adopt(talk: Talk, at_least: int) -> Talk:
    """Another host takes over the board that ``talk`` was printing on."""
    heir = Dialogue(Link(PROFILE), talk.printer)
    heir.now = talk.now
    heir.link.adopt(Commands(1, MOVES), at_least, heir.now)
    return heir


def test_a_print_is_taken_over_at_the_very_line() -> None:
    talk = printing(wide(), VirtualMarlin())
    heir = adopt(talk, 5)
    assert heir.run(lambda: heir.has(Ready), 60)
    (found,) = (event for event in heir.events if isinstance(event, Found))
    assert found.last is not None
    heir.link.stream(Commands(1, MOVES), found.last + 1)
    assert heir.run(lambda: heir.has(SourceDone), 600)
    assert heir.printer.machine.motion_lines == len(MOVES)


def test_a_board_that_has_begun_anew_is_not_taken_over() -> None:
    talk = printing(wide(), VirtualMarlin())
    talk.printer.reset(talk.now)
    heir = adopt(talk, 5)
    assert heir.run(lambda: heir.has(PrinterReset), 60)
    assert not heir.has(Found)


def test_a_board_behind_what_it_acknowledged_is_in_doubt() -> None:
    heir = adopt(printing(wide(), VirtualMarlin()), 150)
    assert heir.run(lambda: heir.has(InDoubt), 60)
    assert not heir.has(Found)


def test_a_board_that_obeyed_the_hosts_own_commands_is_found_there() -> None:
    talk = printing(wide(), VirtualMarlin())
    talk.link.hold()
    assert talk.run(lambda: talk.has(Held), 60)
    assert talk.run(lambda: talk.printer.last_number > len(MOVES), 60)
    heir = adopt(talk, 5)
    assert heir.run(lambda: heir.has(Found), 60)
    assert told(heir, Found) == [Found(None)]


def test_a_lost_byte_in_the_takeover_is_asked_about_again() -> None:
    heir = adopt(printing(wide(), VirtualMarlin()), 5)
    heir.there, heir.back = PlannedWire({3: DROPPED}), PlannedWire({10: 1})
    assert heir.run(lambda: heir.has(Found), 60)
