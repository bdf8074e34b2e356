"""What every dialect must do with the firmware it is for, whatever the window and the wire."""

from __future__ import annotations

import msgspec
import pytest

from farm.link import Link
from farm.link.events import (
    CommandRefused,
    Found,
    Held,
    InDoubt,
    Position,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Settled,
    SourceDone,
    Temperatures,
)
from farm.link.tracks import Commands
from farm.sim.boards import board_of
from farm.sim.dialogue import Dialogue
from farm.sim.faults import DROPPED, PlannedWire
from tests.farm.link.dialects.kit import FIRST, MOVES, Bench, Case, cases, finish, printing, ready

EVERY = pytest.mark.parametrize("case", cases(), ids=str)
EVERY_WIDE = pytest.mark.parametrize("case", cases(timed=False, widest=True), ids=str)
EVERY_WIDE_ON_A_WIRE = pytest.mark.parametrize("case", cases(timed=True, widest=True), ids=str)
GREETINGS = {
    "marlin": ["M113 S2", "M155 S2"],
    "prusa": ["M113 S2", "M155 S2"],
    "repetier": ["M155 S1"],
    "smoothieware": [],
    "reprapfirmware": [],
    "klipper": ["STATUS"],
}
LAST = FIRST + len(MOVES) - 1


# --- getting to know it -----------------------------------------------------------------------------------------------


@EVERY
def test_a_firmware_as_the_profile_says_is_ready_and_greeted_by_what_it_can(case: Case) -> None:
    bench = ready(case)
    assert not bench.talk.has(Quarantined)
    sent = [text for number, text in bench.executed if number is not None and "M110" not in text]
    assert sent[0] == "M115"
    is_asked = bench.profile.link.report == "poll"  # and nothing is known of what else it can
    assert sent[1:] == (
        [] if is_asked and case.profile_id == "generic-cautious" else GREETINGS[bench.profile.dialect]
    )


@EVERY_WIDE
def test_another_firmware_is_kept_in_quarantine_with_a_sentence(case: Case) -> None:
    identify = msgspec.structs.replace(case.profile.identify, firmware_name="^Somebody Else$")
    bench = Bench(case, msgspec.structs.replace(case.profile, identify=identify))
    assert bench.talk.run(lambda: bench.talk.has(Quarantined), 60)
    (told,) = (event for event in bench.talk.events if isinstance(event, Quarantined))
    assert told.reason.startswith("The firmware calls itself ")
    assert "Somebody Else" in told.reason
    bench.link.submit("G28")
    bench.talk.run(lambda: False, 60)
    assert bench.board.machine.motion_lines == 0


# --- a print ----------------------------------------------------------------------------------------------------------


@EVERY
def test_a_print_is_executed_once_and_in_order(case: Case) -> None:
    bench = printing(case)
    finish(bench)
    assert bench.link.resent_lines == 0
    assert bench.told(SourceDone) == [SourceDone(LAST)]


@EVERY
def test_a_held_print_stands_where_it_says_and_goes_on_from_there(case: Case) -> None:
    bench = printing(case, after=20)
    bench.link.hold()
    assert bench.talk.run(lambda: bench.talk.has(Held), 120)
    (held,) = (event for event in bench.talk.events if isinstance(event, Held))
    assert bench.numbers() == list(range(FIRST, held.next_line))
    bench.link.submit("M104 S150")
    bench.link.submit("M114")
    assert bench.talk.run(lambda: bench.talk.has(Settled), 120)
    assert bench.board.machine.nozzle.target_c == 150
    assert isinstance(bench.told(Position)[-1], Position)
    bench.link.stream(Commands(FIRST, MOVES), held.next_line)
    finish(bench)


@EVERY
def test_a_position_is_where_the_head_is(case: Case) -> None:
    bench = ready(case)
    for command in ("G28", "G1 X12.5 Y3 Z4.25 F3000", "G92 E7.5", "M114"):
        bench.link.submit(command)
    assert bench.talk.run(lambda: bench.talk.has(Settled), 120)
    assert Position(12.5, 3.0, 4.25, 7.5) in bench.talk.events


