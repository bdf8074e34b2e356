"""A run after its worker's death: the firmware's word decides the line, the profile and the officer the rest."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link.events import Busy, Found, InDoubt, PrinterReset, PrinterSilent, Ready, Settled, Temperatures
from farm.link.identity import Firmware
from farm.profiles import Profile, find_profile
from farm.run import Drop, Effect, Interrupt, Known, PrintRun, Report, RunState, Stand, Stream, Submit
from farm.run.comeback import INTERRUPT_S, INTERRUPTS, RETURN_MAX_S, RETURN_TALK_MAX_S
from farm.run.moves import HEATERS_OFF
from tests.farm.run.test_machine import COLD, LINES, PLACE, Job, commands, paused, printing

PROFILE = find_profile("marlin-2.1-generic-220")
READY = Ready(Firmware("Marlin 2.1.2"))
ALL = [
    RunState.HEATING,
    RunState.PRINTING,
    RunState.PAUSING,
    RunState.PARKING,
    RunState.PAUSED,
    RunState.UNPARKING,
]


def crashed(after: str, within_s: float = 20.0) -> Profile:
    crash = msgspec.structs.replace(PROFILE.crash, after=after, within_s=within_s)
    return msgspec.structs.replace(PROFILE, crash=crash)


def back(known: Known, profile: Profile = PROFILE, now: float = 0.0) -> PrintRun:
    return PrintRun.returned(profile, Job(), len(LINES), known, now)


def on_ready(run: PrintRun, found: int | None, now: float = 0.0) -> list[Effect]:
    assert run.take(Found(found), now) == []
    return run.take(READY, now)


def test_a_print_goes_on_behind_the_last_line_that_the_firmware_took() -> None:
    run = back(Known(Stand(RunState.PRINTING), line=4, since_s=-5))
    assert on_ready(run, 6) == [Stream(7)]
    assert run.state is RunState.PRINTING
    assert run.stand == Stand(RunState.PRINTING, 7)


def test_nothing_is_said_to_a_printer_before_it_is_known_where_it_stands() -> None:
    run = back(Known(Stand(RunState.PRINTING), line=4))
    assert run.pause() == run.resume() == run.take(Temperatures(), 1) == run.take(Settled(), 2) == []
    assert run.stand == Stand(RunState.PRINTING, 1)


def test_a_worker_that_dies_again_while_it_returns_still_knows_the_line() -> None:
    run = back(Known(Stand(RunState.PRINTING), line=4))
    run.take(Found(6), 0)
    again = back(Known(run.stand, line=4))
    assert on_ready(again, None) == [Stream(7)]  # the link had begun to say its own commands


@pytest.mark.parametrize(
    ("after", "since_s", "state"),
    [
        ("continue", -21.0, RunState.PARKING),
        ("continue", 5.0, RunState.PARKING),  # noted in the future: no clock to trust
        ("continue", float("-inf"), RunState.PARKING),
        ("ask", 0.0, RunState.PARKING),
        ("end", 0.0, RunState.LEAVING),
    ],
)
def test_what_the_profile_or_the_clock_does_not_let_go_on_waits_for_an_officer_or_ends(
    after: str, since_s: float, state: RunState
) -> None:
    run = back(Known(Stand(RunState.PRINTING), 4, since_s), crashed(after))
    effects = on_ready(run, 6)
    assert run.state is state
    assert not any(isinstance(one, Stream) for one in effects)


def test_an_officer_who_resumes_it_gets_the_print_from_the_found_line() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4, float("-inf")))
    assert on_ready(run, 6) == [Submit(("M400", "M114"))]
    run.take(PLACE, 1)
    run.take(Settled(), 1)
    assert run.take(Settled(), 2) == [Report("paused", "worker_restarted")]
    assert "G92 E2.00000" in commands(run.resume())
    assert run.take(Settled(), 3) == [Report("printing"), Stream(7)]


def test_a_run_that_ends_turns_the_heaters_off_and_says_why() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4), crashed("end"))
    assert tuple(commands(on_ready(run, 6))[:3]) == HEATERS_OFF
    assert run.take(Settled(), 1) == [Report("failed", "worker_restarted"), Drop()]


def test_a_print_whose_last_line_was_taken_cools() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4))
    assert on_ready(run, len(LINES)) == [Report("cooling"), Submit((*HEATERS_OFF, "G90", "M82"))]


def test_a_heating_printer_that_stood_too_long_has_nothing_on_its_bed_and_ends() -> None:
    run = back(Known(Stand(RunState.HEATING), 1, float("-inf")))
    on_ready(run, 1)
    assert run.state is RunState.LEAVING


def test_a_print_of_which_nothing_was_taken_does_not_begin_by_itself() -> None:
    run = back(Known(Stand(RunState.HEATING)))
    assert not any(isinstance(one, Stream) for one in on_ready(run, 0))


def test_a_pause_stays_a_pause_at_the_same_place_and_line() -> None:
    run = back(Known(paused().stand))
    assert on_ready(run, None) == [Report("paused")]
    assert "G92 E2.00000" in commands(run.resume())
    assert run.take(Settled(), 1) == [Report("printing"), Stream(7)]


@pytest.mark.parametrize(("seen_mm", "moved"), [(2.0, "G1 E-1 "), (1.0, "G1 E0 "), (1.4, "G1 E-0.4 ")])
def test_a_head_on_its_way_is_parked_with_the_filament_drawn_back_once(seen_mm: float, moved: str) -> None:
    profile = msgspec.structs.replace(PROFILE, park=msgspec.structs.replace(PROFILE.park, retract_mm=1.0))
    run = back(Known(Stand(RunState.UNPARKING, 7, PLACE)), profile)
    assert on_ready(run, None) == [Submit(("M400", "M114"))]
    run.take(msgspec.structs.replace(PLACE, x_mm=99, z_mm=7, e_mm=seen_mm), 1)
    parked = commands(run.take(Settled(), 1))
    assert any(one.startswith(moved) for one in parked)
    assert f"G1 Z{PLACE.z_mm + PROFILE.park.lift_mm:.3f} F{PROFILE.park.lift_mm_min:g}" in parked
    run.take(Settled(), 2)
    assert run.stand == Stand(RunState.PAUSED, 7, PLACE)


@pytest.mark.parametrize("state", [RunState.COOLING, RunState.LEAVING])
def test_a_run_that_was_over_needs_no_word_where_the_firmware_stands(state: RunState) -> None:
    known = Known(Stand(state, reason="cancelled" if state is RunState.LEAVING else ""))
    assert not known.wants_adoption
    run = back(known)
    assert commands(run.take(READY, 0))[:3] == list(HEATERS_OFF)
    event = COLD if state is RunState.COOLING else Settled()
    end = Report("done") if state is RunState.COOLING else Report("cancelled")
    assert run.take(event, 1) == [end, Drop()]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (PrinterReset("start"), "printer_reset"),
        (InDoubt("the firmware does not count lines"), "line_in_doubt"),
        (PrinterSilent(), "printer_silent"),
    ],
)
def test_a_printer_that_cannot_say_where_it_stands_ends_the_run(event, reason: str) -> None:
    assert back(Known(Stand(RunState.PRINTING), 4)).take(event, 0) == [Report("failed", reason), Drop()]


def test_a_printer_that_is_ready_without_a_word_where_it_stands_is_left_cold() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4))
    assert commands(run.take(READY, 0))[:3] == list(HEATERS_OFF)
    assert run.take(Settled(), 1) == [Report("failed", "line_in_doubt"), Drop()]


def test_a_printer_that_is_not_found_in_a_minute_is_lost() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4), now=100)
    assert run.deadline == 100 + RETURN_MAX_S
    assert run.handle_timeout(99 + RETURN_MAX_S) == []
    assert run.handle_timeout(100 + RETURN_MAX_S) == [Report("failed", "printer_lost"), Drop()]


def test_a_printer_that_talks_is_not_lost_until_it_has_talked_for_too_long() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4))
    most_s = int(RETURN_TALK_MAX_S)
    for now in range(1, most_s - 9, 10):
        assert run.take(Busy("processing"), now) == run.handle_timeout(now + 9) == []
    assert run.take(Temperatures(), most_s - 1) == []
    assert run.handle_timeout(most_s) == [Report("failed", "printer_lost"), Drop()]


def test_a_profile_whose_firmware_may_be_quiet_for_longer_is_heard_out_for_longer() -> None:
    link = msgspec.structs.replace(PROFILE.link, quiet_max_s=3600)
    run = back(Known(Stand(RunState.PRINTING), 4), msgspec.structs.replace(PROFILE, link=link))
    for now in range(0, 3600, 30):
        assert run.take(Busy("processing"), now) == run.handle_timeout(now) == []
    assert run.handle_timeout(3600) != []


@pytest.mark.parametrize(
    "stand", [Stand(RunState.HEATING), Stand(RunState.PAUSING, reason="cancelled"), Stand(RunState.LEAVING)]
)
def test_a_wait_for_heat_that_has_become_vain_is_ended_so_that_the_printer_can_be_told_to_cool(stand) -> None:
    run = back(Known(stand), now=100)
    ended = 0
    for now in range(100, 158):
        effects = run.handle_timeout(now)
        assert effects in ([], [Interrupt()])
        ended += bool(effects)
    is_in_vain = stand.state is RunState.HEATING or stand.reason != ""
    assert ended == (INTERRUPTS if is_in_vain else 0)


def test_a_run_whose_heat_was_not_awaited_never_goes_on() -> None:
    run = back(Known(Stand(RunState.HEATING), 3))
    assert run.handle_timeout(INTERRUPT_S) == [Interrupt()]
    assert run.stand.reason == "worker_restarted"  # and so the next worker knows as well
    assert commands(on_ready(run, 4, INTERRUPT_S))[:3] == list(HEATERS_OFF)
    assert run.take(Settled(), 12) == [Report("failed", "worker_restarted"), Drop()]


def test_a_print_that_is_under_way_is_never_interrupted() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4))
    assert [run.handle_timeout(now) for now in range(59)] == [[]] * 59


def test_a_stand_older_than_the_noted_line_is_in_doubt_where_the_firmware_tells_no_line() -> None:
    run = back(Known(Stand(RunState.PRINTING, 1), line=306))
    assert run.take(Found(None), 0) == [Report("failed", "line_in_doubt"), Drop()]


@pytest.mark.parametrize("state", [RunState.HEATING, RunState.PRINTING, RunState.PAUSING])
def test_a_missing_note_is_in_doubt_where_the_firmware_tells_no_line(state: RunState) -> None:
    run = back(Known(Stand(state, 1), line=None))
    assert run.take(Found(None), 0) == [Report("failed", "line_in_doubt"), Drop()]
    assert back(Known(Stand(state, 1), line=None, is_new=True)).take(Found(None), 0) == []
    assert back(Known(Stand(state, 1), line=None)).take(Found(7), 0) == []


def test_a_pause_needs_no_note() -> None:
    assert on_ready(back(Known(paused().stand, line=None)), None) == [Report("paused")]


def test_a_cancel_while_it_returns_is_heeded() -> None:
    run = back(Known(Stand(RunState.PRINTING), 4))
    assert run.cancel() == []
    assert commands(on_ready(run, 6))[:3] == list(HEATERS_OFF)
    assert run.take(Settled(), 1) == [Report("cancelled"), Drop()]


@given(
    state=st.sampled_from(ALL),
    noted=st.integers(1, 8),
    line=st.integers(0, 8),
    found=st.one_of(st.none(), st.integers(0, 8)),
    since_s=st.sampled_from([0.0, -100.0]),
    after=st.sampled_from(["continue", "ask", "end"]),
)
def test_whatever_was_noted_no_line_is_sent_but_the_one_behind_the_firmwares_last(
    state: RunState, noted: int, line: int, found: int | None, since_s: float, after: str
) -> None:
    known = Known(Stand(state, noted, PLACE), line, since_s)
    run = back(known, crashed(after))
    effects = [*run.take(Found(found), 0), *run.take(READY, 0)]
    true_last = noted - 1 if found is None else found
    for effect in effects:
        if isinstance(effect, Stream):
            assert effect.at == true_last + 1
            assert true_last >= line
    if run.state is not RunState.ENDED:
        assert run.stand.next_line == true_last + 1


def test_every_step_of_a_run_is_told_to_whoever_writes_it_down() -> None:
    run = printing()
    assert run.stand == Stand(RunState.PRINTING)
    run.pause()
    assert run.stand == Stand(RunState.PAUSING)
    assert paused().stand == Stand(RunState.PAUSED, 7, PLACE)
    run.cancel()
    assert run.stand.reason == "cancelled"