@EVERY
def test_temperatures_are_told_idle_and_in_mid_print(case: Case) -> None:
    bench = ready(case)
    for command in ("M140 S45", "M104 S60"):
        bench.link.submit(command)
    every_s = 2 * bench.profile.link.report_s + 1

    def is_told() -> bool:
        return any(
            isinstance(event, Temperatures)
            and (event.nozzle_target_c, event.bed_target_c) == (60.0, 45.0)
            and event.nozzle_c is not None
            and event.bed_c is not None
            for event in bench.talk.events
        )

    assert bench.talk.run(is_told, 5 + every_s)
    bench.link.stream(Commands(FIRST, MOVES), FIRST)
    bench.talk.run(lambda: len(bench.numbers()) >= 5, 120)
    bench.talk.events.clear()
    assert bench.talk.run(is_told, every_s)


@EVERY_WIDE
def test_a_lost_answer_about_temperatures_does_not_end_the_asking(case: Case) -> None:
    bench = ready(case)
    if bench.dialect.has_faithful_wire:
        return
    bench.talk.back = PlannedWire(dict.fromkeys(range(60), DROPPED))
    bench.talk.events.clear()
    bench.link.stream(Commands(FIRST, MOVES * 3), FIRST)
    assert bench.talk.run(lambda: bench.talk.has(InDoubt) or bench.talk.count(Temperatures) > 6, 300)


# --- waits ------------------------------------------------------------------------------------------------------------


@EVERY_WIDE
def test_a_wait_for_heat_is_ended_where_the_firmware_can(case: Case) -> None:
    bench = printing(case, ("G28", "M109 S210", *MOVES[1:]), after=2)
    bench.talk.run(lambda: bench.board.machine.is_heat_waiting, 60)
    bench.talk.run(lambda: False, 3)
    begun_s = bench.talk.now
    bench.link.hold()
    bench.link.interrupt()
    assert bench.talk.run(lambda: bench.talk.has(Held), 600)
    # where the running command has the only slot, the word is not read before it is done
    can_hear = bench.profile.link.queue_lines > 1 or "EMERGENCY_PARSER" in bench.link.firmware.capabilities
    assert (bench.talk.now - begun_s < 10) == (can_hear and bool(bench.dialect.interrupt_bytes))
    held = next(event for event in bench.talk.events if isinstance(event, Held))
    assert bench.numbers() == list(range(FIRST, held.next_line))


@EVERY_WIDE_ON_A_WIRE
def test_long_heating_and_long_homing_are_no_silence(case: Case) -> None:
    bench = ready(case)
    bench.board.machine.motion.slowness = 40.0  # a homing, or a bed's mesh, of six minutes
    commands = ("M190 S60", "M109 S220", *MOVES[:5])
    bench.link.stream(Commands(FIRST, commands), FIRST)
    finish(bench, commands)
    # a mute firmware may have been asked twice: what it answers late looks like a refusal, and is sorted out by number
    assert bench.link.resent_lines <= (0 if bench.profile.link.busy_s else case.window_lines)


# --- stops and endings ------------------------------------------------------------------------------------------------


@EVERY
def test_a_stop_goes_ahead_of_everything_and_is_told(case: Case) -> None:
    bench = printing(case, after=20)
    bench.board.machine.nozzle.set_target(200.0, bench.talk.now)
    bench.link.stop(bench.talk.now)
    assert bench.link.data_to_send(bench.talk.now).endswith(bench.dialect.stop_bytes)
    bench.link.stop(bench.talk.now)  # what was looked at was not sent
    assert bench.talk.run(lambda: bench.talk.has(PrinterHalted), 10)
    told = next(event for event in bench.talk.events if isinstance(event, PrinterHalted))
    assert told.is_confirmed
    assert bench.board.machine.nozzle.target_c == 0
    done = len(bench.numbers())
    bench.talk.run(lambda: False, 60)
    assert len(bench.numbers()) == done


@EVERY_WIDE
def test_a_stop_in_a_wait_for_heat_is_at_once_or_said_not_to_be(case: Case) -> None:
    bench = printing(case, ("G28", "M109 S210", *MOVES), after=2)
    bench.talk.run(lambda: bench.board.machine.is_heat_waiting, 60)
    bench.talk.run(lambda: False, 30)  # with questions and polls waiting behind it
    begun_s = bench.talk.now
    bench.link.stop(begun_s)
    assert bench.talk.run(lambda: bench.talk.has(PrinterHalted), 10)
    told = next(event for event in bench.talk.events if isinstance(event, PrinterHalted))
    if bench.link.is_stop_immediate:
        assert told.is_confirmed
        assert bench.talk.now - begun_s < 1
    assert told.is_confirmed == (bench.board.machine.nozzle.target_c == 0)


@EVERY_WIDE
def test_a_board_that_starts_anew_ends_the_print(case: Case) -> None:
    bench = printing(case, after=20)
    if bench.profile.dialect == "klipper":
        bench.board.receive(b"FIRMWARE_RESTART\n", bench.talk.now)
    else:
        bench.board.reset(bench.talk.now)
    kinds = (InDoubt, CommandRefused) if bench.profile.dialect == "reprapfirmware" else (PrinterReset,)
    assert bench.talk.run(lambda: any(map(bench.talk.has, kinds)), 120)  # RepRapFirmware's port would be gone
    assert not bench.talk.has(SourceDone)


@EVERY_WIDE
def test_a_start_whose_words_were_lost_is_noticed_by_the_number(case: Case) -> None:
    bench = printing(case, after=20)
    if not bench.dialect.is_numbered:
        return
    bench.board.reset(bench.talk.now)
    bench.board.advance(bench.talk.now + 2)
    bench.board.data_to_send()
    assert bench.talk.run(lambda: bench.talk.has(PrinterReset), 120)
    assert bench.board.machine.motion_lines == 0


@EVERY_WIDE
@pytest.mark.parametrize("fault", ["maxtemp", "runaway"])
def test_a_halted_firmware_is_told_in_its_own_words_and_left_alone(case: Case, fault: str) -> None:
    bench = printing(case, after=20)
    bench.board.break_down(fault, bench.talk.now)
    assert bench.talk.run(lambda: bench.talk.has(PrinterHalted), 60)
    told = next(event for event in bench.talk.events if isinstance(event, PrinterHalted))
    assert told.is_confirmed
    assert len(told.reason) > 5
    if not bench.talk.has(PrinterReset):
        assert bench.link.deadline is None
        assert bench.link.data_to_send(bench.talk.now) == b""


@EVERY_WIDE
def test_a_firmware_that_never_answers_again_is_given_up(case: Case) -> None:
    bench = printing(case, after=20)
    bench.board.cut_power(bench.talk.now)
    begun_s = bench.talk.now
    link = bench.profile.link
    assert bench.talk.run(lambda: bench.talk.has(PrinterSilent), 5000)
    assert link.quiet_max_s <= bench.talk.now - begun_s <= 2 * link.quiet_max_s


@EVERY_WIDE
def test_a_port_on_which_nobody_lives_is_known_within_a_minute(case: Case) -> None:
    link = Link(case.profile)
    link.open(0.0)
    now = 0.0
    while (deadline := link.deadline) is not None:
        now = deadline
        last = link.handle_timeout(now)
        link.data_to_send(now)
    assert last == [PrinterSilent()]
    assert now < 60


# --- what goes wrong --------------------------------------------------------------------------------------------------


@EVERY_WIDE
@pytest.mark.parametrize("lost", [1, 2, 3, 4, 5])
def test_lost_acknowledgements_repeat_and_skip_nothing(case: Case, lost: int) -> None:
    bench = printing(case, after=20)
    bench.board.mischief.lost_oks = lost
    if bench.dialect.is_numbered or bench.dialect.has_faithful_wire:
        finish(bench)
        return
    assert bench.talk.run(bench.is_over, 600)
    assert bench.told(InDoubt) == [
        InDoubt(f"line {bench.numbers()[-1]} was not acknowledged, and the firmware does not count lines")
    ]
    assert bench.numbers() == list(range(FIRST, FIRST + len(bench.numbers())))


@EVERY
@pytest.mark.parametrize("doubled", [1, 5])
def test_doubled_acknowledgements_repeat_and_skip_nothing(case: Case, doubled: int) -> None:
    bench = printing(case, after=20)
    bench.board.mischief.doubled_oks = doubled
    finish(bench)


@EVERY
def test_a_print_is_taken_over_at_the_very_line_or_it_is_in_doubt(case: Case) -> None:
    bench = printing(case, after=20)
    sure = bench.numbers()[-1] - bench.profile.link.window_lines
    bench.heir(sure, MOVES)
    assert bench.talk.run(lambda: bench.talk.has(Found) or bench.is_over(), 300)
    if not bench.dialect.is_numbered:
        assert bench.talk.has(InDoubt)
        return
    (found,) = (event for event in bench.talk.events if isinstance(event, Found))
    assert found.last is not None
    assert bench.numbers()[-1] == found.last
    bench.link.stream(Commands(FIRST, MOVES), found.last + 1)
    finish(bench)


@EVERY_WIDE
def test_a_takeover_in_a_long_homing_waits_for_its_end(case: Case) -> None:
    bench = ready(case)
    bench.board.machine.motion.slowness = 20.0
    bench.link.stream(Commands(FIRST, MOVES), FIRST)
    bench.talk.run(lambda: len(bench.numbers()) >= 1, 60)
    bench.heir(FIRST, MOVES)
    assert bench.talk.run(lambda: bench.talk.has(Found) or bench.is_over(), 600)
    assert bench.talk.has(Found) == bench.dialect.is_numbered
    assert not bench.talk.has(PrinterSilent)


SHORT = ("G28", *(f"G1 X{n} Y{n % 7} F3000" for n in range(12)))


@EVERY_WIDE
@pytest.mark.parametrize("mask", [DROPPED, 1 << 1, 1 << 5], ids=["lost", "bit1", "bit5"])
@pytest.mark.parametrize("way", ["there", "back"])
def test_a_spoiled_byte_repeats_and_skips_nothing(case: Case, way: str, mask: int) -> None:
    if case.profile.dialect == "klipper":
        return  # a pseudo-terminal spoils nothing
    for at in range(0, 160, 3):
        bench = ready(case)
        setattr(bench.talk, way, PlannedWire({at: mask}))
        bench.link.stream(Commands(FIRST, SHORT), FIRST)
        assert bench.talk.run(bench.is_over, 1200)
        numbers, is_told = bench.numbers(), bench.talk.has(InDoubt)
        if bench.dialect.is_numbered:
            # a spoiled byte can be ^X to Smoothieware, which stops, and says so
            assert bench.talk.has(SourceDone) or bench.talk.has(PrinterHalted), (at, bench.talk.events[-3:])
        else:  # a line that lost its N is no command: it is refused aloud, and acknowledged
            is_told = is_told or bench.talk.has(CommandRefused)
        if not is_told:
            assert numbers == list(
                range(FIRST, FIRST + (len(numbers) if bench.board.is_killed else len(SHORT)))
            ), at
        assert numbers == sorted(set(numbers)), at


@pytest.mark.parametrize("at", range(18))
def test_a_spoiled_word_about_packing_leaves_a_prusa_understood(at: int) -> None:
    case = Case("prusa-3.14-mk3s", 3, is_timed=True)
    board = board_of("prusa", rx_bytes=128, meatpack=True)
    talk = Dialogue(Link(case.profile), board)
    talk.open()
    assert talk.run(lambda: talk.has(Ready), 60)
    talk.back = PlannedWire({at: DROPPED})
    talk.link.stream(Commands(FIRST, MOVES), FIRST)
    assert talk.run(lambda: talk.has(SourceDone), 300)
    assert board.machine.motion_lines == len(MOVES)
